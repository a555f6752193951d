# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which node is meant, and what a declaration changes on it."""

from __future__ import annotations

import copy
import json
import pathlib

import pytest
from ansible_collections.apiary.swarm.plugins.module_utils import _nodes as nodes
from ansible_collections.apiary.swarm.plugins.module_utils._errors import SwarmError

FIVE = json.loads((pathlib.Path(__file__).parent / "fixtures/nodes_five.json").read_text())
BY_NAME = {node["Description"]["Hostname"]: node for node in FIVE}


def changed(name, **changes):
    node = copy.deepcopy(BY_NAME[name])
    for key, value in changes.items():
        node[key] = dict(node.get(key) or {}, **value) if isinstance(value, dict) else value
    return node


def failure(function, *arguments, **more):
    with pytest.raises(SwarmError) as caught:
        function(*arguments, **more)
    return caught.value


def test_a_node_is_found_by_id_or_host_name():
    worker = BY_NAME["worker1"]
    assert nodes.find(FIVE, "worker1", "x") is worker
    assert nodes.find(FIVE, worker["ID"], "x") is worker


def test_a_name_that_several_nodes_have_is_told_with_their_ids():
    ghost = changed("worker1", ID="ghost", Status={"State": "down"})
    error = failure(nodes.find, [*FIVE, ghost], "worker1", "x")
    assert error.kind == "ambiguous"
    assert "ghost (down)" in error.msg
    assert nodes.find([*FIVE, ghost], "ghost", "x") is ghost


def test_an_unknown_node_is_told_with_those_that_are_there():
    error = failure(nodes.find, FIVE, "worker9", "change nodes")
    assert error.kind == "not_found"
    assert "there are manager1, manager2, manager3, worker1, worker2" in error.msg


def test_one_node_must_not_be_named_twice():
    error = failure(nodes.find_all, FIVE, ["worker1", BY_NAME["worker1"]["ID"]], "x")
    assert "are the same node" in error.msg


@pytest.mark.parametrize(
    ("wish", "labels"),
    [
        ({}, {"a": "1", "b": "2"}),
        ({"labels": {"c": "3"}}, {"a": "1", "b": "2", "c": "3"}),
        ({"labels": {"a": 9}}, {"a": "9", "b": "2"}),
        ({"labels": {"c": "3"}, "labels_state": "replace"}, {"c": "3"}),
        ({"labels": {}, "labels_state": "replace"}, {}),
        ({"labels_state": "replace"}, {"a": "1", "b": "2"}),
        ({"labels_to_remove": ["a", "z"]}, {"b": "2"}),
        ({"labels": {"b": "2"}, "labels_to_remove": ["a"]}, {"b": "2"}),
        ({"labels": {"b": "2"}, "labels_to_remove": ["b"], "labels_state": "replace"}, {"b": "2"}),
    ],
)
def test_labels(wish, labels):
    node = changed("worker1", Spec={"Labels": {"a": "1", "b": "2"}, "Name": "kept"})
    entry = nodes.plan(node, wish)
    assert entry.spec["Labels"] == labels
    assert bool(entry.actions) is (labels != {"a": "1", "b": "2"})
    assert {key: value for key, value in entry.spec.items() if key != "Labels"} == {
        "Name": "kept",
        "Role": "worker",
        "Availability": "active",
    }
    assert node["Spec"]["Labels"] == {"a": "1", "b": "2"}


@pytest.mark.parametrize(
    ("wish", "word"),
    [
        ({"labels": {"a": True}}, "labels: a: put the value in quotes"),
        ({"labels": {"a": "1"}, "labels_to_remove": ["a"]}, "both name a"),
    ],
)
def test_labels_that_make_no_sense(wish, word):
    assert word in failure(nodes.plan, BY_NAME["worker1"], wish).msg


@pytest.mark.parametrize(
    ("name", "wish", "actions", "role"),
    [
        ("worker1", {"role": "worker"}, (), None),
        ("worker1", {"role": "manager"}, ("promote to manager",), "manager"),
        ("manager2", {"role": "worker"}, ("demote to worker",), "worker"),
        ("manager2", {"role": "manager"}, (), None),
        ("worker1", {"availability": "drain"}, ("set availability from active to drain",), None),
        ("worker1", {"availability": "active"}, (), None),
    ],
)
def test_role_and_availability(name, wish, actions, role):
    entry = nodes.plan(BY_NAME[name], wish)
    assert entry.actions == actions
    assert entry.role == role


