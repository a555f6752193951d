# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from conftest import MANAGERS, WORKERS


def test_row_14_all_nodes_are_back(cluster):
    nodes = cluster.nodes()
    assert {n["Status"] for n in nodes.values()} == {"Ready"}
    assert sorted(nodes[name]["ManagerStatus"] for name in MANAGERS) == ["Leader", "Reachable", "Reachable"]


def test_row_14_five_tasks_on_the_workers(cluster):
    assert cluster.replicas() == ("replicated", "5/5")
    running = cluster.running()
    assert len(running) == 5
    assert set(running) == set(WORKERS)


def test_row_15_the_page_from_inside_the_host(cluster):
    host = cluster.host("worker1")
    container = host.check_output("docker ps -q --filter label=com.docker.swarm.service.name=httpd").splitlines()[0]
    address = host.check_output(
        "docker inspect -f '{{range .NetworkSettings.Networks}}{{.IPAddress}} {{end}}' " + container
    ).split()[0]
    assert "nginx" in host.check_output(f"curl -sf --max-time 10 http://{address}/").lower()
