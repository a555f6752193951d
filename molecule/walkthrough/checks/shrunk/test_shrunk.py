# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from conftest import WORKERS


def test_row_11_two_tasks_on_the_workers(cluster):
    assert cluster.replicas() == ("replicated", "2/2")
    # one each, so that the next row takes one of them away
    assert cluster.running() == WORKERS
