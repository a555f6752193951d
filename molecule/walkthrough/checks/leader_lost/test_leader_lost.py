# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from conftest import MANAGERS


def test_row_13_another_manager_leads(cluster, eventually):
    def settled():
        states = sorted(cluster.nodes()[name]["ManagerStatus"] for name in MANAGERS)
        assert states == ["Leader", "Reachable", "Unreachable"]

    eventually(settled)


def test_row_13_the_swarm_takes_changes(cluster):
    labels = cluster.docker("service inspect httpd -f '{{json .Spec.Labels}}'")
    assert '"changed":"without-the-old-leader"' in labels
