# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Nodes that are taken out for a while: upgrades, reboots, what the swarm cannot spare, and a run that dies half-way."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import signal
import threading
import time

from harness.lab import HOSTS, MANAGERS, WORKERS, check, eventually

OLD, MIDDLE, NEW = "20.10.24", "26.1.5", "28.5.2"
NOTE = "io.apiary.availability"
# The lab's inventory pins the containerd that its hosts began with; another engine brings the one that it needs.
ANY_CONTAINERD = {"engine_containerd_version": ""}
# The hosts of the lab are containers and share one kernel, and so its boot ID: by this one start of a host is told from another.
# There is no logind in them, which shutdown wants.
BOOT = {"maintenance_boot_time_command": "stat --format %Y /proc/1", "maintenance_reboot_command": "systemctl reboot"}


def upgrade(stage):
    """Engines go from 20.10 to 26.1 to 28.5, node by node, the leader last."""
    lab = stage.lab
    with engine(OLD):
        lab.renew()
    lab.form_swarm()
    lab.docker("manager1", "node", "update", "--availability", "drain", "manager2")
    lab.docker("manager1", "node", "update", "--availability", "pause", "worker2")
    stage.serve([host for host in HOSTS if host not in ("manager2", "worker2")])
    before = availabilities(stage)
    seconds, gaps = [], []
    with stage.requests(["manager1", "manager3", "worker1"]):
        told = upgraded(stage, MIDDLE, "--check")
        assert told.changed() == set(HOSTS), told.output
        assert set(versions(lab).values()) == {OLD}
        upgraded(stage, MIDDLE, "--limit", "worker1")
        assert versions(lab) == {**dict.fromkeys(HOSTS, OLD), "worker1": MIDDLE}
        mixed(lab)
        for version, batch in ((MIDDLE, 1), (NEW, 2)):
            leader, starts = leader_of(stage), engine_starts(lab)
            with Answers(lab) as answers:
                began = time.monotonic()
                run = upgraded(stage, version, upgrade_batch=batch)
                seconds.append(round(time.monotonic() - began))
            assert set(versions(lab).values()) == {version}
            order = order_of(starts, engine_starts(lab))
            assert order[-1] == leader, order
            assert not set(order[-len(MANAGERS) :]) & set(WORKERS), order
            gaps.append(answers.longest())
            assert availabilities(stage) == before
            assert not notes(lab)
        starts = engine_starts(lab)
        again = upgraded(stage, NEW)
        assert again.changed() == set(), again.output
        assert "Take the swarm's lock" not in again.output
        older = upgraded(stage, MIDDLE, ok=False)
        assert older.rc != 0
        assert f"has engine {NEW}, and {MIDDLE} is older" in older.output, older.output
        missing = upgraded(stage, "99.9.9", ok=False)
        assert missing.rc != 0
        assert engine_starts(lab) == starts, "an engine was restarted by a run that had nothing to do, or was refused"
        assert availabilities(stage) == before
    assert not locked(lab)
    return (
        f"{OLD} to {MIDDLE} in {seconds[0]} s (4 nodes), to {NEW} in {seconds[1]} s (5 nodes, the workers together); no manager told of the nodes for at most "
        f"{gaps[0]} and {gaps[1]} s, the leader's turn among them; drained and paused nodes are so again ({len(run.results)} tasks)"
    )


def reboot(stage):
    """All hosts are rebooted, one after the other, the leader last."""
    lab = stage.lab
    lab.form_swarm()
    stage.serve()
    lab.let_reboot(HOSTS)
    lab.docker("manager1", "node", "update", "--availability", "pause", "worker2")
    before, starts, leader = availabilities(stage), host_starts(lab), leader_of(stage)
    with stage.requests():
        stage.play("reboot", "--check", **BOOT)
        assert host_starts(lab) == starts
        began = time.monotonic()
        run = stage.play("reboot", reboot_batch=2, **BOOT)
        seconds = round(time.monotonic() - began)
        after = host_starts(lab)
        order = order_of(starts, after)
        assert order[-1] == leader, order
        assert set(order[:2]) == set(WORKERS), order
        assert availabilities(stage) == before
        assert not notes(lab)
        again = stage.play("reboot", reboot_min_uptime=3600, **BOOT)
        assert again.changed() == set(), again.output
        needed = stage.play("reboot", reboot_only_needed=True, **BOOT)
        assert needed.changed() == set(), needed.output
        assert host_starts(lab) == after
    return f"{' '.join(order)} in {seconds} s ({len(run.results)} tasks); those that were up for less than an hour are left alone"


