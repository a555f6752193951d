# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

"""The verdict on a service: recorded situations first, then those that no recording can hold still."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path

import pytest
from ansible_collections.apiary.swarm.plugins.module_utils._converge import (
    CONVERGED,
    FAILED,
    PROGRESS,
    first_look,
    judge,
    progress_lines,
)
from ansible_collections.apiary.swarm.plugins.module_utils._task_states import seconds

FIXTURES = Path(__file__).parent / "fixtures"
SITUATIONS = {
    name: situation
    for file in ("situations-20.10.json", "leader-lost-28.5.json")
    for name, situation in json.loads((FIXTURES / file).read_text()).items()
}
WALL = seconds("2026-11-23T12:00:00Z")


def recorded(name, written=False, now=0.0, memory=None):
    situation = SITUATIONS[name]
    memory = memory or first_look(written)
    wall = seconds(situation["now"])
    return judge(situation["service"], situation["tasks"], situation["nodes"], memory, now, wall)


@pytest.mark.parametrize(
    ("name", "state", "kind", "words"),
    [
        ("running", CONVERGED, None, ""),
        ("global", CONVERGED, None, ""),
        ("crash loop", PROGRESS, None, ""),  # until the next one has failed too
        ("no such image", PROGRESS, None, ""),
        ("no node fits", FAILED, "unschedulable", "scheduling constraints not satisfied on 3 nodes"),
        ("global, no node fits", FAILED, "unschedulable", "no node fits"),
        ("ended for good", FAILED, "ended", r"ended with exit code 0, and the restart policy \(none\)"),
    ],
)
def test_recorded_situations_are_judged_at_the_first_look(name, state, kind, words):
    verdict = recorded(name)
    assert (verdict.state, verdict.kind) == (state, kind)
    assert re.search(words, verdict.reason)


@pytest.mark.parametrize(
    ("name", "kind", "words"),
    [
        ("crash loop", "crash_loop", "3 tasks in a row failed; the last one ended with exit code 3"),
        ("no such image", "rejected", "was rejected: No such image: el-depot:5000/nope:1"),
    ],
)
def test_recorded_loops_of_a_service_just_written(name, kind, words):
    verdict = recorded(name, written=True)
    assert (verdict.state, verdict.kind) == (FAILED, kind)
    assert words in verdict.reason


def test_a_service_just_written_must_stay_up_for_the_monitor_period():
    first = recorded("running", written=True, now=100)
    assert (first.state, first.running, first.wanted) == (PROGRESS, 2, 2)
    assert first.note == "Waiting 5 seconds to verify that tasks are stable..."
    assert recorded("running", now=104.9, memory=first.memory).state == PROGRESS
    assert recorded("running", now=105, memory=first.memory).state == CONVERGED


@pytest.mark.parametrize("written", [True, False])
def test_tasks_on_nodes_that_a_new_leader_has_not_heard_of_are_not_known_to_run(written):
    """The CLI would call this converged, with a task on the host that was cut off."""
    held = first_look(written)
    held["held_since"] = 0.0
    verdict = recorded("leader lost", now=100, memory=held)
    assert (verdict.state, verdict.running, verdict.wanted) == (PROGRESS, 5, 5)
    assert verdict.note == "Waiting for word from manager3, worker1"
    assert verdict.memory["held_since"] is None, "they must run on from when they were heard of again"


# Situations made by hand. Times are seconds before WALL.


def task(slot=1, state="running", desired="running", age=100.0, born=None, node="n1", err=None, code=None, **more):
    def text(ago):
        return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(WALL - ago)) + f".{int((WALL - ago) % 1 * 1000):03}Z"

    status = {"State": state, "Timestamp": text(age)}
    if err:
        status["Err"] = err
    if code is not None:
        status["ContainerStatus"] = {"ExitCode": code}
    made = {
        "ID": f"{slot}-{state}-{age}",
        "CreatedAt": text(age if born is None else born),
        "DesiredState": desired,
        "Status": status,
        "NodeID": node,
        **more,
    }
    if slot:
        made["Slot"] = slot
    return made


def node(name="n1", state="ready", availability="active"):
    return {"ID": name, "Status": {"State": state}, "Spec": {"Availability": availability}}


def service(replicas=1, update=None, version=10, mode=None, **spec):
    made = {
        "ID": "s",
        "Version": {"Index": version},
        "UpdatedAt": "2026-11-23T11:00:00Z",
        "Spec": {"Mode": mode or {"Replicated": {"Replicas": replicas}}, "TaskTemplate": {}, **spec},
    }
    if update:
        made["UpdateStatus"] = {"State": update, "Message": "engine's words"}
    return made


def look(service, tasks, memory=None, nodes=None, now=0.0, written=False, version=None, over=()):
    memory = memory or first_look(written, version, over)
    return judge(service, tasks, nodes or [node(), node("n2"), node("n3")], memory, now, WALL)


def test_an_answer_from_before_the_change_is_not_taken_for_the_new_one():
    assert look(service(version=10), [task()], written=True, version=10).note == "waiting for the change to arrive"
    assert look(service(version=11), [task()], written=True, version=10).running == 1


def test_tasks_on_a_node_that_is_down_do_not_count():
    nodes = [node(), node("n2", state="down")]
    verdict = look(service(2), [task(1), task(2, node="n2")], nodes=nodes)
    assert (verdict.state, verdict.running, verdict.wanted) == (PROGRESS, 1, 2)
    moved = [task(1), task(2, node="n2", desired="shutdown"), task(2, node="n1", age=1)]
    assert look(service(2), moved, nodes=nodes).state == CONVERGED


@pytest.mark.parametrize(
    ("tasks", "running"),
    [
        # the CLI's tie-breaks: lowest desired state, then lowest observed state
        ([task(state="running"), task(state="shutdown", desired="shutdown", age=200)], 1),
        ([task(state="running"), task(state="preparing", age=1)], 0),
        ([task(state="running", desired="shutdown"), task(state="ready", desired="ready", age=1)], 0),
        ([task(state="orphaned"), task(state="running", desired="remove")], 0),
    ],
)
def test_one_task_decides_for_its_slot(tasks, running):
    assert look(service(), tasks).running == running


def test_scaling_down_is_over_when_the_others_are_gone():
    assert look(service(1), [task(1), task(2)]).state == PROGRESS
    assert look(service(1), [task(1), task(2, desired="remove")]).state == CONVERGED
    assert look(service(0), [], written=True).state == CONVERGED


@pytest.mark.parametrize("written", [True, False])
def test_a_mode_to_come_is_neither_waited_for_nor_judged(written):
    """Its tasks may be there to end."""
    for tasks in ([], [task(state="complete", desired="complete", code=0)], [task(state="failed", desired="shutdown")]):
        verdict = look(service(mode={"Unheard": {}}), tasks, written=written, version=10)
        assert verdict.state == CONVERGED
        assert progress_lines(verdict) == ["verify: a mode that is not known here, which is not waited for"]


def test_a_failure_while_verifying_starts_the_clock_again():
    first = look(service(), [task()], written=True, now=0)
    broken = look(service(), [task(state="failed", age=1)], memory=first.memory, now=3)
    assert (broken.state, broken.note) == (PROGRESS, "Detected task failure")
    again = look(service(), [task(age=0)], memory=broken.memory, now=4)
    assert look(service(), [task(age=1)], memory=again.memory, now=8.9).state == PROGRESS
    assert look(service(), [task(age=1)], memory=again.memory, now=9).state == CONVERGED


@pytest.mark.parametrize(
    ("age", "converged_at"),
    [(0.4, 5.6), (30, 5), (-7, 6)],
    ids=["the engine's word", "not from before the look that saw it not running", "a clock that is ahead"],
)
def test_the_clock_starts_when_the_last_task_came_to_run(age, converged_at):
    starting = look(service(2), [task(1, age=30), task(2, state="starting")], written=True, now=0)
    seen = look(service(2), [task(1, age=30), task(2, age=age)], memory=starting.memory, now=1)
    tasks = [task(1, age=30), task(2, age=age)]
    assert look(service(2), tasks, memory=dict(seen.memory), now=converged_at - 0.01).state == PROGRESS
    assert look(service(2), tasks, memory=dict(seen.memory), now=converged_at + 0.01).state == CONVERGED


def test_the_services_own_monitor_period_is_held():
    slow = service(UpdateConfig={"Monitor": 30 * 10**9})
    first = look(slow, [task()], written=True, now=0)
    assert look(slow, [task()], memory=first.memory, now=29).state == PROGRESS
    assert look(slow, [task()], memory=first.memory, now=30).state == CONVERGED


def test_an_update_that_the_engine_calls_completed_has_been_watched_already():
    assert look(service(update="completed"), [task()], written=True).state == CONVERGED
    assert look(service(update="completed"), [task(state="starting")], written=True).state == PROGRESS


@pytest.mark.parametrize(("written", "converged_at"), [(True, 15), (False, 0)])
def test_the_engines_updater_is_waited_for_but_not_for_ever(written, converged_at):
    first = look(service(update="updating"), [task()], written=written, now=0)
    early = [look(service(update="updating"), [task()], memory=dict(first.memory), now=now) for now in (5, 14.9)]
    assert {verdict.state for verdict in early} == {PROGRESS if written else CONVERGED}
    late = look(service(update="updating"), [task()], memory=dict(first.memory), now=converged_at)
    assert late.state == CONVERGED


def test_an_update_that_was_completed_in_spite_of_failures_proves_nothing():
    """failure_action continue: the task that runs at this moment may be the next to fail."""
    tasks = [task(age=0.1, born=0.2), task(state="failed", desired="shutdown", age=1.2, born=1.5, code=7)]
    verdict = look(service(update="completed"), tasks, written=True)
    assert (verdict.state, verdict.note) == (PROGRESS, "Waiting 5 seconds to verify that tasks are stable...")


@pytest.mark.parametrize("update", ["paused", "rollback_paused", "rollback_completed"])
def test_what_the_engine_gave_up_has_failed_however_many_tasks_run(update):
    verdict = look(service(update=update), [task()], written=True)
    assert (verdict.state, verdict.kind) == (FAILED, update.replace("rollback_completed", "rollback"))
    assert "engine's words" in verdict.reason


def test_a_rollback_that_was_asked_for_is_a_success_once_the_engine_says_so():
    asked = first_look(True, back=True)
    on_its_way = look(service(update="rollback_started"), [task()], memory=asked)
    assert (on_its_way.state, on_its_way.rolling_back) == (PROGRESS, True)
    assert look(service(update="rollback_completed"), [task()], memory=on_its_way.memory).state == CONVERGED
    assert look(service(update="rollback_completed"), [task(state="starting")], memory=asked).state == PROGRESS
    assert look(service(update="rollback_paused"), [task()], memory=asked).kind == "rollback_paused"


def test_why_the_engine_goes_back_is_remembered_until_it_has():
    going = service(update="rollback_started")
    going["UpdateStatus"]["Message"] = "update rolled back due to failure or early termination of task x"
    back = look(going, [task()], written=True)
    verdict = look(service(update="rollback_completed"), [task()], memory=back.memory)
    assert verdict.reason.endswith(
        "the spec before the update: update rolled back due to failure or early termination of task x"
    )


@pytest.mark.parametrize("update", ["paused", "rollback_paused"])
def test_an_old_pause_is_a_failure_only_where_tasks_are_missing(update):
    assert look(service(2, update=update), [task(1), task(2)]).state == CONVERGED
    assert look(service(2, update=update), [task(1)]).kind == update


def test_an_old_rollback_says_nothing_about_the_spec_that_runs_now():
    assert look(service(update="rollback_completed"), [task()]).state == CONVERGED


def test_what_broke_in_an_earlier_try_says_nothing_about_this_one():
    """After a rollback the same update again: to the engine the failures of the first try carry the present spec."""
    before = crashes(3, newest=60)[:-1]
    assert look(service(), before, written=True).state == FAILED
    over = [task["ID"] for task in before]
    assert look(service(), before, written=True, over=over).state == PROGRESS
    assert look(service(), [*before, task(age=0)], written=True, over=over).running == 1
    again = [dict(task, ID=f"again-{n}") for n, task in enumerate(crashes(3))]
    assert look(service(), [*before, *again], written=True, over=over).state == FAILED


def test_while_the_engine_rolls_back_nothing_is_certain():
    verdict = look(service(update="rollback_started"), [task()], written=True)
    assert (verdict.state, verdict.rolling_back) == (PROGRESS, True)
    assert progress_lines(verdict) == ["overall progress: rolling back update: 1 out of 1 tasks"]


def crashes(count, gap=6.0, newest=1.0, state="failed", last_state="starting", last_desired="running"):
    """A slot whose tasks failed one after the other, every gap seconds, and the one that came after."""
    failed = [
        task(state=state, desired="shutdown", age=newest + gap * n, born=newest + gap * (n + 1) - 0.1, code=1)
        for n in range(count)
    ]
    return [*failed, task(state=last_state, desired=last_desired, age=newest - 0.5, born=newest - 0.1)]


def test_a_crash_loop_is_certain_after_three_in_a_row():
    assert look(service(), crashes(2), written=True).state == PROGRESS
    verdict = look(service(), crashes(3), written=True)
    assert (verdict.state, verdict.kind, len(verdict.tasks)) == (FAILED, "crash_loop", 3)
    ended = [*crashes(2)[:-1], task(state="failed", age=0.5, born=0.9, code=1)]
    assert look(service(), ended, written=True).state == FAILED


def test_a_loop_that_was_there_before_is_certain_when_the_next_task_has_failed_too():
    """Somebody may have mended what made them fail, and run again."""
    tasks = crashes(3)
    *before, under_way = tasks
    first = look(service(), tasks)
    assert first.state == PROGRESS
    assert look(service(), tasks, memory=first.memory, now=1).state == PROGRESS
    ran = [*before, dict(under_way, Status={**under_way["Status"], "State": "running"})]
    assert look(service(), ran, memory=first.memory, now=2).running == 1
    broken = [*before, dict(under_way, Status={**under_way["Status"], "State": "failed"})]
    assert look(service(), broken, memory=first.memory, now=2).kind == "crash_loop"
    # one that has failed at the first look already says nothing, nor does what comes after it until it has failed
    broken[-1]["DesiredState"] = "shutdown"
    first = look(service(), broken)
    follower = task(state="preparing", age=0.2, born=0.3)
    assert look(service(), [*broken, follower], memory=first.memory, now=2).state == PROGRESS
    follower["Status"] = {**follower["Status"], "State": "rejected"}
    assert look(service(), [*broken, follower], memory=first.memory, now=3).kind == "rejected"


def test_old_failures_do_not_make_a_crash_loop():
    # three failures long ago, then one that ran for days, and now one that starts on another node
    old = crashes(3, newest=500_000, last_state="shutdown", last_desired="shutdown")
    old[-1]["Status"]["Timestamp"] = task(age=2)["Status"]["Timestamp"]
    assert look(service(), [*old, task(state="preparing", age=1)]).state == PROGRESS
    # the same, when the one that ran in between is not remembered any more
    assert look(service(), [*crashes(3, newest=3600)[:-1], task(state="preparing", age=1)]).state == PROGRESS
    # three failures days apart
    assert look(service(), crashes(3, gap=90_000)).state == PROGRESS


def test_an_unchanged_service_caught_while_it_runs_between_two_crashes_is_watched():
    tasks = crashes(2, gap=20, newest=3, last_state="running")
    first = look(service(), tasks, now=0)
    assert first.state == PROGRESS
    # it must outlive those that failed (20 s) and the monitor period
    assert look(service(), tasks, memory=first.memory, now=24).state == PROGRESS
    assert look(service(), tasks, memory=first.memory, now=26).state == CONVERGED


def test_an_unchanged_service_that_has_run_for_long_since_is_not():
    assert look(service(), crashes(3, gap=6, newest=3600, last_state="running")).state == CONVERGED


def test_a_failure_after_a_long_life_makes_nobody_wait():
    tasks = crashes(1, gap=90_000, newest=3, last_state="running")
    assert look(service(), tasks).state == CONVERGED


def test_the_task_of_a_node_that_was_lost_and_came_back_is_no_crash():
    # replaced when the node was lost; it "failed" only when that node came back, 40 seconds later
    lost = task(state="failed", desired="shutdown", age=2, born=60, code=137)
    assert look(service(), [lost, task(age=41, born=42)]).state == CONVERGED


def test_the_engines_updater_is_left_to_count_failures_itself():
    assert look(service(update="updating"), crashes(3), written=True).state == PROGRESS
    on = service(update="updating", UpdateConfig={"FailureAction": "continue"})
    assert look(on, crashes(3), written=True).kind == "crash_loop"


def test_a_task_that_the_restart_policy_does_not_follow_up_is_the_end():
    spec = service()
    spec["Spec"]["TaskTemplate"]["RestartPolicy"] = {"Condition": "on-failure", "MaxAttempts": 1}
    assert look(spec, [task(state="failed", code=2)]).state == PROGRESS, "the orchestrator has not looked at it yet"
    over = task(state="failed", desired="shutdown", code=2, age=0)
    first = look(spec, [over])
    assert first.state == PROGRESS, "an update that the engine is about to take back looks like this for a moment"
    assert look(spec, [over], memory=first.memory, now=2.9).state == PROGRESS
    verdict = look(spec, [over], memory=first.memory, now=3)
    assert (verdict.kind, verdict.reason) == (
        "ended",
        "a task ended with exit code 2, and the restart policy (on-failure) starts no other",
    )


PENDING = {"state": "pending", "node": ""}


def test_a_task_without_a_node_is_certain_after_ten_seconds():
    waiting = task(err="no suitable node (scheduling constraints not satisfied on 3 nodes)", age=0, **PENDING)
    first = look(service(), [waiting], now=0, written=True)
    assert first.state == PROGRESS
    assert look(service(), [waiting], memory=first.memory, now=9).state == PROGRESS
    assert look(service(), [waiting], memory=first.memory, now=10).kind == "unschedulable"
    waiting["Status"]["Timestamp"] = task(age=60)["Status"]["Timestamp"]
    assert look(service(), [waiting], now=0).kind == "unschedulable", "the engine says that it has waited for a minute"


def test_nodes_that_the_scheduler_passes_over_are_named():
    waiting = task(err="no suitable node (1 node not available for new tasks)", age=60, **PENDING)
    nodes = [node("n1", "down"), node("n2", availability="drain"), node("n3")]
    names = "; no tasks go to n1 (down), n2 (drain)"
    assert look(service(), [waiting], nodes=nodes).reason.endswith(f"for new tasks){names}")
    assert look(globally(UpdatedAt="x"), [], nodes=nodes, memory=waiting_for_a_node()).reason.endswith(
        f"constraints{names}"
    )
    assert look(service(), [waiting], nodes=[node("n3")]).reason.endswith("for new tasks)")


def waiting_for_a_node():
    return {**first_look(True), "stuck_since": {"": -60.0}}


def test_room_that_an_old_task_may_be_making_is_waited_for():
    waiting = task(err="no suitable node (host-mode port already in use on 3 nodes)", age=0, **PENDING)
    spec = service()
    spec["Spec"]["TaskTemplate"]["ContainerSpec"] = {"StopGracePeriod": 30 * 10**9}
    first = look(spec, [waiting], now=0, written=True)
    assert look(spec, [waiting], memory=first.memory, now=39).state == PROGRESS
    assert look(spec, [waiting], memory=first.memory, now=40).kind == "unschedulable"


def test_a_task_that_found_a_node_in_between_starts_anew():
    waiting = task(err="no suitable node (insufficient resources on 3 nodes)", age=0, **PENDING)
    first = look(service(), [waiting], now=0, written=True)
    ran = look(service(), [task(state="preparing")], memory=first.memory, now=15)
    assert look(service(), [waiting], memory=ran.memory, now=25).state == PROGRESS


# Global


def everywhere(**changes):
    states = {"n1": {}, "n2": {}, "n3": {}, **changes}
    return [task(0, node=name, **state) for name, state in states.items()]


def globally(**spec):
    return service(mode={"Global": {}}, **spec)


def test_global_wants_a_task_on_each_node_that_has_one():
    verdict = look(globally(), everywhere())
    assert (verdict.state, verdict.wanted) == (CONVERGED, 3)
    assert look(globally(), everywhere(n2={"state": "starting"})).state == PROGRESS


def test_global_is_not_there_while_the_engine_goes_from_node_to_node():
    """Tasks that are still to be replaced are not up to date, so that the first node looks like all there are."""
    first = look(globally(update="updating"), [task(0)], written=True, now=0)
    assert (first.state, first.running, first.wanted) == (PROGRESS, 1, 1)
    assert look(globally(update="updating"), [task(0)], memory=first.memory, now=60).state == PROGRESS
    assert look(globally(update="updating"), [task(0)]).state == PROGRESS, "nor for a task that changes nothing"
    assert look(globally(update="completed"), everywhere(), memory=first.memory, now=61).state == CONVERGED


def test_global_does_not_wait_for_a_node_that_is_down_or_drained():
    nodes = [node(), node("n2", state="down"), node("n3", availability="drain")]
    tasks = everywhere(n3={"state": "shutdown", "desired": "shutdown"})
    verdict = look(globally(), tasks, nodes=nodes)
    assert (verdict.state, verdict.running, verdict.wanted) == (CONVERGED, 1, 1)
    # killed after its grace period rather than stopped
    tasks = everywhere(n3={"state": "failed", "desired": "shutdown", "code": 137})
    assert look(globally(), tasks, nodes=nodes).state == CONVERGED


def test_global_without_a_node_is_certain_after_ten_seconds():
    fresh = globally()
    fresh["UpdatedAt"] = "2026-11-23T11:59:59Z"
    first = look(fresh, [], now=0, written=True)
    assert (first.state, first.wanted) == (PROGRESS, None)
    assert progress_lines(first) == ["overall progress: waiting for new tasks"]
    assert look(fresh, [], memory=first.memory, now=10).kind == "unschedulable"


def test_global_task_that_ended_for_good_on_a_working_node():
    verdict = look(globally(), everywhere(n2={"state": "complete", "desired": "shutdown", "code": 0}))
    assert verdict.kind == "ended"


# Words


def test_progress_is_told_in_the_clis_words():
    assert progress_lines(look(service(3), [task(1), task(2, state="starting")])) == [
        "overall progress: 1 out of 3 tasks"
    ]
    assert progress_lines(look(service(), [task()])) == [
        "overall progress: 1 out of 1 tasks",
        "verify: Service converged",
    ]
    failed = progress_lines(look(service(), crashes(3), written=True))
    assert failed[-1] == "failed: 3 tasks in a row failed; the last one ended with exit code 1"


def test_memory_survives_json():
    first = look(service(), [task()], written=True, now=1.5, version=3)
    memory = json.loads(json.dumps(first.memory))
    assert look(service(), [task()], memory=memory, now=7).state == CONVERGED
