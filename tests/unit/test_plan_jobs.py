# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

"""The plan of a job. Each update runs it again, so that a false difference would run somebody's code."""

from __future__ import annotations

import copy

import pytest
from ansible_collections.apiary.swarm.plugins.module_utils._errors import SwarmError
from ansible_collections.apiary.swarm.plugins.module_utils._plan import (
    CREATE,
    NOTHING,
    RECREATE,
    UPDATE,
    Wish,
    World,
    plan_service,
)

JOB = {"image": "busybox", "mode": "replicated-job", "replicas": 3}


def plan(options, before=None, api_version=(1, 41), **wish):
    return plan_service(Wish("job", options, **wish), before, World(), api_version)


def made(options, **wish):
    """The service as the engine has it after its creation."""
    return {"ID": "s", "Version": {"Index": 5}, "Spec": copy.deepcopy(plan(options, **wish).spec)}


def mode(options, before=None, **wish):
    return plan(options, before, **wish).spec["Mode"]


def test_a_new_job_runs_all_at_once_as_the_cli_has_it():
    assert mode(JOB) == {"ReplicatedJob": {"TotalCompletions": 3, "MaxConcurrent": 3}}
    assert mode({**JOB, "max_concurrent": 2}) == {"ReplicatedJob": {"TotalCompletions": 3, "MaxConcurrent": 2}}
    assert mode({"image": "x", "mode": "replicated-job"}) == {
        "ReplicatedJob": {"TotalCompletions": 1, "MaxConcurrent": 1}
    }
    assert mode({"image": "x", "mode": "global-job"}) == {"GlobalJob": {}}


@pytest.mark.parametrize("undeclared", ["keep", "restore", "reset"])
@pytest.mark.parametrize(
    "options",
    [JOB, {**JOB, "max_concurrent": 2}, {"image": "x", "mode": "global-job"}, {**JOB, "replicas": 0}],
    ids=str,
)
def test_the_same_again_and_adopting_what_the_cli_made_is_nothing(options, undeclared):
    before = made(options)
    assert plan(options, before, undeclared=undeclared).action == NOTHING
    del before["Spec"]["Labels"]["io.apiary.declared"]
    assert plan(options, before, undeclared=undeclared).action == NOTHING
    named = {**options, "restart_config": {"condition": "any"}, "endpoint_mode": "vip"}
    assert plan(named, before, undeclared=undeclared).action == NOTHING, "naming a default runs no job"


def test_replicas_of_a_job():
    before = made({**JOB, "max_concurrent": 2})
    assert mode({"replicas": 5}, before) == {"ReplicatedJob": {"TotalCompletions": 5, "MaxConcurrent": 2}}
    assert mode(dict(JOB, replicas=5), before, undeclared="restore")["ReplicatedJob"]["MaxConcurrent"] == 5
    fresh = {"ReplicatedJob": {"TotalCompletions": 1, "MaxConcurrent": 1}}
    assert mode({"mode": "replicated-job"}, before, undeclared="reset") == fresh
    assert mode({"mode": "replicated-job"}, made(JOB), undeclared="reset") == fresh


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({**JOB, "update_config": {"delay": "1s"}}, "update_config.delay: a job is run again as a whole"),
        ({**JOB, "rollback_config": {"order": "start-first"}}, "rollback_config.order: a job is run again"),
        ({"image": "x", "mode": "global-job", "replicas": 2}, "replicas: a service in mode global-job has"),
        ({"image": "x", "mode": "global-job", "placement": {"replicas_max_per_node": 1}}, "replicas_max_per_node: a"),
        ({"image": "x", "mode": "global-job", "max_concurrent": 1}, "max_concurrent: only a service in mode repl"),
        ({"image": "x", "max_concurrent": 1}, "max_concurrent: only a service in mode replicated-job"),
        ({**JOB, "max_concurrent": 0}, "max_concurrent: 0 is less than 1"),
    ],
)
def test_what_a_job_cannot_have(options, text):
    with pytest.raises(SwarmError, match=text.replace(".", r"\.")):
        plan(options)


def test_engines_that_know_no_jobs():
    with pytest.raises(SwarmError) as caught:
        plan({**JOB, "max_concurrent": 1}, api_version=(1, 40))
    assert caught.value.details["problems"] == [
        "mode: a job needs API 1.41, and the engine speaks 1.40",
        "max_concurrent: needs API 1.41, and the engine speaks 1.40",
    ]


def test_a_service_made_anew_as_a_job_loses_what_a_job_cannot_have():
    before = made({"image": "x", "update_config": {"delay": "1s"}})
    anew = plan(JOB, before, recreate=True)
    assert anew.action == RECREATE
    assert "UpdateConfig" not in anew.spec


def test_every_update_runs_a_job_again():
    labels = plan({"labels": {"a": "b"}}, made(JOB))
    assert (labels.action, labels.runs_job_again, labels.concerns_tasks) == (UPDATE, True, True)
    assert not plan({"labels": {"a": "b"}}, made({"image": "x"})).concerns_tasks
    assert not plan(JOB, made(JOB)).concerns_tasks
    new = plan(JOB)
    assert (new.action, new.runs_job_again, new.concerns_tasks) == (CREATE, False, True)


@pytest.mark.parametrize("undeclared", ["keep", "restore", "reset"])
def test_a_job_that_had_nothing_to_run_runs_what_it_gets_at_once(undeclared):
    before = made({**JOB, "replicas": 0})
    assert before["Spec"]["Mode"] == {"ReplicatedJob": {"TotalCompletions": 0, "MaxConcurrent": 0}}
    assert mode(JOB, before, undeclared=undeclared) == {"ReplicatedJob": {"TotalCompletions": 3, "MaxConcurrent": 3}}
