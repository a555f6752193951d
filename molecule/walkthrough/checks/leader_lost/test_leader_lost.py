# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from conftest import MANAGERS


def test_row_13_another_manager_leads(cluster, eventually):
    (old,) = set(cluster.stopped()) & set(MANAGERS)

    def settled():
        nodes = cluster.nodes()
        assert nodes[old]["ManagerStatus"] == "Unreachable"
        assert sorted(nodes[name]["ManagerStatus"] for name in MANAGERS if name != old) == ["Leader", "Reachable"]

    eventually(settled)


def test_row_13_the_swarm_takes_changes(cluster):
    labels = cluster.docker("service inspect httpd -f '{{json .Spec.Labels}}'")
    assert '"changed":"without-the-old-leader"' in labels