def quorum_guard(stage):
    """With a manager lost, no play takes another; two managers are taken one by one only if an outage is accepted."""
    lab = stage.lab
    lab.form_swarm()
    lab.power_off("manager3")
    eventually(lambda: check(stage.nodes()["manager3"]["ManagerStatus"] == "Unreachable"))
    starts = engine_starts(lab, HOSTS[:2] + WORKERS)
    for name, extra in (("reboot", {}), ("upgrade", {"engine_version": MIDDLE, "upgrade_allow_downgrade": True})):
        run = stage.play(name, ok=False, **extra, **BOOT)
        assert run.rc != 0, run.output
        told = run.messages()
        text = "of 3 managers 2 can be reached now; without this one it would be 1 of 3, and 2 are needed. Not reachable: manager3"
        assert any(text in one for one in told.values()), told
        assert engine_starts(lab, HOSTS[:2] + WORKERS) == starts
        assert {row["Availability"] for row in stage.nodes().values()} == {"Active"}
        assert not locked(lab), "the lock was not given back"
    lab.docker("manager1", "node", "demote", "manager3")
    eventually(lambda: check(stage.nodes()["manager3"]["ManagerStatus"] == ""))
    two = ["--limit", "manager1,manager2"]
    down = {"engine_version": MIDDLE, "upgrade_allow_downgrade": True}
    run = stage.play("upgrade", *two, ok=False, maintenance_allow_outage=stage.broken, **down)
    assert "of 2 managers 2 can be reached now; without this one it would be 1 of 2, and 2 are needed" in run.output, (
        run.output
    )
    assert "maintenance_allow_outage=true" in run.output
    assert engine_starts(lab, HOSTS[:2] + WORKERS) == starts
    run = stage.play("upgrade", *two, maintenance_allow_outage=True, **down)
    assert versions(lab, HOSTS[:2]) == dict.fromkeys(HOSTS[:2], MIDDLE)
    return "refused with 2 of 3 managers, and with 2 of 2; engines and availability as before; 2 of 2 done where an outage is accepted"


def resume(stage):
    """A play that dies in the midst of a node's turn is continued by the next; another one is refused meanwhile."""
    lab = stage.lab
    with engine(MIDDLE):
        lab.renew()
    lab.form_swarm()
    stage.serve()
    lab.docker("manager1", "node", "update", "--availability", "pause", "worker2")
    before = availabilities(stage)
    with stage.requests(), stage.start("upgrade", engine_version=NEW, upgrade_batch=2, **ANY_CONTAINERD) as play:
        eventually(lambda: check(set(notes(lab)) == set(WORKERS)), 180)
        refused = stage.play("reboot", ok=False, **BOOT)
        assert any(
            "upgrade.yml has been at work on this swarm since" in text for text in refused.messages().values()
        ), refused.output
        assert play.process.poll() is None, "the play had ended before the other was refused"
        eventually(lambda: check(notes(lab)), 180, every=0.1)
        os.killpg(play.process.pid, signal.SIGKILL)
        play.process.wait()
        left = {host: stage.nodes()[host]["Availability"] for host in notes(lab)}
        assert left, "nobody was out when the play was killed"
        with Answers(lab) as answers:
            run = upgraded(stage, NEW, upgrade_batch=2)
        assert "has ended without giving it back" in run.output
        assert set(versions(lab).values()) == {NEW}
        assert availabilities(stage) == before
        assert not notes(lab)
        assert upgraded(stage, NEW).changed() == set()
    return (
        f"killed while these were out: {left}; the next run brought all to {NEW}, and each node has the availability that it had; "
        f"no manager told of the nodes for at most {answers.longest()} s"
    )


