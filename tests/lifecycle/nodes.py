# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Nodes that come, go, are built anew and change their roles, and hosts that are as they were before."""

from __future__ import annotations

import json
import pathlib
import tempfile
from collections import Counter

from harness.edge import variables
from harness.lab import HOSTS, MANAGERS, check, eventually

from lifecycle.stage import WEB, WHO

SERVED = variables([WEB, WHO])
NAMES = "Make the hosts known to each other"


def grow(stage):
    """Two hosts are added to the inventory: they join, and nothing else changes on the three that were there"""
    old, new = ["manager1", "worker1", "worker2"], ["manager2", "manager3"]
    with groups(few_managers=["manager1"], few_workers=["worker1", "worker2"]) as few:
        stage.play("site", *few)
    stage.serve(old)
    before, tasks = stage.nodes(), containers(stage, old)
    assert sorted(before) == old, before
    with stage.requests(old):
        run = stage.play("site", **SERVED)
    changed = {host: changes(run, host) for host in old}
    assert all(names <= {NAMES} for names in changed.values()), changed
    after = stage.nodes()
    assert sorted(after) == sorted(HOSTS), after
    assert {host: after[host]["ID"] for host in old} == {host: before[host]["ID"] for host in old}
    assert containers(stage, old) == tasks, "a container was made anew"
    assert sorted(row["ManagerStatus"] for row in after.values()) == ["", "", "Leader", "Reachable", "Reachable"]
    again = stage.play("site", **SERVED)
    assert again.changed() == set(), again.output
    return f"{', '.join(new)} joined as managers; on the others only names in /etc/hosts changed; again: changed=0"


def remove(stage):
    """A worker and the leading manager are taken out of the swarm, the second one by a run that was killed and run again"""
    stage.lab.form_swarm()
    stage.serve()
    refused(stage, "remove_node", "no manager would be left", remove_node_hosts=MANAGERS)
    refused(stage, "remove_node", "neither a host of the inventory", remove_node_hosts="worker7")
    refused(stage, "remove_node", "Which hosts are to be taken out")
    with stage.requests():
        stage.play("remove_node", remove_node_hosts="worker2")
        assert sorted(stage.nodes()) == sorted(set(HOSTS) - {"worker2"})
        assert stage.lab.swarm_state("worker2") == "inactive"
        stage.kill("remove_node", when=drained(stage, "manager1", "manager2"), remove_node_hosts="manager1")
        stage.play("remove_node", remove_node_hosts="manager1")
    rows = stage.nodes("manager2")
    assert sorted(rows) == ["manager2", "manager3", "worker1"], rows
    assert sorted(row["ManagerStatus"] for row in rows.values()) == ["", "Leader", "Reachable"], rows
    assert stage.lab.swarm_state("manager1") == "inactive"
    assert len(stage.lab.running("manager2", "web")) == 3
    again = stage.play("remove_node", remove_node_hosts="worker2,manager1")
    assert again.changed() == set(), again.output
    assert stage.lab.docker("manager2", "config", "ls", "-q", "-f", "name=io.apiary.lock") == "", "the lock was kept"
    dead = remove_the_dead(stage)
    return f"worker2 and manager1, which led, are out; killed after the drain and run again; again: changed=0; {dead}"


def remove_the_dead(stage):
    """manager3 of two managers may not go while worker1's host is off; worker1 goes by force alone."""
    stage.lab.power_off("worker1")
    eventually(lambda: check(stage.nodes("manager2")["worker1"]["Status"] == "Down"), 60)
    refused(stage, "remove_node", "remove_node_force=true", asked="manager2", remove_node_hosts="worker1")
    stage.play("remove_node", remove_node_hosts="worker1", remove_node_force=True)
    assert sorted(stage.nodes("manager2")) == ["manager2", "manager3"]
    return "worker1, powered off, went by force alone"


