# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

"""No quorum when a play begins, and managers that die while a swarm is formed."""

from __future__ import annotations

from harness.lab import HOSTS, MANAGERS, check, eventually

from faults.scene import AS_THEY_BEGIN, FOREVER, SITE, told

# --- two of three managers are off ---------------------------------------------------------------------------------------

TASKS = [
    ("swarm_init", {"task_history_retention_limit": 9}),
    ("swarm_init", {"advertise_addr": "eth0"}),
    ("swarm_join", {"role": "manager", "join_token": "x", "remote_addrs": ["manager2"]}),
    ("swarm_node", {"node": "worker1", "labels": {"a": "b"}}),
    ("swarm_node", {"node": "manager2", "role": "worker"}),
    ("node_availability", {"nodes": ["worker1"], "availability": "drain"}),
    ("swarm_network", {"name": "front"}),
    ("swarm_secret", {"name": "secret", "data": "x"}),
    ("swarm_config", {"name": "config", "data": "x"}),
    ("swarm_service", {"name": "other", **FOREVER}),
    ("swarm_deploy", {"services": [{"name": "other", **FOREVER}]}),
    ("swarm_rotate", {"rotate": ["worker_token"]}),
    ("swarm_lock", {"purpose": "a test"}),
]
# The engine itself takes up to 20 s over a question while it looks for a leader.
EACH = 25


def no_quorum_modules(scene):
    """Two of three managers are off: every module says so within seconds, changes nothing, and makes no second swarm"""
    before = scene.identity("manager1")
    results, seconds = scene.tasks("manager1", TASKS, timeout=400)
    if scene.broken:
        scene.sh("manager1", "docker swarm init --force-new-cluster --advertise-addr eth0 >/dev/null")
    kinds = {result.task: result.data.get("failure", {}).get("kind") for result in results}
    assert len(kinds) == len(TASKS), kinds
    assert set(kinds.values()) == {"no_quorum"}, kinds
    assert not any(result.data.get("changed") for result in results)
    assert seconds < EACH * len(TASKS), f"{seconds:.0f} s"
    assert not scene.answers("manager1"), "a swarm of manager1 alone was made"
    assert scene.identity("manager1") == before
    return f"{len(TASKS)} tasks of {len({name for name, _ in TASKS})} modules: no_quorum, {seconds / len(TASKS):.1f} s each"


def no_quorum_site(scene):
    """The same with site.yml: it says that there is a swarm that cannot be changed, and what to do"""
    alive = ["manager1", "worker1", "worker2"]
    before = {host: scene.identity(host) for host in alive}
    run = scene.play("site", ok=False, services_list=[{"name": "other", **FOREVER}])
    if scene.broken:
        scene.sh("manager1", "docker swarm init --force-new-cluster --advertise-addr eth0 >/dev/null")
    text = told(run, "There is a swarm, but none of its managers can change it")
    assert not scene.answers("manager1"), "a swarm of manager1 alone was made"
    assert {host: scene.identity(host) for host in alive} == before
    return text


def no_second_swarm(scene):
    """The third manager has left as well: site.yml makes no second swarm; with the two back, it brings it into the old one"""
    scene.lab.docker("manager1", "swarm", "leave", "--force")
    allow = {"swarm_allow_init": True} if scene.broken else {}
    run = scene.play("site", ok=None, **allow)
    assert scene.lab.swarm_state("manager1") == "inactive", "a second swarm was made"
    text = told(run, "A second swarm is not initialised by accident")
    for host in ("manager2", "manager3"):
        scene.lab.power_on(host)
    eventually(lambda: check(scene.answers("manager2")), 120)
    before, cluster = dict(scene.nodes("manager2")), scene.cluster("manager2")
    scene.lab.docker("manager2", "node", "demote", before["manager1"])
    scene.play("site")
    scene.await_managers("manager1")
    assert scene.cluster("manager1") == cluster
    assert "kept" in scene.services(), "a service was lost"
    after = scene.nodes()
    assert [pair for pair in before.items() if pair[0] != "manager1"] == [
        pair for pair in after if pair[0] != "manager1"
    ]
    return f"{text.partition('. ')[0]}; afterwards manager1 joined swarm {cluster} again"


# --- while the swarm is formed -------------------------------------------------------------------------------------------


def killed_in_init(scene):
    """The first manager loses its power while it initialises the swarm: the run fails, the next one ends with one swarm of five"""
    with scene.lab.start(SITE, environment=AS_THEY_BEGIN) as playing:
        eventually(lambda: check(playing.begun("Initialise the swarm")), 200, every=0.05)
        scene.lab.power_off("manager1")
        first = playing.finish()
    assert first.rc != 0, first.output
    assert "manager1" in first.messages(), first.output
    if scene.broken:
        scene.play("site", ok=None, swarm_allow_init=True)
    others = {host: scene.lab.swarm_state(host) for host in HOSTS[1:]}
    assert set(others.values()) == {"inactive"}, others
    refused = scene.play("site", ok=False)
    assert told(refused, "manager1"), refused.output
    scene.lab.power_on("manager1")
    return f"{_one_swarm(scene)}; without manager1 nobody made another one"


def killed_in_join(scene):
    """A manager loses its power while it joins: when it is back, the next run ends with one swarm of five, and a ghost at most"""
    with scene.lab.start(SITE, environment=AS_THEY_BEGIN) as playing:
        eventually(lambda: check(playing.begun("Fetch the join tokens")), 200, every=0.05)
        # manager1 lets it in and then cannot reach it, so that the join is not over before the power is off
        scene.sh("manager2", "iptables -w -I INPUT -p tcp --dport 2377 -j DROP")
        eventually(lambda: check(scene.lab.swarm_state("manager2") != "inactive"), 60, every=0.05)
        scene.lab.power_off("manager2")
        first = playing.finish(400)
    assert first.rc != 0, first.output
    if not scene.broken:
        scene.lab.power_on("manager2")
    scene.play("site", timeout=400)
    # it was let in, and lost its power before the managers knew its name, or before it knew itself
    member = scene.lab.docker("manager2", "info", "--format", "{{.Swarm.NodeID}}")
    ghosts = [identity for host, identity in scene.nodes() if host in ("", "manager2") and identity != member]
    for ghost in ghosts:
        scene.lab.module("manager1", "swarm_node", {"node": ghost, "state": "absent", "force": True})
    said = "; ".join(first.messages().values()).splitlines()[0]
    return f"{_one_swarm(scene)}; ghosts that swarm_node took away: {len(ghosts)}; the first run said: {said:.160}"


def _one_swarm(scene):
    """Run site.yml, which must end well, and judge."""
    scene.play("site", timeout=400)
    scene.await_managers()
    assert [host for host, _id in scene.nodes()] == HOSTS, scene.nodes()
    assert len({scene.cluster(host) for host in MANAGERS}) == 1
    again = scene.play("site")
    assert again.changed() == set(), again.output
    return "run again: one swarm of five nodes; once more: changed=0"
