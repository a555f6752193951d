# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is to be done about a network, on networks recorded from a real engine."""

from __future__ import annotations

import copy
import json
import pathlib

import pytest
from ansible_collections.apiary.swarm.plugins.module_utils import _networks as networks
from ansible_collections.apiary.swarm.plugins.module_utils._errors import SwarmError

RECORDED = json.loads((pathlib.Path(__file__).parent / "fixtures/networks-20.10.json").read_text())
PRESENT = RECORDED["networks"]
BY_NAME = {network["Name"]: network for network in PRESENT}

# every option as "full" has it
FULL = {
    "driver": "overlay",
    "attachable": True,
    "internal": True,
    "ingress": False,
    "enable_ipv6": False,
    "driver_options": {"encrypted": "", "com.docker.network.driver.mtu": 1400},
    "labels": {"a": "b"},
    "ipam_driver": "default",
    "ipam_driver_options": {},
    "ipam_config": [
        {"subnet": "10.99.0.0/24", "gateway": "10.99.0.7", "iprange": "10.99.0.128/25", "aux_addresses": None}
    ],
}
OTHER = {
    "driver": "macvlan",
    "attachable": False,
    "internal": False,
    "ingress": True,
    "enable_ipv6": True,
    "driver_options": {},
    "labels": {"a": "c"},
    "ipam_driver": "other",
    "ipam_driver_options": {"x": "y"},
    "ipam_config": [{"subnet": "10.98.0.0/24"}],
}


def wish(name, **given):
    options = dict.fromkeys(networks.NETWORK.argument_spec())
    return {**options, "name": name, "state": "present", "recreate": False, **given}


def failure(*arguments):
    with pytest.raises(SwarmError) as caught:
        networks.plan(*arguments)
    return caught.value


def test_every_option_is_tried_here():
    assert set(FULL) == set(OTHER) == set(networks.NETWORK.argument_spec())


def test_what_is_as_declared_stays():
    assert networks.plan(wish("full", **FULL), PRESENT).action == "unchanged"
    assert networks.plan(wish("full"), PRESENT).action == "unchanged"


@pytest.mark.parametrize("option", sorted(OTHER))
def test_a_difference_is_an_error_that_names_it_or_a_new_network_if_that_is_permitted(option):
    given = {option: OTHER[option]}
    error = failure(wish("full", **given), PRESENT)
    assert error.kind == "immutable"
    assert f": {option} is " in error.msg
    entry = networks.plan(wish("full", recreate=True, **given), PRESENT)
    assert entry.action == "recreated"
    values, _problems = networks.NETWORK.parse(FULL, None)
    declared, _problems = networks.NETWORK.parse(given, None)
    for field in networks.NETWORK.fields:
        wanted = declared if field.option == option else values
        assert field.same(field.read(entry.spec), wanted[field.option]), field.option


@pytest.mark.parametrize(
    ("pools", "same"),
    [
        ([{"subnet": "10.99.0.0/24"}], True),
        ([{"subnet": "10.99.0.0/24", "gateway": "10.99.0.7"}], True),
        ([{"subnet": "10.99.0.0/24", "gateway": "10.99.0.8"}], False),
        ([{"subnet": "10.99.0.0/25"}], False),
        ([], False),
        ([{"subnet": "10.99.0.0/24"}, {"subnet": "10.97.0.0/24"}], False),
        ([{"subnet": "10.99.0.0/24", "iprange": "10.99.0.128/255.255.255.128"}], True),
    ],
)
def test_of_a_pool_only_what_is_declared_counts(pools, same):
    if same:
        assert networks.plan(wish("full", ipam_config=pools), PRESENT).action == "unchanged"
    else:
        assert failure(wish("full", ipam_config=pools), PRESENT).kind == "immutable"


def test_an_address_has_more_than_one_spelling():
    six = copy.deepcopy(BY_NAME["full"])
    six["IPAM"]["Config"] = [{"Subnet": "fd00:1::/64", "Gateway": "fd00:1::1"}]
    pools = [{"subnet": "FD00:0001::/64", "gateway": "fd00:1:0::1"}]
    assert networks.plan(wish("full", ipam_config=pools), [six]).action == "unchanged"


def test_what_the_engine_drops_is_refused():
    error = failure(
        wish("new", ipam_config=[{"subnet": "10.9.0.0/24", "aux_addresses": {"router": "10.9.0.2"}}]), PRESENT
    )
    assert "ipam_config: aux_addresses: a swarm's networks have none" in error.msg


