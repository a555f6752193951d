# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tasks replaced although nothing differs (force_update), and the way back (state rolled_back), on real engines."""

from __future__ import annotations

import pytest
from ansible_collections.apiary.swarm.plugins.module_utils._errors import SwarmError
from ansible_collections.apiary.swarm.plugins.module_utils._plan import Wish
from ansible_collections.apiary.swarm.plugins.module_utils._services import Services
from harness.services import run

BUSYBOX = "depot:5000/busybox:latest"
FAST = {"update_config": {"monitor": "1s"}, "rollback_config": {"monitor": "1s"}, "restart_config": {"delay": "1s"}}
OPTIONS = {"image": BUSYBOX, "args": ["sleep", "1000000"], "stop_grace_period": "1s", **FAST}


@pytest.fixture(autouse=True)
def tidy(swarm):
    yield
    swarm.ssh("manager1", "docker service ls -q | xargs -r docker service rm")


def task_ids(swarm, name="web"):
    return set(swarm.ssh("manager1", f"docker service ps -q --filter desired-state=running {name}").split())


def spec(swarm, name="web"):
    return swarm.inspect("manager1", "service", name)["Spec"]


def brought(engine, wait=True, **options):
    return run(engine, [Wish("web", {**OPTIONS, **options})], wait)["web"]


def back(engine, check_mode=False, **options):
    services = Services(engine, [Wish("web", options, "rolled_back")], check_mode)
    services.apply()
    return services.result(not check_mode, 90)["services"][0]


def test_force_update_replaces_the_tasks_once(swarm, engine):
    brought(engine, force_update="monday")
    first = task_ids(swarm)
    assert not brought(engine, force_update="monday")["changed"]
    assert task_ids(swarm) == first
    forced = brought(engine, force_update="tuesday")
    assert forced["diff"]["after"] == {"TaskTemplate": {"ForceUpdate": 1}}
    second = task_ids(swarm)
    assert not first & second
    assert not brought(engine, force_update="tuesday")["changed"]
    swarm.ssh("manager1", "docker service update --detach --label-add by=hand web")
    assert not brought(engine, force_update="tuesday")["changed"]
    assert not brought(engine)["changed"], "not to name it any more forces nothing"
    assert (task_ids(swarm), spec(swarm)["TaskTemplate"]["ForceUpdate"]) == (second, 1)


def test_force_update_runs_a_job_again(swarm, engine):
    job = {"image": BUSYBOX, "args": ["true"], "mode": "replicated-job"}
    for trigger, index in (("a", 0), ("a", 0), ("b", 1), ("b", 1)):
        run(engine, [Wish("job", {**job, "force_update": trigger})], wait=True)
        found = swarm.inspect("manager1", "service", "job")["JobStatus"]["JobIteration"]
        assert found.get("Index", 0) == index


def test_back_to_what_ran_before_and_not_forward_again(swarm, engine):
    brought(engine, env={"V": "1"})
    with pytest.raises(SwarmError, match="no spec before the present one"):
        back(engine)
    brought(engine, env={"V": "2"})
    before = task_ids(swarm)
    planned = back(engine, check_mode=True)
    assert (planned["action"], task_ids(swarm)) == ("rolled_back", before)
    went = back(engine)
    assert went["diff"] == planned["diff"]
    assert (went["changed"], went["update_status"]) == (True, "rollback_completed")
    assert went["diff"]["after"]["TaskTemplate"]["ContainerSpec"]["Env"] == ["V=1"]
    assert spec(swarm)["TaskTemplate"]["ContainerSpec"]["Env"] == ["V=1"]
    ran = task_ids(swarm)
    assert not ran & before
    assert back(engine)["action"] == "unchanged"
    assert task_ids(swarm) == ran
    # after another update there is a way back again
    brought(engine, env={"V": "3"})
    assert back(engine)["changed"]
    assert spec(swarm)["TaskTemplate"]["ContainerSpec"]["Env"] == ["V=1"]


def test_back_from_a_change_of_labels(swarm, engine):
    brought(engine)
    brought(engine, labels={"a": "b"})
    before = task_ids(swarm)
    assert back(engine)["changed"]
    assert (spec(swarm)["Labels"].get("a"), task_ids(swarm)) == (None, before)


