# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who reaches the ports of a swarm: its peers, and nobody else; peers come and go, and firewalld may run."""

from __future__ import annotations

import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

from harness.lab import HOSTS, ROOT, eventually

PORTS = ["tcp/2377", "tcp/7946", "tcp/2376", "udp/7946", "udp/4789"]
OUTSIDE = "worker2"
MEMBERS = [host for host in HOSTS if host != OUTSIDE]
OPEN, REFUSED = "open", "refused"
# Asks ADDRESS PROTOCOL/PORT...; one word for each. A datagram that nobody refuses counts as let in.
ASK = """
import socket, sys
for each in sys.argv[2:]:
    protocol, port = each.split("/")
    with socket.socket(type=socket.SOCK_STREAM if protocol == "tcp" else socket.SOCK_DGRAM) as asked:
        asked.settimeout(1.5)
        try:
            asked.connect((sys.argv[1], int(port)))
            if protocol == "udp":
                asked.send(b"?")
                asked.recv(9)
            print("open")
        except TimeoutError:
            print("open" if protocol == "udp" else "silent")
        except OSError as error:
            print("refused" if error.errno == 113 else error)
"""
ESP = "import socket, sys; socket.socket(type=socket.SOCK_RAW, proto=50).sendto(bytes(16), (sys.argv[1], 0))"


def firewall(stage):
    """Only peers reach 2377, 7946, the data path and 2376; a new peer gets in by site.yml; the engine's rules are left alone."""
    lab = stage.lab
    with tempfile.TemporaryDirectory(prefix="apiary-firewall-") as folder:
        fewer = inventory_without(lab, folder, OUTSIDE)
        wanted = {"engine_tls": True, "engine_tls_directory": f"{folder}/tls", "services_list": []}
        closed = {**wanted, "engine_firewall": "peers"}

        def site(tags, inventory, variables, *options):
            run = lab.playbook(
                "site.yml", "--tags", tags, *options, inventory=(inventory,), extra_vars=variables, timeout=600
            )
            assert run.rc == 0, run.output
            return run

        site("hosts,engine,swarm", fewer, wanted)
        stage.serve(MEMBERS)
        before = seen(lab)
        assert before == dict.fromkeys(before, [OPEN] * len(PORTS)), before
        rules = {host: engines_rules(lab, host) for host in MEMBERS}
        with stage.requests(MEMBERS):
            site("engine", fewer, closed)
            shut = seen(lab)
            assert shut == dict.fromkeys(shut, [REFUSED] * len(PORTS)), shut
            assert site("engine", fewer, closed).changed() == set()
            lab.ssh("manager1", "systemctl reload apiary-peers")
        assert {host: engines_rules(lab, host) for host in MEMBERS} == rules, "rules of the engine's were changed"
        esp = refuses_esp(lab)
        peers_reach_each_other(lab)
        limited = left_out(lab, closed)
        site("hosts,engine,swarm", "inventory/lab", closed)
        stage.await_nodes(Status="Ready")
        assert len(stage.nodes()) == len(HOSTS)
        assert asked(lab, OUTSIDE, "manager1") == [OPEN] * len(PORTS)
        anew = at_another_address(stage, closed)
        allowed = {**closed, "engine_tls_allow": [gateway(lab)]}
        site("engine", "inventory/lab", allowed)
        assert asked(lab, None, "manager1") == [REFUSED, REFUSED, OPEN, REFUSED, REFUSED]
        beside = with_firewalld(stage, lambda: site("engine", "inventory/lab", allowed))
        after_boot(stage)
        site("engine", "inventory/lab", {**wanted, "engine_firewall": "open"})
        assert asked(lab, None, "manager1") == [OPEN] * len(PORTS)
        assert lab.ssh("manager1", "ls /etc/apiary/peers.nft; nft list tables | grep apiary", ok=False) == ""
    places = ", ".join(sorted(shut))
    return (
        f"{' '.join(PORTS)} refused seen as {places}, all open before; ESP refused ({esp}); {limited}; {OUTSIDE} joined "
        f"by the next site.yml; {anew}; the control host reaches 2376 alone once it is allowed; {beside}; in force after a reboot; opened again"
    )


def inventory_without(lab, folder, host):
    """The lab's inventory without one of its hosts, as a directory."""
    known = json.loads((lab.state / "inventory.json").read_text())
    for group in ("swarm_managers", "swarm_workers"):
        known[group]["hosts"] = [name for name in known[group]["hosts"] if name != host]
    known["_meta"]["hostvars"].pop(host)
    place = pathlib.Path(folder, "inventory")
    shutil.copytree(ROOT / "inventory/lab/group_vars", place / "group_vars")
    (place / "hosts").write_text(f"#!/bin/sh\ncat <<'END'\n{json.dumps(known)}\nEND\n")
    (place / "hosts").chmod(0o755)
    return str(place)