def replace(stage):
    """A manager and a worker are powered off and built anew without an engine: they take their places again"""
    stage.lab.form_swarm()
    stage.serve(["manager1", "manager3", "worker1", "worker2"])
    stage.lab.docker("manager1", "node", "update", "--label-add", "disk=ssd", "--availability", "drain", "manager2")
    stage.lab.docker("manager1", "node", "update", "--label-add", "disk=hdd", "worker1")
    gone = ["manager2", "worker1"]
    unharmed = stage.play("replace_node", replace_node_hosts=gone)
    assert unharmed.changed() == set(), unharmed.output
    refused(stage, "replace_node", "no host of the inventory's groups", replace_node_hosts="worker7")
    old = {host: stage.nodes()[host]["ID"] for host in gone}
    for host in gone:
        stage.lab.power_off(host)
    stage.await_nodes(only=gone, Status="Down")
    refused(stage, "replace_node", "is to be built anew first", replace_node_hosts=gone)
    stage.lab.rebuild(*gone, with_engine=False)
    with stage.requests(["manager1", "manager3", "worker2"]):
        stage.kill("replace_node", when=joined(stage, gone), replace_node_hosts=gone)
        left = Counter(row["Hostname"] for row in stage.lab.rows("manager1", "node", "ls"))
        run = stage.play("replace_node", replace_node_hosts=gone)
    assert changes(run, "worker2") == set(), run.output
    stage.await_nodes(Status="Ready")
    rows = stage.lab.rows("manager1", "node", "ls")
    assert sorted(row["Hostname"] for row in rows) == sorted(HOSTS), rows
    assert not {row["ID"] for row in rows} & set(old.values()), "a ghost was kept"
    assert Counter(row["ManagerStatus"] for row in rows) == {"Leader": 1, "Reachable": 2, "": 2}, rows
    specs = {host: stage.lab.inspect("manager1", "node", host)["Spec"] for host in gone}
    assert (specs["manager2"]["Labels"], specs["manager2"]["Availability"]) == ({"disk": "ssd"}, "drain"), specs
    assert specs["worker1"]["Labels"] == {"disk": "hdd", "edge": "true"}, specs
    assert specs["worker1"]["Availability"] == "active", specs
    eventually(lambda: check("worker1" in stage.lab.running("manager1", "edge")), 90)
    again = stage.play("replace_node", replace_node_hosts=gone)
    assert again.changed() == set(), again.output
    killed = f"killed when {' and '.join(host for host in gone if left[host] > 1)} had joined beside its ghost, and run again"
    return f"{killed}; labels and drain are back, 3 managers, edge on worker1 again; again: changed=0"


def regroup(stage):
    """The leading manager moves to the workers in the inventory, and a worker to the managers"""
    stage.lab.form_swarm()
    stage.serve()
    moved = {"moved_managers": ["manager2", "manager3", "worker1"], "moved_workers": ["manager1", "worker2"]}
    with groups(**moved) as options, stage.requests():
        unasked = stage.play("site", *options, ok=False, **SERVED)
        assert unasked.rc != 0, unasked.output
        assert "swarm_allow_demotion=true" in unasked.messages()["manager1"], unasked.output
        four = Counter(row["ManagerStatus"] for row in stage.nodes().values())
        assert four == {"Leader": 1, "Reachable": 3, "": 1}, "promoted, and nobody demoted unasked"
        stage.play("site", *options, swarm_allow_demotion=True, **SERVED)
    rows = stage.nodes("manager2")
    assert {host for host, row in rows.items() if row["ManagerStatus"]} == set(moved["moved_managers"]), rows
    with groups(**moved) as options:
        again = stage.play("site", *options, **SERVED)
    assert again.changed() == set(), again.output
    stage.lab.power_off("manager3")
    lost = lambda: check(stage.nodes("manager2")["manager3"]["ManagerStatus"] == "Unreachable")  # noqa: E731
    eventually(lost, 60)
    with groups(moved_managers=["manager2", "manager3"], moved_workers=["manager1", "worker1", "worker2"]) as options:
        run = stage.play("site", *options, "--tags", "swarm", ok=False, swarm_allow_demotion=True)
    assert run.rc != 0, run.output
    assert "of 3 managers 2 can be reached now; without this one it would be 1 of 2" in run.output, run.output
    assert stage.nodes("manager2")["worker1"]["ManagerStatus"], "demoted all the same"
    assert stage.lab.docker("manager2", "config", "ls", "-q", "-f", "name=io.apiary.lock") == "", "the lock was kept"
    return "worker1 promoted, manager1, which led, demoted when it was said; refused where it would cost the quorum"


