# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

"""What becomes of a wait when a host dies under it, or the engine of the manager it runs on is restarted."""

from __future__ import annotations

import threading

import pytest
from harness.lab import MANAGERS, eventually

BUSYBOX = "depot:5000/busybox:latest"
FOREVER = {"image": BUSYBOX, "args": ["sleep", "1000000"], "stop_grace_period": "1s", "restart_config": {"delay": "1s"}}
# A node is down after three heartbeats, and after six when the leader has changed. It takes 15 and 30 s as the engine has it.
HEARTBEAT = "2s"
# Longer than it takes until a node is known to be down, on a busy machine too: the wait cannot end before.
WATCHED = {"update_config": {"monitor": "20s"}}
PINNED = {"placement": {"constraints": ["node.hostname == worker2"]}}
# A dead host is noticed after six seconds; the checkout's own ansible.cfg gives it a minute.
SSH = {
    "ANSIBLE_SSH_ARGS": "-o ControlMaster=auto -o ControlPersist=60s -o ServerAliveInterval=2 -o ServerAliveCountMax=3"
}
RESTART = "systemctl stop docker.socket docker; sleep 2; systemctl start docker"


@pytest.fixture(scope="module", autouse=True)
def quick(swarm):
    swarm.docker("manager1", "swarm", "update", "--dispatcher-heartbeat", HEARTBEAT)
    yield
    whole(swarm)
    swarm.docker("manager1", "swarm", "update", "--dispatcher-heartbeat", "5s")


@pytest.fixture(autouse=True)
def tidy(swarm):
    yield
    whole(swarm)
    swarm.ssh("manager1", "docker service ls -q | xargs -r docker service rm")


def managers(swarm):
    """{host: Leader, Reachable or Unreachable}"""
    return {
        row["Hostname"]: row["ManagerStatus"] for row in swarm.rows("manager1", "node", "ls") if row["ManagerStatus"]
    }


def whole(swarm):
    def check():
        assert {row["Status"] for row in swarm.rows("manager1", "node", "ls")} == {"Ready"}
        assert sorted(managers(swarm).values()) == ["Leader", "Reachable", "Reachable"]

    eventually(check, seconds=90)


def at_once(swarm, host, services, action):
    """Begin action() on another thread as soon as so many tasks of each service run, asked of host; join what is returned."""

    def wait_and_act():
        def check():
            for name, count in services.items():
                assert len(swarm.running(host, name)) == count

        eventually(check, every=0.2)
        action()

    thread = threading.Thread(target=wait_and_act)
    thread.start()
    return thread


def play(swarm, hosts, alone="none", **options):
    """A task of swarm_service on hosts at once, on the host alone under async, which is without the action plugin's slices."""
    task = {
        "name": "task",
        "apiary.swarm.swarm_service": {"wait_timeout": 120, **options},
        "async": f"{{{{ 150 if inventory_hostname == '{alone}' else 0 }}}}",
        "poll": 1,
    }
    plays = [{"hosts": ",".join(hosts), "gather_facts": False, "ignore_errors": True, "tasks": [task]}]
    return swarm.playbook(plays, environment=SSH)


def nodes_of(entry):
    assert {row["state"] for row in entry["tasks"]} <= {"running"}, entry
    return {row["node"] for row in entry["tasks"]}


def test_a_node_dies_during_the_wait(swarm):
    services = {
        "spread": {**FOREVER, **WATCHED, "replicas": 5},
        "everywhere": {**FOREVER, **WATCHED, "mode": "global"},
        "pinned": {**FOREVER, **WATCHED, **PINNED},
    }
    task = {"services": [{"name": name, **options} for name, options in services.items()]}
    up = {"spread": 5, "everywhere": 5, "pinned": 1}
    killer = at_once(swarm, "manager1", up, lambda: swarm.power_off("worker2"))
    try:
        for run, changed in ((play(swarm, ["manager1"], **task), True), (play(swarm, ["manager1"], **task), False)):
            result = run.of("manager1")
            entries = {entry["name"]: entry for entry in result["services"]}
            assert result["changed"] is changed
            assert {name: entry["failure"] and entry["failure"]["kind"] for name, entry in entries.items()} == {
                "spread": None,
                "everywhere": None,
                "pinned": "unschedulable",
            }, run.output
            assert "no tasks go to worker2 (down)" in result["msg"]
            assert "worker2" not in nodes_of(entries["spread"]) | nodes_of(entries["everywhere"])
            assert (len(entries["spread"]["tasks"]), len(entries["everywhere"]["tasks"])) == (5, 4)
    finally:
        killer.join()
        swarm.power_on("worker2")


def test_the_engine_of_the_manager_is_restarted_during_the_wait(swarm):
    """Both with the action plugin's slices and by the module alone."""
    leader = next(host for host, status in managers(swarm).items() if status == "Leader")
    host = next(host for host in MANAGERS if host != leader)
    services = {"sliced": 3, "alone": 3}
    restart = at_once(swarm, leader, services, lambda: swarm.ssh(host, RESTART))
    runs = {}

    def wait_for(name):
        options = {**FOREVER, **WATCHED, "replicas": 3}
        runs[name] = play(swarm, [host], alone=host if name == "alone" else "none", name=name, **options)

    both = [threading.Thread(target=wait_for, args=[name]) for name in services]
    for thread in both:
        thread.start()
    for thread in (*both, restart):
        thread.join()
    for name in services:
        (result,) = runs[name].results
        assert (result.status, result.data["changed"]) == ("ok", True), runs[name].output
        assert len(swarm.running(leader, name)) == 3
    assert "the managers do not answer" in runs["sliced"].output
    assert "sliced: verify: Service converged" in runs["sliced"].output


def test_the_leader_dies_during_the_wait(swarm):
    """One task waits on it and is lost with it; two wait on the others, and must not take its tasks for running ones."""
    leader = next(host for host, status in managers(swarm).items() if status == "Leader")
    sliced, alone = (host for host in MANAGERS if host != leader)
    options = {**FOREVER, **WATCHED, "replicas": 5}
    services = {f"on-{host}": 5 for host in MANAGERS}
    killer = at_once(swarm, sliced, services, lambda: swarm.power_off(leader))
    try:
        run = play(swarm, MANAGERS, alone=alone, name="on-{{ inventory_hostname }}", **options)
        results = {result.host: result for result in run.results}
        assert (results[leader].status, leader in run.messages()) == ("unreachable", True), run.output
        assert "be reached over ssh" in run.messages()[leader]
        for host in (sliced, alone):
            assert results[host].status == "ok", run.output
            assert leader not in nodes_of(results[host].data["services"][0])
        again = play(swarm, [sliced], services=[{"name": name, **options} for name in services])
        assert not again.of(sliced)["changed"]
        assert {entry["failure"] for entry in again.of(sliced)["services"]} == {None}, again.output
        assert all(len(swarm.running(sliced, name)) >= 5 for name in services)
    finally:
        killer.join()
        swarm.power_on(leader)
