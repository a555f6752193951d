# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Backup, restore, recover: what the playbooks of these names promise, judged by the engines' own CLI."""

from __future__ import annotations

import base64
import hashlib
import json
import pathlib
import subprocess
import tempfile
import time

from harness.lab import HOSTS, MANAGERS, eventually

MANY = 200
BUSYBOX = "depot:5000/busybox:latest"


def backup(stage):
    """a manager is backed up with 200 services and 200 secrets there, in spite of an interruption, and no request is lost"""
    lab = stage.lab
    lab.form_swarm()
    stage.serve()
    count = f"seq {MANY} | xargs -P 4 -I N sh -c"
    lab.ssh("manager1", f"{count} 'echo secret-N | docker secret create s-N - >/dev/null'", timeout=300)
    create = "docker service create --quiet --detach --replicas 0 --secret s-N --name idle-N depot:5000/nginx:1.22 >/dev/null"
    lab.ssh("manager1", f"{count} '{create}'", timeout=600)
    with tempfile.TemporaryDirectory() as directory:
        store = pathlib.Path(directory) / "kept"
        refused(stage.play("backup", ok=False), "backup_directory")
        refused(stage.play("backup", ok=False, backup_directory="kept"), "absolute")
        refused(stage.play("backup", ok=False, backup_directory=str(store), backup_host="manager1"), "is the leader")
        refused(stage.play("backup", ok=False, backup_directory=str(store), backup_keep="x"), "backup_keep")
        started = starts(lab)
        checked = stage.play("backup", "--check", backup_directory=str(store))
        assert "Would back up manager3" in checked.output, checked.output
        assert (starts(lab), list(store.glob("*"))) == (started, []), "check mode has done something"
        with stage.requests():
            began = time.monotonic()
            stage.play("backup", backup_directory=str(store))
            seconds = time.monotonic() - began
            assert restarted(lab, started) == ["manager3"]
            untouched(stage)
            stage.kill(
                "backup", when=lambda: stage.nodes()["manager3"]["Availability"] == "Drain", backup_directory=str(store)
            )
            assert len(lab.rows("manager1", "config", "ls", "--filter", "name=io.apiary.lock")) == 1, (
                "not interrupted in its midst"
            )
            for options in ([], ["-vvv", "--diff"]):
                run = stage.play("backup", *options, backup_directory=str(store), backup_keep=2)
                untouched(stage)
        archives = sorted(store.glob("*.tar.gz"))
        assert base64.b64encode(archives[-1].read_bytes()[:300]).decode() not in run.output, (
            "the archive is in the output"
        )
        assert (len(archives), len(list(store.glob("*")))) == (2, 6), sorted(path.name for path in store.glob("*"))
        told = sound(archives[-1])
        assert (store.stat().st_mode & 0o777, archives[0].stat().st_mode & 0o777) == (0o700, 0o600)
        lab.ssh("manager3", "! ls -d /var/lib/docker/apiary-backup")
        assert told["services"]["count"] == len(lab.rows("manager1", "service", "ls")) > MANY
        assert told["secrets"]["count"] == len(lab.rows("manager1", "secret", "ls")) >= MANY
        lab.power_off("manager2")
        eventually(lambda: equal(stage.nodes()["manager2"]["ManagerStatus"], "Unreachable"))
        started = starts(lab, ["manager1", "manager3"])
        refused(
            stage.play("backup", ok=False, backup_directory=str(store)),
            "2 of 3 managers can be reached and 2 are needed",
        )
        assert starts(lab, ["manager1", "manager3"]) == started
    return (
        f"{MANY} services and {MANY} secrets: {told['bytes'] / 1024:.0f} KiB, copied in {told['copying_ms'] / 1000:.2f} s, engine stopped for "
        f"{told['engine_stopped_ms'] / 1000:.1f} s, the play took {seconds:.0f} s"
    )


