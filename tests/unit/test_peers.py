# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rules that let only peers in: who they are, what an earlier run knew, which ports."""

from __future__ import annotations

from ansible_collections.apiary.swarm.plugins.plugin_utils._peers import (
    declared_addresses,
    not_networks,
    peer_addresses,
    peer_rules,
)


def row(name, address, manager=False, says="", **more):
    return {
        "name": name,
        "manager": manager,
        "probe": {"stdout": f"addresses=eth0:{address}/24 eth1:10.1.0.9/16\ndefault={address}\n{says}"},
        "advertise_addr": "",
        "advertise_interface": "",
        "data_path_addr": "",
        "listen_addr": "",
        **more,
    }


HOSTS = {
    "manager1": row("manager1", "10.0.0.11", manager=True),
    "worker1": row("worker1", "10.0.0.21", data_path_addr="eth1"),
}
ALL = {"manager1": [], "worker1": []}


def rules(written="", described=HOSTS, declared=ALL, **more):
    return peer_rules(written, described, declared, **more)


def elements(text, name):
    line = next(line for line in text.splitlines() if f"set {name} " in line)
    return line.partition("elements = {")[2].rstrip("} ").replace(",", "").split()


def test_peers_are_the_addresses_that_they_advertise():
    found = rules()
    assert found["missing"] == []
    assert elements(found["text"], "peers4") == ["10.0.0.11", "10.0.0.21", "10.1.0.9"]
    assert elements(found["text"], "peers6") == elements(found["text"], "api4") == []
    assert "# peer worker1 10.0.0.21 10.1.0.9\n" in found["text"]
    assert "tcp dport { 2377, 7946 } goto peers" in found["text"]
    assert "udp dport { 4789, 7946 } goto peers" in found["text"]
    assert "goto api" not in found["text"]


def test_a_member_comes_from_the_address_that_the_swarm_knows():
    assert peer_addresses(row("a", "10.0.0.1", says="swarm=active\nnode_addr=10.1.0.9\n")) == ["10.1.0.9"]
    assert peer_addresses(row("a", "10.0.0.1", advertise_interface="eth1")) == ["10.1.0.9"]
    assert peer_addresses({**row("a", ""), "probe": {"unreachable": True}}) == []


def test_ports_that_are_declared():
    found = rules(
        described={**HOSTS, "manager1": row("manager1", "10.0.0.11", manager=True, listen_addr="0.0.0.0:2388")},
        settings={"data_path_port": 7789},
        api_port=2376,
        api_allow=["10.9.0.0/16", "10.9.1.1", "fd00::/8"],
        more=["192.0.2.7"],
    )["text"]
    assert "tcp dport { 2377, 2388, 7946 }" in found
    assert "udp dport { 7789, 7946 }" in found
    assert "tcp dport 2376 goto api" in found
    assert elements(found, "api4") == ["10.9.0.0/16", "10.9.1.1"]
    assert elements(found, "api6") == ["fd00::/8"]
    assert "192.0.2.7" in elements(found, "peers4")


def test_a_host_that_this_run_does_not_see_keeps_its_place():
    everybody = {**ALL, "worker2": [], "worker3": ["10.0.0.23"]}
    assert rules(declared=everybody)["missing"] == ["worker2"]
    seen = rules(described={**HOSTS, "worker2": row("worker2", "10.0.0.22")}, declared=everybody)
    assert seen["missing"] == []
    again = rules(seen["text"], described={"worker1": HOSTS["worker1"]}, declared=everybody)
    assert again == seen


def test_a_host_that_left_the_inventory_is_a_peer_no_more():
    both = rules()["text"]
    assert "10.0.0.21" not in rules(both, described={"manager1": HOSTS["manager1"]}, declared={"manager1": []})["text"]


def test_what_is_declared_and_what_is_no_address():
    variables = {"swarm_advertise_addr": "10.0.0.1", "swarm_data_path_addr": "eth1"}
    assert declared_addresses(variables) == ["10.0.0.1"]
    assert declared_addresses({}) == []
    assert not_networks(["10.0.0.1", "10.0.0.1/8", "fd00::1", "any", "10.0.0.0/33"]) == ["any", "10.0.0.0/33"]
