# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Nodes that do not get in, are locked, belong elsewhere, have the same name as another one, or were built anew."""

from __future__ import annotations

import time

from harness.lab import HOSTS, check, eventually
from lifecycle.maintenance import MIDDLE, engine

from faults.scene import FOREVER, failed, well


def join_pending(scene):
    """Port 2377 lets nothing through while a node joins, and the join ends "pending": it is waited for, and comes to its end"""
    options = _left(scene, "worker2")
    # a connection comes about, as the module looks for that first, and then nothing gets through
    with scene.rules("worker2", "OUTPUT -p tcp --dport 2377 --tcp-flags PSH PSH -j DROP"):
        task = scene.begin(scene.lab.module, "worker2", "swarm_join", {**options, "wait_timeout": 90}, ok=None)
        eventually(lambda: check(scene.lab.swarm_state("worker2") == "pending"), 60)
        time.sleep(25)  # longer than the engine itself waits before it leaves the join to the background
        if scene.broken:
            task.result()
    result = task.result()
    well(result)
    assert result["changed"]
    assert scene.lab.swarm_state("worker2") == "active"
    scene.await_nodes(worker2="Ready")
    return f"pending for longer than 20 s, then: {', '.join(result['actions'])}"


def join_shut_out(scene):
    """The same, and the port stays shut: the task says which addresses it tried, and the node is in no swarm"""
    options = _left(scene, "worker2")
    with scene.rules("worker2", "OUTPUT -p tcp --dport 2377 -j REJECT"):
        if scene.broken:  # as one does it who leaves the waiting to the engine
            words = ["swarm", "join", "--token", options["join_token"], options["remote_addrs"][0]]
            scene.begin(scene.lab.docker, "worker2", *words, ok=False)
            time.sleep(5)
            state = scene.lab.swarm_state("worker2")
            scene.begin(scene.lab.docker, "worker2", "swarm", "leave", "--force", ok=False)
            assert state == "inactive", state
        result = scene.lab.module("worker2", "swarm_join", {**options, "wait_timeout": 30}, ok=False)
        failed(result, "no_manager", "join_timeout")
        assert scene.lab.swarm_state("worker2") == "inactive"
    assert scene.lab.module("worker2", "swarm_join", options)["changed"]
    scene.await_nodes(worker2="Ready")
    return f"{result['msg']:.200}"


def locked_manager(scene):
    """A manager is locked after a restart: modules there and site.yml name it and what to do, the others go on"""
    lab = scene.lab
    scene.lock("manager3")
    results, _seconds = scene.tasks("manager3", [("swarm_service", {"name": "web", **FOREVER}), ("swarm_info", {})])
    assert results[0].data.get("failure", {}).get("kind") == "locked", results[0]
    assert results[1].data["swarm"]["obstacle"] == "locked"
    run = scene.play("site", ok=False, services_list=[{"name": "web", **FOREVER}])
    told = run.messages()
    assert list(told) == ["manager3"], run.output
    assert "manager3 is locked" in told["manager3"]
    if scene.broken:  # as one does it who makes it fit
        lab.docker("manager3", "swarm", "leave", "--force")
    assert lab.swarm_state("manager3") == "locked"
    assert len(lab.running("manager1", "web")) == 1
    return told["manager3"].splitlines()[0]


def other_swarm(scene):
    """A host of the inventory is in a swarm of its own: site.yml and swarm_join say so and leave it there"""
    lab, options = scene.lab, _left(scene, "worker2")
    lab.docker("worker2", "swarm", "init", "--advertise-addr", lab.address("worker2"))
    before = scene.identity("worker2"), scene.nodes()
    run = scene.play("site", ok=False)
    told = run.messages()
    assert "worker2 belongs to another swarm" in told["worker2"], run.output
    members = [identity for _host, identity in scene.nodes()]
    refused = lab.module("worker2", "swarm_join", {**options, "cluster_node_ids": members}, ok=False)
    failed(refused, "other_swarm")
    if scene.broken:  # as one does it who makes it fit
        words = ["--token", options["join_token"], f"{options['remote_addrs'][0]}:2377"]
        lab.ssh("worker2", f"docker swarm leave --force && docker swarm join {' '.join(words)}")
    assert (scene.identity("worker2"), scene.nodes()) == before
    lab.docker("worker2", "swarm", "leave", "--force")
    scene.play("site")
    assert [host for host, _id in scene.nodes()] == HOSTS
    return f"{told['worker2'].splitlines()[0]:.160}"


