# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

"""In which order nodes are taken out for a while, what is refused before the first, and which services are not back."""

from __future__ import annotations

import json
import pathlib

import pytest
from ansible_collections.apiary.swarm.plugins.module_utils._nodes import REMEMBERED, plan, shift_of
from ansible_collections.apiary.swarm.plugins.module_utils._swarm_state import node_row
from ansible_collections.apiary.swarm.plugins.plugin_utils import _maintenance as maintenance

FIVE = json.loads((pathlib.Path(__file__).parent / "fixtures/nodes_five.json").read_text())
ROWS = {row["hostname"]: row for row in map(node_row, FIVE)}
LEADER = next(name for name, row in ROWS.items() if row["leader"])
FOLLOWERS = [name for name, row in ROWS.items() if row["role"] == "manager" and name != LEADER]
WORKERS = ["worker1", "worker2"]


def swarm(autolock=False, without=(), **changes):
    """The five as swarm_info tells of them; changes: {hostname: what is otherwise}, without: nodes that are not there."""
    rows = [{**row, **changes.get(name, {})} for name, row in ROWS.items() if name not in without]
    return {"nodes": rows, "swarm": {"settings": {"autolock_managers": autolock}}}


def planned(seen, names=tuple(ROWS), wish="reboot", **options):
    hosts = {name: {"node_id": ROWS[name]["id"], "wish": wish} for name in names}
    return maintenance.plan(hosts, seen, **options)


def test_workers_come_first_managers_one_by_one_and_the_leader_last():
    assert planned(swarm())["turns"] == [["worker1"], ["worker2"], [FOLLOWERS[0]], [FOLLOWERS[1]], [LEADER]]
    assert planned(swarm(), batch=2)["turns"] == [WORKERS, [FOLLOWERS[0]], [FOLLOWERS[1]], [LEADER]]
    assert planned(swarm(), batch=0)["turns"][:2] == [["worker1"], ["worker2"]]


def test_it_is_told_who_is_who():
    lines = planned(swarm())["lines"]
    assert lines[0] == "worker1 (worker): reboot"
    assert lines[-1] == f"{LEADER} (leader): reboot"


def test_nothing_to_do_is_no_turn():
    assert planned(swarm(), wish="") == {"turns": [], "returning": [], "lines": [], "refusal": ""}


def test_whom_an_interrupted_run_left_out_comes_back_first():
    out = {"availability": "drain", "labels": {REMEMBERED: "pause"}}
    only_back = planned(swarm(worker2=out), wish="")
    assert only_back["turns"] == [["worker2"]] == [only_back["returning"]]
    assert only_back["lines"] == ["worker2 (worker): comes back from drain"]
    again = planned(swarm(worker2=out))
    assert again["turns"][:2] == [["worker2"], ["worker1"]]
    assert again["returning"] == []


def test_with_a_manager_lost_none_is_taken_and_no_worker_either():
    lost = FOLLOWERS[1]
    found = planned(swarm(**{lost: {"reachability": "unreachable"}}), [*WORKERS, FOLLOWERS[0], LEADER])
    assert found["refusal"].startswith(
        f"{FOLLOWERS[0]}: of 3 managers 2 can be reached now; without this one it would be 1 of 3, and 2 are needed. "
        f"Not reachable: {lost}."
    )
    assert planned(swarm(**{lost: {"reachability": "unreachable"}}), WORKERS)["refusal"] == ""
    # nor with the word that is for one or two managers
    assert planned(swarm(**{lost: {"reachability": "unreachable"}}), [LEADER], allow_outage=True)["refusal"]


@pytest.mark.parametrize("without", [FOLLOWERS, FOLLOWERS[:1]])
def test_one_or_two_managers_cannot_be_spared_without_an_outage(without):
    seen = swarm(without=without)
    there = [name for name in ROWS if name not in without]
    assert "maintenance_allow_outage=true accepts that" in planned(seen, there)["refusal"]
    assert planned(seen, there, allow_outage=True)["refusal"] == ""
    assert planned(seen, WORKERS)["refusal"] == ""


def test_managers_that_would_come_back_locked_are_not_taken_without_the_key():
    assert LEADER in planned(swarm(autolock=True), [LEADER])["refusal"]
    assert planned(swarm(autolock=True), WORKERS)["refusal"] == ""
    assert planned(swarm(autolock=True), [LEADER], unlocks=True)["refusal"] == ""


def test_a_host_of_no_swarm_or_another_is_refused_if_there_is_something_to_be_done_to_it():
    hosts = {
        "stray": {"node_id": "elsewhere", "wish": "reboot"},
        "worker1": {"node_id": ROWS["worker1"]["id"], "wish": ""},
    }
    assert maintenance.plan(hosts, swarm())["refusal"].startswith("stray: in no swarm, or in another one")
    hosts["stray"]["wish"] = ""
    assert maintenance.plan(hosts, swarm())["refusal"] == ""


def service(converged, identity="a"):
    return {"id": identity, "name": f"name-{identity}", "converged": converged}


@pytest.mark.parametrize(
    ("before", "after", "lags"),
    [
        (service(True), service(True), False),
        (service(True), service(False), True),
        (service(False), service(False), False),  # was not whole before
        (service(True), service(False, "other"), False),  # removed meanwhile
    ],
)
def test_services_that_are_not_as_they_were(before, after, lags):
    assert maintenance.lagging([before], [after]) == (["name-a"] if lags else [])


# --- what is noted on the node


def node(availability, **labels):
    one = json.loads(json.dumps(FIVE[0]))
    one["Spec"].update(Availability=availability, Labels=labels)
    return one


def shifted(one, availability, remember=False):
    spec = plan(one, shift_of(one, availability, remember)).spec
    return spec["Availability"], spec["Labels"]


def test_the_availability_is_noted_and_given_back_in_one_write_each():
    assert shifted(node("pause", rack="1"), "drain", True) == ("drain", {"rack": "1", REMEMBERED: "pause"})
    assert shifted(node("drain", rack="1", **{REMEMBERED: "pause"}), "remembered") == ("pause", {"rack": "1"})


def test_what_is_noted_stays_when_the_node_is_taken_out_again():
    assert shifted(node("drain", **{REMEMBERED: "active"}), "drain", True) == ("drain", {REMEMBERED: "active"})
    assert shifted(node("active", **{REMEMBERED: "pause"}), "drain", True) == ("drain", {REMEMBERED: "pause"})


@pytest.mark.parametrize(
    ("availability", "wish"), [("drain", "drain"), ("drain", "remembered"), ("active", "remembered")]
)
def test_nothing_is_changed_where_nothing_is_to_be_noted_or_given_back(availability, wish):
    one = node(availability)
    assert plan(one, shift_of(one, wish, True)).actions == ()


def test_a_note_that_is_no_availability_is_forgotten():
    assert shifted(node("drain", **{REMEMBERED: "nonsense"}), "remembered") == ("drain", {})


def test_labels_that_are_declared_whole_leave_the_note():
    wish = {"labels": {"rack": "2"}, "labels_state": "replace"}
    assert plan(node("drain", rack="1", **{REMEMBERED: "active"}), wish).spec["Labels"] == {
        "rack": "2",
        REMEMBERED: "active",
    }
