# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each way to publish that needs no IP_VS, shown to answer: host mode, ranges, udp, ports that engines choose, names."""

from __future__ import annotations

import socket

import pytest
from harness.lab import HOSTS, WORKERS, eventually

BUSYBOX = "depot:5000/busybox:latest"
# the images have nothing that answers UDP; the hosts' own Python does, on each port it is told
SERVER = """
import selectors, socket, sys
chosen = selectors.DefaultSelector()
for word in sys.argv[1:]:
    port, kind = word.split("/")
    asked = socket.socket(socket.AF_INET, socket.SOCK_STREAM if kind == "tcp" else socket.SOCK_DGRAM)
    asked.bind(("", int(port)))
    if kind == "tcp":
        asked.listen()
    chosen.register(asked, selectors.EVENT_READ, f"{socket.gethostname()} {word}".encode())
while True:
    for key, _events in chosen.select():
        if key.fileobj.type == socket.SOCK_STREAM:
            connection, peer = key.fileobj.accept()
            connection.sendall(key.data + f" {peer[0]}".encode())
            connection.close()
        else:
            _said, peer = key.fileobj.recvfrom(1500)
            key.fileobj.sendto(key.data + f" {peer[0]}".encode(), peer)
"""
PYTHON = [{"type": "bind", "source": f"/usr{part}", "target": part or "/usr"} for part in ("", "/lib", "/lib64")]
QUICK = {"stop_grace_period": "1s", "update_config": {"monitor": "1s"}}
ON_WORKERS = {"placement": {"constraints": ["node.role==worker"]}}


def service(name, *ports, **options):
    listening = [port if "/" in port else f"{port}/tcp" for port in ports]
    command = ["/usr/bin/python3", "-c", SERVER, *listening]
    shown = {"image": BUSYBOX, "command": command, "hostname": "{{ '{{.Node.Hostname}}' }}", "mounts": PYTHON}
    return {"name": name, **shown, **QUICK, **ON_WORKERS, **options}


def host(published, target, protocol="tcp"):
    return {"published_port": published, "target_port": target, "protocol": protocol, "mode": "host"}


SERVICES = [
    # several ports, one of them by both protocols, and a range
    service(
        "everywhere",
        *("80", "53", "53/udp", "90", "91", "92"),
        mode="global",
        publish=[
            host(8090, 80),
            host(8053, 53),
            host(8053, 53, "udp"),
            "published=9090-9092,target=90-92,mode=host",
        ],
    ),
    service("twice", "80", replicas=2, publish=["published=8091,target=80,mode=host"]),
    service("chosen", "80", mode="global", publish=[{"target_port": 80, "mode": "host"}]),
    # by name, from containers; host mode goes with both endpoint modes
    service("robin", "80", replicas=2, endpoint_mode="dnsrr", networks=["front"], publish=[host(8092, 80)]),
    service("virtual", "80", replicas=2, endpoint_mode="vip", networks=["front"], publish=[host(8093, 80)]),
]
PORTS = [
    *((port, target) for port, target in ((8090, "80/tcp"), (8053, "53/tcp"), (8053, "53/udp"))),
    *((9000 + target, f"{target}/tcp") for target in (90, 91, 92)),
    *((port, "80/tcp") for port in (8091, 8092, 8093)),
]


@pytest.fixture(scope="module")
def published(swarm):
    tasks = [
        {"name": "network", "apiary.swarm.swarm_network": {"name": "front", "attachable": True}},
        {"name": "services", "apiary.swarm.swarm_service": {"services": SERVICES}},
        {"name": "again", "apiary.swarm.swarm_service": {"services": SERVICES}},
        {
            "name": "both",
            "apiary.swarm.swarm_service": {
                "name": "both",
                "endpoint_mode": "dnsrr",
                "publish": ["80:80"],
                "image": BUSYBOX,
            },
            "ignore_errors": True,
        },
    ]
    run = swarm.playbook([{"hosts": "manager1", "gather_facts": False, "become": True, "tasks": tasks}])
    assert run.rc == 0, run.output
    assert not run.of("manager1", "again")["changed"]
    return swarm, run


def ask(address, port, kind):
    """What the server says: its node, the port it listens on, and where it was asked from."""
    protocol = socket.SOCK_DGRAM if kind.endswith("udp") else socket.SOCK_STREAM
    with socket.socket(socket.AF_INET, protocol) as asking:
        asking.settimeout(5)
        try:
            asking.connect((address, port))
            if kind.endswith("udp"):
                asking.send(b"?")
            return asking.recv(1500).decode()
        except OSError as error:
            return f"{address}:{port}/{kind}: {error}"


def test_each_port_in_host_mode_answers_where_a_task_runs_and_sees_the_client(published):
    swarm, _run = published
    ours = swarm.address("manager1").rsplit(".", 1)[0] + ".1"
    for node in WORKERS:
        for port, target in PORTS:
            assert ask(swarm.address(node), port, target) == f"{node} {target} {ours}"
    for port, target in PORTS:
        if target.endswith("tcp"):
            assert "refused" in ask(swarm.address("manager1"), port, target), "no task runs there"


