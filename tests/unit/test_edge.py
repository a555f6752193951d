# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Routes in order, and what role edge refuses: routes, certificates, ports, nodes, services that do not answer."""

from __future__ import annotations

import pytest
from ansible_collections.apiary.swarm.plugins.plugin_utils._edge import plan, without_edge
from ansible_collections.apiary.swarm.plugins.plugin_utils._edge_certificates import certificate_faults
from ansible_collections.apiary.swarm.plugins.plugin_utils._edge_nodes import (
    backends,
    edge_nodes,
    listeners,
    obstacles,
    unreachable,
)
from harness.edge import certificate

PORTS = {"HTTP port": 80, "HTTPS port": 0, "admin port": 8404}


def service(name, edge, **more):
    return {"name": name, "networks": ["edge"], "edge": edge, **more}


def faults(*services, **more):
    return plan(list(services), ports=PORTS, **more)["faults"]


def test_services_are_handed_on_without_their_routes():
    assert without_edge([service("web", {"port": 80}), {"name": "db"}]) == [
        {"name": "web", "networks": ["edge"]},
        {"name": "db"},
    ]
    assert without_edge(["nonsense"]) == ["nonsense"], "what it is no matter of is left for the module to say"


def test_the_most_specific_route_comes_first():
    found = plan(
        [
            service("any", {}),
            service("site", [{"host": "www.example.com"}, {"host": "WWW.example.com", "path": "/api/"}]),
            service("rest", {"host": ["*.example.com", "*.a.example.com"], "path": "/x"}),
        ]
    )
    assert [(route["host"], route["path"], route["backend"]) for route in found["http"]] == [
        ("www.example.com", "/api", "site:80"),
        ("www.example.com", "/", "site:80"),
        ("*.a.example.com", "/x", "rest:80"),
        ("*.example.com", "/x", "rest:80"),
        (None, "/", "any:80"),
    ]
    assert found["faults"] == []


def test_routes_that_differ_have_back_ends_of_their_own():
    found = plan([service("web", [{"path": "/a"}, {"path": "/b", "rate_limit": 5}, {"mode": "tcp", "listen": 5000}])])
    assert [route["backend"] for route in found["http"] + found["tcp"]] == ["web:80", "web:80:2", "web:80:3"]


def test_a_route_by_http_wants_a_port_to_come_in_by():
    closed = {**PORTS, "HTTP port": 0}
    assert "neither edge_http_port nor" in "".join(plan([service("web", {})], ports=closed)["faults"])
    assert plan([service("web", {})], ports={**closed, "HTTPS port": 443})["faults"] == []
    assert plan([service("db", {"mode": "tcp", "listen": 5432})], ports=closed)["faults"] == []


def test_ports_and_slots():
    found = plan([service("db", {"mode": "tcp", "listen": "5432", "port": "5432"}, replicas=9)], ports=PORTS)
    assert found["ports"] == [80, 5432, 8404]
    assert found["tcp"][0]["slots"] == 18, "an update that starts the new tasks first has twice as many"
    assert plan([service("web", {})])["http"][0]["slots"] == 10


def test_routes_of_services_declared_elsewhere_and_of_those_that_go():
    found = plan([service("old", {}, state="absent")], routes=[{"service": "web", "host": "a.lab"}])
    assert [route["service"] for route in found["http"]] == ["web"]
    assert found["faults"] == [], "which networks it is in is not known"


@pytest.mark.parametrize(
    ("edge", "words"),
    [
        ("www.example.com", "must be a map"),
        ({"hots": "a.lab"}, "hots is none of check, host, listen"),
        ({"mode": "udp"}, "http or tcp"),
        ({"port": 0}, "edge.port must be a number from 1 to 65535, not 0"),
        ({"port": "eighty"}, "not 'eighty'"),
        ({"mode": "tcp"}, "needs edge.listen"),
        ({"mode": "tcp", "listen": 1, "host": "a.lab"}, "edge.host is for mode http"),
        ({"listen": 1}, "edge.listen is for mode tcp"),
        ({"path": "api"}, "must be a path"),
        ({"path": "/a b"}, "must be a path"),
        ({"path": "/ }\n    use_backend evil"}, "must be a path"),
        ({"host": "a.lab }"}, "must be a name"),
        ({"check": "health"}, "edge.check must be a path"),
        ({"rate_limit": -1}, "edge.rate_limit"),
        ({"mode": "tcp", "listen": 8404}, "which is the edge's own admin port"),
    ],
)
def test_a_route_that_is_none(edge, words):
    (fault,) = faults(service("web", edge))
    assert fault.startswith("web")
    assert words in fault


