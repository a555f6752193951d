# Copyright (c) 2026, apiary.swarm maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The kinds of value that only services have: image, mode, ports, networks, placement, health.

PRIVATE to apiary.swarm: no other collection may import it. Pure.
"""

from __future__ import annotations

import re

from . import _images, _units
from ._fields import look_up
from ._kinds import Kind, Records, Words, prune


class Image(Kind):
    def parse(self, value, world):
        name = _images.tagged(value)
        return world.pins.get(name, name)

    def same(self, current, target):
        return _images.same(current or "", target)


class Mode(Kind):
    """How many tasks: the API has one object for each mode, with that mode's numbers in it."""

    MODES = {
        "replicated": "Replicated",
        "global": "Global",
        "replicated-job": "ReplicatedJob",
        "global-job": "GlobalJob",
    }
    NEW = {"Replicated": {"Replicas": 1}, "ReplicatedJob": {"TotalCompletions": 1}}

    def argument(self):
        return {"type": "str", "choices": list(self.MODES)}

    def parse(self, value, world):
        mode = self.MODES[value]
        return {mode: dict(self.NEW.get(mode, {}))}

    def normal(self, value):
        return next(iter(value or {}), "")

    def needs(self, value):
        return [("a job", (1, 41))] if is_job({"Mode": value}) else []


def is_job(spec):
    """Whether a service's tasks are there to end (then every change of it runs them again)."""
    return bool({"ReplicatedJob", "GlobalJob"} & set(spec.get("Mode") or ()))


class Trigger(Kind):
    """Text that means something only by being another than the one remembered; a bool would say the same for ever."""

    type = "raw"

    def parse(self, value, world):
        if value is True:
            raise ValueError(
                'true says the same at every run: write a text that differs when tasks are to be replaced, "{{ now() }}" for always'
            )
        if isinstance(value, bool) or not isinstance(value, (str, int, float)) or value == "":
            raise ValueError(
                f"{value!r} is not a text that is another one when tasks are to be replaced again, such as a date"
            )
        return str(value)


_CONSTRAINT = re.compile(r"\s*([A-Za-z_][\w.-]*)\s*(==|!=)\s*(\S.*?)\s*", re.ASCII)


def constraint(text):
    if not _CONSTRAINT.fullmatch(text):
        raise ValueError(f"'{text}' is not a constraint such as node.role==worker or node.labels.disk!=ssd")
    return text


def folded_constraint(text):
    match = _CONSTRAINT.fullmatch(text)
    return "".join(match.groups()) if match else text


class Preferences(Kind):
    """Spread over values of a label: {spread: node.labels.rack}, or the CLI's spread=node.labels.rack."""

    type = "list"
    elements = "raw"
    mergeable = True

    def parse(self, value, world):
        return [{"Spread": {"SpreadDescriptor": self._label(item)}} for item in value]

    def _label(self, item):
        strategy, label = ("", "")
        if isinstance(item, dict) and len(item) == 1:
            strategy, label = next(iter(item.items()))
        elif isinstance(item, str):
            strategy, _equals, label = item.partition("=")
        if strategy != "spread" or not label:
            raise ValueError(f"{item!r} is not a preference such as spread: node.labels.rack")
        return str(label)

    def normal(self, value):
        return [look_up(item, ("Spread", "SpreadDescriptor")) for item in value or ()]

    def merge(self, current, target):
        return list(current or ()) + [item for item in target if item not in (current or ())]


class HealthTest(Words):
    """Text is for the container's shell; a list begins with CMD, CMD-SHELL or NONE, as the API has it."""

    def __init__(self):
        super().__init__(type="raw")

    def parse(self, value, world):
        if isinstance(value, str):
            return ["NONE"] if value.upper() == "NONE" else ["CMD-SHELL", value] if value else []
        words = super().parse(value, world)
        if words and words[0] not in ("NONE", "CMD", "CMD-SHELL"):
            raise ValueError(f"the list begins with '{words[0]}', not with CMD, CMD-SHELL or NONE")
        return words