def test_back_from_an_update_that_the_engine_paused(swarm, engine):
    brought(engine)
    with pytest.raises(SwarmError, match="paused"):
        brought(engine, args=["false"])
    assert back(engine)["update_status"] == "rollback_completed"
    assert spec(swarm)["TaskTemplate"]["ContainerSpec"]["Args"] == OPTIONS["args"]


def test_the_way_back_may_fail_too(swarm, engine):
    swarm.ssh("worker1", "mkdir -p /var/tmp/flag; touch /var/tmp/flag/ok")
    there = {
        "mounts": ["type=bind,src=/var/tmp/flag,dst=/flag"],
        "placement": {"constraints": ["node.hostname == worker1"]},
        "update_config": {"failure_action": "rollback", "monitor": "1s"},
    }
    works = {**there, "args": ["sh", "-c", "test -e /flag/ok || { echo no way back; exit 5; }; exec sleep 1000000"]}
    brought(engine, **works)
    with pytest.raises(SwarmError) as caught:
        brought(engine, **there, args=["sh", "-c", "rm /flag/ok; exit 7"])
    (entry,) = caught.value.details["services"]
    assert (entry["failure"]["kind"], entry["update_status"]) == ("rollback_paused", "rollback_paused")
    assert [(row["node"], row["exit_code"], row["logs"]) for row in entry["failure"]["tasks"]] == [
        ("worker1", 5, ["no way back"])
    ]
    # what is declared now is what the engine could not go back to: nothing is changed, and it is a failure still
    with pytest.raises(SwarmError) as caught:
        brought(engine, **works)
    (entry,) = caught.value.details["services"]
    assert (entry["failure"]["kind"], entry["changed"]) == ("rollback_paused", False)
    swarm.ssh("worker1", "touch /var/tmp/flag/ok")
    assert brought(engine, **works, force_update="again")["failure"] is None


def test_somebody_takes_an_update_back_while_it_is_waited_for(swarm, engine):
    brought(engine)
    seen = "docker service inspect web --format '{{.Spec.TaskTemplate.ContainerSpec.Env}}' | grep -q V="
    other = swarm.start_ssh("manager2", f"until {seen}; do sleep 0.2; done; docker service rollback --detach web")
    with pytest.raises(SwarmError) as caught:
        brought(engine, env={"V": "2"}, update_config={"monitor": "10s"})
    other.communicate(timeout=60)
    assert caught.value.kind == "rollback"
    assert "went back to the spec before the update: manually requested rollback" in caught.value.msg


def test_what_the_engine_or_the_cli_took_back_is_left(swarm, engine):
    brought(engine)
    with pytest.raises(SwarmError):
        brought(engine, args=["false"], update_config={"failure_action": "rollback", "monitor": "1s"})
    assert back(engine)["action"] == "unchanged"
    brought(engine, env={"V": "2"})
    swarm.ssh("manager1", "timeout 60 docker service rollback --detach web")
    assert back(engine)["action"] == "unchanged"
    assert "Env" not in spec(swarm)["TaskTemplate"]["ContainerSpec"]


def test_by_a_task_of_ansible(swarm, engine):
    brought(engine)
    refused = swarm.module(
        "manager1", "swarm_service", {"name": "web", "state": "rolled_back", "replicas": 2}, ok=False
    )
    assert "replicas: state rolled_back takes no option of the service" in refused["msg"]
    forced = {"name": "web", "force_update": "20261124"}
    assert [swarm.module("manager1", "swarm_service", forced)["changed"] for _ in range(2)] == [True, False]
    refused = swarm.module("manager1", "swarm_service", {"name": "web", "force_update": True}, ok=False)
    assert "force_update: true says the same at every run" in refused["msg"]
    assert not swarm.module("manager1", "swarm_service", {"name": "web", "force_update": False})["changed"]
    went_back = {"name": "web", "state": "rolled_back"}
    assert [swarm.module("manager1", "swarm_service", went_back)["changed"] for _ in range(2)] == [True, False]
    # what was forced is back, and so is what was remembered of it
    assert swarm.module("manager1", "swarm_service", forced)["changed"]
