# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

"""verify.yml on services that answer and on such that do not, on real hosts."""

from __future__ import annotations

import json

import pytest
from harness.lab import HOSTS, WORKERS

IMAGE = "depot:5000/nginx:1.22"
QUICK = {"image": IMAGE, "stop_grace_period": "1s", "update_config": {"monitor": "1s"}}
ON_WORKERS = {"mode": "global", "placement": {"constraints": ["node.role==worker"]}}


@pytest.fixture(scope="module")
def served(swarm):
    """Web answers on both workers; deaf publishes ports on which its container does not listen."""

    def port(published, target, **more):
        return [{"published_port": published, "target_port": target, "mode": "host", **more}]

    web = {"name": "web", "publish": port(8081, 80), **ON_WORKERS, **QUICK}
    deaf = {"name": "deaf", "publish": port(8082, 81) + port(8053, 53, protocol="udp"), **ON_WORKERS, **QUICK}
    swarm.module("manager1", "swarm_service", {"services": [web, deaf]})
    return swarm


def verify(lab, *options, inventory=(), **extra_vars):
    return lab.playbook("verify.yml", *options, inventory=["inventory/lab", *inventory], extra_vars=extra_vars)


def table(run):
    """(service, port, node) -> cells, in the order of the hosts that asked: the control host, then those of the inventory."""
    lines = iter(run.output.partition("PUBLISHED PORTS\n")[2].splitlines())
    columns = next(lines)
    starts = [0] + [index for index in range(len(columns)) if columns.startswith("FROM ", index)]
    found = {}
    for line in lines:
        if not line:
            break
        cells = [line[start:end].strip() for start, end in zip(starts, [*starts[1:], None], strict=True)]
        found[tuple(cells[0].split())] = cells[1:]
    return found


def test_what_answers_and_what_does_not(served):
    run = verify(served, verify_http={"web": {"port": 8081, "path": "/"}})
    seen = table(run)
    assert sorted(seen) == [
        (service, port, node)
        for service, port in (("deaf", "8053/udp"), ("deaf", "8082/tcp"), ("web", "8081/tcp"))
        for node in WORKERS
    ]
    for node in WORKERS:
        assert len(seen["web", "8081/tcp", node]) == 1 + len(HOSTS)
        assert all(cell.startswith("200 ") for cell in seen["web", "8081/tcp", node]), run.output
        assert all(cell == "NO: refused" for cell in seen["deaf", "8082/tcp", node]), run.output
        assert all(cell == "NO: refused" for cell in seen["deaf", "8053/udp", node]), "ICMP tells"
    assert run.rc != 0, "the exit status tells"
    failed = run.of("manager1", "Show what answers")
    assert failed["failures"] == [
        "deaf does not answer on worker1, worker2, port 8053/udp, whoever asks: refused. A task runs there: does it listen on its port 53?",
        "deaf does not answer on worker1, worker2, port 8082/tcp, whoever asks: refused. A task runs there: does it listen on its port 81?",
    ], "web is none of them"


def test_http_answers_with_the_status_that_is_wanted(served):
    served.module("manager1", "swarm_service", {"name": "deaf", "state": "absent"})
    wanted = verify(served, verify_http={"web": {"port": 8081, "path": "/nothing", "status": 404}})
    assert wanted.rc == 0, wanted.output
    assert table(wanted)["web", "8081/tcp", "worker1"][0].startswith("404 ")
    missed = verify(served, "--limit", "manager1", verify_http={"web": {"port": 8081, "path": "/nothing"}})
    assert table(missed)["web", "8081/tcp", "worker1"] == ["NO: status 404, not 200"] * 2
    assert missed.rc != 0


def test_a_host_that_cannot_be_reached_is_named_and_the_others_ask(served, tmp_path):
    ghost = {"ansible_host": served.address("manager1").rsplit(".", 1)[0] + ".19"}
    extra = tmp_path / "inventory.yml"
    extra.write_text(json.dumps({"swarm_workers": {"hosts": {"ghost": ghost}}}))
    run = verify(served, inventory=[str(extra)])
    assert run.rc != 0
    (failure,) = run.of("manager1", "Show what answers")["failures"]
    assert failure.startswith("ghost could not be asked: ssh: connect to host")
    assert all(cell.startswith("open ") for cell in table(run)["web", "8081/tcp", "worker2"]), run.output


def test_names_that_are_none(served):
    run = verify(served, verify_http={"wbe": {}})
    assert run.rc != 0
    assert "verify_http names service wbe, and the swarm has none of that name" in run.output


def test_the_routing_mesh_is_believed_only_if_it_answers(served):
    """The engine accepts the port on any kernel; it is on the nodes without a task that the kernel shows."""
    meshed = {"name": "web", "publish": [{"published_port": 8083, "target_port": 80}], **QUICK, "mode": "global"}
    served.module("manager1", "swarm_service", {"name": "web", "state": "absent"})
    served.module("manager1", "swarm_service", {**meshed, **ON_WORKERS})
    routes = served.ssh("manager1", "test -e /proc/net/ip_vs && echo yes", ok=False) == "yes"
    run = verify(served)
    assert (run.rc == 0) is routes, run.output
    assert ("has no IP_VS to route that" in run.output) is not routes
    cells = [cell for host in HOSTS for cell in table(run)["web", "8083/tcp", host]]
    assert all(cell.startswith("open ") is routes for cell in cells), run.output
