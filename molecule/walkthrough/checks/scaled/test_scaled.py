# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


def test_row_9_three_tasks_spread_over_nodes(cluster):
    assert cluster.replicas() == ("replicated", "3/3")
    assert len(set(cluster.running())) == 3