def test_what_follows_the_bits_of_a_network_is_no_matter_where_it_is_there():
    old = copy.deepcopy(BY_NAME["full"])
    old["IPAM"]["Config"] = [{"Subnet": "10.5.0.1/24"}]
    assert networks.plan(wish("new"), [old]).action == "created"
    assert failure(wish("new", ipam_config=[{"subnet": "10.5.0.0/25"}]), [old]).kind == "conflict"


def test_a_new_network():
    entry = networks.plan(wish("new", labels={"a": "b"}), PRESENT)
    assert entry.action == "created"
    assert entry.spec == {
        "Name": "new",
        "Driver": "overlay",
        "Labels": {"a": "b"},
        "Scope": "swarm",
        "CheckDuplicate": True,
    }


def test_the_vxlan_number_of_the_engine_is_not_ours():
    entry = networks.plan(wish("full", internal=False, recreate=True), PRESENT)
    assert set(entry.spec["Options"]) == {"encrypted", "com.docker.network.driver.mtu"}


@pytest.mark.parametrize("subnet", ["10.99.0.0/24", "10.99.0.64/26", "10.96.0.0/12"])
def test_a_subnet_that_another_network_has_is_refused(subnet):
    error = failure(wish("new", ipam_config=[{"subnet": subnet}]), PRESENT)
    assert error.kind == "conflict"
    assert f"its subnet {subnet} overlaps with 10.99.0.0/24 of network full" in error.msg


@pytest.mark.parametrize(
    ("given", "word"),
    [
        ({"ipam_config": [{"subnet": "nonsense"}]}, "ipam_config: 'nonsense'"),
        ({"labels": {"a": True}}, "labels: a: put the value in quotes"),
    ],
)
def test_values_that_make_no_sense(given, word):
    error = failure(wish("new", **given), PRESENT)
    assert error.kind == "invalid"
    assert word in error.msg


def test_a_network_that_never_got_addresses_is_not_taken_for_a_good_one():
    error = failure(wish("starved"), PRESENT)
    assert "could not give it addresses" in error.msg
    entry = networks.plan(wish("starved", recreate=True, ipam_config=[{"subnet": "10.97.0.0/24"}]), PRESENT)
    assert (entry.action, entry.spec["Driver"]) == ("recreated", "overlay")


def test_a_removed_network_that_a_container_still_holds_is_made_anew():
    assert networks.is_leftover(BY_NAME["left"])
    assert not networks.is_leftover(BY_NAME["full"])
    assert networks.plan(wish("left"), PRESENT).action == "created"
    assert networks.plan(wish("left", state="absent"), PRESENT).action == "lingering"


def test_removal():
    entry = networks.plan(wish("full", state="absent"), PRESENT)
    assert (entry.action, entry.present) == ("removed", BY_NAME["full"])
    assert networks.plan(wish("none such", state="absent"), PRESENT).action == "unchanged"


def test_a_network_of_this_node_alone_has_the_name():
    error = failure(wish("bridge"), PRESENT)
    assert error.kind == "conflict"
    assert networks.plan(wish("bridge", state="absent"), PRESENT).action == "unchanged"


def test_networks_of_this_node_alone_may_have_the_subnet():
    local = {"Name": "br", "Scope": "local", "Driver": "bridge", "IPAM": {"Config": [{"Subnet": "10.97.0.0/16"}]}}
    assert networks.plan(wish("new", ipam_config=[{"subnet": "10.97.0.0/24"}]), [local]).action == "created"


def test_a_diff_shows_what_there_is_to_show():
    assert networks.shown(BY_NAME["full"])["labels"] == {"a": "b"}
    assert set(networks.shown({"Driver": "overlay", "Labels": {}, "Options": None})) == {"driver"}


def test_names_that_are_there_once():
    networks.refuse_twice([{"name": "a"}, {"name": "b"}])


def test_who_uses_a_network():
    assert networks.users(RECORDED["services"], BY_NAME["full"]) == ["user"]
    assert networks.users(RECORDED["services"], BY_NAME["starved"]) == []
    by_name = copy.deepcopy(RECORDED["services"])
    for service in by_name:
        service["Spec"]["TaskTemplate"]["Networks"] = [{"Target": "starved"}]
    assert len(networks.users(by_name, BY_NAME["starved"])) == len(by_name)


def test_one_network_must_not_be_named_twice():
    with pytest.raises(SwarmError, match="a is there twice"):
        networks.refuse_twice([{"name": "a"}, {"name": "b"}, {"name": "a"}])
