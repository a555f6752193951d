# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Jobs on real engines: run once and not again, waited for, and judged; the judge is the engine's own CLI."""

from __future__ import annotations

import json

import pytest
from ansible_collections.apiary.swarm.plugins.module_utils._errors import SwarmError
from ansible_collections.apiary.swarm.plugins.module_utils._plan import Wish
from ansible_collections.apiary.swarm.plugins.module_utils._services import Services
from harness.lab import eventually
from harness.services import run

BUSYBOX = "depot:5000/busybox:latest"
JOB = {"image": BUSYBOX, "args": ["sh", "-c", "echo done"], "mode": "replicated-job"}
FAILS = {**JOB, "args": ["sh", "-c", "echo no database >&2; exit 3"]}


@pytest.fixture(autouse=True)
def tidy(swarm):
    yield
    swarm.ssh("manager1", "docker service ls -q | xargs -r docker service rm")


def runs(swarm, name):
    """How often the engine has run a job, the first time included."""
    return swarm.inspect("manager1", "service", name)["JobStatus"]["JobIteration"].get("Index", 0) + 1


def states(swarm, name):
    """How the tasks ended that the CLI knows of, all runs and tries."""
    rows = swarm.rows("manager1", "service", "ps", name)
    return sorted(row["CurrentState"].split()[0] for row in rows)


def failure(engine, wishes):
    services = Services(engine, wishes)
    services.apply()
    with pytest.raises(SwarmError) as caught:
        services.result(True, 90)
    (entry,) = caught.value.details["services"]
    return entry["failure"], entry["changed"]


def test_a_job_runs_once_and_not_again(swarm, engine):
    wish = [Wish("job", {**JOB, "replicas": 3, "max_concurrent": 2})]
    first = run(engine, wish, wait=True)["job"]
    assert (first["action"], [row["state"] for row in first["tasks"]]) == ("created", ["complete"] * 3)
    assert swarm.rows("manager1", "service", "ls")[0]["Replicas"] == "0/2 (3/3 completed)"
    for again in (wish, [wish[0]._replace(undeclared="restore")], [wish[0]._replace(undeclared="reset")]):
        assert run(engine, again, wait=True)["job"]["action"] == "unchanged"
    assert (runs(swarm, "job"), states(swarm, "job")) == (1, ["Complete"] * 3)


def test_any_update_runs_it_again_and_the_result_says_so(swarm, engine):
    run(engine, [Wish("job", JOB)], wait=True)
    changed = run(engine, [Wish("job", {**JOB, "labels": {"a": "b"}})], wait=True)["job"]
    assert "runs again, although only its labels change" in changed["warnings"][0]
    assert runs(swarm, "job") == 2
    assert [row["state"] for row in changed["tasks"]] == ["complete"], "those of the second run only"
    assert states(swarm, "job") == ["Complete"] * 2


def test_adopting_a_job_of_the_cli_does_not_run_it_again(swarm, engine):
    create = "docker service create --detach --no-resolve-image --name"
    swarm.ssh("manager1", f"{create} one --mode replicated-job --replicas 2 --restart-condition none {BUSYBOX} true")
    swarm.ssh("manager1", f"{create} all --mode global-job {BUSYBOX} true")
    ours = [
        Wish(
            "one",
            {**JOB, "args": ["true"], "replicas": 2, "max_concurrent": 2, "restart_config": {"condition": "none"}},
        ),
        Wish("all", {**JOB, "args": ["true"], "mode": "global-job", "restart_config": {"condition": "any"}}),
    ]
    for undeclared in ("keep", "restore", "reset"):
        entries = run(engine, [wish._replace(undeclared=undeclared) for wish in ours], wait=True)
        assert {entry["action"] for entry in entries.values()} == {"unchanged"}, undeclared
    assert (runs(swarm, "one"), runs(swarm, "all")) == (1, 1)
    assert states(swarm, "all") == ["Complete"] * 5


def test_the_cli_and_the_module_make_the_same_job(swarm, engine):
    wishes = [
        Wish("a", {**JOB, "replicas": 3}),
        Wish("b", {**JOB, "replicas": 3, "max_concurrent": 1}),
        Wish("c", JOB),
        Wish("d", {**JOB, "mode": "global-job"}),
    ]
    run(engine, wishes)
    flags = ["--replicas 3", "--replicas 3 --max-concurrent 1", "", ""]
    for wish, more in zip(wishes, flags, strict=True):
        create = f"docker service create --detach --name cli-{wish.name} --mode {wish.options['mode']} {more}"
        swarm.ssh("manager1", f"{create} {BUSYBOX} sh -c 'echo done'")
        ours, theirs = (swarm.inspect("manager1", "service", name)["Spec"] for name in (wish.name, f"cli-{wish.name}"))
        for spec in (ours, theirs):
            spec["Name"], spec["Labels"] = "", {}
        assert ours == theirs, wish.name


