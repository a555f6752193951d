# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

"""The inventory's first manager is off when a playbook begins. (contexts.yml without it is in lifecycle/remote_api.py.)"""

from __future__ import annotations

import pathlib
import tempfile

from harness.lab import HOSTS, check, eventually

from faults.scene import FOREVER, told

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
    asked = [line for line in run.output.splitlines() if "8080/tcp" in line]
    assert [line.split()[2] for line in asked] == ["worker1", "worker2"], run.output
    assert {line.count("open") for line in asked} == {1 + len(ALIVE)}, run.output
    assert scene.services("manager2") == before
    return f"{len(asked)} rows about port 8080: {asked[0].strip()}"


def first_dead_rotate(scene):
    """The same with rotate.yml: another manager rotates the join tokens"""
    before = _token(scene)
    # a play that is limited to a dead manager asks the others all the same
    alone = {"swarm_manager_group": "manager1"} if scene.broken else {}
    run = scene.play("rotate", ok=None, rotate="tokens", **alone)
    assert _token(scene) != before, run.output
    assert not _locked(scene), "the lock was kept"
    return "the worker's token is another one, the lock was given back"


def first_dead_backup(scene):
    """The same with backup.yml: refused, as the quorum could spare no other manager, and no engine is stopped"""
    starts = _starts(scene)
    with tempfile.TemporaryDirectory(prefix="apiary-test-") as directory:
        run = scene.play("backup", ok=None, backup_directory=directory)
        assert list(pathlib.Path(directory).iterdir()) == [], run.output
    if scene.broken:  # as one does it who saves the files by hand
        scene.lab.ssh("manager3", "systemctl stop docker.socket docker; systemctl start docker")
    assert run.rc != 0, run.output
    assert _starts(scene) == starts, "an engine was stopped"
    assert not _locked(scene), "the lock was kept"
    return told(run, "Nothing was changed")


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
    assert _failed(run) == ["manager1"], run.output
    assert [host for host, _id in scene.nodes("manager2")] == HOSTS
    return "service more runs, made through another manager; only manager1 failed"


def first_dead_preflight(scene):
    """The same with preflight.yml: it names the one that does not answer, and asks the others of each other"""
    before = scene.nodes("manager2")
    run = scene.play("preflight", *_first_alone(scene), ok=False)
    rows = run.output.partition("PREFLIGHT")[2].partition("FINDINGS")[0].splitlines()
    verdicts = {row.split()[0]: row.split()[-1] for row in rows if row.startswith(("manager", "worker"))}
    assert verdicts == {"manager1": "STOP", **dict.fromkeys(ALIVE, "warn")}, run.output
    assert run.changed() == set(), run.output
    assert _failed(run) == ["manager1"], run.output
    assert scene.nodes("manager2") == before
    return told(run, "could not be looked at")


def first_dead_unlock(scene):
    """The same with unlock.yml, and the third manager is locked, which costs the quorum: it is unlocked, and the swarm has a leader"""
    lab = scene.lab
    key = scene.lock("manager3", asked="manager2")
    run = scene.play("unlock", *_first_alone(scene), ok=False, swarm_unlock_key=key)
    assert lab.swarm_state("manager3") == "active", run.output
    assert _failed(run) == ["manager1"], run.output
    eventually(lambda: check(scene.leader("manager2")), 30)
    return f"manager3 is unlocked, {scene.leader('manager2')} leads; only manager1 failed"


def first_dead_remove_node(scene):
    """The same with remove_node.yml: a worker is taken out through another manager"""
    token = _token(scene)
    run = scene.play("remove_node", *_first_alone(scene), ok=None, remove_node_hosts="worker2")
    hosts, state = [host for host, _id in scene.nodes("manager2")], scene.lab.swarm_state("worker2")
    if state == "inactive":
        scene.lab.docker("worker2", "swarm", "join", "--token", token, scene.lab.address("manager2"))
    assert (hosts, state) == ([host for host in HOSTS if host != "worker2"], "inactive"), run.output
    assert run.rc == 0, run.output
    assert not _locked(scene), "the lock was kept"
    return "worker2 has left and is in no list"


