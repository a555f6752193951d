# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json

from conftest import WORKERS


def test_row_16_the_port_is_published(cluster):
    (port,) = json.loads(cluster.docker("service inspect httpd -f '{{json .Endpoint.Ports}}'"))
    assert (port["PublishedPort"], port["TargetPort"], port["PublishMode"]) == (8080, 80, "ingress")


def test_row_16_all_five_tasks_are_new_ones(cluster):
    assert cluster.replicas() == ("replicated", "5/5")
    running = cluster.running()
    assert len(running) == 5
    assert set(running) == set(WORKERS)
    started = cluster.docker("service inspect httpd -f '{{.UpdateStatus.StartedAt.Unix}}'")
    ids = cluster.docker("service ps httpd -q --filter desired-state=running").split()
    created = cluster.docker("inspect --type task -f '{{.CreatedAt.Unix}}' " + " ".join(ids)).split()
    assert len(created) == 5
    assert all(int(moment) >= int(started) for moment in created)
