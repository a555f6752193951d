# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which manager is backed up, and why none may be."""

from __future__ import annotations

import pytest
from ansible_collections.apiary.swarm.plugins.plugin_utils._backup import backup_choice

NAMES = ("m1", "m2", "m3")


def node(name, **more):
    row = {"id": f"id-{name}", "hostname": name, "role": "manager", "availability": "active", "state": "ready"}
    return {**row, "leader": name == "m1", "reachability": "reachable", "labels": {}, **more}


def nodes(*names, **changes):
    return [node(name, **changes.get(name, {})) for name in names]


def chosen(rows, present=NAMES, **options):
    answers = {name: {"swarm": {"node_id": f"id-{name}"}} for name in NAMES}
    return backup_choice(rows, {**answers, "gone": {"unreachable": True}}, [*present], **options)


def test_the_last_follower_is_taken_and_another_manager_asked():
    choice = chosen(nodes(*NAMES))
    assert (choice["host"], choice["node_id"], choice["witness"]) == ("m3", "id-m3", "m1")
    assert (choice["drain"], choice["refusal"]) == (True, "")


def test_one_that_is_drained_anyway_is_taken_and_left_so():
    choice = chosen(nodes(*NAMES, m2={"availability": "drain"}))
    assert (choice["host"], choice["drain"]) == ("m2", False)


def test_one_that_an_interrupted_run_left_drained_comes_first_and_gets_back_what_it_was():
    left = {"availability": "drain", "labels": {"io.apiary.availability": "pause"}}
    choice = chosen(nodes(*NAMES, m2=left, m3={"availability": "drain"}))
    assert (choice["host"], choice["drain"]) == ("m2", False)


def test_one_that_was_interrupted_before_it_was_drained_is_drained():
    choice = chosen(nodes(*NAMES, m2={"labels": {"io.apiary.availability": "active"}}))
    assert (choice["host"], choice["drain"]) == ("m2", True)


@pytest.mark.parametrize(
    ("wanted", "words"),
    [("m1", "m1 (backup_host) is the leader. These can be taken: m2, m3."), ("w1", "is not a manager of this run")],
)
def test_one_that_is_asked_for_and_does_not_do(wanted, words):
    assert words in chosen(nodes(*NAMES), wanted=wanted)["refusal"]


def test_one_that_is_asked_for():
    assert chosen(nodes(*NAMES), wanted="m2")["host"] == "m2"


def test_a_missing_manager_is_told_with_the_arithmetic_and_permitted_by_nothing():
    rows = nodes(*NAMES, m3={"reachability": "unreachable"})
    for allow in (False, True):
        told = chosen(rows, allow_outage=allow)["refusal"]
        assert told.startswith(
            "2 of 3 managers can be reached and 2 are needed, so stopping one more would stop the swarm."
        )


@pytest.mark.parametrize("names", [("m1",), ("m1", "m2")])
def test_one_or_two_managers_need_permission(names):
    assert "backup_allow_outage=true" in chosen(nodes(*names))["refusal"]
    assert chosen(nodes(*names), allow_outage=True)["host"] == names[-1]


def test_tasks_of_the_only_node_have_nowhere_to_go():
    choice = chosen(nodes("m1"), allow_outage=True)
    assert (choice["drain"], choice["witness"]) == (False, "m1")
    worker = node("w1", role="worker", reachability=None)
    assert chosen([*nodes("m1"), worker], allow_outage=True)["drain"]


def test_limit_leaves_out_all_that_could_be_spared():
    assert "Run without --limit" in chosen(nodes(*NAMES), present=["m1"])["refusal"]
