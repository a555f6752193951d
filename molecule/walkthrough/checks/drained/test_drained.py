# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from conftest import MANAGERS, WORKERS


def test_row_10_managers_are_drained(cluster):
    nodes = cluster.nodes()
    assert [nodes[name]["Availability"] for name in MANAGERS] == ["Drain"] * 3
    assert [nodes[name]["Availability"] for name in WORKERS] == ["Active"] * 2


def test_row_10_no_container_is_left_on_them(cluster):
    for name in MANAGERS:
        assert cluster.host(name).check_output("docker ps -q") == ""


def test_row_10_three_tasks_run_on_the_workers(cluster):
    assert cluster.replicas() == ("replicated", "3/3")
    assert set(cluster.running()) == set(WORKERS)
