# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

"""The arithmetic of managers, on lists of nodes made to order and on one that a real leader gave."""

from __future__ import annotations

import json
import pathlib

import pytest
from ansible_collections.apiary.swarm.plugins.module_utils._quorum import has_quorum, majority, may_lose, quorum

FIXTURES = pathlib.Path(__file__).parent / "fixtures"


def nodes(states, workers=1):
    """A letter for each manager: r reachable, u unreachable, p promoted but never one."""
    made = []
    for position, state in enumerate(states):
        node = {"ID": f"m{position}", "Description": {"Hostname": f"manager{position}"}}
        if state != "p":
            node["ManagerStatus"] = {"Reachability": {"r": "reachable", "u": "unreachable"}[state]}
        made.append(node)
    return made + [{"ID": f"w{number}", "Description": {"Hostname": f"worker{number}"}} for number in range(workers)]


@pytest.mark.parametrize(
    ("states", "counts"),
    [
        ("r", (1, 1, 1, 0)),
        ("rr", (2, 2, 2, 0)),
        ("rrr", (3, 3, 2, 1)),
        ("rru", (3, 2, 2, 0)),
        ("ruu", (3, 1, 2, 0)),
        ("rrrr", (4, 4, 3, 1)),
        ("rrrrr", (5, 5, 3, 2)),
        ("rrrp", (3, 3, 2, 1)),
        ("", (0, 0, 1, 0)),
    ],
)
def test_counts(states, counts):
    assert quorum(nodes(states)) == dict(zip(("managers", "reachable", "needed", "tolerates"), counts, strict=True))


def test_a_leader_that_still_answers_shows_that_its_followers_are_gone():
    lost = json.loads((FIXTURES / "nodes_two_managers_lost.json").read_text())
    whole = json.loads((FIXTURES / "nodes_five.json").read_text())
    assert has_quorum(whole)
    assert not has_quorum(lost)
    assert quorum(lost) == {"managers": 3, "reachable": 1, "needed": 2, "tolerates": 0}


@pytest.mark.parametrize(
    ("states", "ids", "stopped", "demoted"),
    [
        ("rrr", ["m0"], True, True),
        ("rrr", ["m0", "m1"], False, True),
        ("rrr", ["m0", "m1", "m2"], False, False),
        ("rr", ["m0"], False, True),
        ("r", ["m0"], False, False),
        ("rru", ["m0"], False, False),  # the engine refuses this demotion too: 1 of 2, and 2 are needed
        ("rru", ["m2"], True, True),
        ("rrrrr", ["m0", "m1"], True, True),
        ("rrruu", ["m0"], False, False),
        ("rrruu", ["m3", "m0"], False, True),
        ("rrr", ["w0", "unknown"], True, True),
        ("rrp", ["m2"], True, True),
    ],
)
def test_which_managers_may_be_taken_away(states, ids, stopped, demoted):
    assert (may_lose(nodes(states), ids) is None) is stopped
    assert (may_lose(nodes(states), ids, removed=True) is None) is demoted


def test_a_refusal_says_who_and_gives_the_numbers():
    assert may_lose(nodes("rru"), ["m1"]) == (
        "manager1: of 3 managers 2 can be reached now; without this one it would be 1 of 3, and 2 are needed"
    )
    assert "no manager would be left" in may_lose(nodes("r"), ["m0"], removed=True)


def test_as_many_as_are_needed_are_enough():
    assert has_quorum(nodes("rru"))
    assert not has_quorum(nodes("ruu"))


def test_nobody_is_lost_where_there_is_no_quorum_either():
    assert may_lose(nodes("ruu"), ["w0"]) is None
    assert may_lose(nodes("ruu"), ["m1"], removed=True) is not None


@pytest.mark.parametrize(("count", "needed"), [(1, 1), (2, 2), (3, 2), (4, 3), (5, 3), (7, 4)])
def test_majority(count, needed):
    assert majority(count) == needed
