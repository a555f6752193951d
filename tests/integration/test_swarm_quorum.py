# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Two of three managers are gone: every module says so within seconds, and changes nothing."""

from __future__ import annotations

import time

import pytest
from harness.lab import eventually

SURVIVOR, LOST = "manager1", ("manager2", "manager3")
# The engine itself takes 20 s over a question while it looks for a leader; what hangs waits for a module's timeout of 300 s.
ONE, ALL = 100, 240

TASKS = [
    ("swarm_init", {"task_history_retention_limit": 9}),
    ("swarm_init", {"advertise_addr": "eth0"}),
    ("swarm_join", {"role": "manager", "join_token": "x", "remote_addrs": ["manager2"]}),
    ("swarm_node", {"node": "worker1", "labels": {"a": "b"}}),
    ("swarm_node", {"node": "manager2", "role": "worker"}),
    ("node_availability", {"nodes": ["worker1"], "availability": "drain"}),
    ("swarm_network", {"name": "front"}),
    ("swarm_service", {"name": "web", "image": "depot:5000/nginx:1.22"}),
]


@pytest.fixture(scope="module")
def token(swarm):
    """A real one, which only a swarm with a leader tells."""
    return swarm.docker(SURVIVOR, "swarm", "join-token", "-q", "worker")


@pytest.fixture(scope="module")
def broken(swarm, token):
    swarm.docker(
        SURVIVOR, "service", "create", "-q", "-d", "--name", "kept", "depot:5000/busybox:latest", "sleep", "100000"
    )
    for host in LOST:
        swarm.power_off(host)
    yield swarm
    swarm.renew()


def check_all(lab):
    """Every module, for real and in check mode, in one run each; no task may take long."""
    for options in ((), ("--check",)):
        tasks = [
            {"name": f"{number} {module}", f"apiary.swarm.{module}": args, "ignore_errors": True}
            for number, (module, args) in enumerate(TASKS)
        ]
        began = time.monotonic()
        run = lab.playbook([{"hosts": SURVIVOR, "gather_facts": False, "tasks": tasks}], *options)
        assert time.monotonic() - began < ALL
        failures = [result for result in run.results if result.status in ("failed", "ignored")]
        assert len(failures) == len(TASKS), run.output
        for result in failures:
            assert result.data["failure"]["kind"] == "no_quorum", result
            assert not result.data.get("changed")
            assert "Bring the missing managers back" in result.data["msg"]


def info(lab):
    began = time.monotonic()
    result = lab.module(SURVIVOR, "swarm_info")
    assert time.monotonic() - began < ONE
    assert result["swarm"]["obstacle"] == "no_quorum"
    assert result["swarm"]["role"] == "manager"
    assert result["swarm"]["quorum"]["managers"] == 3
    assert result["swarm"]["quorum"]["needed"] == 2
    assert result["swarm"]["quorum"]["reachable"] < 2
    assert any(text.startswith("No quorum") for text in result["problems"])
    return result


def test_at_once_while_a_leader_still_answers(broken):
    """A leader notices within some heartbeats, and goes on answering questions for some 20 s after that."""
    eventually(lambda: info(broken), seconds=20)
    check_all(broken)


def test_later_when_the_engine_itself_knows(broken):
    def told():
        text = broken.docker(SURVIVOR, "node", "ls", ok=False)
        assert text == "", "the engine still answers"

    eventually(told, seconds=90, every=2)
    info(broken)
    check_all(broken)


def test_after_a_restart_of_the_survivor(broken):
    broken.ssh(SURVIVOR, "systemctl restart docker")
    eventually(lambda: broken.swarm_state(SURVIVOR))
    info(broken)
    result = broken.module(SURVIVOR, "swarm_init", {"advertise_addr": "eth0"}, ok=False)
    assert result["failure"]["kind"] == "no_quorum"


def test_a_node_cannot_join_and_stays_as_it_was(broken, token):
    broken.docker("worker2", "swarm", "leave", "--force")
    options = {"role": "worker", "join_token": token, "remote_addrs": [broken.address(SURVIVOR)]}
    result = broken.module("worker2", "swarm_join", options, ok=False)
    assert broken.swarm_state("worker2") == "inactive"
    assert result["failure"]["kind"] in ("no_quorum", "no_manager"), result


def test_leaving_is_explained_and_only_possible_by_force(broken):
    result = broken.module(SURVIVOR, "swarm_join", {"state": "absent"}, ok=False)
    assert result["failure"]["kind"] == "quorum_guard"
    assert broken.swarm_state(SURVIVOR) in ("active", "pending")


def test_all_is_well_when_one_comes_back(broken):
    broken.power_on(LOST[0])

    def whole():
        # a new leader takes some heartbeats to find out which of the others are there
        found = broken.module(SURVIVOR, "swarm_info")
        assert found["swarm"]["obstacle"] is None
        assert found["swarm"]["quorum"] == {"managers": 3, "reachable": 2, "needed": 2, "tolerates": 0}
        return found

    result = eventually(whole, seconds=120)
    assert any(text.startswith("No fault tolerance: 2 of 3") for text in result["problems"])
    assert any(LOST[1] in text for text in result["problems"])
    assert [service["name"] for service in result["services"]] == ["kept"]
    assert result["swarm"]["settings"]["task_history_retention_limit"] == 5
    assert broken.module(SURVIVOR, "swarm_init", {"task_history_retention_limit": 6})["changed"]
