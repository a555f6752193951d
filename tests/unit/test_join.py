# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Joining and leaving: what each state of a node calls for. The states are recorded from real engines."""

from __future__ import annotations

import json
import pathlib

import pytest
from ansible_collections.apiary.swarm.plugins.module_utils import _join as join
from ansible_collections.apiary.swarm.plugins.module_utils._errors import SwarmError

FIXTURES = pathlib.Path(__file__).parent / "fixtures"


def recorded(name, **changes):
    info = json.loads((FIXTURES / f"{name}.json").read_text())
    if changes:
        info["Swarm"].update(changes)
    return info


def kind_of(function, *arguments):
    try:
        function(*arguments)
    except SwarmError as error:
        return error.kind
    return None


@pytest.mark.parametrize(
    ("info", "answer"),
    [
        (recorded("info_inactive"), True),
        (recorded("info_worker"), False),
        (recorded("info_leader"), False),
        (recorded("info_pending"), None),
        (recorded("info_worker", LocalNodeState="pending"), None),
        (recorded("info_inactive", LocalNodeState="error", Error="no manager"), None),
    ],
)
def test_which_nodes_are_to_be_joined(info, answer):
    assert join.must_join(info, "host") is answer


@pytest.mark.parametrize(
    ("info", "kind"),
    [
        (recorded("info_locked"), "locked"),
        (recorded("info_no_quorum"), "no_quorum"),
        (recorded("info_no_quorum_restarted"), "no_quorum"),
        (recorded("info_worker", LocalNodeState="error", Error="address in use"), "error"),
        (
            recorded("info_worker", LocalNodeState="error", Error="Swarm certificates have expired."),
            "certificate_expired",
        ),
    ],
)
def test_which_nodes_must_be_left_alone(info, kind):
    assert kind_of(join.must_join, info, "host") == kind


WORKER_ID = recorded("info_worker")["Swarm"]["NodeID"]


@pytest.mark.parametrize(
    ("node_ids", "remote_addrs", "kind"),
    [
        ([WORKER_ID, "x"], None, None),
        (["x"], None, "other_swarm"),
        (["x"], ["172.30.94.11"], "other_swarm"),
        (None, ["172.30.94.11"], None),
        (None, ["10.0.0.1", "172.30.94.12:2377"], None),
        (None, ["10.0.0.1:2377"], "other_swarm"),
        (None, ["manager1"], None),
        (None, None, None),
    ],
)
def test_another_swarm_is_told_by_ids_or_by_the_managers_addresses(node_ids, remote_addrs, kind):
    assert kind_of(join.refuse_other_swarm, recorded("info_worker"), node_ids, remote_addrs, "host") == kind


@pytest.mark.parametrize(
    ("name", "role", "kind"),
    [
        ("info_worker", "worker", None),
        ("info_worker", "manager", "wrong_role"),
        ("info_leader", "manager", None),
        ("info_leader", "worker", "wrong_role"),
    ],
)
def test_the_other_role(name, role, kind):
    assert kind_of(join.refuse_other_role, recorded(name), role, "host") == kind


def test_the_other_role_says_what_to_do():
    with pytest.raises(SwarmError) as caught:
        join.refuse_other_role(recorded("info_worker"), "manager", "host")
    assert "Promote" in caught.value.hint
    assert WORKER_ID in caught.value.hint


def test_another_address_cannot_be_taken():
    assert kind_of(join.refuse_other_address, recorded("info_worker"), "172.30.94.21", "host") is None
    assert kind_of(join.refuse_other_address, recorded("info_worker"), None, "host") is None
    assert kind_of(join.refuse_other_address, recorded("info_worker"), "172.30.94.99", "host") == "immutable"


def test_candidates_are_the_others_with_a_port():
    addresses = ["198.51.100.1", "198.51.100.2:2378", "198.51.100.1", "127.0.0.1", "manager3", "198.51.100.3:2377"]
    assert join.candidates(addresses, "198.51.100.3", local=True) == [
        "198.51.100.1:2377",
        "198.51.100.2:2378",
        "manager3:2377",
    ]
    assert "127.0.0.1:2377" in join.candidates(addresses, None, local=False)


NODES = json.loads((FIXTURES / "nodes_five.json").read_text())
LOST = json.loads((FIXTURES / "nodes_two_managers_lost.json").read_text())
ALONE = [node for node in NODES if (node.get("ManagerStatus") or {}).get("Leader") or not node.get("ManagerStatus")]


@pytest.mark.parametrize(
    ("info", "nodes", "refused", "warned"),
    [
        (recorded("info_worker"), None, None, False),
        (recorded("info_pending"), None, None, False),
        (recorded("info_leader"), NODES, "wrong_role", False),
        (recorded("info_leader"), LOST, "quorum_guard", True),
        (recorded("info_leader"), ALONE, "quorum_guard", True),
        (recorded("info_no_quorum"), None, "quorum_guard", True),
        (recorded("info_locked"), None, "locked", False),
        (recorded("info_worker", LocalNodeState="pending"), None, "pending", False),
    ],
)
def test_leaving(info, nodes, refused, warned):
    assert kind_of(join.refuse_leave, info, nodes, False, "host") == refused
    assert bool(join.refuse_leave(info, nodes, True, "host")) is warned


def test_a_manager_that_may_not_leave_is_told_the_numbers():
    with pytest.raises(SwarmError) as caught:
        join.refuse_leave(recorded("info_leader"), NODES, False, "host")
    assert "one of 3 managers, of which 2 are needed and 2 would be reachable" in caught.value.msg
    assert "role: worker" in caught.value.hint
