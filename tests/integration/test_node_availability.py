# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

"""node_availability on real engines: tasks really move, and what cannot move is told."""

from __future__ import annotations

import time

import pytest
from harness.lab import MANAGERS, WORKERS

NGINX, BUSYBOX = "depot:5000/nginx:1.22", "depot:5000/busybox:latest"
GRACE = 6


@pytest.fixture(autouse=True)
def active_again(swarm):
    yield
    swarm.clear_services()
    for host in MANAGERS + WORKERS:
        swarm.docker("manager1", "node", "update", "--availability", "active", host)


def create(lab, name, *options):
    """A service made by the CLI; returns when it has converged."""
    lab.ssh("manager1", " ".join(["timeout 60 docker service create -q --name", name, *options]))


def containers(lab, host):
    return lab.docker(host, "ps", "-q").split()


def availability(lab):
    return {node["Hostname"]: node["Availability"] for node in lab.rows("manager1", "node", "ls")}


def stubborn(grace=GRACE):
    return [f"--stop-grace-period {grace}s", BUSYBOX, "sh -c \"trap '' TERM; while :; do sleep 1; done\""]


def test_three_managers_are_drained_and_their_tasks_run_on_the_workers(swarm):
    create(swarm, "web", "--replicas 5", NGINX)
    create(swarm, "agent", "--mode global", BUSYBOX, "sleep 100000")
    assert set(swarm.running("manager1", "agent")) == set(MANAGERS + WORKERS)
    options = {"nodes": MANAGERS, "availability": "drain"}
    check = swarm.module("manager2", "node_availability", options, check=True)
    assert check["changed"]
    assert set(availability(swarm).values()) == {"Active"}
    result = swarm.module("manager2", "node_availability", options)
    # at this very moment: nothing is left there, and all of it runs elsewhere
    left = {host: containers(swarm, host) for host in MANAGERS}
    assert left == {host: [] for host in MANAGERS}
    assert len(swarm.running("manager1", "web")) == 5
    assert set(swarm.running("manager1", "web")) <= set(WORKERS)
    assert result["moved"] == ["web"]
    assert result["diff"] == check["diff"]
    assert result["diff"]["after"] == {host: {"availability": "drain"} for host in MANAGERS}
    assert {host for host, state in availability(swarm).items() if state == "Drain"} == set(MANAGERS)
    again = swarm.module("manager2", "node_availability", options)
    assert not again["changed"]
    back = swarm.module("manager1", "node_availability", {"nodes": MANAGERS, "availability": "active"})
    assert [node["changed"] for node in back["nodes"]] == [True] * 3


def test_a_container_that_ignores_the_request_to_stop_is_waited_for(swarm):
    create(swarm, "web", "--replicas 2 --constraint node.role==worker", *stubborn())
    hosts = swarm.running("manager1", "web")
    began = time.monotonic()
    result = swarm.module("manager1", "node_availability", {"nodes": [hosts[0]], "availability": "drain"})
    assert time.monotonic() - began >= GRACE
    assert containers(swarm, hosts[0]) == []
    assert result["moved"] == ["web"]
    assert len(swarm.running("manager1", "web")) == 2


def test_not_waiting_is_quick(swarm):
    grace = 20
    create(swarm, "web", "--replicas 1 --constraint node.role==worker", *stubborn(grace))
    (host,) = swarm.running("manager1", "web")
    began = time.monotonic()
    swarm.module("manager1", "node_availability", {"nodes": [host], "availability": "drain", "wait": False})
    assert time.monotonic() - began < grace
    assert containers(swarm, host), "it returned before the container had ended"
    # a second run waits for what the first one began
    result = swarm.module("manager1", "node_availability", {"nodes": [host], "availability": "drain"})
    assert not result["changed"]
    assert containers(swarm, host) == []


def test_time_over_names_the_tasks_that_are_left(swarm):
    create(swarm, "web", "--replicas 1 --constraint node.role==worker", *stubborn(40))
    (host,) = swarm.running("manager1", "web")
    options = {"nodes": [host], "availability": "drain", "wait_timeout": 4}
    result = swarm.module("manager1", "node_availability", options, ok=False)
    assert result["failure"]["kind"] == "not_converged"
    (other,) = set(WORKERS) - {host}
    # whichever it looked at last: the old task, or the new one that waits for the old one's end
    told = {f"web.1 on {host} is running", f"Service web: it did not converge in time. web.1 on {other}: ready"}
    assert any(text in result["msg"] for text in told), result["msg"]
    assert result["changed"]
    assert availability(swarm)[host] == "Drain"
    swarm.ssh(host, "docker kill $(docker ps -q)")


def test_a_service_without_another_place_fails_at_once_with_the_reason(swarm):
    create(swarm, "pinned", "--constraint node.hostname==worker1", BUSYBOX, "sleep 100000")
    began = time.monotonic()
    result = swarm.module("manager1", "node_availability", {"nodes": ["worker1"], "availability": "drain"}, ok=False)
    assert time.monotonic() - began < 60  # of the 300 it may wait
    assert result["failure"]["kind"] == "not_converged"
    assert "Service pinned: no suitable node" in result["msg"]
    assert "The nodes stay drained" in result["msg"]
    assert result["services"][0]["kind"] == "unschedulable"
    assert availability(swarm)["worker1"] == "Drain"


def test_all_nodes_drained_is_warned_of_and_does_not_hang(swarm):
    result = swarm.module("manager1", "node_availability", {"nodes": MANAGERS + WORKERS, "availability": "drain"})
    assert any("No node is left that takes tasks" in text for text in result["warnings"])
    swarm.module("manager1", "node_availability", {"nodes": MANAGERS + WORKERS, "availability": "active"})
    create(swarm, "web", "--replicas 2 --stop-grace-period 1s", NGINX)
    began = time.monotonic()
    options = {"nodes": MANAGERS + WORKERS, "availability": "drain"}
    result = swarm.module("manager1", "node_availability", options, ok=False)
    assert time.monotonic() - began < 90
    assert "5 nodes not available for new tasks" in result["msg"]
    assert any("No node is left that takes tasks" in text for text in result["warnings"])


def test_pause_keeps_the_tasks(swarm):
    create(swarm, "web", "--replicas 5", NGINX)
    before = swarm.running("manager1", "web")
    result = swarm.module("manager1", "node_availability", {"nodes": ["worker1"], "availability": "pause"})
    assert result["changed"]
    assert swarm.running("manager1", "web") == before
    assert availability(swarm)["worker1"] == "Pause"


def test_bad_input_is_told(swarm):
    result = swarm.module("manager1", "node_availability", {"nodes": ["worker9"], "availability": "drain"}, ok=False)
    assert result["failure"]["kind"] == "not_found"
    result = swarm.module("worker1", "node_availability", {"nodes": ["worker1"], "availability": "drain"}, ok=False)
    assert result["failure"]["kind"] == "worker"
