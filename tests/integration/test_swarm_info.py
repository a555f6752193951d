# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

"""swarm_info on real engines: what each kind of node says, and what it costs."""

from __future__ import annotations

import json
import re

import pytest
from harness.lab import HOSTS

NGINX, BUSYBOX = "depot:5000/nginx:1.22", "depot:5000/busybox:latest"
ALL = ["nodes", "services", "tasks", "networks", "mesh"]

# counts the requests that reach the engine, between the module and its socket
COUNTER = """
import socket, sys, threading
counted = 0
server = socket.socket(socket.AF_UNIX)
server.bind("/run/counted.sock")
server.listen(16)
def pump(source, target, count):
    while True:
        data = source.recv(65536)
        if not data:
            break
        if count:
            with open("/run/counted", "a") as file:
                file.write("".join(line + "\\n" for line in data.decode("latin-1").split("\\r\\n") if line.endswith("HTTP/1.1")))
        target.sendall(data)
    target.shutdown(socket.SHUT_WR)
while True:
    client, _ = server.accept()
    engine = socket.socket(socket.AF_UNIX)
    engine.connect("/var/run/docker.sock")
    threading.Thread(target=pump, args=(client, engine, True), daemon=True).start()
    threading.Thread(target=pump, args=(engine, client, False), daemon=True).start()
"""


@pytest.fixture(scope="module")
def busy(swarm):
    swarm.ssh(
        "manager1",
        f"timeout 60 docker service create -q --name web --replicas 3 -p 8080:80 {NGINX};"
        f"timeout 60 docker service create -q --name agent --mode global {BUSYBOX} sleep 100000;"
        f"docker service create -q -d --name stuck --constraint node.labels.no==such {BUSYBOX} sleep 100000;"
        "docker network create -d overlay front",
    )
    yield swarm
    swarm.clear_services()


def test_a_manager_tells_all(busy):
    result = busy.module("manager2", "swarm_info", {"include": ALL})
    assert not result["changed"]
    swarm = result["swarm"]
    assert (swarm["state"], swarm["obstacle"], swarm["role"], swarm["hostname"]) == (
        "active",
        None,
        "manager",
        "manager2",
    )
    assert swarm["quorum"] == {"managers": 3, "reachable": 3, "needed": 2, "tolerates": 1}
    assert swarm["cluster_id"] == busy.docker("manager1", "info", "--format", "{{.Swarm.Cluster.ID}}")
    assert swarm["node_addr"] == busy.address("manager2")
    listed = {node["ID"]: node for node in busy.rows("manager1", "node", "ls")}
    for row in result["nodes"]:
        node = listed.pop(row["id"])
        assert row["hostname"] == node["Hostname"]
        assert (row["state"], row["availability"]) == (node["Status"].lower(), node["Availability"].lower())
        assert row["leader"] == (node["ManagerStatus"] == "Leader")
        assert row["role"] == ("manager" if node["ManagerStatus"] else "worker")
        assert row["addr"] == busy.address(row["hostname"])
    assert listed == {}
    services = {row["name"]: row for row in result["services"]}
    assert services["web"]["replicas"] == {"running": 3, "desired": 3}
    assert (services["web"]["image"], services["web"]["ports"]) == (NGINX, ["8080->80/tcp"])
    assert services["agent"]["mode"] == "global"
    assert {name: row["converged"] for name, row in services.items()} == {"web": True, "agent": True, "stuck": False}
    running = [row for row in result["tasks"] if row["service"] == "web" and row["state"] == "running"]
    assert sorted(row["node"] for row in running) == busy.running("manager1", "web")
    (stuck,) = [row for row in result["tasks"] if row["service"] == "stuck"]
    assert (stuck["node"], stuck["state"]) == (None, "pending")
    assert "no suitable node" in stuck["error"]
    assert {"ingress", "front"} <= {row["name"] for row in result["networks"]}
    assert_own_networks(busy, "manager2", result)
    assert "Service stuck: 0 of 1 tasks run." in result["problems"]


def assert_own_networks(lab, host, result):
    own = result["node_networks"]
    for name, driver in (("ingress", "overlay"), ("docker_gwbridge", "bridge")):
        network = lab.inspect(host, "network", name)
        assert (own[name]["id"], own[name]["driver"]) == (network["Id"], driver)
        assert own[name]["subnets"] == [network["IPAM"]["Config"][0]["Subnet"]]


