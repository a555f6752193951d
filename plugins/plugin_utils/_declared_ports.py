# Copyright (c) 2026, apiary.swarm maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which ports services declare, and which of them something else has.

PRIVATE to apiary.swarm: no other collection may import it. Runs on the control host. Pure.
"""

from __future__ import annotations

from ..module_utils import _units


def declared(services, defaults=None):
    """[{service, port, protocol, surely}] of the numbered ports that services (options of swarm_service) publish.

    surely is true where a node on which something else has the port is a failure whatever the scheduler does: in ingress mode,
    and in host mode of a global service without constraints. What makes no sense is left out: swarm_service tells.
    """
    found = []
    for service in services:
        if not isinstance(service, dict):
            continue
        options = {**(defaults or {}), **service}
        if options.get("state") == "absent" or str(options.get("replicas")) == "0":
            continue
        placement = options.get("placement")
        everywhere = options.get("mode") == "global" and not (
            placement and (not isinstance(placement, dict) or placement.get("constraints"))
        )
        for port in _entries(options.get("publish")):
            number, protocol = _number(port.get("published_port")), port.get("protocol") or "tcp"
            if number and protocol in ("tcp", "udp"):
                surely = everywhere or (port.get("mode") or "ingress") == "ingress"
                found.append(
                    {"service": str(options.get("name", "")), "port": number, "protocol": protocol, "surely": surely}
                )
    return found


def taken(ports, reports):
    """{surely: sentences, perhaps: sentences} about declared() ports, given {host: result of swarm_info}."""
    found = {"surely": [], "perhaps": []}
    for host, report in reports.items():
        for held in report.get("held_ports") or ():
            for port in ports:
                if (port["port"], port["protocol"]) == (held["port"], held["protocol"]):
                    found["surely" if port["surely"] else "perhaps"].append(
                        f"{host}: {held['holder']} has port {held['port']}/{held['protocol']}, which service "
                        f"{port['service']} is to publish."
                    )
    return found


def _entries(publish):
    if isinstance(publish, str):
        publish = publish.split(",")
    for entry in publish if isinstance(publish, list) else ():
        if isinstance(entry, dict):
            yield entry
        elif isinstance(entry, str):
            try:
                yield from _units.ports(entry)
            except ValueError:
                continue


def _number(value):
    return _units.whole(value) or 0
