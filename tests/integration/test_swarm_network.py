# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

"""swarm_network on real engines: create, compare, recreate, remove."""

from __future__ import annotations

import time

import pytest

BUSYBOX = "depot:5000/busybox:latest"
FULL = {
    "name": "full",
    "attachable": True,
    "internal": True,
    "driver_options": {"encrypted": "", "com.docker.network.driver.mtu": 1400},
    "labels": {"a": "b"},
    "ipam_config": [{"subnet": "10.99.0.0/24", "gateway": "10.99.0.7", "iprange": "10.99.0.128/25"}],
}


@pytest.fixture(autouse=True)
def nothing_left(swarm):
    yield
    swarm.clear_services()


def networks(lab, host="manager1"):
    return {row["Name"]: row["ID"] for row in lab.rows(host, "network", "ls", "--no-trunc", "--filter", "scope=swarm")}


def test_several_networks_in_one_call(swarm):
    wishes = {"networks": [FULL, {"name": "front"}]}
    check = swarm.module("manager2", "swarm_network", wishes, check=True)
    assert [row["action"] for row in check["networks"]] == ["created", "created"]
    assert set(networks(swarm)) == {"ingress"}
    result = swarm.module("manager2", "swarm_network", wishes)
    assert [row["action"] for row in result["networks"]] == ["created", "created"]
    assert {row["name"]: row["id"] for row in result["networks"]}.items() <= networks(swarm).items()
    full = swarm.inspect("manager1", "network", "full")
    assert (full["Attachable"], full["Internal"], full["Scope"], full["Driver"]) == (True, True, "swarm", "overlay")
    assert full["Labels"] == {"a": "b"}
    assert full["Options"]["encrypted"] == ""
    (pool,) = full["IPAM"]["Config"]
    assert (pool["Subnet"], pool["Gateway"], pool["IPRange"]) == ("10.99.0.0/24", "10.99.0.7", "10.99.0.128/25")
    for check in (True, False):
        again = swarm.module("manager3", "swarm_network", wishes, check=check)
        assert not again["changed"]
        assert {row["name"]: row["id"] for row in again["networks"]} == {
            row["name"]: row["id"] for row in result["networks"]
        }


def test_a_network_made_by_the_cli_is_the_same(swarm):
    swarm.docker("manager1", "network", "create", "-d", "overlay", "--attachable", "--label", "x=y", "front")
    assert not swarm.module("manager1", "swarm_network", {"name": "front", "attachable": True, "labels": {"x": "y"}})[
        "changed"
    ]
    assert not swarm.module("manager1", "swarm_network", {"name": "front"})["changed"]


def test_a_difference_is_an_error_unless_recreate_permits_it(swarm):
    swarm.module("manager1", "swarm_network", FULL)
    old = networks(swarm)["full"]
    options = {"name": "full", "internal": False}
    result = swarm.module("manager1", "swarm_network", options, ok=False)
    assert result["failure"]["kind"] == "immutable"
    assert "internal is True and not False" in result["msg"]
    assert networks(swarm)["full"] == old
    result = swarm.module("manager1", "swarm_network", dict(options, recreate=True))
    assert result["networks"][0]["action"] == "recreated"
    made = swarm.inspect("manager1", "network", "full")
    assert made["Id"] not in (old, None)
    assert (made["Internal"], made["Attachable"], made["Labels"]) == (False, True, {"a": "b"})
    assert not swarm.module("manager1", "swarm_network", dict(FULL, internal=False, recreate=True))["changed"]


def test_a_network_that_cannot_be_made_anew_is_made_again_as_it_was(swarm):
    swarm.module("manager1", "swarm_network", FULL)
    options = {"name": "full", "driver": "nodriver", "recreate": True}
    result = swarm.module("manager1", "swarm_network", options, ok=False)
    assert "nodriver" in result["msg"]
    assert "made again as it was" in result["msg"]
    assert not swarm.module("manager1", "swarm_network", FULL)["changed"]