def test_a_change_of_role_that_is_not_done_yet_is_waited_for_without_being_asked_again():
    half = changed("worker1", Spec={"Role": "manager"})
    entry = nodes.plan(half, {"role": "manager"})
    assert (entry.actions, entry.role, entry.spec == half["Spec"]) == ((), "manager", True)


@pytest.mark.parametrize(
    ("state", "hostname", "gone"),
    [
        ("ready", "worker1", False),
        ("down", "worker1", True),
        ("disconnected", "worker1", True),
        ("unknown", "worker1", False),
        ("unknown", None, True),
    ],
)
def test_which_nodes_are_gone(state, hostname, gone):
    assert nodes.is_gone(changed("worker1", Status={"State": state}, Description={"Hostname": hostname})) is gone


def test_removal():
    entry = nodes.plan(BY_NAME["worker1"], {"state": "absent"})
    assert (entry.remove, entry.role, entry.actions) == (True, None, ("remove from the swarm",))
    assert nodes.plan(None, {"state": "absent"}).actions == ()
    assert failure(nodes.plan, BY_NAME["manager2"], {"state": "absent"}).kind == "wrong_role"
    forced = nodes.plan(BY_NAME["manager2"], {"state": "absent"}, force=True)
    assert (forced.role, forced.spec["Role"]) == ("worker", "worker")


def test_a_manager_that_the_raft_has_forgotten_is_removed_without_a_demotion():
    forgotten = changed("manager2", ManagerStatus=None, Status={"State": "down"})
    forced = nodes.plan(forgotten, {"state": "absent"}, force=True)
    assert (forced.remove, forced.role, forced.actions) == (True, None, ("remove from the swarm",))
    joining = changed("manager2", ManagerStatus=None)
    assert nodes.plan(joining, {"state": "absent"}, force=True).role == "worker"


def test_a_manager_whose_demotion_is_not_done_yet_is_not_removed_either():
    leaving = changed("manager2", Spec={"Role": "worker"})
    assert failure(nodes.plan, leaving, {"state": "absent"}).kind == "wrong_role"
    ghost = changed("worker1", Spec={"Role": "manager"})
    assert failure(nodes.plan, ghost, {"state": "absent"}).kind == "wrong_role"


def plans(**roles):
    return [nodes.plan(BY_NAME[name], {"role": role}) for name, role in roles.items()]


@pytest.mark.parametrize(
    ("roles", "refused"),
    [
        ({"manager1": "worker"}, False),
        ({"manager1": "worker", "manager2": "worker"}, False),
        ({"manager1": "worker", "manager2": "worker", "manager3": "worker"}, True),
        ({"manager1": "worker", "manager2": "worker", "manager3": "worker", "worker1": "manager"}, False),
    ],
)
def test_demotions_that_would_cost_the_quorum(roles, refused):
    if refused:
        assert failure(nodes.refuse_loss_of_quorum, FIVE, plans(**roles)).kind == "quorum_guard"
    else:
        nodes.refuse_loss_of_quorum(FIVE, plans(**roles))


def test_with_a_manager_lost_only_that_one_may_go():
    lost = [changed(name) for name in BY_NAME]
    next(node for node in lost if node["Description"]["Hostname"] == "manager3")["ManagerStatus"]["Reachability"] = (
        "unreachable"
    )
    by_name = {node["Description"]["Hostname"]: node for node in lost}
    nodes.refuse_loss_of_quorum(lost, [nodes.plan(by_name["manager3"], {"role": "worker"})])
    error = failure(nodes.refuse_loss_of_quorum, lost, [nodes.plan(by_name["manager2"], {"role": "worker"})])
    assert "of 3 managers 2 can be reached now; without this one it would be 1 of 2, and 2 are needed" in error.msg


def test_a_node_that_does_not_answer_is_not_promoted():
    down = changed("worker1", Status={"State": "down"})
    assert failure(nodes.refuse_promotion_of_absent, [nodes.plan(down, {"role": "manager"})]).kind == "node_down"
    nodes.refuse_promotion_of_absent(plans(worker1="manager"))
    # after a change of leader the managers know no node's state for a while
    unknown = changed("worker1", Status={"State": "unknown"})
    nodes.refuse_promotion_of_absent([nodes.plan(unknown, {"role": "manager"})])