def reset(stage):
    """Hosts without an engine become a swarm, and are as they were before it: packages, files, names"""
    stage.lab.renew(with_engine=False)
    before = {host: snapshot(stage, host) for host in HOSTS}
    with tempfile.TemporaryDirectory(prefix="apiary-reset-") as folder:
        closed = {"engine_tls": True, "engine_tls_directory": folder, "engine_firewall": "peers"}
        stage.play("site", **closed)
    refused(stage, "reset", "-e confirm=yes", reset_engine=True)
    refused(stage, "reset", "reset_engine=true", confirm="yes", reset_data=True)
    # whatever became of them meanwhile
    stage.lab.ssh("worker1", "rm -rf /opt/apiary")
    stage.lab.ssh(
        "worker2", "systemctl stop docker.socket docker; dnf -q -y remove docker-ce docker-ce-cli", timeout=120
    )
    stage.lab.ssh("manager3", "systemctl stop docker.socket docker")
    # extra variables, which win over what a role sets: what they declare is taken back all the same
    run = stage.play("reset", confirm="yes", **closed)
    assert {host: stage.lab.swarm_state(host) for host in ("manager1", "manager2", "worker1")} == dict.fromkeys(
        ("manager1", "manager2", "worker1"), "inactive"
    ), run.output
    assert (
        stage.lab.ssh("manager3", "systemctl start docker; docker info --format '{{.Swarm.LocalNodeState}}'")
        == "inactive"
    )
    again = stage.play("reset", confirm="yes", **closed)
    assert again.changed() == set(), again.output
    stage.play("reset", confirm="yes", reset_engine=True, reset_data=True)
    if stage.broken:
        stage.lab.ssh("worker1", "touch /etc/left-behind")
    after = {host: snapshot(stage, host) for host in HOSTS}
    for host in HOSTS:
        differ = sorted(set(before[host]) ^ set(after[host]))
        assert not differ, f"{host}: {differ[:20]}"
    last = stage.play("reset", confirm="yes", reset_engine=True, reset_data=True)
    assert last.changed() == set(), last.output
    return (
        f"{len(before['manager1'])} packages and files are the same on each of five hosts; each step again: changed=0"
    )


# --- what they share -----------------------------------------------------------------------------------------------------


def changes(run, host):
    """Names of the tasks that changed something on a host, without the role's."""
    found = [result.task for result in run.results if result.host == host and result.data.get("changed")]
    return {name.rpartition(" : ")[2] for name in found}


class groups:
    """with groups(a=[…], b=[…]) as options: the managers are those of the first, the workers those of the second."""

    def __init__(self, **hosts):
        self.hosts = hosts

    def __enter__(self):
        self.directory = tempfile.TemporaryDirectory(prefix="apiary-test-")
        path = pathlib.Path(self.directory.name) / "groups.yml"
        path.write_text(
            json.dumps({name: {"hosts": {host: {} for host in hosts}} for name, hosts in self.hosts.items()})
        )
        managers, workers = self.hosts
        return ["-i", str(path), "-e", f"swarm_manager_group={managers}", "-e", f"swarm_worker_group={workers}"]

    def __exit__(self, *_exception):
        self.directory.cleanup()


def refused(stage, name, words, asked="manager1", **extra):
    """The run ends with these words before anything was changed."""
    before = stage.nodes(asked)
    run = stage.play(name, ok=False, **extra)
    assert run.rc != 0, run.output
    assert words in "\n".join(run.messages().values()), run.output
    assert run.changed() == set(), run.output
    assert stage.nodes(asked) == before


def drained(stage, host, asked):
    return lambda: stage.nodes(asked)[host]["Availability"] == "Drain"


def joined(stage, hosts):
    """One of them is there a second time."""

    def look():
        counts = Counter(row["Hostname"] for row in stage.lab.rows("manager1", "node", "ls"))
        return any(counts[host] > 1 for host in hosts)

    return look


def containers(stage, hosts):
    return {host: sorted(stage.lab.docker(host, "ps", "-q").split()) for host in hosts}


def snapshot(stage, host):
    """Packages, and files with their content, of a host as lines. Groups are left out: a package leaves those that it made."""
    command = (
        "rpm -qa | grep -v ^gpg-pubkey; find /opt /var/lib/docker /var/lib/containerd -mindepth 1 2>/dev/null;"
        " find /etc -xdev -type f ! -name '*.cache' ! -name '*-' ! -name group ! -name gshadow -exec sha256sum {} +; ls /run/apiary* 2>/dev/null; true"
    )
    return stage.lab.ssh(host, command, timeout=120).splitlines()