def test_a_failing_job_fails_with_exit_code_and_log_and_a_second_run_too(swarm, engine):
    wish = [Wish("bad", {**FAILS, "restart_config": {"condition": "none"}})]
    for changed in (True, False):
        found, did_change = failure(engine, wish)
        assert (found["kind"], did_change) == ("job_failed", changed), found
        assert "exit code 3, and the restart policy (none) starts no other" in found["reason"]
        assert {(row["exit_code"], *row["logs"]) for row in found["tasks"]} == {(3, "no database")}
    assert (runs(swarm, "bad"), states(swarm, "bad")) == (1, ["Failed"])


def test_a_restart_policy_that_the_engine_does_not_keep(swarm, engine):
    """Each task of a job that ends makes it look at the other slots again, whatever the policy says."""
    found, _changed = failure(engine, [Wish("two", {**FAILS, "replicas": 2, "restart_config": {"condition": "none"}})])
    assert found["kind"] == "job_failed"
    policy = {"condition": "on-failure", "max_attempts": 1, "delay": "100ms"}
    found, _changed = failure(engine, [Wish("all", {**FAILS, "mode": "global-job", "restart_config": policy})])
    assert (found["kind"], "in a row failed" in found["reason"]) == ("job_failed", True)


def test_attempts_are_used_up_before_a_job_has_failed(swarm, engine):
    policy = {"condition": "on-failure", "max_attempts": 3, "delay": "100ms"}
    found, _changed = failure(engine, [Wish("bad", {**FAILS, "restart_config": policy})])
    assert found["kind"] == "job_failed"
    assert states(swarm, "bad") == ["Failed"] * 4
    found, _changed = failure(engine, [Wish("loop", {**FAILS, "restart_config": {"delay": "100ms"}})])
    assert (found["kind"], "3 tasks in a row failed" in found["reason"]) == ("job_failed", True)


def test_the_evidence_is_of_the_last_run(swarm, engine):
    once = {"restart_config": {"condition": "none"}}
    failure(engine, [Wish("bad", {**FAILS, **once})])
    other = {**FAILS, "args": ["sh", "-c", "echo other; exit 4"], **once}
    found, _changed = failure(engine, [Wish("bad", other)])
    assert [(row["exit_code"], row["logs"]) for row in found["tasks"]] == [(4, ["other"])]
    assert run(engine, [Wish("bad", JOB)], wait=True)["bad"]["failure"] is None


def test_a_job_that_nothing_can_run(swarm, engine):
    nowhere = {"placement": {"constraints": ["node.labels.disk == none"]}}
    for mode in ("replicated-job", "global-job"):
        found, _changed = failure(engine, [Wish(mode, {**JOB, "mode": mode, **nowhere})])
        assert found["kind"] == "unschedulable", found
    missing = {"image": "depot:5000/no:1", "mode": "global-job", "restart_config": {"condition": "none"}}
    found, _changed = failure(engine, [Wish("missing", missing)])
    assert "No such image" in found["msg"]


def test_a_global_job_by_a_task_of_ansible(swarm):
    task = {"name": "all", **JOB, "mode": "global-job"}
    listed = [{"name": f"task {n}", "apiary.swarm.swarm_service": task} for n in (1, 2)]
    played = swarm.playbook([{"hosts": "manager1", "gather_facts": False, "tasks": listed}])
    first, second = (played.of("manager1", f"task {n}") for n in (1, 2))
    assert (first["changed"], second["changed"]) == (True, False), played.output
    assert {row["node"] for row in first["services"][0]["tasks"]} == {
        "manager1", "manager2", "manager3", "worker1", "worker2",
    }  # fmt: skip
    assert "all: job progress: 5 out of 5 complete" in played.output
    assert "all: job complete" in played.output
    assert runs(swarm, "all") == 1
    log = json.dumps(swarm.ssh("manager1", "docker service logs all 2>&1"))
    assert log.count("done") == 5


def test_a_job_that_is_on_its_way_is_waited_for_by_a_second_run(swarm, engine):
    slow = [Wish("slow", {**JOB, "args": ["sleep", "3"]})]
    run(engine, slow)
    entry = run(engine, slow, wait=True)["slow"]
    assert (entry["changed"], entry["tasks"][0]["state"]) == (False, "complete")

    def complete():
        assert states(swarm, "slow") == ["Complete"]

    eventually(complete)
