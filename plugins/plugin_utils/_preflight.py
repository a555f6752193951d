# Copyright (c) 2026, apiary.swarm maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Preflight: what each host told of itself, for the rules that judge it.

PRIVATE to apiary.swarm: no other collection may import it. Runs on the control host. Pure.

STOP is what keeps the swarm from forming or from working at all, WARN what hinders or will surprise, NOTE what is so and
cannot be changed any more, UNTOLD what could not be found out. What a swarm has lived with is no STOP for its members.
"""

from __future__ import annotations

import ipaddress
from typing import NamedTuple

from ..module_utils._units import whole

STOP, WARN, NOTE, UNTOLD = "STOP", "warn", "note", "?"

# The engine's own where nothing is declared.
POOL, SUBNET_SIZE, DATA_PATH_PORT, OVERLAY_MTU = ("10.0.0.0/8",), 24, 4789, 1450
# What VXLAN adds to a packet, over IPv4.
VXLAN = 50
MTU_OPTION = "com.docker.network.driver.mtu"
MEMBER = ("active", "pending", "locked", "error", "stopped")


class Finding(NamedTuple):
    """What is wrong, where, and what to do. Findings of several hosts with the same words are one line for a person."""

    level: str
    host: str
    what: str
    do: str


def told(stdout):
    """What the probe of role engine printed, as a dictionary of texts. Over a terminal lines end in \\r\\n."""
    pairs = (line.strip().split("=", 1) for line in stdout.splitlines() if "=" in line)
    return {key: value.strip() for key, value in pairs if value.strip()}


def look(row):
    """One host as the rules see it.

    row has name, manager (whether it is to be one), probe (the registered result of the look at the host, also one that was
    unreachable), and what is declared for it: advertise_addr, advertise_interface, data_path_addr, listen_addr (texts, maybe
    empty), live_restore (what engine_daemon says, None if nothing), faults (sentences of role engine).
    """
    probe = row["probe"]
    reached = not probe.get("unreachable") and bool(probe.get("stdout"))
    says = told(probe.get("stdout") or "")
    member = says.get("swarm") in MEMBER
    addresses = _pairs(says.get("addresses"))
    own = {name: address.split("/")[0] for name, address in reversed(addresses) if ":" not in address}
    advertised = row["advertise_addr"] or (
        own.get(row["advertise_interface"]) if row["advertise_interface"] else says.get("default")
    )
    if member and says.get("node_addr"):
        advertised = says["node_addr"]
    data = own.get(row["data_path_addr"]) or row["data_path_addr"] or advertised
    version, *controllers = says.get("cgroup", "").split() or [None]
    return {
        **row,
        "reached": reached,
        "why": " ".join(str(probe.get("msg") or probe.get("stderr") or "it gave no answer").split()),
        "says": says,
        "member": member,
        "address": advertised,
        "data_address": data,
        "addresses": [address.split("/")[0] for _name, address in addresses],
        "link": next((name for name, address in addresses if address.split("/")[0] == data), None),
        # what is no number and no network is left out: the probe may have been cut off
        "links": {name: whole(mtu) for name, mtu in _pairs(says.get("links")) if whole(mtu) is not None},
        "networks": [(name, net) for name, network in _pairs(says.get("networks")) for net in _networks([network])],
        "modules": dict(_pairs(says.get("modules"))),
        "cgroup": version,
        "controllers": controllers,
        "ahead": _ahead(says.get("clock")),
    }


def wishes(settings, networks, hosts):
    """What is declared for the swarm, and before that what a swarm has that is formed.

    settings is swarm_settings, networks services_networks; what is wrong in them is for the modules to refuse. Returns pool (a
    list of networks), subnet_size, data_path_port, formed (whether these are a swarm's own), mtu (the largest of an overlay
    network), encrypted (names of encrypted networks) and subnets {name of a network: what it declares}.
    """
    formed = next((host["says"] for host in hosts if host["says"].get("pool")), {})
    wanted = [network for network in networks if network.get("state", "present") == "present"]
    options = {network.get("name", "?"): _map(network.get("driver_options")) for network in wanted}
    sizes = [_number(each.get(MTU_OPTION), OVERLAY_MTU) for each in options.values()]
    pool = formed["pool"].split() if formed else settings.get("default_addr_pool") or POOL
    return {
        "pool": _networks(pool.split(",") if isinstance(pool, str) else pool),
        "subnet_size": _number(formed.get("subnet_size") or settings.get("subnet_size"), SUBNET_SIZE),
        "data_path_port": _number(formed.get("data_path_port") or settings.get("data_path_port"), DATA_PATH_PORT),
        "formed": bool(formed),
        "mtu": max([OVERLAY_MTU, *sizes]),
        "encrypted": sorted(name for name, each in options.items() if "encrypted" in each),
        "subnets": {
            network.get("name", "?"): _networks([_map(pool).get("subnet") for pool in network.get("ipam_config") or []])
            for network in wanted
        },
    }


def _pairs(text):
    return [tuple(pair.split(":", 1)) for pair in (text or "").split() if ":" in pair]


def _map(value):
    return value if isinstance(value, dict) else {}


def _number(value, default):
    return whole(value) or default


def _networks(texts):
    found = []
    for text in texts:
        try:
            found.append(ipaddress.ip_network(str(text).strip(), strict=False))
        except ValueError:
            continue
    return found


def _ahead(clock):
    """Seconds that the host's clock was ahead of the control host's as it asked, None if that cannot be told."""
    asked, _space, answered = (clock or "").partition(" ")
    times = whole(asked), whole(answered)
    return None if None in times else times[1] - times[0]
