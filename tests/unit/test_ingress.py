# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

"""The network for published ports: who needs it, which tasks hold it, which nodes lack it; as a real engine tells it."""

from __future__ import annotations

import copy
import json
import pathlib

import pytest
from ansible_collections.apiary.swarm.plugins.module_utils import _ingress
from ansible_collections.apiary.swarm.plugins.module_utils import _networks as networks
from ansible_collections.apiary.swarm.plugins.module_utils._errors import SwarmError

RECORDED = json.loads((pathlib.Path(__file__).parent / "fixtures/ingress-28.5.json").read_text())
NETWORK, NODES, TASKS = RECORDED["network"], RECORDED["nodes"], RECORDED["tasks"]
NAMES = {node["Description"]["Hostname"]: node["ID"] for node in NODES}


def wish(name, **given):
    options = dict.fromkeys(networks.NETWORK.argument_spec())
    return {**options, "name": name, "state": "present", "recreate": False, **given}


def refused(*wishes):
    plans = [networks.plan(entry, [NETWORK]) for entry in wishes]
    with pytest.raises(SwarmError) as caught:
        _ingress.refuse_impossible(plans, [NETWORK])
    return caught.value


def test_only_services_that_publish_in_ingress_mode_need_it():
    assert sorted(service["Spec"]["Name"] for service in RECORDED["services"]) == ["hostly", "web"]
    assert networks.users(RECORDED["services"], NETWORK) == ["web"]


def test_tasks_of_a_removed_service_hold_it_until_they_have_ended():
    held = _ingress.holders(TASKS, NODES, NETWORK["Id"])
    assert sorted(held.values()) == ["worker1", "worker2"]
    (leaving,) = [task for task in TASKS if task["DesiredState"] == "remove"]
    assert held[leaving["ID"]] == "worker2"
    ended = copy.deepcopy(TASKS)
    for task in ended:
        task["Status"]["State"] = "shutdown"
    assert _ingress.holders(ended, NODES, NETWORK["Id"]) == {}
    assert _ingress.holders(TASKS, NODES, "another network") == {}


def test_tasks_of_a_lost_node_are_waited_for_by_nobody():
    nodes = copy.deepcopy(NODES)
    for node in nodes:
        if node["ID"] == NAMES["worker2"]:
            node["Status"]["State"] = "down"
    assert list(_ingress.holders(TASKS, nodes, NETWORK["Id"]).values()) == ["worker1"]


def test_nodes_that_have_no_part_in_it_are_named():
    assert _ingress.outside(NETWORK, NODES) == []
    partial = {**NETWORK, "Peers": [peer for peer in NETWORK["Peers"] if not peer["IP"].endswith(".21")]}
    assert [node["hostname"] for node in _ingress.outside(partial, NODES)] == ["worker1"]
    nowhere = {key: value for key, value in NETWORK.items() if key != "Peers"}
    assert len(_ingress.outside(nowhere, NODES)) == len(NODES)


def test_behind_nat_peers_are_counted():
    elsewhere = {**NETWORK, "Peers": [{"Name": peer["Name"], "IP": "198.51.100.1"} for peer in NETWORK["Peers"]]}
    assert _ingress.outside(elsewhere, NODES) == []


def test_a_second_one_is_refused_before_anything_is_done():
    error = refused(wish("other", ingress=True))
    assert error.kind == "conflict"
    assert "there is ingress" in error.msg
    plans = [
        networks.plan(entry, [NETWORK]) for entry in (wish("ingress", state="absent"), wish("other", ingress=True))
    ]
    _ingress.refuse_impossible(plans, [NETWORK])
    two = [networks.plan(wish(name, ingress=True), []) for name in ("one", "two")]
    with pytest.raises(SwarmError, match="there is two"):
        _ingress.refuse_impossible(two, [])


def test_an_attachable_one_is_refused_before_the_old_one_goes():
    assert "cannot be attachable" in refused(wish("ingress", ingress=True, attachable=True, recreate=True)).msg


def test_a_replacement_is_not_refused():
    plans = [networks.plan(wish("ingress", ingress=True, driver_options={"x": "y"}, recreate=True), [NETWORK])]
    assert plans[0].action == "recreated"
    _ingress.refuse_impossible(plans, [NETWORK])
