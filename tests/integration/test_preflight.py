# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

"""preflight.yml on real hosts: what is broken is found and named, before there is a swarm and in one; mended, nothing is found."""

from __future__ import annotations

import contextlib
import json

from harness.lab import HOSTS, eventually

DAEMON = "/etc/docker/daemon.json"
ENCRYPTED = [{"name": "safe", "driver_options": {"encrypted": ""}}]
# The kernel of the machine is what it is; the rest of what is found is these tests' own doing.
OF_THE_KERNEL = "the kernel has no"


def preflight(lab, *options, playbook="preflight.yml", inventory=(), **extra_vars):
    return lab.playbook(playbook, *options, inventory=["inventory/lab", *inventory], extra_vars=extra_vars)


def findings(run, task="Show what would break a swarm"):
    """[(level, hosts, what)] of what was printed, without what the machine's kernel lacks."""
    lines = [line for line in run.of("manager1", task)["lines"] if line[:4].strip() in ("STOP", "warn", "?")]
    found = [(line[:4].strip(), *line[6:].split(": ", 1)) for line in lines]
    return [each for each in found if not each[2].startswith(OF_THE_KERNEL)]


def ports(run):
    """host -> its cell PORTS of the table"""
    _title, columns, *lines = run.of("manager1", "Show what would break a swarm")["lines"]
    start, end = columns.index("PORTS"), columns.index("VERDICT")
    return {line.split()[0]: line[start:end].strip() for line in lines[: lines.index("")]}


@contextlib.contextmanager
def blocked(lab, host, *rules):
    """Packets that come to a host and are dropped by its own packet filter."""
    table = "inet preflight_test"
    chain = f"nft add table {table} && nft add chain {table} input '{{ type filter hook input priority -10; }}'"
    try:
        lab.ssh(host, " && ".join([chain, *(f"nft add rule {table} input {rule} drop" for rule in rules)]))
        yield
    finally:
        lab.ssh(host, f"nft delete table {table}")


@contextlib.contextmanager
def done(lab, host, do, undo):
    lab.ssh(host, do)
    try:
        yield
    finally:
        lab.ssh(host, undo)


@contextlib.contextmanager
def taken(lab, host, port):
    """A port that another program has."""
    process = lab.start_ssh(host, f"exec timeout 120 python3 -m http.server {port}")
    try:
        eventually(lambda: lab.ssh(host, f"ss -Hlnt 'sport = :{port}' | grep -q ."))
        yield
    finally:
        lab.ssh(host, f"kill $(ss -Hlntp 'sport = :{port}' | sed -n 's/.*pid=\\([0-9]*\\).*/\\1/p')")
        process.communicate(timeout=30)


