# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

"""From which manager a swarm goes on, where a backup is put back, and what is cleared away afterwards."""

from __future__ import annotations

import pytest
from ansible_collections.apiary.swarm.plugins.plugin_utils._recovery import recover_choice, remnants, restore_choice

MANAGERS = ["m1", "m2", "m3"]
QUORUM = {"managers": 3, "reachable": 3, "needed": 2}


def node(name, **more):
    row = {"id": f"id-{name}", "hostname": name, "role": "manager", "availability": "active", "state": "ready"}
    return {**row, "reachability": "reachable", "labels": {}, **more}


def answer(name, obstacle="no_quorum", state="active", nodes=()):
    swarm = {"obstacle": obstacle, "state": state, "control_available": True, "quorum": QUORUM}
    swarm["node_id"] = None if state == "inactive" else f"id-{name}"
    return {"swarm": {**swarm, "engine_version": "28.5.2"}, "nodes": [*nodes]}


def has(name, commit=10, last=10, term=2, authority="a", locked=False):
    log = {"commit": commit, "last_index": last, "last_term": term, "node_id": f"id-{name}"}
    return {"files": {"log": log, "authority": authority, "locked": locked}}


LOST = {name: answer(name) for name in MANAGERS}
SILENT = {"unreachable": True}


# --- recover -------------------------------------------------------------------------------------------------------------


def test_the_one_that_knows_most_of_what_was_agreed_is_taken():
    files = {"m1": has("m1", 10, 30), "m2": has("m2", 12, 12), "m3": has("m3", 12, 13)}
    choice = recover_choice(LOST, files, MANAGERS, confirmed=True)
    assert (choice["refusal"], choice["host"], choice["others"]) == ("", "m3", ["m1", "m2"])
    assert choice["known"][1] == "m2: agreed up to entry 12, last entry 12 of term 2."


def test_of_equal_ones_the_first_is_taken():
    assert recover_choice(LOST, {name: has(name) for name in MANAGERS}, MANAGERS, confirmed=True)["host"] == "m1"


def test_a_majority_that_runs_is_not_forced_unasked():
    """A port that is blocked, or engines that are only starting: nothing is lost, and forcing one would make a second swarm."""
    files = {name: has(name) for name in MANAGERS}
    told = recover_choice(LOST, files, MANAGERS)["refusal"]
    assert told.startswith("m1, m2, m3 run, which is a majority")
    started = {**LOST, "m2": {"msg": "no engine"}, "m3": {"msg": "no engine"}}
    assert recover_choice(started, files, MANAGERS)["refusal"].startswith("m2, m3 did not answer")


def test_a_silent_one_may_know_more():
    answers, files = {**LOST, "m3": SILENT}, {"m1": has("m1"), "m2": has("m2"), "m3": SILENT}
    told = recover_choice(answers, files, MANAGERS)["refusal"]
    assert told.startswith("m3 did not answer and may know more")
    assert "recover_confirm=yes" in told
    assert "m3: no answer." in told
    assert recover_choice(answers, files, MANAGERS, confirmed=True)["host"] == "m1"


def test_one_left_out_by_limit_is_silent():
    assert recover_choice({"m1": LOST["m1"]}, {"m1": has("m1")}, MANAGERS)["refusal"].startswith(
        "m2, m3 did not answer"
    )


def test_one_that_is_in_no_swarm_has_nothing_to_lose():
    answers = {**LOST, "m3": answer("m3", "inactive", "inactive")}
    files = {"m1": has("m1"), "m2": {"files": {"log": None}}, "m3": {"files": {"log": None}}}
    answers["m2"] = answers["m3"]
    choice = recover_choice(answers, files, MANAGERS)
    assert (choice["host"], choice["known"][2]) == ("m1", "m3: in no swarm.")


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({}, "restore a backup"),
        ({"m1": has("m1", locked=True)}, "autolock"),
        ({"m1": has("m1"), "m2": has("m2", authority="b")}, "2 different swarms"),
    ],
)
def test_what_cannot_be_recovered_is_not_permitted_by_confirmation(files, words):
    choice = recover_choice(LOST, files, MANAGERS, confirmed=True)
    assert words in choice["refusal"]
    assert choice["host"] == ""


def test_the_best_one_must_have_its_engine_running():
    answers = {**LOST, "m2": {"msg": "no engine"}}
    told = recover_choice(answers, {"m1": has("m1", 1), "m2": has("m2", 2)}, MANAGERS, confirmed=True)["refusal"]
    assert told.startswith("m2 knows most, and its engine does not answer.")