def test_two_services_on_one_route():
    assert faults(service("a", {"host": "x.lab", "path": "/p/"}), service("b", {"host": "X.lab", "path": "/p"})) == [
        "a and b have the same route, host x.lab, path /p."
    ]
    assert faults(service("a", {}), service("b", {})) == ["a and b have the same route, host any, path /."]
    assert faults(service("a", [{}, {}])) == ["a has the same route, host any, path /, twice."]
    tcp = {"mode": "tcp", "listen": 5432}
    assert faults(service("a", tcp), service("b", tcp)) == ["a and b have the same route, TCP port 5432."]


@pytest.mark.parametrize("networks", [["edge"], [{"name": "edge"}], ["name=edge,alias=web"]])
def test_a_service_must_share_a_network_with_the_edge(networks):
    assert faults(service("web", {}, networks=networks)) == []
    assert faults({"name": "web", "edge": {"port": 80}}, defaults={"networks": networks}) == []
    (fault,) = faults({"name": "web", "edge": {"port": 80}, "networks": ["backend"]}, defaults={"networks": networks})
    assert "not in network edge" in fault


def test_certificates():
    good, other = certificate("www.lab"), certificate("api.lab")
    assert certificate_faults([good, other]) == []
    (fault,) = certificate_faults([{**good, "key": other["key"]}])
    assert "certificate and key of www do not belong together" in fault
    (fault,) = certificate_faults([{**good, "key": "secret-and-no-pem"}])
    assert "key of www cannot be read" in fault
    assert "secret" not in fault
    (fault,) = certificate_faults([{**good, "certificate": good["key"]}])
    assert "the certificate of www cannot be read" in fault
    assert certificate_faults([good, good]) == ["edge_certificates: www is there twice."]
    assert certificate_faults([{"name": "www"}]) == ["edge_certificates: www has no certificate, key."]
    assert "no name" in certificate_faults([{**good, "name": "../www"}])[0]


def node(name, state="ready", availability="active", role="worker", **labels):
    return {
        "id": f"id-{name}",
        "hostname": name,
        "state": state,
        "availability": availability,
        "role": role,
        "labels": labels,
    }


NODES = [
    node("m1", role="manager"),
    node("w1", edge="True"),
    node("w2", edge="true", state="down"),
    node("w3", edge="true", availability="drain"),
]


@pytest.mark.parametrize(
    ("constraints", "names"),
    [
        (["node.labels.edge==true"], ["w1"]),
        (["node.labels.edge != true"], ["m1"]),
        (["node.role==manager", "node.hostname!=w1"], ["m1"]),
        (["node.id==id-w1"], ["w1"]),
        ([], ["m1", "w1"]),
    ],
)
def test_the_nodes_of_the_edge(constraints, names):
    assert [node["hostname"] for node in edge_nodes(NODES, constraints)] == names


def test_a_constraint_that_cannot_be_judged():
    with pytest.raises(ValueError, match="cannot be judged"):
        edge_nodes(NODES, ["node.platform.os==linux"])


def swarm(*services, networks=("edge",)):
    return {
        "nodes": NODES,
        "services": list(services),
        "networks": [{"name": name, "driver": "overlay"} for name in networks],
    }


def published(name, port, protocol="tcp"):
    return {"name": name, "published": [{"published_port": port, "protocol": protocol}]}


