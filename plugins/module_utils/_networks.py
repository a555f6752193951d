# Copyright (c) 2026, apiary.swarm maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The table of a swarm-wide network, and what a declaration calls for.

PRIVATE to apiary.swarm: no other collection may import it.

Pure. The engine cannot change a network: each declared option that differs is an error, or with recreate a removal and a
new network. What is not declared is kept over that.
"""

from __future__ import annotations

import copy
import ipaddress
from typing import NamedTuple

from ._errors import SwarmError
from ._fields import Field, Table
from ._ingress import is_ingress, publishers
from ._kinds import Bool, Kind, Mapping, Text

# the engine adds it to the options of every overlay network
_VXLAN = "com.docker.network.driver.overlay.vxlanid_list"


class Named(Text):
    """The name of a driver: an empty one would be another name after it was made."""

    def parse(self, value, world):
        if not value.strip():
            raise ValueError("it is empty: name a driver, or leave it out")
        return value


class Pools(Kind):
    """Address pools: an entry is the same as one of the engine's if what it declares is, the engine fills in the rest."""

    type = "list"
    elements = "dict"
    keys = (
        ("subnet", "Subnet"),
        ("iprange", "IPRange"),
        ("gateway", "Gateway"),
    )

    def argument(self):
        return dict(
            super().argument(),
            options={
                "subnet": {"type": "str", "required": True},
                "iprange": {"type": "str"},
                "gateway": {"type": "str"},
                "aux_addresses": {"type": "dict"},
            },
        )

    def parse(self, value, world):
        pools = []
        for entry in value:
            if not entry["subnet"]:
                raise ValueError("subnet is empty")
            for key in ("subnet", "iprange"):
                if entry.get(key):
                    ipaddress.ip_network(entry[key])
            if entry.get("aux_addresses"):
                raise ValueError("aux_addresses: a swarm's networks have none, the engine drops them; leave them out")
            pools.append({name: entry[key] for key, name in self.keys if entry.get(key)})
        return pools

    def same(self, current, target):
        present = {pool["Subnet"]: pool for pool in map(_canonical, current or ())}
        wanted = [_canonical(pool) for pool in target]
        return len(present) == len(wanted) and all(
            pool["Subnet"] in present and all(present[pool["Subnet"]].get(key) == pool[key] for key in pool)
            for pool in wanted
        )


def _canonical(pool):
    """A pool with one spelling of each address and network; what is neither stays as it is."""
    found = {"Subnet": None}
    for key, text in pool.items():
        try:
            found[key] = ipaddress.ip_interface(text) if key == "Gateway" else ipaddress.ip_network(text, strict=False)
        except ValueError:
            found[key] = text
    return found


NETWORK = Table(
    (
        Field("driver", Named(), "Driver", "--driver"),
        Field("attachable", Bool(), "Attachable", "--attachable"),
        Field("internal", Bool(), "Internal", "--internal"),
        Field("ingress", Bool(), "Ingress", "--ingress"),
        Field("enable_ipv6", Bool(), "EnableIPv6", "--ipv6"),
        Field("driver_options", Mapping(own=_VXLAN), "Options", "--opt"),
        Field("labels", Mapping(), "Labels", "--label"),
        Field("ipam_driver", Named(), "IPAM.Driver", "--ipam-driver"),
        Field("ipam_driver_options", Mapping(), "IPAM.Options", "--ipam-opt"),
        Field("ipam_config", Pools(), "IPAM.Config", "--subnet"),
    ),
    base={"Driver": "overlay"},
)
_SENT = sorted({field.path({})[0] for field in NETWORK.fields})


class Plan(NamedTuple):
    """What to do about one network.

    name     of the network
    action   created, recreated, removed, unchanged, or lingering: only this engine's own copy is still there
    present  as the engine has it, or None
    spec     to create, or None
    """

    name: str
    action: str
    present: dict
    spec: dict


def is_leftover(network):
    """Whether it is only this engine's copy of a network that the swarm no longer has.

    Such a copy stays until the last container on this node has stopped, and the name cannot be used here until then. The
    swarm's own networks are listed without their containers.
    """
    return network["Scope"] == "swarm" and network.get("Containers") is not None


def is_allocated(network):
    """Whether the managers could give the network its addresses; until then tasks that use it wait for ever."""
    return bool(network["Driver"])