def restore(stage):
    """new hosts get the swarm back from an archive, with services, secrets, configs, labels and availability"""
    lab = stage.lab
    lab.form_swarm()
    lab.ssh("manager1", "echo honey | docker secret create jar - && echo comb | docker config create wax -")
    read = ["sh", "-c", "trap exit TERM; while true; do sleep 1; done"]
    lab.docker(
        *[
            "manager1",
            "service",
            "create",
            "--quiet",
            "--detach",
            "--name",
            "reader",
            "--replicas",
            "3",
            "--secret",
            "jar",
            "--config",
            "wax",
        ],
        *["--constraint", "node.labels.disk==ssd", BUSYBOX, *read],
    )
    for node in ("worker1", "manager1"):
        lab.docker("manager1", "node", "update", "--label-add", "disk=ssd", node)
    lab.docker("manager1", "node", "update", "--availability", "drain", "worker2")
    eventually(lambda: equal(len(lab.running("manager1", "reader")), 3))
    cluster = lab.docker("manager1", "info", "--format", "{{.Swarm.Cluster.ID}}")
    with tempfile.TemporaryDirectory() as directory:
        store = pathlib.Path(directory)
        stage.play("backup", backup_directory=str(store))
        (archive,) = store.glob("*.tar.gz")
        told = sound(archive)
        refused(stage.play("restore", ok=False, restore_archive=str(archive)), "in a swarm already")
        lab.renew()
        refused(stage.play("restore", ok=False), "restore_archive")
        refused(stage.play("restore", ok=False, restore_archive=f"{store}/none.tar.gz"), "There is no")
        damaged = store / "damaged.tar.gz"
        damaged.write_bytes(archive.read_bytes()[:-1] + b"x")
        for suffix in (".json", ".tar.gz.sha256"):
            (store / f"damaged{suffix}").write_text(
                archive.with_name(archive.name.replace(".tar.gz", suffix)).read_text()
            )
        refused(stage.play("restore", ok=False, restore_archive=str(damaged)), "its checksum is")
        stage.play("restore", "--check", restore_archive=str(archive))
        assert {lab.swarm_state(host) for host in HOSTS} == {"inactive"}
        host = told["host"]
        stage.kill("restore", when=lambda: lab.swarm_state(host) != "inactive", restore_archive=str(archive))
        began = time.monotonic()
        stage.play("restore", restore_archive=str(archive))
        seconds = time.monotonic() - began
        again = stage.play("restore", restore_archive=str(archive))
        assert again.changed() == set(), again.output
    assert lab.docker(host, "info", "--format", "{{.Swarm.Cluster.ID}}") == cluster
    nodes = lab.rows(host, "node", "ls")
    assert sorted((node["Hostname"], node["Status"]) for node in nodes) == [(name, "Ready") for name in HOSTS], nodes
    assert sorted(node["ManagerStatus"] for node in nodes) == ["", "", "Leader", "Reachable", "Reachable"], nodes
    assert {node["Hostname"]: node["Availability"] for node in nodes if node["Availability"] != "Active"} == {
        "worker2": "Drain"
    }
    labels = {node["Hostname"]: lab.inspect(host, "node", node["ID"])["Spec"]["Labels"] for node in nodes}
    assert labels == {name: {"disk": "ssd"} if name in ("worker1", "manager1") else {} for name in HOSTS}, labels
    assert lab.rows(host, "config", "ls", "--filter", "name=io.apiary.lock") == []
    if stage.broken:
        lab.docker(host, "service", "rm", "reader")
    eventually(lambda: equal(len(lab.running(host, "reader")), 3))
    where = lab.running(host, "reader")[0]
    seen = lab.ssh(where, "docker exec $(docker ps -q -f name=reader. | head -1) cat /run/secrets/jar /wax").split()
    assert seen == ["honey", "comb"], seen
    return f"{told['bytes'] / 1024:.0f} KiB of {host} put back on new hosts; a task reads '{seen[0]}' and '{seen[1]}'; {seconds:.0f} s"


