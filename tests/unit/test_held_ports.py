# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who has a port: as the kernel tells it, and what is said of the ports that services declare."""

from __future__ import annotations

import os
import socket

import pytest
from ansible_collections.apiary.swarm.plugins.module_utils import _held_ports as held
from ansible_collections.apiary.swarm.plugins.plugin_utils import _declared_ports as ports

HEAD = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
REST = "00000000:00000000 00:00000000 00000000     0        0"


def line(address, state, inode):
    return f"   0: {address} 00000000:0000 {state} {REST} {inode} 1 0000000000000000 100 0 0 10 0\n"


def test_what_listens_is_read_from_the_kernels_table():
    text = HEAD + line("00000000:1F96", "0A", "7") + line("0B681EAC:0016", "01", "8") + line("0B681EAC:0050", "0A", "9")
    assert held.listeners(text, "tcp") == [("tcp", 8086, "7"), ("tcp", 80, "9")]
    assert held.listeners(HEAD + line("00000000:0035", "07", "7"), "udp") == [("udp", 53, "7")]


@pytest.mark.parametrize(
    "address",
    [
        "3500007F:0035",
        "0100007F:0035",
        "00000000000000000000000001000000:0035",
        "0000000000000000FFFF00000100007F:0035",
    ],
)
def test_the_loopback_alone_is_in_nobodys_way(address):
    assert held.listeners(HEAD + line(address, "0A", "7"), "tcp") == []


def test_this_very_process_is_found():
    with socket.create_server(("0.0.0.0", 0)) as server:
        port = server.getsockname()[1]
        (inode,) = [entry.inode for entry in held.listeners_here() if entry.port == port and entry.protocol == "tcp"]
        assert held.processes_of([inode])[inode].pid == os.getpid()


def container(name, number, *published, swarm=False):
    labels = {"com.docker.swarm.service.id": "s"} if swarm else {}
    entries = [{"PrivatePort": 80, "PublicPort": port, "Type": "tcp"} for port in published]
    return {
        "Id": number * 64,
        "Names": [f"/{name}"],
        "Labels": labels,
        "Ports": [*entries, {"PrivatePort": 1, "Type": "tcp"}],
    }


CONTAINERS = [container("web.1", "a", 8081, swarm=True), container("old", "b", 8082), container("bare", "c")]


@pytest.mark.parametrize(
    ("port", "process", "holder"),
    [
        (8080, held.Process(7, "nginx", ""), "process nginx (7)"),
        (8080, None, "the kernel or a process that cannot be seen"),
        (8080, held.Process(7, "nginx", "c" * 64), "container bare"),
        (8080, held.Process(7, "nginx", "f" * 64), "process nginx (7)"),
        (8080, held.Process(7, "nginx", "a" * 64), None),
        (8080, held.Process(7, "dockerd", ""), None),
        (8081, held.Process(7, "docker-proxy", ""), None),
        (8082, held.Process(7, "docker-proxy", ""), "container old"),
    ],
)
def test_what_is_not_the_swarms_is_named(port, process, holder):
    sockets, processes = [held.Listener("tcp", port, "1")], {"1": process} if process else {}
    found = {
        (entry["port"], entry["protocol"]): entry["holder"] for entry in held.holders(sockets, processes, CONTAINERS)
    }
    assert found == {(8082, "tcp"): "container old", **({(port, "tcp"): holder} if holder else {})}


def port(number, protocol="tcp", surely=True, service="web"):
    return {"service": service, "port": number, "protocol": protocol, "surely": surely}


@pytest.mark.parametrize(
    ("options", "found"),
    [
        ({"publish": ["8080:80", "53:53/udp"]}, [port(8080), port(53, "udp")]),
        ({"publish": [{"target_port": 80, "published_port": "8080"}]}, [port(8080)]),
        (
            {"publish": ["published=8080-8081,target=80,mode=host"]},
            [port(8080, surely=False), port(8081, surely=False)],
        ),
        ({"publish": ["published=80,target=80,mode=host"], "mode": "global"}, [port(80)]),
        (
            {
                "publish": ["published=80,target=80,mode=host"],
                "mode": "global",
                "placement": {"constraints": ["node.role==worker"]},
            },
            [port(80, surely=False)],
        ),
        ({"publish": ["80", {"target_port": 80}, "nonsense", 1342, "9:9/sctp"]}, []),
        ({"publish": ["8080:80"], "state": "absent"}, []),
        ({"publish": ["8080:80"], "replicas": 0}, []),
        ({"publish": None}, []),
        ({"publish": 8080}, []),
        ({"publish": "8080:80,8081:81"}, [port(8080), port(8081)]),
        (
            {"publish": ["published=80,target=80,mode=host"], "mode": "global", "placement": "x"},
            [port(80, surely=False)],
        ),
    ],
)
def test_the_ports_that_services_declare(options, found):
    assert ports.declared([{"name": "web", **options}]) == found


def test_what_is_no_service_is_left_for_the_module_to_say():
    assert ports.declared(["nonsense", None, {"publish": ["8080:80"]}]) == [dict(port(8080), service="")]


def test_defaults_count_too():
    assert ports.declared([{"name": "web"}], {"publish": ["8080:80"]}) == [port(8080)]


def test_what_is_taken_is_said_with_host_holder_and_service():
    reports = {
        "w1": {"held_ports": [{"port": 80, "protocol": "tcp", "holder": "process nginx (7)"}]},
        "w2": {"unreachable": True},
        "elsewhere": {"held_ports": None},
    }
    found = ports.taken([port(80), port(80, surely=False, service="api"), port(81)], reports)
    assert found["surely"] == ["w1: process nginx (7) has port 80/tcp, which service web is to publish."]
    assert found["perhaps"] == ["w1: process nginx (7) has port 80/tcp, which service api is to publish."]
