# Copyright (c) 2026, apiary.swarm maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Addresses that a task names: are they this host's, and which address does an interface stand for?

PRIVATE to apiary.swarm: no other collection may import it.

The engine takes a wrong advertise address at init without a word, and silently drops one at join, so it is looked at
first. That can only be done where the engine runs on the host that the module runs on, behind a unix socket.
"""

from __future__ import annotations

import fcntl
import ipaddress
import re
import socket
import struct

from ._errors import SwarmError

_ADDRESS = re.compile(r"\[(?P<six>[^]]+)\](?::(?P<port6>[0-9]+))?|(?P<host>[^:]+)(?::(?P<port>[0-9]+))?")
ADDRESS_OPTIONS = ("advertise_addr", "listen_addr", "data_path_addr")
_ANY = ("0.0.0.0", "::")
SIOCGIFADDR = 0x8915  # linux/sockios.h


def is_local(docker_host):
    """Whether the engine at docker_host is on the host this code runs on."""
    return docker_host.startswith("unix://")


def split(address, port=None):
    """(host, port as text) of HOST, HOST:PORT, [IPV6], [IPV6]:PORT or a bare IPv6 address."""
    match = _ADDRESS.fullmatch(address)
    if not match:
        return address, port
    return match.group("six") or match.group("host"), match.group("port6") or match.group("port") or port


def host_of(address):
    return split(address)[0]


def with_port(address, port="2377"):
    """HOST:PORT for an address that may lack its port."""
    host, port = split(address, port)
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def is_ip(host):
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def interfaces():
    """{name: IPv4 address or None} of this host's interfaces."""
    found = {}
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        for _index, name in socket.if_nameindex():
            try:
                answer = fcntl.ioctl(probe.fileno(), SIOCGIFADDR, struct.pack("256s", name.encode()[:15]))
            except OSError:
                found[name] = None
            else:
                found[name] = socket.inet_ntoa(answer[20:24])
    return found


def is_own(host):
    """Whether an IP address is one of this host's.

    Binding alone does not tell: with net.ipv4.ip_nonlocal_bind, which a keepalived host has, any IPv4 address will do. But
    nothing can be sent from an address that is not there. IPv6 does not look at that; it answers with the source that it
    chooses for a destination, which for an address of its own is that address. Nothing is sent here.
    """
    six = ":" in host
    try:
        with socket.socket(socket.AF_INET6 if six else socket.AF_INET, socket.SOCK_DGRAM) as probe:
            if not six:
                probe.bind((host, 0))
            probe.connect((host, 9))
            return ipaddress.ip_address(probe.getsockname()[0]) == ipaddress.ip_address(host)
    except OSError:
        return False


def resolve(option, address, node):
    """The IP address that an address or interface of this host stands for, without its port.

    Raises SwarmError (kind advertise_addr) if this host has no such address or interface. None if the interface's
    address cannot be told (it has IPv6 alone).
    """
    host = host_of(address)
    present = interfaces()
    if host in present:
        return present[host]
    if is_ip(host) and is_own(host):
        return host
    listed = ", ".join(f"{ip} ({name})" for name, ip in sorted(present.items()) if ip)
    raise SwarmError(
        f"{option}: {address} is neither an address nor an interface of {node}, which has {listed}",
        kind="advertise_addr",
        hint="Nothing was changed. Name an address of this host that the other nodes can reach.",
        node=node,
    )


def resolve_all(params, node, local):
    """{option: IP address or None} for the addresses that init and join take; None where it is not said or cannot be told.

    Raises SwarmError (kind advertise_addr) for one that is not this host's, if local says that the engine is on this host.
    """
    found = {}
    for option in ADDRESS_OPTIONS:
        address = params[option]
        host = host_of(address) if address else None
        if not address or host in _ANY:
            found[option] = None
        elif local:
            found[option] = resolve(option, address, node)
        else:
            found[option] = host if is_ip(host) else None
    return found


def answers(address, timeout=3.0):
    """Try to open a TCP connection to HOST:PORT: None if it opens, else the reason as text."""
    host, port = split(address)
    try:
        socket.create_connection((host, int(port)), timeout=timeout).close()
    except OSError as error:
        return "no answer" if isinstance(error, socket.timeout) else (error.strerror or str(error))
    except (ValueError, OverflowError) as error:
        return f"not an address: {error}"  # a part of the name is empty or too long, or the port
    return None
