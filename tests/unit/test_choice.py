# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which manager is relied on, and that there is never a second swarm by accident."""

from __future__ import annotations

import pytest
from ansible_collections.apiary.swarm.plugins.plugin_utils._choice import choose

MANAGERS = ["m1", "m2", "m3"]
WORKERS = ["w1", "w2"]
HOSTS = MANAGERS + WORKERS
NODES = [{"id": f"id-{host}", "availability": "active"} for host in HOSTS]
BLANK = {
    "swarm": {"state": "inactive", "control_available": False, "obstacle": "inactive", "node_id": None, "role": None}
}
DEAD = {"unreachable": True, "msg": "no route"}
NO_SDK = {"failed": True, "msg": "no SDK"}


def manager(host, obstacle=None, nodes=NODES, state="active"):
    swarm = {
        "state": state,
        "control_available": True,
        "obstacle": obstacle,
        "node_id": f"id-{host}",
        "role": "manager",
    }
    return {"swarm": swarm, "nodes": [] if obstacle else nodes}


def worker(host, node_id=None):
    swarm = {
        "state": "active",
        "control_available": False,
        "obstacle": "worker",
        "node_id": node_id or f"id-{host}",
        "role": "worker",
    }
    return {"swarm": swarm, "nodes": []}


def formed(**changes):
    """All five in one swarm, except those named."""
    return {
        **{host: manager(host) for host in MANAGERS},
        **{host: worker(host) for host in WORKERS},
        **changes,
    }


def blank(**changes):
    return {**dict.fromkeys(HOSTS, BLANK), **changes}


def decide(answers, present=None, targeted=None, **more):
    present = present or list(answers)
    return choose(answers, MANAGERS, WORKERS, present, targeted or present, **more)


def test_the_first_manager_that_answered_is_relied_on():
    choice = decide(formed())
    assert (choice["manager"], choice["init_host"], choice["refusal"], choice["faults"]) == ("m1", "", "", {})
    assert choice["nodes"] == {node["id"]: "active" for node in NODES}


@pytest.mark.parametrize(
    "first",
    [DEAD, BLANK, NO_SDK, manager("m1", "no_quorum"), manager("m1", "pending")],
    ids=["dead", "blank", "sdk", "quorum", "pending"],
)
def test_a_manager_that_cannot_change_the_swarm_is_not_relied_on(first):
    choice = decide(formed(m1=first))
    assert (choice["manager"], choice["init_host"], choice["refusal"]) == ("m2", "", "")


def test_blank_hosts_get_a_swarm_on_the_first_manager():
    choice = decide(blank())
    assert (choice["manager"], choice["init_host"], choice["nodes"]) == ("m1", "m1", {})


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        (blank(m2=DEAD), "m2 did not answer"),
        (blank(m2=NO_SDK), "m2 did not answer"),
        (blank(w1=worker("w1")), "w1: worker"),
        (blank(m2=manager("m2", "no_quorum")), "m2: no_quorum"),
        (blank(m1=manager("m1", "locked", state="locked")), "m1: locked"),
        (dict.fromkeys(MANAGERS, BLANK), "left out w1, w2"),
        ({"w1": BLANK, "m1": DEAD, "m2": DEAD, "m3": DEAD}, "no manager in this run"),
    ],
    ids=["dead manager", "mute manager", "worker in a swarm", "no quorum", "locked", "limit", "limit to a worker"],
)
def test_no_second_swarm_by_accident(answers, words):
    choice = decide(answers)
    assert words in choice["refusal"]
    assert (choice["manager"], choice["init_host"]) == ("", "")


def test_an_unreachable_worker_does_not_keep_a_swarm_from_being_initialised():
    assert decide(blank(w2=DEAD))["init_host"] == "m1"


def test_nor_does_one_that_an_earlier_play_of_the_run_found_unreachable():
    """It is no longer asked, and no host that --limit left out either."""
    answers = {host: BLANK for host in HOSTS if host != "w2"}
    assert decide(answers, targeted=HOSTS)["init_host"] == "m1"


def test_a_manager_that_an_earlier_play_lost_may_be_in_a_swarm():
    answers = {host: BLANK for host in HOSTS if host != "m2"}
    assert "m2 did not answer" in decide(answers, targeted=HOSTS)["refusal"]


@pytest.mark.parametrize("answers", [blank(m2=DEAD), blank(w1=worker("w1")), dict.fromkeys(MANAGERS, BLANK)])
def test_allow_init_overrides(answers):
    assert decide(answers, allow_init=True)["init_host"] == "m1"


def test_allow_init_takes_a_blank_manager_and_needs_one():
    assert decide(blank(m1=manager("m1", "no_quorum")), allow_init=True)["init_host"] == "m2"
    lost = {host: manager(host, "no_quorum") for host in MANAGERS}
    assert decide(blank(**lost), allow_init=True)["refusal"]


def test_a_manager_outside_of_the_run_is_relied_on_but_no_swarm_is_initialised_there():
    assert decide(formed(), present=["w1"])["manager"] == "m1"
    assert decide(blank(), present=["w1"])["refusal"]


def test_hosts_that_are_not_what_the_inventory_says_are_faults():
    faults = decide(
        formed(w1=manager("w1"), w2=worker("w2", node_id="strange"), m3=manager("m3", "locked", state="locked"))
    )["faults"]
    assert set(faults) == {"w1", "w2", "m3"}
    assert "swarm_allow_demotion=true" in faults["w1"]
    assert "w2 belongs to another swarm than m1" in faults["w2"]
    assert "Run unlock.yml" in faults["m3"]


def test_a_manager_that_shall_be_a_worker_is_no_fault_where_demotions_are_allowed():
    choice = decide(formed(w1=manager("w1")), allow_demotion=True)
    assert (choice["manager"], choice["faults"]) == ("m1", {})


def test_a_manager_that_is_to_be_taken_away_is_relied_on_only_if_there_is_no_other():
    assert decide(formed(), avoid=["m1", "m2"])["manager"] == "m3"
    assert decide(formed(m2=DEAD, m3=DEAD), avoid=["m1"])["manager"] == "m1"


def test_a_worker_that_shall_be_a_manager_is_no_fault():
    assert decide(formed(m2=worker("m2")))["faults"] == {}


def test_in_check_mode_hosts_without_the_sdk_count_as_blank():
    choice = decide(dict.fromkeys(HOSTS, NO_SDK), looks=dict.fromkeys(HOSTS, "os_id=centos\n"))
    assert (choice["init_host"], choice["untold"]) == ("m1", [])


def test_in_check_mode_members_without_the_sdk_are_told_apart_and_nothing_is_initialised():
    looks = dict.fromkeys(HOSTS, "running=yes\r\nswarm=active\r\ncontrol=true\r\n")
    choice = decide(dict.fromkeys(HOSTS, NO_SDK), looks=looks)
    assert choice["untold"] == HOSTS
    assert (choice["init_host"], choice["refusal"]) == ("", "")
