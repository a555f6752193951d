# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

"""The network between nodes, or between the control host and a node, is cut, loses packets, or drops one connection."""

from __future__ import annotations

import time

from harness.lab import HOSTS, check, eventually

from faults.scene import AS_THEY_BEGIN, FOREVER, SITE, SSH, told, well

# ssh would wait for an answer as long as TCP does
WITHOUT_ALIVE = {"ANSIBLE_SSH_ARGS": "-o ControlMaster=auto -o ControlPersist=60s -o ServerAliveInterval=0"}
WANTED = {"services_list": [{"name": "web", "replicas": 3, **FOREVER}]}


def manager_cut_off(scene):
    """The first manager reaches no other node: modules there change nothing, site.yml goes on with another; healed, all is one swarm"""
    lab, cluster, before = scene.lab, scene.cluster(), scene.nodes()
    others = [lab.address(host) for host in HOSTS[1:]]
    rules = [
        f"{chain} {way} {address} -j DROP" for address in others for chain, way in (("INPUT", "-s"), ("OUTPUT", "-d"))
    ]
    with scene.rules("manager1", *rules):
        eventually(lambda: check(not scene.answers("manager1")), 60)
        eventually(lambda: check(scene.leader("manager2")), 60)
        tasks = [("swarm_service", {"name": "alone", **FOREVER}), ("swarm_init", {"advertise_addr": "eth0"})]
        results, seconds = scene.tasks("manager1", tasks)
        kinds = {result.data.get("failure", {}).get("kind") for result in results}
        assert kinds <= {"no_quorum", "electing", "pending"}, results
        alone = ["--limit", "manager1"] if scene.broken else []
        run = scene.play("site", *alone, ok=None, **WANTED)
        assert len(lab.running("manager2", "web")) == 3, run.output
        assert list(run.messages()) == ["manager1"], run.output
        words = told(run, "has no contact with the others")
    scene.await_managers()
    assert (scene.cluster(), scene.nodes()) == (cluster, before)
    assert sorted(scene.services()) == ["web"]
    return (
        f"on manager1 {', '.join(kinds)} in {seconds:.0f} s; site.yml made web through another, and said: {words:.100}"
    )


def control_cut_off(scene):
    """The control host loses a host in the midst of site.yml: the play ends without it, and says which; run again it ends well"""
    gateway = scene.sh("worker1", "ip route show default | cut -d' ' -f3")
    environment = {**AS_THEY_BEGIN, **(WITHOUT_ALIVE if scene.broken else {})}
    with scene.lab.start(SITE, extra_vars=WANTED, environment=environment) as playing:
        eventually(lambda: check(playing.begun("apiary.swarm.engine :")), 120, every=0.05)
        with scene.rules("worker1", f"INPUT -s {gateway} -j DROP"):
            run = playing.finish(130)
    assert run.rc != 0, run.output
    assert list(run.messages()) == ["worker1"], run.output
    assert run.recap()["worker1"]["unreachable"], run.output
    assert len(scene.lab.running("manager1", "web")) == 3
    before = scene.services()
    scene.play("site", **WANTED)
    assert scene.services() == before
    return f"the others went on; worker1: {run.messages()['worker1'].strip().splitlines()[-1]:.120}"


def packets_lost(scene):
    """Every fifth packet to two managers and a worker is lost: a service is made and changed all the same, and stays one"""
    rule = "INPUT -p {} -m statistic --mode random --probability 0.2 -j DROP"
    patience = {"wait_timeout": 1} if scene.broken else {}
    began = time.monotonic()
    with (
        scene.rules("manager1", rule.format("tcp ! --dport 22"), rule.format("udp")),
        scene.rules("manager2", rule.format("tcp ! --dport 22"), rule.format("udp")),
        scene.rules("worker1", rule.format("tcp ! --dport 22"), rule.format("udp")),
    ):
        for number in range(2):
            options = {"name": "web", "mode": "global", "env": {"A": str(number)}, **FOREVER, **patience}
            made = scene.service("manager1", ok=None, **options)
            well(made)
            assert made["changed"]
        shown = scene.play("status").output
        assert "web" in shown.partition("SERVICES")[2], shown
        seconds = time.monotonic() - began
    eventually(lambda: check(scene.lab.running("manager1", "web") == HOSTS), 60)
    assert scene.env("web") == ["A=1"]
    assert sorted(scene.services()) == ["web"]
    return f"made and updated on five nodes, and told of by status.yml, in {seconds:.0f} s with 20 % of packets lost"


def ssh_dropped(scene):
    """sshd's children on a host are killed in mid-task: the play says that the host was lost; the service is there, run again: no change"""
    slowly = {"name": "web", "replicas": 3, **FOREVER, "update_config": {"monitor": "15s"}}
    play = [
        {"hosts": "manager2", "gather_facts": False, "tasks": [{"name": "wait", "apiary.swarm.swarm_service": slowly}]}
    ]
    with scene.lab.start(play, environment={**SSH, "ANSIBLE_SSH_RETRIES": "0"}) as playing:
        eventually(lambda: check("web" in scene.services()), 60, every=0.2)
        # again and again for some seconds: a play that is between two connections has not noticed yet
        kill = "ps -eo pid,args | awk '/sshd: ops/ && !/awk/ {print $1}' | xargs -r kill -9"
        if not scene.broken:
            scene.sh("manager2", f"for _ in 1 2 3 4 5 6 7 8; do {kill}; sleep 0.5; done")
        run = playing.finish(120)
    scene.lab.close_connections()
    assert run.rc != 0, run.output
    assert "manager2" in run.messages(), run.output
    scene.await_running("web", 3)
    version = scene.services()
    again = scene.service("manager2", **slowly)
    assert not again["changed"]
    assert scene.services() == version
    return f"{run.messages()['manager2'].strip().splitlines()[0]:.160}; again: changed=0"
