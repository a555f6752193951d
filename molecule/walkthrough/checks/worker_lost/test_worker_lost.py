# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


def test_row_12_the_other_worker_took_over(cluster, eventually):
    assert cluster.stopped() == ["worker2"]

    def moved():
        assert cluster.nodes()["worker2"]["Status"] == "Down"
        assert cluster.running() == ["worker1", "worker1"]

    # "docker service ls" goes on counting the lost node's task as long as that node cannot say that it ended
    eventually(moved)