def host_entry(text):
    """The engine's 'address name' from the CLI's name:address."""
    name, colon, address = text.partition(":")
    if not (name and colon and address):
        raise ValueError(f"'{text}' is not a host such as db:10.0.0.5")
    return f"{address} {name}"


def _port(entry, world):
    port = {
        "Protocol": entry.get("protocol", "tcp"),
        "TargetPort": entry["target_port"],
        "PublishMode": entry.get("mode", "ingress"),
    }
    if entry.get("published_port"):
        port["PublishedPort"] = entry["published_port"]
    for number in (port["TargetPort"], port.get("PublishedPort", 1)):
        if not 0 < number < 65536:
            raise ValueError(f"there is no port {number}")
    return port


def normal_port(port):
    return (
        port.get("PublishedPort") or 0,
        port.get("TargetPort"),
        port.get("Protocol") or "tcp",
        port.get("PublishMode") or "ingress",
    )


def _port_key(port):
    """What there can be only one of, beside what --publish-add of the CLI adds to: the port outside, else the whole entry."""
    published, _target, protocol, _mode = whole = normal_port(port)
    return (published, protocol) if published else whole


_PORT_OPTIONS = {
    "published_port": {"type": "int"},
    "target_port": {"type": "int", "required": True},
    "protocol": {"type": "str", "choices": ["tcp", "udp", "sctp"]},
    "mode": {"type": "str", "choices": ["ingress", "host"]},
}


def _network(entry, world):
    network = {"Target": world.network_id(entry["name"])}
    if entry.get("aliases"):
        network["Aliases"] = entry["aliases"]
    if entry.get("options"):
        # the drivers are written in Go, which has no True
        network["DriverOpts"] = {
            str(key): str(value).lower() if isinstance(value, bool) else str(value)
            for key, value in entry["options"].items()
        }
    return network


def _normal_network(network):
    return prune(dict(network, Aliases=sorted(network.get("Aliases") or ())))


def network_entry(text):
    """The entry that the text of a network stands for: a name, or the CLI's name=backend,alias=db,driver-opt=key=value."""
    text = str(text).strip()
    if "=" not in text:
        return {"name": text}
    entry = {}
    for key, value in _units.pairs(text):
        if key not in ("name", "alias", "driver-opt"):
            raise ValueError(f"'{text}': a network has no {key}; there are name, alias, driver-opt")
        if not value:
            raise ValueError(f"'{text}': {key} needs a value")
        if key == "name":
            entry["name"] = value
        elif key == "alias":
            entry.setdefault("aliases", []).append(value)
        else:
            option, _equals, setting = value.partition("=")
            entry.setdefault("options", {})[option] = setting
    return entry


_NETWORK_OPTIONS = {
    "name": {"type": "str", "required": True, "aliases": ["id"]},
    "aliases": {"type": "list", "elements": "str"},
    "options": {"type": "dict"},
}


def folded_signal(text):
    """SIGTERM, sigterm and TERM are the same."""
    return text.upper()[3:] if text.upper().startswith("SIG") else text.upper()


def _ports_of(item):
    # YAML 1.1 takes 22:22 for a number to the base of 60, so a number may not be what was written
    if not isinstance(item, str):
        raise ValueError(f"put it in quotes: YAML read it as {type(item).__name__} {item!r}")
    return _units.ports(item)


def ports():
    return Records(
        _PORT_OPTIONS,
        build=_port,
        key=_port_key,
        expand=_ports_of,
        normal=normal_port,
    )


def networks():
    # In the order of their IDs, as the CLI sends them.
    return Records(
        _NETWORK_OPTIONS,
        build=_network,
        key=lambda network: network["Target"],
        expand=lambda text: [network_entry(text)],
        normal=_normal_network,
        order=lambda network: network["Target"],
    )
