# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

"""What must be seen of a published service on five nodes, three of them drained, and how to spoil each of it.

A case's check(lab, broken) returns its evidence or raises AssertionError. It asks the nodes' addresses from this machine and
the engines' own CLI, never the collection, except for the case that is about playbooks/verify.yml.
"""

from __future__ import annotations

import collections
import http.client
import os
import re
import shlex
import time
from collections.abc import Callable
from typing import NamedTuple

from harness.lab import HOSTS, MANAGERS, WORKERS, eventually

INVENTORY = ("inventory/lab", "tests/mesh/inventory")
SERVICE, PORT, TASKS = "httpd", 8080, 5
NOT_PUBLISHED = 8081
STREAM_PORT = 9899
DELAY = 150  # ms that a slow line adds to a packet
ROUNDS = 20  # requests to a node, one connection each
LAST_ROUNDS = 50  # ... after a worker was stopped
TIMEOUT = 5


class Case(NamedTuple):
    id: str
    check: Callable


def cases():
    """All cases, in the order in which they run: the last one takes a worker away."""
    return [
        Case("kernel", kernel),
        Case("cgroup", cgroup),
        *(Case(f"answers/{host}", answers(host)) for host in HOSTS),
        *(Case(f"tasks/{host}", all_tasks(host)) for host in HOSTS),
        Case("drained", drained),
        Case("verify", verify),
        Case("encrypted", encrypted),
        Case("sctp", sctp),
        Case("delayed", delayed),
        Case("stopped-worker", stopped_worker),
    ]


# --- asking ------------------------------------------------------------------------------------------------------------------


def ask(address, port=PORT, path="/"):
    """The body of a page, over a connection of its own; OSError or HTTPException if there is none."""
    connection = http.client.HTTPConnection(address, port, timeout=TIMEOUT)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        body = answer.read().decode()
    finally:
        connection.close()
    if answer.status != 200:
        raise OSError(f"status {answer.status}")
    return body


def ask_often(address, rounds, port=PORT):
    """(names of the tasks that answered, with how often; why others did not)"""
    seen, lost = collections.Counter(), []
    for _ in range(rounds):
        try:
            seen[ask(address, port, "/hostname").split()[0]] += 1
        except (OSError, http.client.HTTPException) as error:
            lost.append(f"{address}:{port}: {error}")
    return seen, lost


# --- the cases -----------------------------------------------------------------------------------------------------------------


def kernel(lab, broken):
    """Each node's kernel has a row for the port with all tasks behind it."""
    wanted = TASKS + 1 if broken else TASKS
    for host in HOSTS:
        table = lab.ssh(host, "nsenter --net=/run/docker/netns/ingress_sbox cat /proc/net/ip_vs")
        services = table.split("\nFWM")[1:]  # one for each that publishes
        behind = [len(re.findall(r"^ +-> [0-9A-F]", rows, re.MULTILINE)) for rows in services]
        assert wanted in behind, f"{host}: {behind} tasks in the kernel's IP_VS table, not {wanted}:\n{table}"
    return f"{lab.ssh(HOSTS[0], 'uname -r')}: {wanted} tasks in the IP_VS table of each node"


def cgroup(lab, broken):
    """The version of the cgroups, by the file system and by the engine; the machines of their own have v2."""
    wanted = "tmpfs 1" if broken else "cgroup2fs 2" if os.environ.get("LAB_KERNEL") else None
    seen = {}
    for host in HOSTS:
        version = lab.docker(host, "info", "--format", "{{.CgroupVersion}}")
        seen[host] = f"{lab.ssh(host, 'stat --file-system --format %T /sys/fs/cgroup')} {version}"
    assert wanted is None or set(seen.values()) == {wanted}, f"not {wanted} everywhere: {seen}"
    return f"{seen[HOSTS[0]]} on all five"


