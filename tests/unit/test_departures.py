# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which entries are a host's, in which order hosts go, and what is refused before anything is done."""

from __future__ import annotations

import pytest
from ansible_collections.apiary.swarm.plugins.plugin_utils._departures import plan_removal, plan_replacement

MANAGERS = ["m1", "m2", "m3"]
HOSTS = [*MANAGERS, "w1", "w2"]
DEAD = {"unreachable": True, "msg": "Failed to connect to the host via ssh: no route\nmore of it"}
NO_SDK = {"failed": True, "msg": "no SDK"}


def node(host, number="", **more):
    manager = host in MANAGERS
    row = {
        "id": f"id-{host}{number}",
        "hostname": host,
        "role": "manager" if manager else "worker",
        "availability": "active",
        "state": "ready",
        "leader": host == "m2",
        "reachability": "reachable" if manager else None,
        "manager_addr": "10.0.0.1:2377" if manager else None,
        "labels": {},
    }
    return {**row, **more}


def ghost(host, number="-old", **more):
    lost = {"reachability": "unreachable"} if host in MANAGERS else {}
    return node(host, number, **{"state": "down", "leader": False, **lost, **more})


def nodes(*ghosts, without=()):
    return [node(host) for host in HOSTS if host not in without] + list(ghosts)


def told(host, state="active", node_id=None, obstacle=None, peers=("id-m1", "id-m2")):
    """What swarm_info says on a host."""
    member = state == "active"
    return {
        "swarm": {
            "state": state,
            "node_id": node_id or (f"id-{host}" if member else None),
            "obstacle": obstacle or (None if host in MANAGERS and member else "worker" if member else state),
            "hostname": host,
            "remote_managers": [{"node_id": peer, "addr": "10.0.0.1:2377"} for peer in peers] if member else [],
        }
    }


def answers(**changes):
    return {**{host: told(host) for host in HOSTS}, **changes}


def blank(host):
    return told(host, state="inactive")


def remove(wanted, known=None, seen=None, targeted=HOSTS, manager="m1", force=False):
    return plan_removal(known or answers(), wanted, HOSTS, targeted, seen or nodes(), manager, force)


def replace(wanted, known, seen, targeted=HOSTS):
    return plan_replacement(known, wanted, HOSTS, targeted, seen)


# --- removal -------------------------------------------------------------------------------------------------------------


def test_a_worker_is_drained_leaves_and_is_removed():
    assert remove(["w2"]) == {
        "refusal": "",
        "gone": [],
        "steps": [
            {
                "name": "w2",
                "host": "w2",
                "drain": ["id-w2"],
                "demote": [],
                "leave": True,
                "remove": [{"node": "id-w2", "state": "absent"}],
                "force": False,
            }
        ],
    }


def test_a_manager_is_demoted_first():
    (step,) = remove(["m3"])["steps"]
    assert step["demote"] == [{"node": "id-m3", "role": "worker"}]
    assert not step["force"]


def test_the_dead_go_first_then_workers_then_managers_the_leader_last():
    seen = [
        *nodes(without=["m3"]),
        ghost("m3", ""),
        node("m4", role="manager", manager_addr="x", reachability="reachable"),
    ]
    plan = remove(["m2", "m3", "w1"], answers(m3=DEAD), seen, force=True)
    assert plan["refusal"] == ""
    assert [step["name"] for step in plan["steps"]] == ["m3", "w1", "m2"]
    assert [step["force"] for step in plan["steps"]] == [True, False, False]


def test_what_would_cost_the_quorum_is_refused_with_the_arithmetic():
    seen = [*nodes(without=["m3"]), ghost("m3", "")]
    refusal = remove(["m2"], answers(m3=DEAD), seen)["refusal"]
    assert "m2: of 3 managers 2 can be reached now; without this one it would be 1 of 2, and 2 are needed" in refusal
    assert "no manager would be left" in remove(MANAGERS)["refusal"]
    assert remove(["m2", "m3"])["refusal"] == "", "one of one is a quorum"


def test_the_only_manager_that_can_be_asked_does_not_remove_itself():
    seen = [node("m1"), node("w1", role="manager", manager_addr="x", reachability="reachable")]
    assert "m1 is the only manager that could be asked" in remove(["m1"], seen=seen)["refusal"]


def test_a_dead_host_goes_by_force_alone():
    seen = [*nodes(without=["w2"]), ghost("w2", "")]
    refusal = remove(["w2"], answers(w2=DEAD), seen)["refusal"]
    assert "(Failed to connect to the host via ssh: no route)" in refusal
    assert "remove_node_force=true" in refusal
    assert "id-w2 (down)" in refusal
    (step,) = remove(["w2"], answers(w2=DEAD), seen, force=True)["steps"]
    assert (step["host"], step["drain"], step["leave"], step["force"]) == ("", [], False, True)


def test_one_that_only_ansible_cannot_reach_is_drained_before_it_is_removed_by_force():
    (step,) = remove(["w2"], answers(w2=DEAD), force=True)["steps"]
    assert (step["drain"], step["leave"], step["force"]) == (["id-w2"], False, True)


def test_a_locked_manager_leaves_by_force():
    locked = told("m3", state="locked")
    seen = [*nodes(without=["m3"]), ghost("m3", "")]
    assert "its state is locked" in remove(["m3"], answers(m3=locked), seen)["refusal"]
    (step,) = remove(["m3"], answers(m3=locked), seen, force=True)["steps"]
    assert (step["leave"], step["force"], step["drain"]) == (True, True, [])


