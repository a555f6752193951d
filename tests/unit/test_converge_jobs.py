# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

"""The verdict on a job. Its tasks are there to end, once, and what an earlier run did says nothing of this one."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from ansible_collections.apiary.swarm.plugins.module_utils._converge import (
    CONVERGED,
    FAILED,
    PROGRESS,
    first_look,
    progress_lines,
)
from ansible_collections.apiary.swarm.plugins.module_utils._converge_jobs import judge, of_this_run
from ansible_collections.apiary.swarm.plugins.module_utils._task_states import seconds

RECORDED = json.loads((Path(__file__).parent / "fixtures" / "jobs-28.5.json").read_text())
WALL = seconds("2026-11-23T12:00:00Z")


@pytest.mark.parametrize(
    ("name", "kind", "words"),
    [
        ("done", None, "job progress: 2 out of 2 complete"),
        ("everywhere", None, "job progress: 5 out of 5 complete"),
        ("again", None, "job progress: 1 out of 1 complete"),
        ("failed", "job_failed", "a task ended with exit code 3, and the restart policy (none) starts no other"),
        ("loop", "job_failed", "3 tasks in a row failed; the last one ended with exit code 5"),
    ],
)
def test_recorded_jobs_are_judged_at_the_first_look(name, kind, words):
    recorded = RECORDED[name]
    wall = seconds(recorded["now"])
    # of one that nobody changed, the task under way would be waited for
    written = name == "loop"
    verdict = judge(recorded["service"], recorded["tasks"], recorded["nodes"], first_look(written), 0.0, wall)
    assert (verdict.state, verdict.kind) == (FAILED if kind else CONVERGED, kind)
    assert words in "; ".join(progress_lines(verdict))


def text(ago):
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(WALL - ago)) + ".5Z"


def task(slot=1, state="complete", desired="complete", age=100, run=0, node="n1", code=None, err=None):
    """A task as the API gives it: it leaves out zeros, also that of the first slot and of the first run."""
    made = {
        "ID": f"{slot}-{node}-{state}-{age}-{run}",
        "CreatedAt": text(age + 1),
        "DesiredState": desired,
        "Status": {"State": state, "Timestamp": text(age)},
        "NodeID": node,
        "JobIteration": {"Index": run} if run else {},
    }
    if err:
        made["Status"]["Err"] = err
    if code is not None:
        made["Status"]["ContainerStatus"] = {"ExitCode": code}
    if slot:
        made["Slot"] = slot
    return made


def failed(age=100, desired="shutdown", **more):
    return task(state="failed", desired=desired, age=age, code=1, **more)


def node(name, state="ready", availability="active"):
    return {"ID": name, "Status": {"State": state}, "Spec": {"Availability": availability}}


NODES = [node("n1"), node("n2"), node("n3")]


def job(total=1, run=0, everywhere=False, version=10, **restart):
    mode = {"GlobalJob": {}} if everywhere else {"ReplicatedJob": {"TotalCompletions": total, "MaxConcurrent": total}}
    return {
        "ID": "s",
        "Version": {"Index": version},
        "UpdatedAt": "2026-11-23T11:00:00Z",
        "Spec": {"Mode": mode, "TaskTemplate": {"RestartPolicy": restart} if restart else {}},
        "JobStatus": {"JobIteration": {"Index": run} if run else {}},
    }


def look(service, tasks, memory=None, nodes=NODES, now=0.0, written=False, version=None):
    return judge(service, tasks, nodes, memory or first_look(written, version), now, WALL)


@pytest.mark.parametrize("written", [True, False])
def test_a_job_that_completed_is_done_at_once(written):
    verdict = look(job(2), [task(0), task(1)], written=written)
    assert verdict.state == CONVERGED
    assert progress_lines(verdict) == ["job progress: 2 out of 2 complete", "job complete"]


def test_a_job_on_its_way():
    verdict = look(job(3), [task(0), task(1), task(2, state="running", age=1)], written=True)
    assert (verdict.state, progress_lines(verdict)) == (PROGRESS, ["job progress: 2 out of 3 complete"])
    assert look(job(1), [], written=True).state == PROGRESS
    assert look(job(0), [], written=True).state == CONVERGED


def test_a_slot_that_completed_after_failures_is_complete():
    assert look(job(1), [failed(age=30), failed(age=20), failed(age=10), task(age=1)]).state == CONVERGED


def test_the_first_slot_is_one_slot_wherever_its_tasks_ran():
    tasks = [failed(slot=0, age=30 - 10 * n, node=f"n{n + 1}") for n in range(3)]
    waits = task(slot=0, state="ready", desired="ready", age=9, node="n1")
    assert "3 tasks in a row failed" in look(job(1), [*tasks, waits], written=True).reason


def test_earlier_runs_say_nothing():
    assert look(job(1, run=1), [task(0)], written=True).state == PROGRESS
    assert look(job(1, run=1), [failed(age=10 * n) for n in range(4)], written=True).state == PROGRESS
    assert look(job(1, run=1), [task(0), task(0, run=1)]).state == CONVERGED
    assert of_this_run(job(1, run=1), [task(0), task(0, run=1)]) == [task(0, run=1)]
    assert of_this_run({"Spec": {}}, [task(0)]) == [task(0)], "not a job"


def test_an_answer_from_before_the_change_is_not_taken_for_the_new_run():
    verdict = look(job(1, version=10), [task(0)], written=True, version=10)
    assert (verdict.state, verdict.note) == (PROGRESS, "waiting for the change to arrive")


def test_a_job_whose_task_is_not_tried_again_has_failed():
    service = job(1, Condition="none")
    assert look(service, [failed()]).kind == "job_failed"
    assert "exit code 1, and the restart policy (none) starts no other" in look(service, [failed()]).reason
    assert progress_lines(look(service, [failed()]))[1].startswith("failed: a task ended with exit code 1")
    just_now = look(service, [failed(age=0)], written=True)
    assert just_now.state == PROGRESS, "the restart may be in the making"
    assert look(service, [failed(age=0)], memory=just_now.memory, now=3).kind == "job_failed"
    assert look(service, [failed(desired="complete")]).state == PROGRESS, "the engine has not looked at it yet"


def test_while_other_tasks_of_the_job_go_on_a_failed_slot_may_get_another_try():
    service = job(2, Condition="none")
    assert look(service, [failed(slot=0), task(1, state="running")]).state == PROGRESS
    assert look(service, [failed(slot=0), task(1)]).kind == "job_failed"
    assert look(service, [failed(slot=0), failed(slot=1)]).kind == "job_failed"


def test_three_failures_in_a_row_are_a_failed_job_unless_more_are_permitted():
    waiting = task(state="ready", desired="ready", age=9)
    tasks = [failed(age=30), failed(age=20), failed(age=10), waiting]
    verdict = look(job(1), tasks, written=True)
    assert (verdict.state, verdict.kind, len(verdict.tasks)) == (FAILED, "job_failed", 3)
    assert look(job(1), tasks[1:]).state == PROGRESS
    assert look(job(1, Condition="on-failure", MaxAttempts=5), tasks, written=True).state == PROGRESS
    assert look(job(1, Condition="on-failure", MaxAttempts=2), tasks, written=True).kind == "job_failed"


def test_nodes_that_refuse_the_task():
    refused = [dict(failed(age=age), Status={"State": "rejected", "Timestamp": text(age), "Err": "No such image"})
               for age in (30, 20, 10)]  # fmt: skip
    assert look(job(1), [*refused[:2], task(state="ready", desired="ready", age=1)]).state == PROGRESS
    assert look(job(1), [*refused, task(state="ready", desired="ready", age=9)], written=True).kind == "rejected"


def test_no_node_fits():
    err = "no suitable node (scheduling constraints not satisfied on 3 nodes)"
    assert look(job(1), [task(state="pending", node="", err=err)]).kind == "unschedulable"
    first = look(job(everywhere=True), [], written=True)
    assert (first.state, progress_lines(first)) == (PROGRESS, ["job progress: waiting for tasks"])
    assert look(job(everywhere=True), [], memory=first.memory, now=10).kind == "unschedulable"


def test_a_task_on_a_lost_node_counts_only_if_it_completed():
    nodes = [node("n1", state="down"), node("n2")]
    assert look(job(1), [task(state="running")], nodes=nodes).state == PROGRESS
    assert look(job(1), [task()], nodes=nodes).state == CONVERGED
    assert look(job(1), [task(state="running"), task(node="n2")], nodes=nodes).state == CONVERGED


# Global


def everywhere(**changes):
    return [task(0, node=name, **changes.get(name, {})) for name in ("n1", "n2", "n3")]


def test_a_global_job_wants_each_node():
    assert look(job(everywhere=True), everywhere()).state == CONVERGED
    verdict = look(job(everywhere=True), everywhere(n2={"state": "running"}), written=True)
    assert progress_lines(verdict) == ["job progress: 2 out of 3 complete"]


def test_a_node_that_comes_during_the_wait_is_not_waited_for():
    first = look(job(everywhere=True), everywhere(n2={"state": "running"}), written=True)
    later = [*everywhere(), task(0, node="n4", state="running")]
    nodes = [*NODES, node("n4")]
    assert look(job(everywhere=True), later, memory=first.memory, nodes=nodes).state == CONVERGED
    assert look(job(everywhere=True), later, nodes=nodes).state == PROGRESS
    # another run has nodes of its own
    again = [dict(task, JobIteration={"Index": 1}) for task in later]
    assert look(job(run=1, everywhere=True), again, memory=first.memory, nodes=nodes).state == PROGRESS


def test_a_stale_answer_does_not_settle_which_nodes_there_are():
    stale = look(job(everywhere=True, version=10), everywhere()[:1], written=True, version=10)
    fresh = job(run=1, everywhere=True, version=11)
    tasks = [dict(task, JobIteration={"Index": 1}) for task in everywhere(n2={"state": "running"})]
    assert look(fresh, tasks, memory=stale.memory).wanted == 3


@pytest.mark.parametrize("gone", [{"state": "down"}, {"availability": "drain"}])
def test_a_global_job_does_not_wait_for_a_node_that_is_gone(gone):
    tasks = everywhere(n2={"state": "running"})
    assert look(job(everywhere=True), tasks, nodes=[node("n1"), node("n2", **gone), node("n3")]).state == CONVERGED


def test_a_global_job_that_failed_on_one_node_has_failed():
    tasks = [task(0, node="n1"), failed(slot=0, node="n2"), task(0, node="n3")]
    verdict = look(job(everywhere=True, Condition="none"), tasks)
    assert (verdict.kind, verdict.running, verdict.wanted) == ("job_failed", 2, 3)