def plan(wish, networks):
    """The Plan for one wish (an entry of the module's networks), given GET /networks.

    Raises SwarmError: kind invalid for values that make no sense, immutable for a difference without recreate, conflict
    for a name or subnet that something else has.
    """
    name = wish["name"]
    named = [network for network in networks if network["Name"] == name]
    swarm_wide = [network for network in named if network["Scope"] == "swarm"]
    present = next((network for network in swarm_wide if not is_leftover(network)), None)
    leftover = bool(swarm_wide) and not present
    if wish["state"] == "absent":
        return Plan(name, "removed" if present else "lingering" if leftover else "unchanged", present, None)
    values, problems = NETWORK.parse(NETWORK.declared(wish), None)
    if problems:
        raise SwarmError(f"Network {name}: {'; '.join(problems)}")
    if named and not swarm_wide:
        raise SwarmError(
            f"Network {name} cannot be created: this node has a network of its own with that name (driver {named[0]['Driver']})",
            kind="conflict",
            hint="Take another name, or remove that network first if it is not needed.",
        )
    if present is None:
        spec = _spec(name, values, NETWORK.base)
        _refuse_overlap(name, spec, networks)
        return Plan(name, "created", None, spec)
    differing = [
        field
        for field in NETWORK.fields
        if field.option in values and not field.same(field.read(present), values[field.option])
    ]
    if not differing and is_allocated(present):
        return Plan(name, "unchanged", present, None)
    if not wish["recreate"]:
        raise _immutable(name, present, differing, values)
    spec = _spec(name, values, present)
    _refuse_overlap(name, spec, [network for network in networks if network is not present])
    return Plan(name, "recreated", present, spec)


def _immutable(name, present, differing, values):
    if not differing:
        return SwarmError(
            f"Network {name} exists, but the managers could not give it addresses: its subnet is probably taken",
            kind="immutable",
            hint="Remove it, or let it be made anew with recreate: true, with another subnet (ipam_config).",
        )
    told = [
        f"{field.option} is {field.kind.normal(field.read(present))!r} and not {values[field.option]!r}"
        for field in differing
    ]
    return SwarmError(
        f"Network {name} exists with other options, which cannot be changed: {'; '.join(told)}",
        kind="immutable",
        hint="Declare what is there, or permit its removal and creation with recreate: true.",
    )


def _spec(name, values, base):
    """The create request: what is there (or base), with the declared values put in."""
    spec = {key: copy.deepcopy(base[key]) for key in _SENT if base.get(key) is not None}
    if spec.get("Options"):
        spec["Options"].pop(_VXLAN, None)
    for field in NETWORK.fields:
        if field.option in values:
            NETWORK.write(field, spec, values[field.option])
    return dict(spec, Name=name, Driver=spec.get("Driver") or "overlay", Scope="swarm", CheckDuplicate=True)


def _refuse_overlap(name, spec, networks):
    """The engine takes a network whose subnet another one has, and then never gives it addresses (tried)."""
    wanted = _subnets(spec)
    for network in networks:
        if network["Scope"] != "swarm" or network["Name"] == name:
            continue
        for theirs in _subnets(network):
            for ours in wanted:
                if ours.version == theirs.version and ours.overlaps(theirs):
                    raise SwarmError(
                        f"Network {name} cannot be created: its subnet {ours} overlaps with {theirs} of network {network['Name']}",
                        kind="conflict",
                        hint="Choose another subnet in ipam_config, or leave ipam_config out.",
                    )


def _subnets(network):
    pools = (network.get("IPAM") or {}).get("Config") or []
    # older engines kept what follows the network's bits
    return [ipaddress.ip_network(pool["Subnet"], strict=False) for pool in pools if pool.get("Subnet")]


def refuse_twice(wishes):
    """Raise SwarmError (kind invalid) if a task names a network twice."""
    names = [wish["name"] for wish in wishes]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise SwarmError(f"networks: {', '.join(twice)} is there twice")


def users(services, network):
    """The names of the services that use a network, of GET /services."""
    if is_ingress(network):
        return publishers(services)
    keys = (network["Id"], network["Name"])
    return sorted(
        service["Spec"]["Name"]
        for service in services
        if any(entry.get("Target") in keys for entry in _attachments(service["Spec"]))
    )


def _attachments(spec):
    return (spec.get("TaskTemplate", {}).get("Networks") or []) + (spec.get("Networks") or [])


def shown(network):
    """A network or a create request under the module's option names, for diffs."""
    return {
        field.option: field.kind.normal(field.read(network))
        for field in NETWORK.fields
        if field.read(network) not in (None, "", {}, [])
    }