def test_a_host_without_ip_vs_says_which_services_it_does_not_serve(busy):
    result = busy.module("manager1", "swarm_info")
    has = busy.ssh("manager1", "test -e /proc/net/ip_vs && echo yes || echo no") == "yes"
    told = [text for text in result["problems"] if "IP_VS" in text]
    if has:
        assert (result["mesh"]["ip_vs"], told) == (True, [])
    else:
        assert result["mesh"]["ip_vs"] is False
        assert len(told) == 1
        assert "web" in told[0]


def test_a_worker_and_a_node_in_no_swarm_say_so(busy):
    worker = busy.module("worker1", "swarm_info", {"include": [*ALL, "tokens"]})
    assert (worker["swarm"]["obstacle"], worker["swarm"]["role"]) == ("worker", "worker")
    assert worker["swarm"]["quorum"] == {"managers": 3, "reachable": None, "needed": 2, "tolerates": None}
    assert (worker["nodes"], worker["services"], worker["tasks"], worker["networks"]) == ([], [], [], [])
    assert worker["problems"] == []
    assert_own_networks(busy, "worker1", worker)
    assert "tokens" not in worker
    old = busy.docker("worker2", "info", "--format", "{{.Swarm.NodeID}}")
    busy.docker("worker2", "swarm", "leave")
    out = busy.module("worker2", "swarm_info")
    assert (out["swarm"]["state"], out["swarm"]["obstacle"], out["swarm"]["role"]) == ("inactive", "inactive", None)
    token = busy.docker("manager1", "swarm", "join-token", "-q", "worker")
    busy.docker("worker2", "swarm", "join", "--token", token, f"{busy.address('manager1')}:2377")
    busy.docker("manager1", "node", "rm", "-f", old)


def test_tokens_are_returned_only_when_asked_for_by_name(busy):
    plain = busy.module("manager1", "swarm_info", {"include": ALL})
    assert "SWMTKN" not in json.dumps(plain)
    tasks = [
        {"name": "tokens", "apiary.swarm.swarm_info": {"include": ["tokens"]}, "register": "told", "no_log": True},
        {
            "name": "compare",
            "ansible.builtin.command": {"cmd": "docker swarm join-token -q {{ item }}"},
            "loop": ["worker", "manager"],
            "register": "asked",
            "no_log": True,
        },
        {
            "name": "the same",
            "ansible.builtin.assert": {
                "that": "asked.results | map(attribute='stdout') | list == [told.tokens.worker, told.tokens.manager]",
                "quiet": True,
            },
        },
    ]
    run = busy.playbook([{"hosts": "manager1", "gather_facts": False, "tasks": tasks}])
    assert run.rc == 0, run.output


# what a run that changes nothing asks the engine for, whatever the size of the swarm
CALLS = [
    ("swarm_info", {"include": []}, ["info", "nodes"]),
    ("swarm_info", {"include": ["nodes"]}, ["info", "nodes"]),
    ("swarm_info", {"include": ALL}, ["info", "nodes", "services", "tasks", "networks", "network"]),
    ("swarm_init", {"task_history_retention_limit": 5}, ["info", "nodes"]),
    ("swarm_join", {"role": "manager"}, ["info", "nodes"]),
    ("swarm_node", {"nodes": [{"node": host, "labels": {}} for host in HOSTS]}, ["nodes"]),
    ("node_availability", {"nodes": HOSTS, "availability": "active"}, ["nodes"]),
    (
        "swarm_network",
        {"networks": [{"name": "front"}, {"name": "none such", "state": "absent"}]},
        ["nodes", "networks"],
    ),
]


def test_the_number_of_calls_does_not_depend_on_the_size_of_the_swarm(busy):
    busy.ssh("manager1", f"cat >/run/counter.py <<'END'\n{COUNTER}\nEND\nrm -f /run/counted*")
    busy.ssh("manager1", "systemd-run --unit counter python3 /run/counter.py")
    busy.ssh("manager1", "for i in $(seq 50); do [ -S /run/counted.sock ] && exit; sleep .1; done; exit 1")
    try:
        for module, options, calls in CALLS:
            busy.ssh("manager1", ": >/run/counted")
            result = busy.module("manager1", module, dict(options, docker_host="unix:///run/counted.sock"))
            assert not result["changed"]
            lines = busy.ssh("manager1", "cat /run/counted").splitlines()
            paths = [re.sub("/networks/.+", "/network", line.split()[1].partition("?")[0]) for line in lines]
            asked = [path.rpartition("/")[2] for path in paths]
            assert asked == ["version", *calls], module
    finally:
        busy.ssh("manager1", "systemctl stop counter; rm -f /run/counted* /run/counter.py")