def first_dead_replace_node(scene):
    """The same with replace_node.yml: a worker that was built anew takes its ghost's place through another manager"""
    old = dict(scene.nodes("manager2"))["worker2"]
    scene.lab.rebuild("worker2")  # which has the first manager on as well
    scene.lab.power_off("manager1")
    scene.await_nodes("manager2", manager1="Down", worker2="Down")
    run = scene.play("replace_node", *_first_alone(scene), ok=None, replace_node_hosts="worker2")
    nodes = scene.nodes("manager2")
    assert [host for host, _id in nodes] == HOSTS, run.output
    assert dict(nodes)["worker2"] != old, run.output
    assert run.rc == 0, run.output
    assert not _locked(scene), "the lock was kept"
    scene.await_nodes("manager2", worker2="Ready")
    return f"worker2 is {dict(nodes)['worker2']} now, {old} is gone"


def first_dead_recover(scene):
    """The same with recover.yml: refused, as nothing is lost"""
    before = scene.nodes("manager2"), scene.services("manager2")
    run = scene.play("recover", ok=False, recover_confirm="yes")
    if scene.broken:
        scene.sh("manager2", "docker swarm init --force-new-cluster --advertise-addr eth0 >/dev/null; sleep 5")
    in_control = scene.lab.ssh("manager3", "docker info --format '{{.Swarm.ControlAvailable}}'")
    assert (scene.nodes("manager3"), scene.services("manager3")) == before
    assert in_control == "true"
    return told(run, "Nothing was changed")


def first_dead_restore(scene):
    """The same with restore.yml and a backup of this swarm: refused, as it lives"""
    scene.lab.power_on("manager1")
    scene.await_managers("manager2")
    with tempfile.TemporaryDirectory(prefix="apiary-test-") as directory:
        scene.play("backup", backup_directory=directory)
        (archive,) = pathlib.Path(directory).glob("*.tar.gz")
        scene.lab.power_off("manager1")
        scene.await_nodes("manager2", manager1="Down")
        before = scene.nodes("manager2"), scene.services("manager2")
        run = scene.play("restore", ok=False, restore_archive=str(archive))
    if scene.broken:
        scene.sh("manager2", "docker service rm web >/dev/null")
    assert (scene.nodes("manager2"), scene.services("manager2")) == before
    return told(run, "Nothing was changed")


def first_dead_reset(scene):
    """The same with reset.yml: the others are as they were before, and the first one when it is back and reset.yml runs again"""
    lab = scene.lab
    run = scene.play("reset", *_first_alone(scene), ok=False, confirm="yes")
    states = {host: lab.swarm_state(host) for host in ALIVE}
    assert set(states.values()) == {"inactive"}, f"{states}\n{run.output}"
    assert _failed(run) == ["manager1"], run.output
    lab.power_on("manager1")
    scene.play("reset", confirm="yes")
    assert lab.swarm_state("manager1") == "inactive"
    again = scene.play("reset", confirm="yes")
    assert again.changed() == set(), again.output
    return "four hosts were reset, the fifth by the next run; once more: changed=0"


def _failed(run):
    return [host for host, counts in run.recap().items() if counts["failed"] or counts["unreachable"]]


def _first_alone(scene):
    """What a play does that relies on the first manager."""
    return ["--limit", "manager1"] if scene.broken else []


def _refused(scene, name, **extra):
    starts = _starts(scene)
    run = scene.play(name, ok=None, timeout=150, **extra)
    if scene.broken:  # as one does it by hand
        scene.lab.ssh("manager3", "systemctl restart docker")
    assert _starts(scene) == starts, "an engine was restarted"
    assert run.rc != 0, run.output
    assert {row["Availability"] for row in scene.lab.rows("manager2", "node", "ls")} == {"Active"}
    assert not _locked(scene), "the lock was kept"
    return told(run, "Not reachable: manager1")


def _token(scene):
    return scene.lab.docker("manager2", "swarm", "join-token", "-q", "worker")


def _locked(scene):
    return "io.apiary.lock" in scene.lab.docker("manager2", "config", "ls", "--format", "{{.Name}}").split()


def _starts(scene):
    show = "systemctl show docker --value --property ActiveEnterTimestampMonotonic"
    return {host: scene.lab.ssh(host, show, ok=False) for host in ALIVE}
