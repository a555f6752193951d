# Copyright (c) 2026, apiary.swarm maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Watching many services at once until each has converged, has failed, or the time is over.

PRIVATE to apiary.swarm: no other collection may import it.

A look costs three calls, however many services are watched. Between two looks everything that the next one needs is
plain data, so that another process on the same host can go on with it (the action plugin does that).
"""

from __future__ import annotations

import time

from ._converge import CONVERGED, FAILED, PROGRESS, Verdict, first_look, progress_lines
from ._converge_jobs import judge, of_this_run
from ._engine import retry
from ._errors import SwarmError
from ._evidence import gather, sentence
from ._swarm_state import names_of_nodes, task_row
from ._task_states import on_lost_node

# Trouble that may pass while one waits: the leader was lost and another is being elected, or the engine here is restarted.
_PASSING = frozenset(("electing", "pending", "no_quorum", "timeout", "engine", "unreachable"))
_FILTERED = 30
_PAUSE = 0.2
# A look at many services is work for managers that have enough of it then: at most so many are looked at in a second.
_LOOKED_AT = 200
_LONGEST_PAUSE = 2
# A look that takes more seconds than this has waited for something: managers elect a leader after ten seconds of silence.
_SLOW = 5
# How many seconds more a slice may last that has nothing new to tell.
_QUIET = 4

_HINTS = {
    "rollback": "What ran before the update runs again. Correct the service and run again.",
    "paused": "Correct the service and run again, or go back with 'docker service rollback'.",
    "rollback_paused": "The way back failed too. Correct the service and run again.",
    "crash_loop": "Correct the image, the command or what the container needs, and run again.",
    # the engine keeps to itself why it could not pull
    "rejected": "Correct what the node refuses (image, mounts, ports), and run again. 'No such image' is said whatever kept the node "
    "from pulling it: a missing image, the way to the registry, credentials, a full disk; 'journalctl -u docker' there tells which.",
    "ended": "Use a command that keeps running, or another restart_config.",
    "job_failed": "Correct the command or what it needs. The job runs again when it is changed, or by another force_update.",
    "unschedulable": "Change the constraints, the reservations or the nodes, and run again.",
    "removed": "Somebody removed the service while it was waited for.",
    "not_converged": "The service is left as it is and the engine goes on with it. Wait longer (wait_timeout), or see "
    "'docker service ps' for what its tasks wait for.",
}


class Watch:
    """The services still waited for, by name: {id, memory, gone: whether its tasks are to disappear, said: the
    lines of the look before}.

    failures  {name: failure} of those that failed
    lines     [(name, text)] of progress, in order; name is empty where it is about the managers
    """

    def __init__(self, engine, deadline):
        self.engine = engine
        self.deadline = deadline
        self.waiting = {}
        self.failures = {}
        self.lines = []
        self._trouble = None
        self._troubled = False
        self._verdicts = {}

    def add(self, name, service_id, written=False, version=None, over=(), back=False, gone=False):
        """Wait for a service too; written, version, over and back are those of _converge.first_look()."""
        memory = first_look(written, version, over, back, time.monotonic())
        self.waiting[name] = {"id": service_id, "memory": memory, "gone": gone, "said": []}

    def state(self):
        """What resume() needs, as plain data."""
        return {
            "deadline": self.deadline,
            "waiting": self.waiting,
            "failures": self.failures,
            "troubled": self._trouble is not None,
            # so that the next process need not ask for it, of an engine that may just be restarted
            "api_version": "{}.{}".format(*self.engine.api_version),
        }

    @classmethod
    def resume(cls, engine, state):
        watch = cls(engine, state["deadline"])
        watch.waiting = state["waiting"]
        watch.failures = state["failures"]
        watch._troubled = state["troubled"]
        return watch

    def run(self, note, seconds=None, known=(None, None)):
        """Look until nothing is waited for, the deadline has passed, or seconds are over and there is news (0: one look).

        note(name, tasks, service) is called for each service at each look; tasks are rows of task_row(). known is
        (services, nodes) for the first look, as far as they were just read. Raises SwarmError only if the managers are
        still in trouble at the deadline.
        """
        end = self.deadline if seconds is None else time.monotonic() + seconds
        while self.waiting:
            self._look_through_trouble(note, *known)
            known = (None, None)
            now = time.monotonic()
            if self.waiting and now >= self.deadline:
                self._time_is_over()
            if not self.waiting or (now >= end and (self.lines or not seconds or now >= end + _QUIET)):
                break
            pause = min(max(_PAUSE, len(self.waiting) / _LOOKED_AT), _LONGEST_PAUSE)
            time.sleep(min(pause, max(self.deadline - now, 0)))

    def _look_through_trouble(self, note, services, nodes):
        try:
            self.look(note, services, nodes)
            self._trouble, self._troubled = None, False
        except SwarmError as error:
            self._blind()
            if error.kind not in _PASSING or time.monotonic() >= self.deadline:
                raise
            if not self._troubled:
                self.lines.append(("", f"the managers do not answer: {error.msg}"))
            self._trouble, self._troubled = error, True

    def look(self, note, services=None, nodes=None):
        """One look at everything waited for."""
        began = time.monotonic()
        by_id, tasks, nodes, names = self._read(services, nodes)
        if time.monotonic() - began > _SLOW:
            self._blind()
        for name, item in list(self.waiting.items()):
            own = tasks.get(item["id"], [])
            service = by_id.get(item["id"])
            verdict = self._verdicts[name] = self._verdict(item, service, own, nodes)
            item["memory"] = verdict.memory
            self._say(name, item, _lines(item, verdict))
            if verdict.state != PROGRESS:
                del self.waiting[name]
            if verdict.state == FAILED:
                self._fail(name, item, verdict, names)
            note(name, _present(own, item["id"], name, names, service), service)

    def _blind(self):
        """Nobody has seen for a while whether tasks run: they are to be seen to stay up from now on.

        A new leader takes a moment until it knows what it has not heard of (see _converge), so its first answer is not enough.
        """
        for item in self.waiting.values():
            item["memory"].update(held_since=None, looked=time.monotonic())

    def _say(self, name, item, lines):
        """Add to lines what the look before did not say."""
        self.lines += [(name, line) for line in lines if line not in item["said"]]
        item["said"] = lines

    def show(self, note, services=None, nodes=None):
        """What there is to see, without judging it and without waiting."""
        by_id, tasks, _nodes, names = self._read(services, nodes)
        for name, item in self.waiting.items():
            own = tasks.get(item["id"], [])
            service = by_id.get(item["id"])
            note(name, _present(own, item["id"], name, names, service), service)
        self.waiting = {}

    def _read(self, services, nodes):
        ids = [item["id"] for item in self.waiting.values()]
        if services is None:
            services = retry(lambda: self.engine.services(**_filters("id", ids)))
        if nodes is None:
            nodes = self.engine.nodes()
        tasks = {}
        for task in self._tasks(ids):
            tasks.setdefault(task.get("ServiceID"), []).append(task)
        return {service["ID"]: service for service in services}, tasks, nodes, names_of_nodes(nodes)

    def _tasks(self, ids):
        if any(item["gone"] for item in self.waiting.values()):
            return self.engine.tasks()  # a service that is no more cannot be asked for by name
        return tasks_of(self.engine, ids, **{"_up-to-date": ["true"]})

    def _verdict(self, item, service, tasks, nodes):
        if item["gone"]:
            by_id = {node["ID"]: node for node in nodes}
            left = [task for task in tasks if not on_lost_node(task, by_id)]
            return Verdict(PROGRESS if left else CONVERGED, len(left), 0, item["memory"], tasks=tuple(left))
        if service is None:
            return Verdict(FAILED, 0, 0, item["memory"], "removed", "the service is no more")
        return judge(service, tasks, nodes, item["memory"], time.monotonic(), time.time())

    def _fail(self, name, item, verdict, node_names):
        rows = gather(self.engine, item["id"], name, node_names, verdict.tasks, item["memory"]["over"])
        self.failures[name] = {
            "kind": verdict.kind,
            "reason": verdict.reason,
            "hint": _HINTS[verdict.kind],
            "tasks": rows,
            "msg": ". ".join([f"Service {name}: {verdict.reason}", *map(sentence, rows)]),
        }

    def _time_is_over(self):
        if self._trouble:
            raise self._trouble
        names = names_of_nodes(self.engine.nodes())
        for name, item in self.waiting.items():
            reason = "its tasks were not gone in time" if item["gone"] else "it did not converge in time"
            self.lines.append((name, f"failed: {reason}"))
            last = self._verdicts[name]
            self._fail(name, item, last._replace(state=FAILED, kind="not_converged", reason=reason), names)
        self.waiting = {}


def _present(tasks, service_id, name, node_names, service=None):
    """The rows of the tasks that are to run now; of a job also those of its present run that completed."""
    present = of_this_run(service or {}, tasks)
    present = [task for task in present if task["DesiredState"] in ("running", "ready", "complete")]
    return [task_row(task, {service_id: name}, node_names) for task in present]


def tasks_of(engine, service_ids, **filters):
    """The tasks of services, one call; of others too if they are many, or if one of them is no more."""
    try:
        return engine.tasks(**_filters("service", service_ids), **filters)
    except SwarmError as error:
        if error.kind != "not_found":
            raise
        # somebody removed a service in the meantime, and then the engine tells of none of them
        return engine.tasks(**filters)


def _filters(key, ids):
    """A filter for a list of IDs, unless it would be so long that reading everything is cheaper for the engine."""
    return {key: ids} if len(ids) <= _FILTERED else {}


def _lines(item, verdict):
    if not item["gone"]:
        return progress_lines(verdict)
    if verdict.state == CONVERGED:
        return ["removed"]
    return [f"removing: {verdict.running} tasks are left"]
