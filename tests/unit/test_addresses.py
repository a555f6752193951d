# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Addresses, as far as every machine has them: the loopback, and those that are kept for documentation."""

from __future__ import annotations

import socket

import pytest
from ansible_collections.apiary.swarm.plugins.module_utils import _addresses as addresses
from ansible_collections.apiary.swarm.plugins.module_utils._errors import SwarmError


@pytest.mark.parametrize(
    ("address", "host", "complete"),
    [
        ("192.0.2.1", "192.0.2.1", "192.0.2.1:2377"),
        ("192.0.2.1:99", "192.0.2.1", "192.0.2.1:99"),
        ("manager1", "manager1", "manager1:2377"),
        ("manager1:99", "manager1", "manager1:99"),
        ("2001:db8::1", "2001:db8::1", "[2001:db8::1]:2377"),
        ("[2001:db8::1]", "2001:db8::1", "[2001:db8::1]:2377"),
        ("[2001:db8::1]:99", "2001:db8::1", "[2001:db8::1]:99"),
    ],
)
def test_host_and_port(address, host, complete):
    assert addresses.host_of(address) == host
    assert addresses.with_port(address) == complete


def test_own_addresses_and_interfaces():
    assert addresses.is_own("127.0.0.1")
    assert not addresses.is_own("198.51.100.77")
    assert addresses.interfaces()["lo"] == "127.0.0.1"
    assert addresses.resolve("advertise_addr", "lo", "here") == "127.0.0.1"
    assert addresses.resolve("advertise_addr", "127.0.0.1:2377", "here") == "127.0.0.1"


@pytest.mark.parametrize("address", ["198.51.100.77", "nope0", "manager1"])
def test_what_is_not_this_hosts_is_refused_with_what_it_has(address):
    with pytest.raises(SwarmError) as caught:
        addresses.resolve("advertise_addr", address, "here")
    assert caught.value.kind == "advertise_addr"
    assert f"advertise_addr: {address} is neither an address nor an interface of here" in caught.value.msg
    assert "127.0.0.1 (lo)" in caught.value.msg


def test_only_a_local_engine_is_checked():
    params = {"advertise_addr": "198.51.100.77:2377", "listen_addr": "0.0.0.0:2377", "data_path_addr": None}
    assert addresses.resolve_all(params, "here", local=False) == {
        "advertise_addr": "198.51.100.77",
        "listen_addr": None,
        "data_path_addr": None,
    }
    with pytest.raises(SwarmError):
        addresses.resolve_all(params, "here", local=True)
    assert addresses.is_local("unix:///var/run/docker.sock")
    assert not addresses.is_local("ssh://root@manager1")


def test_whether_a_port_answers():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert addresses.answers(f"127.0.0.1:{port}") is None
    assert addresses.answers(f"127.0.0.1:{port}") == "Connection refused"