def recover(stage):
    """two of four managers are lost: the swarm goes on from the one that knows most, and a worker's tasks run on"""
    lab, alive = stage.lab, ["worker1", "worker2"]
    lab.form_swarm()
    lab.docker("manager1", "swarm", "ca", "--rotate", "--quiet")
    lab.docker("manager1", "node", "promote", "worker1")
    for node in MANAGERS:
        lab.docker("manager1", "node", "update", "--availability", "drain", node)
    eventually(lambda: equal(stage.nodes()["worker1"]["ManagerStatus"], "Reachable"))
    stage.serve(alive)
    with tempfile.TemporaryDirectory() as directory, stage.requests(alive):
        groups = {"four": {"hosts": {name: {} for name in [*MANAGERS, "worker1"]}}, "rest": {"hosts": {"worker2": {}}}}
        inventory = pathlib.Path(directory) / "inventory.yml"
        inventory.write_text(json.dumps(groups))

        def play(ok=True, **extra):
            extra.update(swarm_manager_group="four", swarm_worker_group="rest")
            run = lab.playbook(
                "playbooks/recover.yml", inventory=("inventory/lab", str(inventory)), extra_vars=extra, timeout=600
            )
            assert not ok or run.rc == 0, run.output
            return run

        refused(play(ok=False, recover_confirm="yes"), "nothing to recover", "4 of 4 managers")
        # manager1 misses a change, so that worker1 alone knows of it once the others are lost
        lab.ssh("manager1", "systemctl stop docker.socket docker")
        eventually(lambda: equal(stage.nodes("worker1")["manager1"]["ManagerStatus"], "Unreachable"))
        lab.docker(
            "worker1",
            "service",
            "create",
            "--quiet",
            "--detach",
            "--replicas",
            "0",
            "--name",
            "late",
            "depot:5000/nginx:1.22",
        )
        running = containers(lab, "worker2")
        for host in ("manager2", "manager3"):
            lab.power_off(host)
        eventually(lambda: lost(lab, "worker1"))  # a leader that has not noticed yet would tell manager1 what it missed
        lab.ssh("manager1", "systemctl start docker")
        refused(play(ok=False), "manager2, manager3 did not answer", "worker1: agreed up to entry")
        ids = {name: lab.docker(name, "info", "--format", "{{.Swarm.NodeID}}") for name in ("manager1", "worker1")}
        began = time.monotonic()
        run = play(recover_confirm="yes")
        seconds = time.monotonic() - began
        assert "Going on from worker1." in run.output, run.output
        told = [text for result in run.results for text in result.data.get("warnings", ())]
        assert any("begun a new root CA" in text for text in told), told
        rotating = ("info", "--format", "{{.Swarm.Cluster.RootRotationInProgress}}")
        eventually(lambda: equal(lab.docker("worker1", *rotating), "false"), 90)
        nodes = stage.nodes("worker1")
        assert sorted((name, row["Status"]) for name, row in nodes.items()) == [
            (name, "Ready") for name in ("manager1", *alive)
        ]
        assert sorted(row["ManagerStatus"] for row in nodes.values()) == ["", "Leader", "Reachable"]
        assert {name: nodes[name]["ID"] for name in ids} == ids, "a manager that lives came with another ID"
        assert lab.rows("manager1", "service", "ls", "--filter", "name=late"), "what worker1 alone knew is lost"
        assert containers(lab, "worker2") == running, "tasks of a worker were stopped"
        refused(play(ok=False, recover_confirm="yes"), "nothing to recover", "2 of 2 managers")
    return f"{len(running)} containers of the worker ran on; {seconds:.0f} s from the start of the play"


# --- looking -------------------------------------------------------------------------------------------------------------


def equal(seen, wanted):
    assert seen == wanted, f"{seen} is not {wanted}"


def refused(run, *words):
    text = "\n".join(run.messages().values())
    assert run.rc != 0, f"not refused: {run.output}"
    assert [word for word in words if word not in text] == [], text
    hosts = run.changed() - {"localhost"}
    tasks = {result.task for result in run.results if result.data.get("changed") and result.status != "failed"}
    assert not hosts or tasks == {"Make the directory for backups"}, f"{hosts} changed by {tasks}"


def starts(lab, hosts=HOSTS):
    """When the engines were started."""
    return {host: lab.ssh(host, "systemctl show docker --value -p ActiveEnterTimestampMonotonic") for host in hosts}


def restarted(lab, before):
    after = starts(lab)
    return [host for host in HOSTS if after[host] != before[host]]


def untouched(stage):
    """All nodes are what they were, nothing is left behind, and the services run."""
    rows = stage.nodes()
    assert {row["Availability"] for row in rows.values()} == {"Active"}, rows
    labels = [stage.lab.inspect("manager1", "node", name)["Spec"]["Labels"] for name in HOSTS]
    assert labels == [{"edge": "true"}] * len(HOSTS), labels
    assert stage.lab.rows("manager1", "config", "ls", "--filter", "name=io.apiary.lock") == []
    services = {
        row["Name"]: row["Replicas"]
        for row in stage.lab.rows("manager1", "service", "ls")
        if not row["Name"].startswith("idle-")
    }
    assert all(count.partition("/")[0] == count.partition("/")[2].split()[0] for count in services.values()), services


def sound(archive):
    """What the manifest of an archive says, once checksum and content are as they should be."""
    told = json.loads(archive.with_name(archive.name.replace(".tar.gz", ".json")).read_text())
    checksum = hashlib.sha256(archive.read_bytes()).hexdigest()
    noted = archive.with_name(f"{archive.name}.sha256").read_text().split()
    assert (told["sha256"], noted) == (checksum, [checksum, archive.name])
    names = subprocess.run(["tar", "-tzf", archive], capture_output=True, text=True, check=True).stdout
    assert [part in names for part in ("swarm/docker-state.json", ".wal\n", ".tmp")] == [True, True, False], names
    return told


def containers(lab, host):
    return sorted(lab.docker(host, "ps", "--quiet", "--no-trunc").splitlines())


def lost(lab, host):
    said = lab.docker(host, "node", "ls", ok=False) or lab.docker(host, "info", "--format", "{{.Swarm.Error}}")
    assert "does not have a leader" in said, said