def test_a_used_network_stays_and_its_users_are_named(swarm):
    swarm.module("manager1", "swarm_network", {"name": "front"})
    command = f"timeout 60 docker service create -q --name user --network front {BUSYBOX} sleep 100000"
    swarm.ssh("manager1", command)
    for options in ({"state": "absent"}, {"attachable": True, "recreate": True}):
        for check in (True, False):
            result = swarm.module("manager1", "swarm_network", {"name": "front", **options}, check=check, ok=False)
            assert result["failure"]["kind"] == "in_use"
            assert "network front is used by user" in result["msg"]
    assert "front" in networks(swarm)


def test_removal_waits_for_the_last_task_and_the_name_is_free_then(swarm):
    """For its grace period the task of a removed service holds the network."""
    grace = 6
    swarm.module("manager1", "swarm_network", {"name": "front"})
    stubborn = "sh -c \"trap '' TERM; while :; do sleep 1; done\""
    swarm.ssh(
        "manager1",
        f"timeout 60 docker service create -q --name user --network front --stop-grace-period {grace}s "
        f"--constraint node.hostname==manager1 {BUSYBOX} {stubborn}",
    )
    began = time.monotonic()
    swarm.docker("manager1", "service", "rm", "user")
    assert swarm.docker("manager1", "ps", "-q", "--filter", "label=com.docker.swarm.service.name=user")
    result = swarm.module("manager1", "swarm_network", {"name": "front", "state": "absent"})
    assert time.monotonic() - began >= grace, "it was removed under a container that still ran"
    assert result["networks"][0]["action"] == "removed"
    assert "front" not in networks(swarm)
    assert not swarm.module("manager1", "swarm_network", {"name": "front", "state": "absent"})["changed"]
    swarm.docker("manager1", "network", "create", "-d", "overlay", "front")


BAD = [
    (
        {"name": "other", "ipam_config": [{"subnet": "10.99.0.128/25"}]},
        "conflict",
        "overlaps with 10.99.0.0/24 of network full",
    ),
    ({"name": "other", "ipam_config": [{"subnet": "nonsense"}]}, "invalid", "ipam_config: 'nonsense'"),
    ({"name": "other", "labels": {"a": True}}, "invalid", "labels: a: put the value in quotes"),
    ({"name": "bridge"}, "conflict", "this node has a network of its own with that name"),
    ({"networks": [{"name": "a"}, {"name": "a"}]}, "invalid", "a is there twice"),
    ({"networks": [{"name": "front"}], "state": "absent"}, "invalid", "state: with networks, put it into an entry"),
]


def test_bad_input_is_told_and_changes_nothing(swarm):
    swarm.module("manager1", "swarm_network", FULL)
    before = networks(swarm)
    tasks = [
        {"name": f"bad {number}", "apiary.swarm.swarm_network": options, "ignore_errors": True}
        for number, (options, _kind, _words) in enumerate(BAD)
    ]
    run = swarm.playbook([{"hosts": "manager1", "gather_facts": False, "tasks": tasks}])
    for number, (options, kind, words) in enumerate(BAD):
        result = run.of("manager1", f"bad {number}")
        assert result["failure"]["kind"] == kind, (options, result)
        assert words in result["msg"]
    assert networks(swarm) == before


def test_a_network_that_never_got_addresses_is_told(swarm):
    """The engine takes an overlapping subnet without a word, and tasks on such a network wait for ever."""
    swarm.module("manager1", "swarm_network", FULL)
    swarm.docker("manager1", "network", "create", "-d", "overlay", "--subnet", "10.99.0.0/24", "starved")
    result = swarm.module("manager1", "swarm_network", {"name": "starved"}, ok=False)
    assert result["failure"]["kind"] == "immutable"
    assert "could not give it addresses" in result["msg"]
    options = {"name": "starved", "recreate": True, "ipam_config": [{"subnet": "10.98.0.0/24"}]}
    assert swarm.module("manager1", "swarm_network", options)["networks"][0]["action"] == "recreated"
    assert swarm.inspect("manager1", "network", "starved")["Driver"] == "overlay"
