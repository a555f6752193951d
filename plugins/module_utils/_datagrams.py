# Copyright (c) 2026, apiary.swarm maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Datagrams between hosts: sent on one, heard on another, also on ports that something else listens on.

PRIVATE to apiary.swarm: no other collection may import it.

A raw socket gets a copy of what has come through the host's packet filter, whoever the port belongs to. The kernel picks out
what is ours, so that a busy network costs nothing. IPv4 only. Needs root.
"""

from __future__ import annotations

import ctypes
import socket
import struct
import time

from ._port_checks import words

# First in each datagram. To the kernel's VXLAN it is a packet without an identifier, which it drops, to ESP an unknown one.
MAGIC = b"apia"
UDP, ESP = socket.IPPROTO_UDP, 50
PROTOCOLS = {"udp": UDP, "esp": ESP}
# Headers of IPv4, and of UDP (ESP's is ours to fill).
IP_HEADER, UDP_HEADER = 20, 8

# linux/in.h and linux/socket.h, as Python has no names for them
IP_MTU_DISCOVER, IP_PMTUDISC_PROBE, SO_ATTACH_FILTER = 10, 3, 26

# Each is sent so often: one may be lost.
TIMES, PAUSE = 2, 0.1


def payload(token, source, size=0):
    """A datagram's content: who sent it, for which run, filled up to size bytes."""
    return b" ".join([MAGIC, token.encode(), source.encode(), b""]).ljust(size, b".")


def parse(packet, token):
    """{source, protocol, port, size} of an IPv4 packet with one of our datagrams, None for another."""
    start = (packet[0] & 15) * 4
    protocol = packet[9]
    body = packet[start + UDP_HEADER :] if protocol == UDP else packet[start:]
    parts = body.split(b" ", 3)
    if len(parts) != 4 or parts[0] != MAGIC or parts[1] != token.encode():
        return None
    return {
        "source": parts[2].decode(errors="replace"),
        "protocol": "udp" if protocol == UDP else "esp",
        "port": struct.unpack_from("!H", packet, start + 2)[0] if protocol == UDP else 0,
        "size": len(packet),
    }


def ear(protocol):
    """A raw socket that hears our datagrams of a protocol (udp, esp), on all ports. Raises OSError where it may not."""
    number = PROTOCOLS[protocol]
    hearing = socket.socket(socket.AF_INET, socket.SOCK_RAW, number)
    hearing.setblocking(False)
    # X: length of the IP header; A: the first four bytes behind it and UDP's; all of the packet if they are MAGIC, else nothing
    program = (
        (0xB1, 0, 0, 0),
        (0x40, 0, 0, UDP_HEADER if number == UDP else 0),
        (0x15, 0, 1, int.from_bytes(MAGIC, "big")),
        (0x06, 0, 0, 0xFFFF),
        (0x06, 0, 0, 0),
    )
    code = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *line) for line in program))
    hearing.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, struct.pack("@HP", len(program), ctypes.addressof(code)))
    return hearing


def send_all(targets, token, source):
    """Send datagrams to each target, [why it could not be sent or None] in their order.

    targets are dictionaries with address, port, protocol (udp, esp) and sizes: of whole packets, which then must not be cut
    in pieces on their way; one of a host's own size if empty.
    """
    errors = []
    for round_ in range(TIMES):
        if round_:
            time.sleep(PAUSE)
        errors = [_send(target, token, source) for target in targets]
    return errors


def _send(target, token, source):
    raw = target["protocol"] == "esp"
    try:
        with socket.socket(socket.AF_INET, *((socket.SOCK_RAW, ESP) if raw else (socket.SOCK_DGRAM,))) as sending:
            place = (target["address"], target["port"])
            sending.sendto(payload(token, source), place)
            sending.setsockopt(socket.IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_PROBE)
            for size in target["sizes"]:
                try:
                    sending.sendto(payload(token, source, size - IP_HEADER - UDP_HEADER), place)
                except OSError:
                    continue  # longer than this host's own link: what is heard there tells
    except OSError as trouble:
        return words(trouble)
    return None