def test_an_interrupted_run_goes_on_where_the_node_has_left_already():
    (step,) = remove(["m3"], answers(m3=blank("m3")))["steps"]
    assert (step["drain"], step["leave"], step["force"]) == ([], False, False), "its entry still says ready"
    assert step["demote"]
    assert step["remove"]


def test_the_second_time_nothing_is_to_be_done():
    plan = remove(["w2"], answers(w2=blank("w2")), nodes(without=["w2"]))
    assert plan == {"refusal": "", "steps": [], "gone": ["w2"]}
    assert remove(["w2"], answers(w2=DEAD), nodes(without=["w2"]))["gone"] == ["w2"]


def test_a_node_that_was_removed_while_nobody_could_reach_it_still_has_to_leave():
    (step,) = remove(["w2"], seen=nodes(without=["w2"]), force=True)["steps"]
    assert (step["leave"], step["force"], step["remove"]) == (True, True, [])


def test_what_earlier_hosts_of_that_name_left_goes_along_and_others_stay():
    (step,) = remove(["w2"], seen=nodes(ghost("w2"), ghost("w1")))["steps"]
    assert [wish["node"] for wish in step["remove"]] == ["id-w2", "id-w2-old"]


def test_a_node_of_no_inventory_is_removed_by_force_by_its_name_or_id():
    seen = nodes(ghost("w9"))
    assert "no host of the inventory's groups" in remove(["w9"], seen=seen)["refusal"]
    for name in ("w9", "id-w9-old"):
        assert [wish["node"] for wish in remove([name], seen=seen, force=True)["steps"][0]["remove"]] == ["id-w9-old"]


@pytest.mark.parametrize(
    ("wanted", "words", "changes"),
    [
        ("w7", "neither a host of the inventory's groups nor a node", {}),
        ("id-w1", "say w1", {}),
        ("w2", "another swarm", {"w2": told("w2", node_id="strange", peers=["stranger"])}),
    ],
)
def test_refusals(wanted, words, changes):
    plan = remove([wanted], answers(**changes), nodes(without=changes), force=True)
    assert words in plan["refusal"]


def test_a_host_that_limit_leaves_out_is_refused():
    assert "--limit" in remove(["w2"], targeted=["m1", "w1"])["refusal"]


# --- replacement ---------------------------------------------------------------------------------------------------------


def test_a_new_host_takes_labels_and_availability_of_the_one_that_died():
    seen = nodes(ghost("m2", labels={"disk": "ssd"}, availability="drain"), without=["m2"])
    expected = {
        "host": "m2",
        "demote": [{"node": "id-m2-old", "role": "worker"}],
        "remove": [{"node": "id-m2-old", "state": "absent"}],
        "labels": {"disk": "ssd"},
        "availability": "drain",
    }
    for state in (blank("m2"), NO_SDK):
        assert replace(["m2"], answers(m2=state), seen) == {"refusal": "", "steps": [expected]}


def test_an_interrupted_run_goes_on_where_it_has_joined_and_what_it_has_stays():
    seen = nodes(ghost("m2", role="worker", manager_addr=None, labels={"disk": "ssd", "rack": "1"}))
    next(row for row in seen if row["id"] == "id-m2")["labels"] = {"rack": "2"}
    (step,) = replace(["m2"], answers(), seen)["steps"]
    assert (step["labels"], step["demote"]) == ({"disk": "ssd"}, [])


def test_the_second_time_there_is_no_place_to_take():
    assert replace(["m2"], answers(), nodes()) == {"refusal": "", "steps": []}


def test_several_entries_are_one_place_if_they_agree():
    seen = nodes(ghost("w2", labels={"disk": "ssd"}), ghost("w2", "-older"), without=["w2"])
    (step,) = replace(["w2"], answers(w2=blank("w2")), seen)["steps"]
    assert (len(step["remove"]), step["labels"]) == (2, {"disk": "ssd"})


@pytest.mark.parametrize(
    ("other", "words"), [({"labels": {"disk": "hdd"}}, "label disk"), ({"availability": "pause"}, "in availability")]
)
def test_several_entries_that_differ_are_refused(other, words):
    seen = nodes(ghost("w2", labels={"disk": "ssd"}), ghost("w2", "-older", **other), without=["w2"])
    assert words in replace(["w2"], answers(w2=blank("w2")), seen)["refusal"]


@pytest.mark.parametrize(
    ("wanted", "state", "seen", "words"),
    [
        ("w2", NO_SDK, nodes(), "id-w2 (ready) still counts as being there"),
        ("w2", DEAD, nodes(ghost("w2"), without=["w2"]), "built anew first"),
        ("w2", blank("w2"), nodes(without=["w2"]), "no node called w2"),
        ("w2", told("w2", node_id="strange", peers=["stranger"]), nodes(ghost("w2"), without=["w2"]), "another swarm"),
        ("w2", told("w2", state="pending", node_id="id-w2"), nodes(), "its state there is pending"),
        ("w7", {}, nodes(), "no host of the inventory's groups"),
    ],
)
def test_a_host_that_has_not_died_is_not_replaced(wanted, state, seen, words):
    assert words in replace([wanted], answers(**{wanted: state}), seen)["refusal"]
