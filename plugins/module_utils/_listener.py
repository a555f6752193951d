# Copyright (c) 2026, apiary.swarm maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A process that listens for a while and then tells what it heard.

PRIVATE to apiary.swarm: no other collection may import it.

It is begun by one task and asked by another, through a socket that has a name and no file, and ends with that or by itself.
"""

from __future__ import annotations

import errno
import json
import os
import select
import socket
import time

from ansible.module_utils.service import fork_process

from ._datagrams import ear, parse
from ._port_checks import words

# Longest packet of IPv4.
LONGEST = 65535
BACKLOG = 128


def start(token, tcp, udp, esp, seconds):
    """Begin to listen, in a process of its own, for so many seconds; returns {taken, deaf} once it does.

    taken are the ports that cannot be listened on: {port, protocol, error}; deaf is why datagrams cannot be heard, or None.
    """
    ports, taken = [], []
    for protocol, kind, numbers in (("tcp", socket.SOCK_STREAM, tcp), ("udp", socket.SOCK_DGRAM, udp)):
        for number in numbers:
            try:
                ports.append(_listen(kind, number))
            except OSError as trouble:
                taken.append({"port": number, "protocol": protocol, "error": words(trouble)})
    ears, deaf = [], None
    try:
        ears = [ear(protocol) for protocol in (["udp", "esp"] if esp else ["udp"])]
    except OSError as trouble:
        deaf = words(trouble)
    door = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    door.bind(_name(token))
    door.listen(1)
    if fork_process() == 0:
        try:
            _listen_until_asked(door, ports, ears, token, deaf, time.monotonic() + seconds)
        finally:
            os._exit(0)  # not the module's own end: that was told by the process that began it
    return {"taken": taken, "deaf": deaf}


def end(token):
    """{heard, deaf} from the process that start began. Raises OSError if it is not there any more."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as asking:
        asking.settimeout(10)
        asking.connect(_name(token))
        parts = []
        while True:
            part = asking.recv(LONGEST)
            if not part:
                return json.loads(b"".join(parts).decode())
            parts.append(part)


def _name(token):
    return f"\0apiary-{token}"


def _listen(kind, number):
    """On all addresses, as the engine does: both of IPv4 and IPv6 where the host has that."""
    try:
        return _bind(socket.AF_INET6, kind, "::", number)
    except OSError as trouble:
        if trouble.errno in (errno.EADDRINUSE, errno.EACCES):
            raise
        return _bind(socket.AF_INET, kind, "0.0.0.0", number)


def _bind(family, kind, address, number):
    listening = socket.socket(family, kind)
    try:
        if kind == socket.SOCK_STREAM:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # connections of a run before may linger
        if family == socket.AF_INET6:
            listening.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        listening.bind((address, number))
        if kind == socket.SOCK_STREAM:
            listening.listen(BACKLOG)
        listening.setblocking(False)
    except OSError:
        listening.close()
        raise
    return listening


def _listen_until_asked(door, ports, ears, token, deaf, until):
    heard = []
    while time.monotonic() < until:
        ready = select.select([door, *ports, *ears], [], [], max(0, until - time.monotonic()))[0]
        for one in ears:
            if one in ready:
                heard += [each for each in _drain(one, token) if each not in heard]
        for one in ports:
            if one in ready:
                _discard(one)
        if door in ready:
            with door.accept()[0] as asker:
                asker.sendall(json.dumps({"heard": heard, "deaf": deaf}).encode())
            return


def _drain(hearing, token):
    while True:
        try:
            found = parse(hearing.recv(LONGEST), token)
        except OSError:
            return
        if found:
            yield found


def _discard(listening):
    """A connection is all that was asked for; a datagram is heard by the ears."""
    try:
        if listening.type == socket.SOCK_STREAM:
            listening.accept()[0].close()
        else:
            listening.recv(LONGEST)
    except OSError:
        return