# as Linux 6.18 shows it: 0.0.0.0:80 and 127.0.0.1:9100 are listened on, a connection to 172.30.103.11:22 is open
LISTENING = """  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000:0050 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 30 1 0 100 0 0 10 0
   1: 0100007F:238C 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 31 1 0 100 0 0 10 0
   2: 0B671EAC:0016 01671EAC:D1B2 01 00000000:00000000 02:0009E2B1 00000000     0        0 32 2 0 20 4 30 10 -1
  sl  local_address                         remote_address                        st tx_queue rx_queue
   0: 00000000000000000000000000000000:0050 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000
"""


def test_what_listens():
    assert listeners(LISTENING) == {80: ["0.0.0.0", "::"], 9100: ["127.0.0.1"]}
    assert listeners("") == {}


def blocked(seen, ports=(80, 8404), **hosts):
    told = {host: {"node": f"id-{host}", "listening": text} for host, text in hosts.items()}
    return obstacles(seen, "edge", "edge", ["node.labels.edge==true"], list(ports), told)


def test_ports_that_are_taken():
    assert blocked(swarm(), w1="", m1=LISTENING) == [], "m1 is no node of the edge"
    (fault,) = blocked(swarm(), w1=LISTENING)
    assert fault.startswith("w1: port 80 is taken by something that is no service of the swarm (0.0.0.0, ::).")
    assert blocked(swarm(published("edge", 80)), w1=LISTENING) == [], "what the edge has is its own"
    (fault,) = blocked(swarm(published("web", 80)), w1=LISTENING)
    assert fault.startswith("Port 80 is published by service web already.")
    assert blocked(swarm(published("dns", 80, "udp")), w1="") == []


def test_no_network_and_no_node():
    (fault,) = blocked(swarm(networks=["backend"]))
    assert "no overlay network edge" in fault
    (fault,) = obstacles(swarm(), "edge", "edge", ["node.labels.edge==no"], [80], {})
    assert "No node that is ready and active fits edge_constraints (node.labels.edge==no)" in fault


HEAD = "# pxname,svname,status,check_status,check_code,last_chk,addr\n"


def csv(*rows):
    return HEAD + "".join(f"{row}\n" for row in ["http,FRONTEND,OPEN,,,,", *rows, "web:80,BACKEND,UP,,,,"])


UP = "web:80,task1,UP,L4OK,,,10.0.1.5:80"
DOWN = "web:80,task1,DOWN,L4CON,,Connection refused,10.0.1.5:80"
FOUND_NOW = "web:80,task1,UP,INI,,,10.0.1.5:80"
NO_ADDRESS = "web:80,task2,MAINT (resolution),,,,"


def test_what_haproxy_says_of_services():
    assert backends(csv(UP, NO_ADDRESS)) == {"web:80": {"up": 1, "why": []}}
    assert backends(csv(DOWN)) == {"web:80": {"up": 0, "why": ["10.0.1.5:80: Connection refused"]}}
    assert backends(csv(FOUND_NOW))["web:80"]["up"] == 0, "not before its first check has ended"


def test_services_that_do_not_answer():
    assert unreachable({"w1": csv(UP)}) == []
    assert unreachable({"w1": csv(DOWN, NO_ADDRESS)}) == [
        "w1: no task of web answers on port 80 (10.0.1.5:80: Connection refused)."
    ]
    assert unreachable({"w1": csv(NO_ADDRESS)}) == [
        "w1: no task of web answers on port 80, it has no task that its name resolves to."
    ]
    assert unreachable({"w1": ""}) == ["w1: HAProxy does not answer on its admin port."]
    page = "<html><body><h1>403 Forbidden</h1>\nRequest forbidden by administrative rules.\n</body></html>"
    (fault,) = unreachable({"w1": page, "w2": csv(UP)})
    assert fault.startswith(
        "w1: HAProxy does not tell its statistics: 403 Forbidden Request forbidden by administrative rules."
    )
    assert "edge_admin_allow" in fault
    (fault,) = unreachable({"w1": csv(UP), "w2": csv(DOWN)})
    assert fault.startswith("w2: nothing that others reach over the edge's network answers from here.")
