# Copyright (c) 2026, apiary.swarm maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which ports of the host that this runs on something else than the swarm has, as the kernel and the engine tell it.

PRIVATE to apiary.swarm: no other collection may import it.
"""

from __future__ import annotations

import os
import re
from typing import NamedTuple

# These hold ports for containers, of which the engine itself tells more.
_ENGINE = ("dockerd", "docker-proxy")
_LISTENING = {"tcp": "0A", "udp": "07"}
_OF_SWARM = "com.docker.swarm.service.id"


class Listener(NamedTuple):
    """A socket that listens: its protocol, port, and inode in the kernel."""

    protocol: str
    port: int
    inode: str


class Process(NamedTuple):
    """Who has a socket: number, name, and ID of its container or an empty text."""

    pid: int
    name: str
    container: str


def listeners(text, protocol):
    """The Listeners in the text of /proc/net/tcp, tcp6, udp or udp6; those of the loopback alone are in nobody's way."""
    found = []
    for line in text.splitlines()[1:]:
        fields = line.split()
        if len(fields) < 10 or fields[3] != _LISTENING[protocol]:
            continue
        address, _colon, port = fields[1].partition(":")
        if not _is_loopback(address):
            found.append(Listener(protocol, int(port, 16), fields[9]))
    return found


def _is_loopback(address):
    """Whether an address as /proc/net has it, words in the machine's order, is 127.0.0.0/8 or ::1."""
    return address == "0" * 24 + "01000000" or (address[:-8] in ("", "0" * 16 + "FFFF0000") and address.endswith("7F"))


def listeners_here(root="/proc"):
    """The Listeners of this host. root is for tests."""
    found = []
    for protocol in _LISTENING:
        for name in (protocol, f"{protocol}6"):
            found += listeners(_read(f"{root}/net/{name}"), protocol)
    return found


def processes_of(inodes, root="/proc"):
    """{inode: Process} of the sockets with these inodes, as far as this user may see it."""
    wanted = {f"socket:[{inode}]": inode for inode in inodes}
    found = {}
    for pid in sorted(filter(str.isdigit, os.listdir(root)), key=int) if wanted else ():
        for link in _links(f"{root}/{pid}/fd"):
            if link in wanted:
                container = re.search("[0-9a-f]{64}", _read(f"{root}/{pid}/cgroup"))
                name = _read(f"{root}/{pid}/comm").strip()
                found.setdefault(wanted[link], Process(int(pid), name, container.group() if container else ""))
    return found


def held_here(containers):
    """holders() of this host. containers: GET /containers/json of its engine."""
    sockets = listeners_here()
    return holders(sockets, processes_of({socket.inode for socket in sockets}), containers)


def holders(sockets, processes, containers):
    """[{port, protocol, holder}], sorted, of the ports that something else than the swarm has. Pure.

    sockets are Listeners, processes what processes_of() found, containers GET /containers/json.
    """
    names = {container["Id"]: container["Names"][0].lstrip("/") for container in containers}
    swarms = {container["Id"] for container in containers if _OF_SWARM in container["Labels"]}
    found = {}
    for container in containers:
        for entry in container["Ports"] if container["Id"] not in swarms else ():
            if entry.get("PublicPort"):
                found.setdefault((entry["PublicPort"], entry["Type"]), set()).add(f"container {names[container['Id']]}")
    for socket in sockets:
        holder = _holder(processes.get(socket.inode), names, swarms)
        if holder:
            found.setdefault((socket.port, socket.protocol), set()).add(holder)
    return [
        {"port": port, "protocol": protocol, "holder": ", ".join(sorted(holding))}
        for (port, protocol), holding in sorted(found.items())
    ]


def _holder(process, names, swarms):
    """What a socket's Process is called, or None if it is the swarm's or the engine's, which tells of its ports itself."""
    if process is None:
        return "the kernel or a process that cannot be seen"
    if process.container in names:
        return None if process.container in swarms else f"container {names[process.container]}"
    return None if process.name in _ENGINE else f"process {process.name} ({process.pid})"


def _links(folder):
    try:
        names = os.listdir(folder)
    except OSError:
        return  # it has ended, or is not ours to see
    for name in names:
        try:
            yield os.readlink(f"{folder}/{name}")
        except OSError:
            continue


def _read(path):
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return ""