def test_what_is_broken_on_blank_hosts_is_found_and_once_mended_nothing_is(blank, tmp_path):
    ghost = {"ansible_host": blank.address("manager1").rsplit(".", 1)[0] + ".19"}
    extra = tmp_path / "inventory.yml"
    wrong = {"worker1": {"swarm_advertise_addr": "192.0.2.7"}, "ghost": ghost}
    extra.write_text(json.dumps({"swarm_workers": {"hosts": wrong}}))
    address = {host: blank.address(host) for host in HOSTS}
    subnet = address["manager1"].rsplit(".", 1)[0] + ".0/24"
    with (
        done(blank, "worker2", f"echo '{{\"live-restore\": true}}' > {DAEMON}", f"rm {DAEMON}"),
        done(
            blank,
            "manager3",
            f"cp /etc/machine-id /root/kept && echo {blank.ssh('manager2', 'cat /etc/machine-id')} > /etc/machine-id",
            "cp /root/kept /etc/machine-id && rm /root/kept",
        ),
        done(blank, "manager2", "ip link set eth0 mtu 1400", "ip link set eth0 mtu 1500"),
        taken(blank, "manager3", 2377),
        blocked(
            blank,
            "manager1",
            "udp dport 7946",
            f"ip saddr {address['worker2']} tcp dport 2377",
            "udp dport 4789 meta length 1451-65535",
            "meta l4proto esp",
        ),
    ):
        settings = {"default_addr_pool": [subnet]}
        run = preflight(
            blank, inventory=[str(extra)], swarm_settings=settings, services_networks=ENCRYPTED, preflight_timeout=1
        )
        site = preflight(blank, "--tags", "preflight", playbook="site.yml")
    assert run.rc != 0
    found = findings(run)
    text = "\n".join(" | ".join(finding) for finding in found)
    for level, host, words in (
        ("STOP", "worker2", "daemon.json sets live-restore: the engine refuses to be in a swarm"),
        ("STOP", "worker1", "the address 192.0.2.7 that worker1 shall advertise"),
        ("STOP", "ghost", "could not be looked at"),
        ("STOP", "manager3", "2377/tcp is not free (Address already in use)"),
        ("STOP", "manager1", "7946/udp cannot be reached from any of the 3 others: nothing came"),
        ("STOP", "manager1", "2377/tcp cannot be reached from worker2: no answer"),
        ("warn", "manager1", "ESP (IP protocol 50) cannot be reached from any of the 3 others: nothing came"),
        ("warn", "manager1", "packets of more than 1450 bytes do not get here from"),
        ("warn", "manager2", "eth0 has an MTU of 1400, and overlay networks with 1450 need 1500"),
        ("warn", "manager2, manager3", "manager2, manager3 have the same /etc/machine-id"),
    ):
        assert any((level, host) == each[:2] and words in each[2] for each in found), f"{host}: {words}\n{text}"
    assert [each[0] for each in found if f"has the host's network {subnet} (eth0) in it, and so has" in each[2]] == [
        "STOP"
    ]
    assert "ghost" in run.messages()
    assert run.changed() == set()

    assert site.rc != 0
    assert "live-restore" in site.messages()["worker2"]
    assert "Nothing was changed on worker2" in site.messages()["worker2"]
    assert set(site.messages()) == {"worker2"}, site.output

    mended = preflight(blank)
    assert mended.rc == 0, mended.output
    assert findings(mended) == []
    assert ports(mended) == dict.fromkeys(HOSTS, "open")
    assert {blank.swarm_state(host) for host in HOSTS} == {"inactive"}
    for host in HOSTS:
        assert blank.ssh(host, "ss -Hlntu '( sport = :2377 or sport = :7946 )'") == "", "nothing listens any longer"


def test_modules_of_the_kernel_are_loaded_at_once_and_at_each_start(blank):
    """No kernel that the lab may run on has to have loadable modules: modprobe is played here, and for nothing else."""
    played = """#!/bin/sh
case "$*" in
*--dry-run*played*) exit 0 ;;
--all*) echo "$*" >>/root/loaded ;;
*) exit 1 ;;
esac
"""
    extra_vars = {"engine_kernel_modules": ["overlay", "played", "not_there"]}

    def site(*options):
        run = blank.playbook("site.yml", "--tags", "engine", "--limit", "worker1", *options, extra_vars=extra_vars)
        assert run.rc == 0, run.output
        return run

    modprobe = blank.ssh("worker1", "readlink -f $(command -v modprobe || echo /sbin/modprobe)")
    with done(
        blank,
        "worker1",
        f"cp -a {modprobe} /root/modprobe && cat > {modprobe}.new <<'END' && chmod 755 {modprobe}.new && mv {modprobe}.new {modprobe}\n{played}END",
        f"mv /root/modprobe {modprobe}; rm -f /root/loaded /etc/modules-load.d/apiary-swarm.conf",
    ):
        assert site("--check", "--diff").changed() == {"worker1"}
        assert blank.ssh("worker1", "ls /root/loaded /etc/modules-load.d/apiary-swarm.conf", ok=False) == ""
        assert site().changed() == {"worker1"}
        assert blank.ssh("worker1", "grep -v '^#' /etc/modules-load.d/apiary-swarm.conf") == "played"
        assert blank.ssh("worker1", "cat /root/loaded") == "--all played"


def test_in_a_swarm_the_ways_are_told_on_the_ports_that_the_engines_have(swarm):
    run = preflight(swarm)
    assert run.rc == 0, run.output
    assert findings(run) == []
    assert ports(run) == dict.fromkeys(HOSTS, "open")
    with blocked(swarm, "worker1", "udp dport 7946", f"ip saddr {swarm.address('manager2')} udp dport 4789"):
        run = preflight(swarm)
    assert run.rc != 0
    assert [each[:2] for each in findings(run)] == [("STOP", "worker1")] * 2, run.output
    assert "7946/udp cannot be reached from any of the 4 others" in findings(run)[0][2]
    assert "4789/udp cannot be reached from manager2: nothing came" in findings(run)[1][2]
    assert set(run.messages()) == {"worker1"}
