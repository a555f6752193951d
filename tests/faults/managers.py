# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Managers that are dead when a play begins, or die while a swarm is formed."""

from __future__ import annotations

import pathlib
import tempfile

from harness.lab import HOSTS, MANAGERS, eventually

from faults.scene import FOREVER, SITE, SSH, check

# --- the first manager of the inventory is off ---------------------------------------------------------------------------

ALIVE = ["manager2", "manager3", "worker1", "worker2"]


def first_dead_status(scene):
    """The inventory's first manager is off when status.yml begins: it is a row of the table, the others tell of the swarm"""
    before = scene.nodes("manager2"), scene.services("manager2")
    run = scene.play("status", *_first_alone(scene), ok=None)
    hosts = run.output.partition("HOSTS")[2].partition("\n\n")[0]
    assert "manager (leader)" in hosts, run.output
    assert "unreachable" in next(line for line in hosts.splitlines() if line.startswith("manager1")).lower(), hosts
    assert "web" in run.output.partition("SERVICES")[2], run.output
    assert (scene.nodes("manager2"), scene.services("manager2")) == before
    return "manager1 is a row that says that it cannot be reached; leader, services and tasks are told by others"


def first_dead_verify(scene):
    """The same with verify.yml: what is published is asked on and from the others"""
    before = scene.services("manager2")
    run = scene.play("verify", *_first_alone(scene), ok=None)
    asked = [line for line in run.output.splitlines() if "8080" in line]
    assert asked, run.output
    assert scene.services("manager2") == before
    assert all(host in run.output for host in ("worker1", "worker2")), run.output
    return f"{len(asked)} rows about port 8080: {asked[0].strip()}"


def first_dead_rotate(scene):
    """The same with rotate.yml: another manager rotates the join tokens"""
    before = _token(scene)
    run = scene.play("rotate", *_first_alone(scene), ok=None, rotate="tokens")
    assert _token(scene) != before, run.output
    assert not _locked(scene), "the lock was kept"
    return "the worker's token is another one, the lock was given back"


def first_dead_backup(scene):
    """The same with backup.yml: refused, as the quorum could spare no other manager, and no engine is stopped"""
    starts = _starts(scene)
    with tempfile.TemporaryDirectory(prefix="apiary-test-") as directory:
        allow = {"backup_allow_outage": True} if scene.broken else {}
        run = scene.play("backup", ok=None, backup_directory=directory, **allow)
        assert list(pathlib.Path(directory).iterdir()) == [], run.output
    assert run.rc != 0, run.output
    assert _starts(scene) == starts
    assert not _locked(scene), "the lock was kept"
    return _told(run, "Nothing was changed")


def first_dead_upgrade(scene):
    """The same with upgrade.yml: refused, as the quorum could spare no other manager, and no engine is stopped"""
    older = {"engine_version": "26.1.5", "upgrade_allow_downgrade": True}
    return _refused(scene, "upgrade", **older)


def first_dead_reboot(scene):
    """The same with reboot.yml: refused, and no host is rebooted"""
    return _refused(scene, "reboot")


def first_dead_site(scene):
    """The same with site.yml: the others' services come up through another manager, and the run fails for the dead one"""
    wanted = {"services_list": [{"name": "more", "replicas": 2, **FOREVER}]}
    run = scene.play("site", *_first_alone(scene), ok=False, **wanted)
    assert len(scene.lab.running("manager2", "more")) == 2, run.output
    failed = [host for host, counts in run.recap().items() if counts["failed"] or counts["unreachable"]]
    assert failed == ["manager1"], run.output
    assert [host for host, _id in scene.nodes("manager2")] == HOSTS
    return "service more runs, made through another manager; only manager1 failed"


def _first_alone(scene):
    """What a play does that relies on the first manager."""
    return ["--limit", "manager1"] if scene.broken else []


def _refused(scene, name, **extra):
    starts = _starts(scene)
    allow = {"maintenance_allow_outage": True, "reboot_timeout": 20} if scene.broken else {}
    run = scene.play(name, ok=None, timeout=150, **extra, **allow)
    assert _starts(scene) == starts, "an engine was restarted"
    assert run.rc != 0, run.output
    assert {row["Availability"] for row in scene.lab.rows("manager2", "node", "ls")} == {"Active"}
    assert not _locked(scene), "the lock was kept"
    return _told(run, "Not reachable: manager1")


def _told(run, words):
    lines = [line for text in run.messages().values() for line in text.splitlines() if words in line]
    assert lines, run.output
    return lines[0]


def _token(scene):
    return scene.lab.docker("manager2", "swarm", "join-token", "-q", "worker")


def _locked(scene):
    return "io.apiary.lock" in scene.lab.docker("manager2", "config", "ls", "--format", "{{.Name}}").split()


def _starts(scene):
    show = "systemctl show docker --value --property ActiveEnterTimestampMonotonic"
    return {host: scene.lab.ssh(host, show, ok=False) for host in ALIVE}


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
    told = {result.task: result.data.get("failure", {}).get("kind") for result in results}
    assert len(told) == len(TASKS), told
    assert set(told.values()) == {"no_quorum"}, told
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
    text = _told(run, "There is a swarm, but none of its managers can change it")
    assert not scene.answers("manager1"), "a swarm of manager1 alone was made"
    assert {host: scene.identity(host) for host in alive} == before
    return text


def no_second_swarm(scene):
    """The third manager has left as well: site.yml makes no second swarm; with the two back, it brings it into the old one"""
    scene.lab.docker("manager1", "swarm", "leave", "--force")
    allow = {"swarm_allow_init": True} if scene.broken else {}
    run = scene.play("site", ok=None, **allow)
    assert scene.lab.swarm_state("manager1") == "inactive", "a second swarm was made"
    text = _told(run, "A second swarm is not initialised by accident")
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
    with scene.lab.start(SITE, environment=SSH) as playing:
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
    assert _told(refused, "manager1"), refused.output
    scene.lab.power_on("manager1")
    return f"{_one_swarm(scene)}; without manager1 nobody made another one"


def killed_in_join(scene):
    """A manager loses its power while it joins: when it is back, the next run ends with one swarm of five, and a ghost at most"""
    with scene.lab.start(SITE, environment=SSH) as playing:
        eventually(lambda: check(playing.begun("Join the other nodes")), 200, every=0.05)
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
    told = "; ".join(first.messages().values()).splitlines()[0]
    return f"{_one_swarm(scene)}; ghosts that swarm_node took away: {len(ghosts)}; the first run said: {told:.160}"


def _one_swarm(scene):
    """Run site.yml, which must end well, and judge."""
    scene.play("site", timeout=400)
    scene.await_managers()
    assert [host for host, _id in scene.nodes()] == HOSTS, scene.nodes()
    assert len({scene.cluster(host) for host in MANAGERS}) == 1
    again = scene.play("site")
    assert again.changed() == set(), again.output
    return "run again: one swarm of five nodes; once more: changed=0"