def answers(host):
    """The node's address answers from this machine, each time."""

    def check(lab, broken):
        address, port = lab.address(host), NOT_PUBLISHED if broken else PORT
        page = ask(address, port)
        assert "<title>" in page, f"{host}: no page, but {page[:200]!r}"
        seen, lost = ask_often(address, ROUNDS, port)
        assert not lost, f"{host}: {len(lost)} of {ROUNDS} requests failed, the first: {lost[0]}"
        return f"{address}:{port} {seen.total()} of {ROUNDS}"

    return check


def all_tasks(host):
    """Requests to one node reach each of the tasks, wherever they run."""

    def check(lab, broken):
        seen, _lost = ask_often(lab.address(host), TASKS - 1 if broken else ROUNDS)
        running = len(lab.running(MANAGERS[0], SERVICE))
        assert running == len(seen) == TASKS, f"{host}: {len(seen)} tasks answered, of {running} that run: {dict(seen)}"
        return f"{len(seen)} of {running} tasks, {min(seen.values())} to {max(seen.values())} times"

    return check


def drained(lab, broken):
    """The managers are drained and run no task, and they answer."""
    if broken:
        lab.docker(MANAGERS[0], "node", "update", "--availability", "active", MANAGERS[-1])
    rows = {row["Hostname"]: row["Availability"] for row in lab.rows(MANAGERS[0], "node", "ls")}
    assert {rows[host] for host in MANAGERS} == {"Drain"}, f"not drained: {rows}"
    for host in MANAGERS:
        here = lab.docker(host, "ps", "--quiet")
        assert not here, f"{host} is drained and runs {here}"
        ask(lab.address(host))
    return f"{', '.join(MANAGERS)}: Drain, no container, and they answer"


def verify(lab, broken):
    """playbooks/verify.yml says so as well."""
    path = "/no-such-page" if broken else "/"
    run = lab.playbook("verify.yml", inventory=INVENTORY, extra_vars={"verify_http": {SERVICE: {"path": path}}})
    table = re.findall(rf"^{SERVICE} .*$", run.output, re.MULTILINE)
    assert run.rc == 0, f"verify.yml failed: {run.messages()}\n" + "\n".join(table)
    assert len(table) == len(HOSTS), f"{len(table)} lines for {len(HOSTS)} nodes:\n{run.output}"
    return f"verify.yml: {len(table)} nodes, each asked from the control host and from five nodes"


def encrypted(lab, broken):
    """Traffic between tasks on two workers goes by ESP: both hosts count packets of it."""
    one, other = WORKERS
    there = lab.docker(other, "ps", "--quiet", "--filter", "name=sealed").split()[0]
    address = lab.docker(other, "inspect", "--format", "{{.NetworkSettings.Networks.sealed.IPAddress}}", there)
    here = lab.docker(one, "ps", "--quiet", "--filter", "name=sealed").split()[0]
    pid = lab.docker(one, "inspect", "--format", "{{.State.Pid}}", here)
    before = {host: esp_packets(lab, host) for host in WORKERS}
    for _ in range(0 if broken else 10):
        said = lab.ssh(one, f"nsenter --target {pid} --net curl -sS --fail --max-time 5 http://{address}/hostname")
        assert said.startswith(there), f"{address} is {there} on {other}, but {said!r} answered"
    rose = {host: esp_packets(lab, host) - before[host] for host in WORKERS}
    assert min(rose.values()) >= 20, f"ESP packets counted during ten requests: {rose}"
    return f"ten requests from {one} to {other}, ESP packets: {rose}"


def esp_packets(lab, host):
    """Packets that the host's kernel has sealed and opened."""
    states = lab.ssh(host, "ip -s xfrm state list nokeys")
    return sum(map(int, re.findall(r"\(bytes\), (\d+)\(packets\)", states)))


# Who listens in the task says the task's name to whoever comes, by SCTP; who asks prints what is said.
LISTEN = """
import socket, sys
with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_SCTP) as server:
    server.bind(("0.0.0.0", int(sys.argv[1])))
    server.listen()
    while True:
        client = server.accept()[0]
        client.sendall(sys.argv[2].encode())
        client.close()
"""
ASK = """
import socket, sys
with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_SCTP) as client:
    client.settimeout(5)
    client.connect((sys.argv[1], int(sys.argv[2])))
    print(client.recv(100).decode())
"""