def one_hostname(scene):
    """Two nodes have one hostname: by name they are refused as ambiguous, site.yml gives each its labels by its ID"""
    lab, second = scene.lab, dict(scene.nodes())["worker2"]
    lab.ssh("worker2", "hostname worker1; systemctl restart docker")
    scene.healing.callback(lambda: lab.ssh("worker2", "hostname worker2; systemctl restart docker"))
    eventually(lambda: check([host for host, _id in scene.nodes()].count("worker1") == 2), 60)
    refused = lab.module("manager1", "swarm_node", {"node": "worker1", "labels": {"a": "b"}}, ok=False)
    failed(refused, "ambiguous")
    if scene.broken:
        scene.tasks("manager1", [("swarm_node", {"node": "worker1", "labels": {"disk": "ssd"}})])
    else:
        scene.play("site", swarm_labels={"disk": "ssd"})
    labels = {
        identity: lab.inspect("manager1", "node", identity)["Spec"].get("Labels") for _host, identity in scene.nodes()
    }
    assert all(found == {"disk": "ssd"} for found in labels.values()), labels
    for identity in labels:
        lab.docker("manager1", "node", "update", "--label-rm", "disk", identity)
    return f"{refused['msg']:.120}; worker2's node {second} and the others got their labels"


def rebuilt(scene):
    """A worker's host is built anew with its old name: site.yml brings it in, replace_node takes its ghost away"""
    lab, old = scene.lab, dict(scene.nodes())["worker1"]
    lab.rebuild("worker1")
    scene.await_nodes(worker1="Down")
    scene.play("site")
    found = [identity for host, identity in scene.nodes() if host == "worker1"]
    assert len(found) == 2, found
    assert old in found
    if not scene.broken:
        scene.play("replace_node", replace_node_hosts="worker1")
    after = [identity for host, identity in scene.nodes() if host == "worker1"]
    assert after == [identity for identity in found if identity != old], after
    scene.play("site", services_list=[{"name": "web", "mode": "global", **FOREVER}])
    assert lab.running("manager1", "web") == HOSTS
    return f"worker1 is {after[0]} now, its ghost {old} is gone, and it runs tasks"


def old_manager(scene):
    """A manager with engine 26 that has a new certificate lets no engine of 28 in: swarm_join says what to do there, and then it does"""
    lab = scene.lab
    with engine(MIDDLE):
        lab.rebuild("manager1")
    lab.docker("manager1", "swarm", "init", "--advertise-addr", lab.address("manager1"))
    lab.docker("manager1", "swarm", "ca", "--rotate", "--quiet")
    options = {
        "role": "worker",
        "join_token": lab.docker("manager1", "swarm", "join-token", "-q", "worker"),
        "remote_addrs": [lab.address("manager1")],
        "advertise_addr": lab.address("worker1"),
    }
    refused = lab.module("worker1", "swarm_join", options, ok=False)
    failed(refused, "no_manager")
    assert "Restart the engine on such managers" in refused["msg"], refused["msg"]
    assert lab.swarm_state("worker1") == "inactive"
    if not scene.broken:
        lab.ssh("manager1", "systemctl restart docker")
    well(lab.module("worker1", "swarm_join", options, ok=None))
    scene.await_nodes(worker1="Ready")
    return refused["failure"]["hint"][:160]


def _left(scene, host):
    """The host leaves the swarm, by the CLI; the options of swarm_join that bring it in again."""
    old = dict(scene.nodes())[host]
    scene.lab.docker(host, "swarm", "leave", "--force")
    scene.lab.docker("manager1", "node", "rm", "--force", old)
    token = scene.lab.docker("manager1", "swarm", "join-token", "-q", "worker")
    return {
        "role": "worker",
        "join_token": token,
        "remote_addrs": [scene.lab.address("manager1")],
        "advertise_addr": scene.lab.address(host),
    }
