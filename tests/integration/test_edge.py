# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Role edge on real hosts: what answers and who asks, a change under load, and what is refused while all goes on."""

from __future__ import annotations

import copy
import shlex

import pytest
from harness.edge import NGINX, certificate, variables, who
from harness.lab import WORKERS, eventually
from harness.load import Load, Request

CERTIFICATE = certificate("who.lab")
PASSWORD = "let-me-see"
# away from the edge's nodes, so that each has to cross the network to them
ON_MANAGERS = {"placement": {"constraints": ["node.role==manager"]}}
WHO = who(
    [
        {"host": "who.lab", "port": 8080, "check": "/"},
        {"host": "slow.lab", "path": "/few", "port": 8080, "rate_limit": 1},
        {"mode": "tcp", "listen": 9000, "port": 8081, "proxy_protocol": True},
    ],
    **ON_MANAGERS,
)
WEB = {"name": "web", "replicas": 2, "edge": {"host": "*.web.lab"}, **ON_MANAGERS}
DECLARED = variables([WEB, WHO], edge_certificates=[CERTIFICATE], edge_stats_password=PASSWORD)


def play(lab, wanted, *roles, options=()):
    """Run roles on the lab, after what site.yml checks before it changes anything."""
    checks = {
        "name": "Check",
        "ansible.builtin.import_role": {"name": "apiary.swarm.edge", "tasks_from": "preflight.yml"},
    }
    hosts = {"hosts": "swarm_managers:swarm_workers", "gather_facts": False, "become": True}
    roles = [f"apiary.swarm.{role}" for role in roles]
    run = lab.playbook([{**hosts, "pre_tasks": [checks], "roles": roles}], "--diff", *options, extra_vars=wanted)
    for secret in (PASSWORD, CERTIFICATE["key"].splitlines()[1]):
        assert secret not in run.output
    return run


def curl(lab, node, url, *options, host="who.lab"):
    """What a host that is no edge gets: status, version of HTTP and body."""
    words = " ".join(options)
    said = lab.ssh(
        "manager3",
        f"curl -sk -m 5 -H 'Host: {host}' -w '|%{{http_code}}|%{{http_version}}' {words} {url.format(lab.address(node))}",
        ok=False,
    )
    body, status, version = said.rsplit("|", 2)
    return int(status), version, body.strip()


def state(lab):
    """What of the edge is in the swarm; the same as long as nothing was changed."""
    things = [lab.inspect("manager1", "service", "edge")["Spec"], lab.docker("manager1", "service", "ps", "-q", "edge")]
    for kind in ("config", "secret"):
        things += sorted(row["Name"] for row in lab.rows("manager1", kind, "ls"))
    things += sorted(row["Name"] for row in lab.rows("manager1", "service", "ls"))
    return things


# what a load balancer that speaks PROXY protocol sends for a client
BALANCED = """
import socket, sys
with socket.create_connection((sys.argv[1], 80), 5) as balancer:
    balancer.sendall(b"PROXY TCP4 192.0.2.7 192.0.2.1 1111 80\\r\\nGET / HTTP/1.0\\r\\nHost: who.lab\\r\\n\\r\\n")
    print(balancer.makefile().read())
"""


@pytest.fixture(scope="module")
def edge(swarm):
    DECLARED["edge_accept_proxy"] = [swarm.address("manager2")]
    for node in WORKERS:
        swarm.docker("manager1", "node", "update", "--label-add", "edge=true", node)
    foreseen = play(swarm, DECLARED, "services", "edge", options=["--check"])
    assert foreseen.rc == 0, foreseen.output
    run = play(swarm, DECLARED, "services", "edge", options=["-vvv"])
    assert run.rc == 0, run.output
    yield swarm
    for node in WORKERS:
        swarm.docker("manager1", "node", "update", "--label-rm", "edge", node)


def test_every_node_answers_and_tells_who_asks(edge):
    asker = edge.address("manager3")
    for node in WORKERS:
        assert curl(edge, node, "http://{}/") == (200, "1.1", f"by  for {asker} over http")
        assert curl(edge, node, "https://{}/", "--http2") == (200, "2", f"by  for {asker} over https")
        claimed = curl(edge, node, "http://{}/", "-H 'X-Forwarded-For: 6.6.6.6'")
        assert claimed[2] == f"by  for {asker} over http", "who asks is not what the client says"
        assert curl(edge, node, "http://{}:9000/")[2] == f"by {asker} for  over", "by PROXY protocol"
        balanced = edge.ssh("manager2", f"python3 -c {shlex.quote(BALANCED)} {edge.address(node)}")
        assert "for 192.0.2.7 over http" in balanced, "a load balancer is believed"
        assert curl(edge, node, "http://{}/", host="www.web.lab")[0] == 200
        assert curl(edge, node, "http://{}/", host="web.lab")[0] == 404
        assert curl(edge, node, "http://{}/fewer", host="slow.lab")[0] == 404, "a path ends at a slash"
        codes = [curl(edge, node, "http://{}/few/x", host="slow.lab")[0] for _ in range(12)]
        assert codes == [200] * 10 + [429] * 2
        assert curl(edge, node, "http://{}:8404/stats")[0] == 401
        assert curl(edge, node, "http://{}:8404/stats", f"-u edge:{PASSWORD}")[0] == 200
        log = eventually(lambda node=node: _logged(edge, node))
        assert f"{asker}:" in log, log
    assert curl(edge, "manager1", "http://{}/")[0] == 0, "only the chosen nodes"