def test_verify_asks_them_all_also_the_ports_that_engines_chose(published):
    swarm, _run = published
    run = swarm.playbook("verify.yml", "--limit", "manager1")
    assert run.rc == 0, run.output
    lines = [line.split() for line in run.output.partition("PUBLISHED PORTS\n")[2].splitlines() if line]
    seen = {(words[0], words[1], words[2]) for words in lines if len(words) > 2 and words[2] in HOSTS}
    for node in WORKERS:
        assert {("everywhere", port, node) for port in ("8053/tcp", "8053/udp", "9091/tcp")} <= seen
        (port,) = [port for name, port, where in seen if (name, where) == ("chosen", node)]
        container = swarm.docker(node, "ps", "-q", "--filter", "label=com.docker.swarm.service.name=chosen")
        assert swarm.docker(node, "port", container, "80/tcp").splitlines()[0].endswith(f":{port.partition('/')[0]}")


def test_names_resolve_to_tasks_or_to_one_address(published):
    """From a container of no service on another node, which has the network because it is attachable."""
    swarm, _run = published
    inside = "nslookup robin; echo --; nslookup virtual; echo --; nslookup tasks.virtual; echo --; "
    inside += "for i in 1 2 3 4 5 6; do nc robin 80; echo; done; echo --; timeout 3 nc virtual 80"
    said = swarm.ssh("manager2", f"docker run --rm --network front {BUSYBOX} sh -c '{inside}'", ok=False)
    robin, virtual, tasks, asked, direct = (part.strip() for part in said.split("--"))
    endpoint = swarm.inspect("manager1", "service", "virtual")["Endpoint"]
    (address,) = [entry["Addr"].partition("/")[0] for entry in endpoint["VirtualIPs"]]
    assert "VirtualIPs" not in swarm.inspect("manager1", "service", "robin")["Endpoint"]
    assert resolved(virtual) == {address}
    assert len(resolved(robin)) == 2
    assert len(resolved(tasks)) == 2
    assert address not in resolved(tasks)
    assert {line.split()[0] for line in asked.splitlines() if line} <= set(WORKERS), said
    assert asked.count("80/tcp") == 6
    routes = swarm.ssh("manager1", "test -e /proc/net/ip_vs && echo yes", ok=False) == "yes"
    assert ("80/tcp" in direct) is routes, "a virtual address is IP_VS"


def resolved(answer):
    """The addresses of an answer of nslookup, without the server's own."""
    lines = answer.partition("Name:")[2].splitlines()
    return {line.split()[-1] for line in lines if line.startswith("Address")}


def test_names_without_a_virtual_address_and_the_mesh_do_not_go_together(published):
    swarm, run = published
    failure = run.of("manager1", "both")
    assert "dnsrr" in failure["msg"]
    assert "both" not in swarm.docker("manager1", "service", "ls", "--format", "{{.Name}}").split()


def test_ports_that_something_else_has_are_found_before_anything_is_deployed(published):
    """The engine says nothing in ingress mode, and in host mode only when tasks fail."""
    swarm, _run = published
    swarm.ssh("worker1", f"docker run --detach --name holder --publish 8087:80 {BUSYBOX} sleep 1000000")
    swarm.ssh("worker1", "systemd-run --unit holder python3 -m http.server 8086")
    clash = {"name": "clash", "image": BUSYBOX, "args": ["sleep", "1000000"], **QUICK}
    play = {"hosts": "swarm_managers:swarm_workers", "gather_facts": False, "become": True}
    play["roles"] = ["apiary.swarm.services"]
    elsewhere = {**clash, "placement": {"constraints": ["node.hostname==manager1"]}}
    refused = [{**clash, "publish": ["8086:80"]}, {**clash, "name": "other", "publish": ["8087:80"]}]
    warned = [{**elsewhere, "publish": ["published=8087,target=80,mode=host"]}]
    mine = {"name": "own", "apiary.swarm.swarm_info": {"include": ["held_ports"]}}
    try:
        first = swarm.playbook([{**play, "vars": {"services_list": refused}}])
        listed = swarm.docker("manager1", "service", "ls", "--format", "{{.Name}}").split()
        look = {"hosts": "worker1", "gather_facts": False, "become": True, "tasks": [mine]}
        second = swarm.playbook([look, {**play, "vars": {"services_list": warned}}])
    finally:
        swarm.ssh("worker1", "docker rm --force holder; systemctl stop holder")
    assert first.rc != 0
    told = first.messages()["manager1"]
    assert "worker1: process python3 (" in told
    assert "worker1: container holder has port 8087/tcp, which service other is to publish." in told
    assert "clash" not in listed
    found = {
        (row["port"], row["protocol"]): row["holder"].split(" (")[0]
        for row in second.of("worker1", "own")["held_ports"]
    }
    # what the swarm's own services and the engine have is no finding
    assert found == {
        (22, "tcp"): "process sshd",
        (4789, "udp"): "the kernel or a process that cannot be seen",  # VXLAN
        (8086, "tcp"): "process python3",
        (8087, "tcp"): "container holder",
    }
    assert second.rc == 0, second.output
    warning = second.of("manager1", "Warn of ports")["msg"]
    assert warning.startswith("WARNING: worker1: container holder has port 8087/tcp")
    assert swarm.running("manager1", "clash") == ["manager1"]


def test_a_drained_node_answers_no_more(published):
    """In host mode the port goes with the task; at last, because it takes the tasks away."""
    swarm, _run = published
    swarm.docker("manager1", "node", "update", "--availability", "drain", "worker2")

    def check_moved():
        assert "refused" in ask(swarm.address("worker2"), 8090, "80/tcp")

    eventually(check_moved)
    assert ask(swarm.address("worker1"), 8090, "80/tcp").startswith("worker1 80/tcp")
    swarm.docker("manager1", "node", "update", "--availability", "active", "worker2")
