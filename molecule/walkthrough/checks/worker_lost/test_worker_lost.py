# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


def test_row_12_the_other_worker_took_over(cluster, eventually):
    def moved():
        assert cluster.nodes()["worker2"]["Status"] == "Down"
        assert cluster.running() == ["worker1", "worker1"]

    eventually(moved)
    assert cluster.replicas()[1] == "2/2"