def sctp(lab, broken):
    """A port published for SCTP reaches its task by each of the five nodes, asked from another node."""
    (node,) = lab.running(MANAGERS[0], "stream")
    there = lab.docker(node, "ps", "--quiet", "--filter", "name=stream").split()[0]
    pid = lab.docker(node, "inspect", "--format", "{{.State.Pid}}", there)
    if not broken:
        listen = shlex.join(["python3", "-c", LISTEN, str(STREAM_PORT), there])
        lab.ssh(node, f"systemd-run --unit listen nsenter --target {pid} --net {listen}")
    heard = {}
    for host in HOSTS:
        asking = next(other for other in HOSTS if other != host)
        ask_it = shlex.join(["python3", "-c", ASK, lab.address(host), str(STREAM_PORT)])
        heard[host] = eventually(lambda asking=asking, ask_it=ask_it: lab.ssh(asking, ask_it), seconds=20)
    assert set(heard.values()) == {there}, f"{there} is on {node}, and what was heard is {heard}"
    return f"the task on {node} by each of {len(heard)} nodes"


def delayed(lab, broken):
    """A worker's line gets slow: the mesh goes on answering, later by what the line adds."""
    slow, address = WORKERS[0], lab.address(MANAGERS[0])
    line = lab.ssh(slow, "ip -o route get " + address).split(" dev ")[1].split()[0]
    before = time_of(address)
    lab.ssh(slow, f"tc qdisc add dev {line} root netem delay {0 if broken else DELAY}ms")
    try:
        seen, lost = ask_often(address, ROUNDS)
        times = [time_of(address) for _ in range(ROUNDS)]
        shown = lab.ssh(slow, f"tc qdisc show dev {line} root").split("\n")[0]
    finally:
        lab.ssh(slow, f"tc qdisc del dev {line} root")
    assert not lost, f"{len(lost)} of {ROUNDS} requests failed, the first: {lost[0]}"
    assert max(times) >= before + DELAY / 1000, f"{max(times):.3f} s at most, {before:.3f} s before: {shown}"
    behind = sum(seen[task] for task in lab.docker(slow, "ps", "--quiet", "--filter", f"name={SERVICE}").split())
    assert behind, f"no request went to {slow}: {dict(seen)}"
    return f"{slow} with {DELAY} ms more: {seen.total()} of {ROUNDS}, {behind} by it; {max(times):.2f} s at most, {before:.2f} s before"


def time_of(address):
    """Seconds that one request takes."""
    started = time.monotonic()
    ask(address)
    return time.monotonic() - started


def stopped_worker(lab, broken):
    """A worker loses its power. When the swarm says that all tasks run again, no request is lost on any node."""
    stopped, left = WORKERS[-1], [host for host in HOSTS if host != WORKERS[-1]]
    lab.power_off(stopped)
    if not broken:
        eventually(lambda: assert_moved(lab, stopped), seconds=120)
    lost = []
    for host in left:
        lost += ask_often(lab.address(host), LAST_ROUNDS)[1]
    assert not lost, f"{len(lost)} of {LAST_ROUNDS * len(left)} requests failed, the first: {lost[0]}"
    return f"{stopped} is off: {LAST_ROUNDS * len(left)} requests to {len(left)} nodes, none lost"


def assert_moved(lab, stopped):
    """The node is Down and all tasks run elsewhere."""
    states = {row["Hostname"]: row["Status"] for row in lab.rows(MANAGERS[0], "node", "ls")}
    assert states[stopped] == "Down", f"{stopped} is {states[stopped]}"
    running = lab.running(MANAGERS[0], SERVICE)
    assert len(running) == TASKS, f"{len(running)} of {TASKS} tasks run"
    assert stopped not in running, f"tasks run on {running}"
