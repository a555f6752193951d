# Copyright (c) 2026, apiary.swarm maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Has a job done what it is for, is it on its way, or is it certain that it will not?

PRIVATE to apiary.swarm: no other collection may import it. Pure.

The CLI's rule: of the tasks of the job's present run (JobIteration) as many have completed as are wanted; in mode
global-job one on each node that had a task at the first look. What is done stays done, so nothing is held or verified.
A job has failed (job_failed, or rejected where nodes would not even start its tasks) when

  a task failed, the engine has started no other after three seconds, and no task of the job is left that could end
  well: the engine looks at a failed slot again when another task ends, whatever the restart policy
  a slot's last tasks failed one after the other: three, or more where restart_config.max_attempts permits more
"""

from __future__ import annotations

from . import _converge
from ._converge import CONVERGED, PROGRESS, Look, is_stale
from ._service_kinds import is_job
from ._task_states import known, on_lost_node, rank, stamp

_COMPLETE = rank("complete")


def judge(service, tasks, nodes, memory, now, wall):
    """The Verdict on one service, a job or not; see _converge.judge()."""
    if not is_job(service["Spec"]):
        return _converge.judge(service, tasks, nodes, memory, now, wall)
    look = _JobLook(service, of_this_run(service, tasks), nodes, dict(memory), now, wall)
    if is_stale(service, memory):
        return look.verdict(PROGRESS, note="waiting for the change to arrive")
    return look.count() or look.task_failure() or look.verdict(PROGRESS)


def of_this_run(service, tasks):
    """Of a job's tasks those of its present run; of another service all."""
    if "JobStatus" not in service:
        return tasks
    present = iteration(service["JobStatus"])
    return [task for task in tasks if iteration(task) == present]


def iteration(thing):
    """The number of the run that a task, or a service's JobStatus, is of; the API leaves a zero out."""
    return (thing.get("JobIteration") or {}).get("Index", 0)


class _JobLook(Look):
    def _slots(self, tasks):
        """Tasks by slot (or node), each slot's decisive task first and the others newest first."""
        slots = {}
        for task in tasks:
            key = task.get("NodeID", "") if self.everywhere else task.get("Slot", 0)
            if self._counts(task):
                slots.setdefault(key, []).append(task)
        if self.everywhere:
            slots = self._first_seen(slots)
        return [sorted(slot, key=_weight) for slot in slots.values()]

    def _counts(self, task):
        if not known(task):
            return False
        node = self.nodes.get(task.get("NodeID")) or {}
        drained = self.everywhere and node.get("Spec", {}).get("Availability") == "drain"
        return _completed(task) or not (drained or on_lost_node(task, self.nodes))

    def _first_seen(self, slots):
        """Those of the nodes that had a task at the first look at this run: a node that comes later runs the job too."""
        run = iteration(self.service.get("JobStatus") or {})
        if slots and (self.memory.get("job_nodes") or {}).get("run") != run:
            self.memory["job_nodes"] = {"run": run, "nodes": sorted(slots)}
        first = (self.memory.get("job_nodes") or {}).get("nodes", ())
        return {node: slot for node, slot in slots.items() if node in first}

    def _running(self):
        return sum(1 for slot in self.slots if _completed(slot[0]))

    def _wanted(self):
        if self.everywhere:
            return len(self.slots) or None
        return self.service["Spec"]["Mode"]["ReplicatedJob"].get("TotalCompletions", 1)

    def count(self):
        if self.wanted is not None and self.running >= self.wanted:
            return self.verdict(CONVERGED)
        return None

    def task_failure(self):
        self.slots = [slot for slot in self.slots if not _completed(slot[0])]
        return super().task_failure()

    def _updater_decides(self):
        return False  # the engine has no updater for jobs

    def _attempts(self):
        policy = self.template.get("RestartPolicy") or {}
        limited = policy.get("Condition") != "none" and policy.get("MaxAttempts")
        return max(super()._attempts(), policy["MaxAttempts"] + 1 if limited else 0)

    def _over(self):
        return super()._over() if all(self._ended(slot) for slot in self.slots) else None

    def _ended(self, slot):
        return rank(slot[0]["DesiredState"]) > _COMPLETE and slot[0]["Status"]["State"] in ("failed", "rejected")

    def verdict(self, state, kind=None, **more):
        if kind in ("ended", "crash_loop"):
            kind = "job_failed"
        return super().verdict(state, kind=kind, **more)._replace(job=True)


def _completed(task):
    return task["Status"]["State"] == "complete"


def _weight(task):
    """The order in a slot: one that completed, one that may still, and then the newest of those that failed."""
    if _completed(task):
        place = 0
    elif rank(task["Status"]["State"]) < _COMPLETE:
        place = 1
    else:
        place = 2
    return (place, -stamp(task))
