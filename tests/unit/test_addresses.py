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


def test_a_host_that_may_bind_to_any_address_does_not_own_them(monkeypatch):
    """As with net.ipv4.ip_nonlocal_bind, which one socket can have for itself."""
    ip_freebind = 15

    class Free(socket.socket):
        def __init__(self, family, kind):
            super().__init__(family, kind)
            if family == socket.AF_INET:
                self.setsockopt(socket.IPPROTO_IP, ip_freebind, 1)

    with Free(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("198.51.100.77", 0))
    monkeypatch.setattr(addresses.socket, "socket", Free)
    assert not addresses.is_own("198.51.100.77")
    assert addresses.is_own("127.0.0.1")
    assert addresses.is_own("127.0.0.2"), "what is not an interface's first address is its own too"


def test_own_addresses_of_ipv6():
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as probe:
            probe.bind(("::1", 0))
    except OSError:
        assert not addresses.is_own("::1"), "a host without IPv6 has none of its addresses"
    else:
        assert addresses.is_own("0:0::1")
    assert not addresses.is_own("2001:db8::77")


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


@pytest.mark.parametrize("address", [f"{'x' * 70}.example:2377", "a..b:2377"])
def test_what_is_no_address_is_a_reason_too(address):
    assert addresses.answers(address).startswith("not an address: ")
