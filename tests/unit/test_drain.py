# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a drain leaves on a node and what it moves, on answers recorded while one went on."""

from __future__ import annotations

import copy
import json
import pathlib

import pytest
from ansible_collections.apiary.swarm.plugins.module_utils import _drain as drain
from ansible_collections.apiary.swarm.plugins.module_utils._errors import SwarmError
from ansible_collections.apiary.swarm.plugins.module_utils._nodes import plan

DRAIN = json.loads((pathlib.Path(__file__).parent / "fixtures/drain-20.10.json").read_text())
NODES, SERVICES = DRAIN["nodes"], DRAIN["services"]
NAMES = {service["ID"]: service["Spec"]["Name"] for service in SERVICES}


def held(moment, nodes=NODES):
    return sorted(NAMES[task["ServiceID"]] for task in drain.occupying(DRAIN[moment], nodes))


@pytest.mark.parametrize(
    ("moment", "services", "undecided"),
    [
        ("before", ["glob", "stubborn"], 2),
        ("at_once", ["glob", "stubborn"], 2),
        ("moving", ["glob", "stubborn"], 0),  # told to stop, and still running: the grace period
        ("after", [], 0),
    ],
)
def test_a_task_is_gone_when_its_container_has_stopped(moment, services, undecided):
    assert held(moment) == services
    assert len(drain.undecided(drain.occupying(DRAIN[moment], NODES))) == undecided


def test_nothing_is_waited_for_on_a_node_that_is_down():
    down = copy.deepcopy(NODES)
    for node in down:
        node["Status"]["State"] = "down"
    assert held("moving", down) == []


def test_containers_that_belong_to_no_service_stay_where_they_are():
    (task, *_rest) = drain.occupying(DRAIN["before"], NODES)
    assert drain.occupying([dict(task, ServiceID="")], NODES) == []


def moving(earlier=False, **status):
    services = copy.deepcopy(SERVICES)
    for service in services:
        service["ServiceStatus"].update(status)
    return drain.moving(services, drain.occupying(DRAIN["before"], NODES), earlier)


def test_replicated_services_with_tasks_there_move_and_global_ones_do_not():
    movers, others = moving()
    assert sorted(movers.values()) == ["stubborn"]
    assert others == []


def test_a_service_that_was_not_whole_is_not_waited_for():
    movers, others = moving(RunningTasks=2, DesiredTasks=3)
    assert movers == {}
    assert others == ["Service stubborn was not whole before the drain (2 of 3 tasks ran), so it was not waited for."]
    movers, others = moving(earlier=True, RunningTasks=2, DesiredTasks=3)
    assert sorted(movers.values()) == ["stubborn"]


def test_a_service_whose_tasks_are_not_restarted_is_told():
    services = copy.deepcopy(SERVICES)
    for service in services:
        service["Spec"]["TaskTemplate"]["RestartPolicy"] = {"Condition": "none"}
    movers, (text,) = drain.moving(services, drain.occupying(DRAIN["before"], NODES), False)
    assert movers == {}
    assert "restart condition none" in text


@pytest.mark.parametrize("state", ["paused", "rollback_paused"])
@pytest.mark.parametrize("earlier", [True, False])
def test_a_service_whose_update_stands_still_is_told_and_not_waited_for(state, earlier):
    """It would be taken for one that fails as soon as a task has gone."""
    services = copy.deepcopy(SERVICES)
    for service in services:
        service["UpdateStatus"] = {"State": state}
    movers, (text,) = drain.moving(services, drain.occupying(DRAIN["before"], NODES), earlier)
    assert movers == {}
    assert text == f"Service stubborn stands still half-way through an update ({state}), so it was not waited for."


class Engine:
    """One whose nodes are empty at once, and which has these services left."""

    name = "manager1"

    def __init__(self, services=()):
        self.left = list(services)

    def nodes(self):
        return NODES

    def services(self, **_filters):
        return self.left

    def tasks(self, service=(), **_filters):
        if service and not self.left:
            raise SwarmError("service not found", kind="not_found", status=404)
        return []


def test_a_service_that_is_removed_meanwhile_needs_no_other_place():
    (node_id,) = {task["NodeID"] for task in DRAIN["before"]}
    assert drain.await_drained(Engine(), {node_id}, {"someid": "web"}, 60, True) == []


def plans(*names, availability="drain"):
    return [plan(node, {"availability": availability}) for node in NODES if node["Description"]["Hostname"] in names]


def test_a_swarm_without_a_node_that_takes_tasks_is_warned_of():
    ready = [node["Description"]["Hostname"] for node in NODES if node["Spec"]["Availability"] == "active"]
    assert ready
    assert "No node is left that takes tasks" in drain.idle_swarm_warning(NODES, plans(*ready))
    assert "No node is left" in drain.idle_swarm_warning(NODES, plans(*ready, availability="pause"))
    assert drain.idle_swarm_warning(NODES, plans(*ready[1:])) is None