def _logged(lab, node):
    log = lab.ssh(node, "docker logs $(docker ps -q -f name=edge.)")
    assert "HTTP/2.0" in log
    return log


def test_a_second_run_changes_nothing_and_a_change_loses_no_request(edge):
    before = state(edge)
    again = play(edge, DECLARED, "services", "edge")
    assert again.rc == 0, again.output
    assert again.changed() == set(), again.output
    assert state(edge) == before

    wanted = copy.deepcopy(DECLARED)
    wanted["services_list"][0]["edge"] = [{"host": "*.web.lab"}, {"host": "new.lab"}]
    wanted["edge_redirect_to_https"] = True
    nodes = {node: edge.address(node) for node in WORKERS}
    asked = [
        Request("https", "who.lab", port=443, tls=True),
        Request("post", "who.lab", port=443, tls=True, method="POST"),
        Request("tcp", "tcp.lab", port=9000),
    ]
    with Load(nodes, asked) as load:
        run = play(edge, wanted, "edge")
        seen = load.since(0)
    print(seen)
    assert run.rc == 0, run.output
    assert seen["failures"] == 0, seen["failed"]
    assert seen["requests"] > 20 * seen["seconds"]
    assert curl(edge, "worker2", "https://{}/", host="new.lab")[0] == 200
    assert curl(edge, "worker2", "http://{}/", host="new.lab")[0] == 308
    assert state(edge)[0] != before[0], "the edge's tasks were replaced"


def test_what_cannot_be_is_refused_before_anything_is_changed(edge):
    before = state(edge)
    wanted = copy.deepcopy(DECLARED)
    wanted["services_list"] += [{"name": "other", "edge": {"host": "WHO.lab", "path": "/"}}]
    wanted["edge_certificates"] = [{**CERTIFICATE, "key": certificate("other.lab")["key"]}]
    run = edge.playbook("site.yml", extra_vars=wanted)
    assert run.rc != 0
    (said,) = run.messages().values()
    assert "who and other have the same route, host who.lab, path /." in said
    assert "certificate and key of who do not belong together" in said
    assert said.endswith("Nothing was changed.")

    # a program on one host has the port of a new route, a service that of another one
    edge.ssh("worker2", "systemd-run --unit=squatter python3 -m http.server 9100")
    eventually(lambda: edge.ssh("worker2", "curl -s http://127.0.0.1:9100/"))
    squat = ["--name", "squat", "--publish", "mode=host,published=9200,target=80", "--replicas", "0", NGINX]
    edge.docker("manager1", "service", "create", "--detach", *squat)
    wanted = copy.deepcopy(DECLARED)
    wanted["services_list"][0]["edge"] = [
        {"mode": "tcp", "listen": 9100},
        {"mode": "tcp", "listen": 9200},
    ]
    run = play(edge, wanted, "edge")
    edge.ssh("worker2", "systemctl stop squatter")
    edge.docker("manager1", "service", "rm", "squat")
    assert run.rc != 0
    said = "\n".join(run.messages().values())
    assert "worker2: port 9100 is taken by something that is no service of the swarm (0.0.0.0)" in said
    assert "worker1: port 9100" not in said
    assert "Port 9200 is published by service squat already" in said
    assert state(edge) == before


def test_services_that_do_not_answer_and_a_node_without_the_network_are_found_by_a_trial(edge):
    before = state(edge)
    wanted = copy.deepcopy(DECLARED)
    wanted["services_list"][0]["edge"] = {"host": "*.web.lab", "port": 81}
    edge.ssh("worker2", "iptables -I INPUT -p udp --dport 4789 -j DROP")
    try:
        eventually(lambda: _is_ready(edge, "worker2", 503))
        run = play(edge, wanted, "edge")
        assert curl(edge, "worker1", "https://{}/", host="www.web.lab")[0] == 200, "what worked goes on"
    finally:
        edge.ssh("worker2", "iptables -D INPUT -p udp --dport 4789 -j DROP")
    assert run.rc != 0
    said = "\n".join(run.messages().values())
    assert "The edge was not changed, as a trial of the change failed." in said
    assert "worker1: no task of web answers on port 81 (10." in said
    assert "refused" in said
    assert "worker2: nothing that others reach over the edge's network answers from here" in said
    assert state(edge) == before
    eventually(lambda: _is_ready(edge, "worker2", 200))


def _is_ready(lab, node, status):
    assert curl(lab, node, "http://{}:8404/ready")[0] == status


def test_it_goes_away_with_all_that_was_made_for_it(edge):
    run = play(edge, {**DECLARED, "edge_state": "absent"}, "edge")
    assert run.rc == 0, run.output
    assert [row["Name"] for row in edge.rows("manager1", "config", "ls")] == ["who"]
    assert edge.rows("manager1", "secret", "ls") == []
    assert sorted(row["Name"] for row in edge.rows("manager1", "service", "ls")) == ["web", "who"]