def asked(lab, source, target):
    """[word for each of PORTS] of the target's, asked from another host or (None) from the control host."""
    address = lab.address(target)
    if source:
        pathlib.Path(lab.state / "ask.py").write_text(ASK)
        return lab.ssh(source, f"python3 - {address} {' '.join(PORTS)} <<'END'\n{ASK}END").splitlines()
    command = [sys.executable, "-c", ASK, address, *PORTS]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout.splitlines()


def seen(lab):
    """{"TARGET from SOURCE": words} of a manager, as the control host and a host outside see it."""
    return {f"manager1 from {source or 'control'}": asked(lab, source, "manager1") for source in (None, OUTSIDE)}


def engines_rules(lab, host):
    """All chains and rules of the engine's in iptables, without counters."""
    saved = lab.ssh(host, "for table in filter nat mangle; do iptables -t $table -S; done")
    return sorted(line for line in saved.splitlines() if "DOCKER" in line or "docker" in line)


def counter(lab, host):
    words = lab.ssh(host, "nft list chain inet apiary_swarm peers").split()
    return int(words[words.index("packets") + 1])


def refuses_esp(lab):
    """Packets of ESP from outside are counted as refused, those of a peer are not."""
    target, counts = lab.address("manager1"), [counter(lab, "manager1")]
    for source in ("worker1", OUTSIDE):
        lab.ssh(source, f'python3 -c "{ESP}" {target}')
        counts.append(counter(lab, "manager1"))
    assert [counts[1] - counts[0], counts[2] - counts[1]] == [0, 1], counts
    return "counted"


def peers_reach_each_other(lab):
    for source in MEMBERS[1:]:
        assert asked(lab, source, "manager1") == [OPEN] * len(PORTS), source


def left_out(lab, closed):
    """A run with --limit knows nothing of the newcomer, shuts nobody out, and leaves the rules as they are."""
    written = lab.ssh("manager1", "cat /etc/apiary/peers.nft")
    run = lab.playbook("site.yml", "--tags", "engine", "--limit", "manager1", extra_vars=closed, timeout=300)
    assert run.rc == 0, run.output
    told = run.of("manager1", "Say why the ports are not closed")["msg"]
    assert f"the address of {OUTSIDE} is not known" in told, run.output
    assert lab.ssh("manager1", "cat /etc/apiary/peers.nft") == written
    return "with --limit the rules stayed"


def at_another_address(stage, closed):
    """A host is built anew, and the rules of the others know another address in its place."""
    lab = stage.lab
    lab.power_off(OUTSIDE)
    stage.await_nodes(only=[OUTSIDE], Status="Down")
    forget = f"sed -i 's/\\b{re.escape(lab.address(OUTSIDE))}\\b/192.0.2.9/' /etc/apiary/peers.nft && systemctl reload apiary-peers"
    for host in MEMBERS:
        lab.ssh(host, forget)
    lab.rebuild(OUTSIDE, with_engine=False)
    assert asked(lab, OUTSIDE, "manager1") == [REFUSED] * len(PORTS)
    stage.play("replace_node", replace_node_hosts=OUTSIDE, **closed)
    stage.await_nodes(Status="Ready")
    assert len(stage.nodes()) == len(HOSTS)
    assert asked(lab, OUTSIDE, "manager1") == [OPEN] * len(PORTS)
    return "replace_node.yml let it in at an address that nobody knew"


def gateway(lab):
    """The address under which the control host comes."""
    return lab.ssh("manager1", "ip -4 route show default").split()[2]


def with_firewalld(stage, site):
    """A node where firewalld runs has the ports opened there and narrowed by the rules; reloads of both change nothing."""
    lab = stage.lab
    lab.ssh("worker1", "systemctl start firewalld")
    site()
    assert site().changed() == set()
    assert "docker-swarm" in lab.ssh("worker1", "firewall-cmd --list-services")
    assert "esp" in lab.ssh("worker1", "firewall-cmd --list-protocols")

    def check():
        assert asked(lab, "manager2", "worker1") == ["[Errno 111] Connection refused", OPEN, OPEN, OPEN, OPEN]
        assert asked(lab, None, "worker1") == [REFUSED, REFUSED, OPEN, REFUSED, REFUSED]
        stage.await_nodes(seconds=1, Status="Ready")

    eventually(check)
    rules = engines_rules(lab, "worker1")
    lab.ssh("worker1", "firewall-cmd --reload && systemctl reload apiary-peers")
    eventually(check)

    def same():
        assert engines_rules(lab, "worker1") == rules

    eventually(same)
    lab.ssh("worker1", "systemctl stop firewalld && systemctl restart docker")
    stage.await_nodes(Status="Ready")
    return "with firewalld on worker1 the same, also after its reload"


def after_boot(stage):
    lab = stage.lab
    lab.power_off("worker1")
    lab.power_on("worker1")
    stage.await_nodes(Status="Ready")
    assert asked(lab, None, "worker1")[1] == REFUSED
