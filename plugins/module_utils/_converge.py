# Copyright (c) 2026, apiary.swarm maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Has a service converged, is it on its way, or is it certain that it will not get there?

PRIVATE to apiary.swarm: no other collection may import it. Pure.

Converged is the CLI's rule (cli/command/service/progress/progress.go): of the tasks that carry the present spec, one for
each slot or node, as many run as are wanted, and that stays so for the update's monitor period. The CLI also counts tasks on
nodes that a new leader has not heard of yet; here they are not known to run. Where the CLI waits for ever or calls a rollback
a success, this says failed, as soon as it is certain:

  paused, rollback, rollback_paused  the engine itself has given up the update
  ended          a task is over, and after three seconds the restart policy has started no other
  crash_loop     a slot's last three tasks failed one after the other, none of them replaced by one that lasts; where nothing
                 was changed, one of them since the first look
  rejected       the same, and the node would not even start them (no such image, no such mount...)
  unschedulable  a task has found no node for ten seconds (longer where an old task may still be making room)

Jobs are judged in _converge_jobs.py.
"""

from __future__ import annotations

from typing import NamedTuple

from ._task_states import BROKEN, RUNNING, created, end, has_no_node, known, on_lost_node, rank, runs, seconds, stamp

CONVERGED, PROGRESS, FAILED = "converged", "progress", "failed"

_MONITOR = 5 * 10**9
_GRACE = 10 * 10**9
_ATTEMPTS = 3
_LOOP_SECONDS = 300
_REPLACED_SECONDS = 60
_SKEW_SECONDS = 10
_HOLD_LIMIT = 60
_NO_NODE_SECONDS = 10
_SETTLED_SECONDS = 3
_UPDATER_SECONDS = 10
_UNHEARD = ("unknown", "disconnected")

# The scheduler's reasons that stay true until somebody changes the nodes or the service.
_LASTING = ("scheduling constraints not satisfied", "unsupported platform", "missing plugin")


class Verdict(NamedTuple):
    """What a look at a service says.

    state    CONVERGED, PROGRESS or FAILED
    running  tasks that run (of a job: that completed), of wanted (None: not known yet)
    kind     what is wrong, if FAILED (the words of the module's docstring)
    reason   the same as a sentence
    note     what to tell a person who waits
    tasks    the API tasks that the reason is about
    memory   what the next look has to be given
    """

    state: str
    running: int
    wanted: int
    memory: dict
    kind: str = None
    reason: str = ""
    note: str = ""
    tasks: tuple = ()
    rolling_back: bool = False
    job: bool = False


def first_look(written, version=None, over=(), back=False, now=None):
    """The memory for the first look at a service.

    written  it was just changed in a way that concerns tasks, so that its stability has to be watched
    version  its version before that, so that an older answer is not taken for the new one
    over     IDs of tasks that had broken before that: to the engine they are up to date if an earlier try had the same
             spec, and say nothing about this one
    back     it was told to go back to its spec before, so that a rollback is no failure
    now      a clock as in judge(): nothing that is to be seen happened before it
    """
    memory = {"written": written, "version": version, "over": list(over), "back": back}
    return {**memory, "held_since": None, "looked": now, "stuck_since": {}}


def judge(service, tasks, nodes, memory, now, wall):
    """The Verdict on one service.

    service, nodes  as the API returns them
    tasks           those with filter _up-to-date (and of this service), the past ones included
    memory          of first_look() or of the verdict before
    now             a clock in seconds that only runs forward, the same for all looks
    wall            the time of day in seconds, to compare with the engine's timestamps
    """
    own = [task for task in tasks if task["ID"] not in memory["over"]]
    look = Look(service, own, nodes, dict(memory), now, wall)
    look.memory["looked"] = now
    if look.opaque:
        return look.verdict(CONVERGED, note="a mode that is not known here, which is not waited for")
    if is_stale(service, memory):
        return look.verdict(PROGRESS, note="waiting for the change to arrive")
    return look.update_failure() or look.count() or look.task_failure() or look.verdict(PROGRESS)


def is_stale(service, memory):
    """Whether an answer is older than the change that is waited for."""
    return memory["version"] is not None and service["Version"]["Index"] <= memory["version"]


class Look:
    def __init__(self, service, tasks, nodes, memory, now, wall):
        self.service = service
        self.memory = memory
        self.now = now
        self.wall = wall
        self.looked_before = now if memory["looked"] is None else memory["looked"]
        self.stuck_since = {}
        self.template = service["Spec"]["TaskTemplate"]
        self.update = service.get("UpdateStatus") or {}
        self.nodes = {node["ID"]: node for node in nodes}
        mode = set(service["Spec"]["Mode"])
        self.everywhere = bool({"Global", "GlobalJob"} & mode)
        # of a mode to come nobody knows what its tasks are to do
        self.opaque = not {"Replicated", "Global", "ReplicatedJob", "GlobalJob"} & mode
        self.slots = self._slots(tasks)
        # What had failed when the wait began, of a service that nobody changed: its cause may have been mended since.
        before = [] if memory["written"] else [task["ID"] for task in tasks if task["Status"]["State"] in BROKEN]
        self.failed_before = self.memory.setdefault("failed_before", before)
        self.running = self._running()
        self.wanted = self._wanted()

    def _slots(self, tasks):
        """Tasks by slot (or node, in mode global), each slot's decisive task first and the others newest first."""
        slots = {}
        for task in tasks:
            if known(task):
                slots.setdefault(task.get("Slot") or task.get("NodeID"), []).append(task)
        ranked = []
        # in an order of their own, so that what is told of several does not depend on the answer's
        for _key, slot in sorted(slots.items(), key=lambda pair: str(pair[0])):
            alive = [task for task in slot if not on_lost_node(task, self.nodes)]
            if alive:
                decisive = min(alive, key=lambda task: (rank(task["DesiredState"]), rank(task["Status"]["State"])))
                rest = sorted((task for task in slot if task is not decisive), key=stamp, reverse=True)
                ranked.append([decisive, *rest])
        return ranked

    def _running(self):
        return sum(1 for slot in self.slots if runs(slot[0]))

    def _wanted(self):
        mode = self.service["Spec"]["Mode"]
        if self.opaque:
            return None
        if "Replicated" in mode:
            return mode["Replicated"].get("Replicas", 1)
        # A node counts as long as it has a task to run. One that was drained, or no longer fits, keeps old tasks only.
        wanted = [slot for slot in self.slots if rank(slot[0]["DesiredState"]) <= RUNNING or self._ended(slot)]
        return len(wanted) or None

    # What the engine says of the update itself

    def update_failure(self):
        state = self.update.get("State")
        message = self.update.get("Message") or state
        if self.memory["written"]:
            if state == "rollback_started":
                self.memory["why_back"] = message  # once it has gone back, the engine no longer says why
            if state == "rollback_completed" and not self.memory["back"]:
                why = self.memory.get("why_back") or message
                reason = f"the service went back to the spec before the update: {why}"
                return self.verdict(FAILED, kind="rollback", reason=reason)
            if state in ("paused", "rollback_paused"):
                return self._paused(state, message)
        elif state in ("paused", "rollback_paused") and self.running != self.wanted:
            return self._paused(state, message)
        return None

    def _paused(self, state, message):
        what = "rollback" if state == "rollback_paused" else "update"
        reason = f"the engine paused the {what} and leaves the service as it is: {message}"
        return self.verdict(FAILED, kind=state, reason=reason)

    # Do the tasks run?

    def count(self):
        changing = self.update.get("State") == "rollback_started" or self._nodes_follow()
        if self.wanted is None or self.running != self.wanted or changing:
            lost = self.memory["held_since"] is not None
            self.memory["held_since"] = None
            return self.verdict(PROGRESS, note="Detected task failure") if lost else None
        unheard = self._unheard()
        if unheard:
            self.memory["held_since"] = None
            return self.verdict(PROGRESS, note=f"Waiting for word from {', '.join(unheard)}")
        if self.memory["held_since"] is None:
            self.memory["held_since"] = self._running_since()
        # Then the engine's updater has watched each task for the monitor period. With failure_action continue it completes an update whose
        # tasks failed as well; those that came after them have to prove themselves.
        done = "rollback_completed" if self.memory["back"] else "completed"
        failed = any(self._failures_before(slot) for slot in self.slots)
        if self.memory["written"] and self.update.get("State") == done and not failed:
            return self.verdict(CONVERGED)
        hold = self._hold()
        held = self.now - self.memory["held_since"]
        if held >= hold + (_UPDATER_SECONDS if self._updater_watches() else 0):
            return self.verdict(CONVERGED)
        return self.verdict(PROGRESS, note=f"Waiting {hold:.0f} seconds to verify that tasks are stable...")

    def _updater_watches(self):
        """Has the engine's updater still to say how its own watch of the same tasks ended?

        It begins a moment after ours, when their states have come to the leader. That is waited for, within limits: what we
        call a success is not to be paused or rolled back right afterwards.
        """
        return self.memory["written"] and self.update.get("State") == "updating"

    def _nodes_follow(self):
        """In mode global: has the engine's updater more nodes to come to?

        Their tasks are not up to date, and so neither seen nor wanted. Where it pauses between two for longer than the
        tasks are watched, the CLI takes the first node for all of them.
        """
        return self.everywhere and self.update.get("State") == "updating"

    def _running_since(self):
        """When the last of the tasks came to run: the engine's word, as far as our looks allow it (clocks may differ)."""
        ages = [self.wall - stamp(slot[0]) for slot in self.slots if runs(slot[0])]
        return max(self.now - max(min(ages, default=0), 0), self.looked_before)

    def _unheard(self):
        """Host names of nodes of which the managers do not know whether they, and so the tasks there, still run.

        That is so after a change of leader, until they have reported to the new one or are down (six heartbeats, 30 s).
        """
        ids = {slot[0].get("NodeID") for slot in self.slots if runs(slot[0])}
        return sorted(_host(node) for node in self.nodes.values() if node["ID"] in ids and _state(node) in _UNHEARD)

    def _hold(self):
        """For how many seconds the tasks must go on running.

        A service that nobody changed needs no watching, unless a task has just replaced one that soon failed: then this
        one must outlive it. Tasks that ran for longer than _HOLD_LIMIT before they failed are no loop to be caught here.
        """
        monitor = (self.service["Spec"].get("UpdateConfig") or {}).get("Monitor") or _MONITOR
        hold = monitor / 10**9 if self.memory["written"] and self.wanted else 0
        for slot in self.slots:
            failures = self._failures_before(slot)
            if failures:
                proof = max(stamp(task) - created(task) for task in failures) + monitor / 10**9
                if self.wall - stamp(slot[0]) < proof <= _HOLD_LIMIT:
                    hold = max(hold, proof)
        return hold

    # Is it certain that they will not?

    def task_failure(self):
        checks = (
            [self._unschedulable] if self._updater_decides() else [self._over, self._crash_loop, self._unschedulable]
        )
        return next(filter(None, (check() for check in checks)), None)

    def _updater_decides(self):
        """Does the engine's updater count the failures itself, to pause or to roll back?"""
        action = (self.service["Spec"].get("UpdateConfig") or {}).get("FailureAction") or "pause"
        return self.update.get("State") in ("updating", "rollback_started") and action != "continue"

    def _over(self):
        for slot in self.slots:
            if self._ended(slot) and self._stuck_for(slot[0]["ID"], slot[0]) >= _SETTLED_SECONDS:
                policy = (self.template.get("RestartPolicy") or {}).get("Condition") or "any"
                reason = f"a task {end(slot[0])}, and the restart policy ({policy}) starts no other"
                return self.verdict(FAILED, kind="ended", reason=reason, tasks=[slot[0]])
        return None

    def _ended(self, slot):
        """Is the slot's last task over by itself, on a node that works, with no other task to come after it?"""
        task = slot[0]
        node = self.nodes.get(task.get("NodeID")) or {}
        return (
            rank(task["DesiredState"]) > RUNNING
            and task["Status"]["State"] in BROKEN
            and (bool(task.get("Slot")) or node.get("Spec", {}).get("Availability") == "active")
        )

    def _crash_loop(self):
        for slot in self.slots:
            failed = self._failures_before(slot)
            if slot[0]["Status"]["State"] in BROKEN:
                failed = [slot[0], *failed]
            if len(failed) >= self._attempts() and not runs(slot[0]):
                last = failed[: self._attempts()]
                again = any(task["ID"] not in self.failed_before for task in last)
                if again and stamp(last[0]) - stamp(last[-1]) < _LOOP_SECONDS:
                    kind = "rejected" if last[0]["Status"]["State"] == "rejected" else "crash_loop"
                    reason = f"{len(last)} tasks in a row failed; the last one {end(last[0])}"
                    return self.verdict(FAILED, kind=kind, reason=reason, tasks=last)
        return None

    def _attempts(self):
        """How many failures in a row of one slot are a loop."""
        return _ATTEMPTS

    def _failures_before(self, slot):
        """The slot's earlier tasks that failed one after the other up to the present one, newest first."""
        failures = []
        follower = slot[0]
        for task in slot[1:]:
            # one that failed long after its follower was made was on a node that was lost and came back
            gap = created(follower) - stamp(task)
            if task["Status"]["State"] not in BROKEN or not -_SKEW_SECONDS <= gap <= _REPLACED_SECONDS:
                break
            failures.append(task)
            follower = task
        return failures

    def _unschedulable(self):
        if not self.slots and self.everywhere and self._stuck_for("") >= _NO_NODE_SECONDS:
            reason = f"no node fits the service's constraints{self._passed_over()}"
            return self.verdict(FAILED, kind="unschedulable", reason=reason)
        for task in (slot[0] for slot in self.slots if has_no_node(slot[0])):
            if self._stuck_for(task["ID"], task) >= self._patience(task):
                reason = f"{task['Status']['Err']}{self._passed_over()}"
                return self.verdict(FAILED, kind="unschedulable", reason=reason, tasks=[task])
        return None

    def _passed_over(self):
        """The nodes that take no tasks now, as the end of a sentence: the scheduler counts them and does not name them."""
        idle = []
        for node in self.nodes.values():
            state, will = _state(node), node["Spec"].get("Availability")
            if state != "ready" or will in ("pause", "drain"):
                idle.append(f"{_host(node)} ({will if state == 'ready' else state})")
        return f"; no tasks go to {', '.join(sorted(idle))}" if idle else ""

    def _stuck_for(self, key, task=None):
        """For how many seconds a task (or, without one, the service) has been as it is.

        By our own looks; the engine's word is taken too where nothing was written, so that a second run need not wait.
        """
        self.stuck_since[key] = self.memory["stuck_since"].get(key, self.now)
        by_looks = self.now - self.stuck_since[key]
        if self.memory["written"]:
            return by_looks
        return max(by_looks, self.wall - (stamp(task) if task else seconds(self.service["UpdatedAt"])))

    def _patience(self, task):
        if any(reason in task["Status"]["Err"] for reason in _LASTING):
            return _NO_NODE_SECONDS
        # A task that is being stopped may still hold the port or the memory.
        grace = (self.template.get("ContainerSpec") or {}).get("StopGracePeriod", _GRACE)
        return _NO_NODE_SECONDS + grace / 10**9

    def verdict(self, state, kind=None, reason="", note="", tasks=()):
        self.memory["stuck_since"] = self.stuck_since
        rolling_back = self.update.get("State") == "rollback_started"
        return Verdict(state, self.running, self.wanted, self.memory, kind, reason, note, tuple(tasks), rolling_back)


def progress_lines(verdict):
    """What the CLI prints about such a look, as a list of lines."""
    if verdict.wanted is None and verdict.state == CONVERGED:
        return [f"verify: {verdict.note}"]
    if verdict.job and verdict.wanted is None:
        lines = ["job progress: waiting for tasks"]
    elif verdict.job:
        lines = [f"job progress: {verdict.running} out of {verdict.wanted} complete"]
    elif verdict.wanted is None:
        lines = ["overall progress: waiting for new tasks"]
    else:
        what = "rolling back update: " if verdict.rolling_back else ""
        lines = [f"overall progress: {what}{verdict.running} out of {verdict.wanted} tasks"]
    if verdict.state == CONVERGED:
        lines.append("job complete" if verdict.job else "verify: Service converged")
    elif verdict.state == FAILED:
        lines.append(f"failed: {verdict.reason}")
    elif verdict.note:
        lines.append(f"verify: {verdict.note}")
    return lines


def _host(node):
    return (node.get("Description") or {}).get("Hostname") or node["ID"]


def _state(node):
    return node["Status"]["State"]