# --- what they look at ---------------------------------------------------------------------------------------------------


class Answers:
    """With it, two managers are asked for the nodes all the time, each on its own; only a leader can answer."""

    def __init__(self, lab):
        self.lab = lab

    def __enter__(self):
        self.times, self._over = [], threading.Event()
        self._threads = [threading.Thread(target=self._ask, args=(host,)) for host in MANAGERS]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_exception):
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _ask(self, host):
        while not self._over.is_set():
            asked = time.monotonic()
            if self.lab.ssh(host, "timeout 1 docker node ls -q 2>/dev/null", ok=False):
                self.times.append((asked, time.monotonic()))
            self._over.wait(0.4)

    def longest(self):
        """The longest time, in seconds, between the end of an answer and the beginning of the next that any manager gave."""
        times = sorted(self.times)
        gaps = [after[0] - before[1] for before, after in itertools.pairwise(times)]
        return round(max(gaps), 1)


def upgraded(stage, version, *options, **extra):
    return stage.play("upgrade", *options, engine_version=version, **ANY_CONTAINERD, **extra)


@contextlib.contextmanager
def engine(version):
    """New hosts have this engine."""
    former = os.environ.get("LAB_ENGINE")
    os.environ["LAB_ENGINE"] = version
    try:
        yield
    finally:
        os.environ.pop("LAB_ENGINE")
        if former:
            os.environ["LAB_ENGINE"] = former


def availabilities(stage):
    return {host: row["Availability"] for host, row in stage.nodes().items()}


def leader_of(stage):
    return next(host for host, row in stage.nodes().items() if row["ManagerStatus"] == "Leader")


def notes(lab):
    """{hostname: the availability that is noted on it}, of nodes that are out."""
    nodes = json.loads(lab.ssh("manager3", "docker node ls -q | xargs docker node inspect", ok=False) or "[]")
    labels = {node["Description"]["Hostname"]: node["Spec"].get("Labels") or {} for node in nodes}
    return {host: found[NOTE] for host, found in labels.items() if NOTE in found}


def locked(lab):
    return "io.apiary.lock" in lab.docker("manager1", "config", "ls", "--format", "{{.Name}}").split()


def versions(lab, hosts=HOSTS):
    return {host: lab.docker(host, "version", "--format", "{{.Server.Version}}").partition("+")[0] for host in hosts}


def engine_starts(lab, hosts=HOSTS):
    """{host: when its engine was started}, in microseconds of the one kernel that all hosts share."""
    show = "systemctl show docker --value --property ActiveEnterTimestampMonotonic"
    return {host: int(lab.ssh(host, show)) for host in hosts}


def host_starts(lab):
    return {host: int(lab.ssh(host, "stat --format %Y /proc/1")) for host in HOSTS}


def order_of(before, after):
    """The hosts that were started since, in that order."""
    return sorted((host for host in after if after[host] != before[host]), key=after.get)


def mixed(lab):
    """Engines of different versions work together: a service comes up on all nodes that take tasks, and is changed there."""
    taking = [row["Hostname"] for row in lab.rows("manager1", "node", "ls") if row["Availability"] == "Active"]
    create = [
        "service",
        "create",
        "--detach",
        "--mode",
        "global",
        "--name",
        "mixed",
        "depot:5000/busybox:latest",
        "sleep",
        "100000",
    ]
    lab.docker("manager1", *create)
    eventually(lambda: check(lab.running("manager1", "mixed") == sorted(taking)), 120)
    lab.docker("manager1", "service", "update", "--detach", "--stop-grace-period", "1s", "--env-add", "A=1", "mixed")
    state = "{{if .UpdateStatus}}{{.UpdateStatus.State}}{{end}}"
    eventually(
        lambda: check(lab.docker("manager1", "service", "inspect", "mixed", "--format", state) == "completed"), 180
    )
    assert lab.running("manager1", "mixed") == sorted(taking)
    lab.docker("manager1", "service", "rm", "mixed")