def test_where_there_is_a_quorum_there_is_nothing_to_recover():
    rows = [node(name) for name in MANAGERS]
    answers = {name: answer(name, None, nodes=rows) for name in MANAGERS}
    choice = recover_choice(answers, {name: has(name) for name in MANAGERS}, MANAGERS, confirmed=True)
    assert choice["refusal"].startswith("There is nothing to recover: 3 of 3 managers can be reached and 2 are needed.")


def test_an_interrupted_run_goes_on_with_what_is_left():
    rows = [node("m1"), node("m2", reachability=None, state="down")]
    answers = {"m1": answer("m1", None, nodes=rows), "m2": answer("m2"), "m3": answer("m3")}
    files = {"m1": has("m1"), "m2": has("m2"), "m3": has("m3", authority="b")}
    choice = recover_choice(answers, files, MANAGERS)
    assert (choice["refusal"], choice["host"], choice["forced"]) == ("", "m1", False)
    assert choice["others"] == ["m2"], "m3 is in another swarm and is left there"


# --- what is left ----------------------------------------------------------------------------------------------------------


def test_entries_of_the_gone_go_and_their_labels_come_along():
    rows = [
        node("m1"),
        node(
            "m2", id="old", reachability=None, state="down", availability="drain", labels={"disk": "ssd", "zone": "a"}
        ),
        node("m2", id="new", labels={"zone": "b"}),
        node("w1", reachability=None, role="worker", state="down"),
        node("w2", reachability=None, role="worker"),
    ]
    found = remnants(rows, ["id-m1", "new", "id-w2"])
    assert [entry["node"] for entry in found["remove"]] == ["old", "id-w1"]
    assert found["labels"] == [{"node": "new", "labels": {"disk": "ssd"}}]
    assert found["availability"] == {"drain": ["new"]}
    assert [entry["node"] for entry in remnants(rows, ["id-m1", "new"], lost_managers=True)["remove"]] == ["old"]


def test_what_an_interrupted_play_noted_is_what_the_node_was():
    old = node("m2", id="old", reachability=None, state="down", availability="drain")
    old["labels"] = {"io.apiary.availability": "active"}
    found = remnants([old, node("m2", id="new")], ["new"])
    assert (found["labels"], found["availability"]) == ([], {})


def test_a_manager_that_counts_is_no_remnant():
    rows = [node("m1"), node("m2", reachability="unreachable", state="down")]
    assert remnants(rows, ["id-m1"]) == {"remove": [], "labels": [], "availability": {}}


# --- restore ---------------------------------------------------------------------------------------------------------------

MANIFEST = {
    "address": "192.0.2.12",
    "autolock": False,
    "engine_version": "26.1.5",
    "host": "m2",
    "managers": ["192.0.2.11:2377", "[2001:db8::1]:2377"],
    "node_id": "id-m2",
    "sha256": "5ad",
}
FACTS = {f"m{last}": {"all_ipv4_addresses": [f"192.0.2.1{last}"]} for last in (1, 2, 3)}
BLANK = {name: answer(name, "inactive", "inactive") for name in MANAGERS}


def restored(manifest=MANIFEST, answers=BLANK, files=None, facts=FACTS):
    return restore_choice(manifest, answers, files or {}, facts, MANAGERS, MANAGERS)


def test_the_manager_that_has_the_address_is_taken():
    choice = restored()
    assert (choice["refusal"], choice["host"], choice["fresh"]) == ("", "m2", True)
    assert choice["old"] == [{"address": "192.0.2.11", "port": 2377}, {"address": "2001:db8::1", "port": 2377}]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"manifest": {**MANIFEST, "autolock": True}}, "autolock"),
        ({"answers": {**BLANK, "m3": SILENT}}, "m3 did not answer"),
        ({"manifest": {**MANIFEST, "address": "192.0.2.99"}}, "None of m1, m2, m3 has the address 192.0.2.99"),
        ({"answers": {**BLANK, "m1": answer("m1", None)}}, "m1 is in a swarm already"),
        (
            {"manifest": {**MANIFEST, "engine_version": "29.0.1"}},
            "m2 has engine 28.5.2, and the backup is of engine 29.0.1",
        ),
    ],
)
def test_where_it_cannot_be_put_back(changes, words):
    assert words in restored(**changes)["refusal"]


def test_an_interrupted_run_goes_on():
    choice = restored(answers={**BLANK, "m2": answer("m2")}, files={"m2": {"files": {"restored": "5ad"}}})
    assert (choice["refusal"], choice["host"], choice["fresh"]) == ("", "m2", False)


def test_the_swarm_that_the_backup_is_of_is_not_taken_for_a_restored_one():
    told = restored(answers={**BLANK, "m2": answer("m2")}, files={"m2": {"files": {"restored": None}}})["refusal"]
    assert told.startswith("m2 is in a swarm already")
