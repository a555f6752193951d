# Copyright (c) 2026, apiary.swarm maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Published ports of many services at once: who has which, who would take whose, and in which order they can move.

PRIVATE to apiary.swarm: no other collection may import it. Pure.
"""

from __future__ import annotations

from ._errors import SwarmError, meaning_of
from ._plan import REMOVE
from ._service_kinds import normal_port


def published(spec, service=None):
    """All ports of a service's spec, {(published or 0, target, protocol, mode)}; with the engine's service object also
    those that the engine chose itself."""
    ports = list((spec.get("EndpointSpec") or {}).get("Ports") or ())
    ports += ((service or {}).get("Endpoint") or {}).get("Ports") or ()
    return {normal_port(port) for port in ports}


def ingress_ports(spec, service=None):
    """Of these the ones in mode ingress, {(published or 0, protocol)}."""
    return {(number, protocol) for number, _target, protocol, mode in published(spec, service) if mode == "ingress"}


def port_conflicts(plans, services):
    """Published ports that two services would have, as SwarmErrors; two of mode host may share one on different nodes.

    The engine's own rule (swarmkit manager/controlapi/service.go), applied to what there will be after this run.
    """
    planned = {plan.name: plan for plan in plans}
    holders = {}
    for service in services:
        if service["Spec"]["Name"] not in planned:
            _hold(holders, service["Spec"]["Name"], published(service["Spec"], service))
    for plan in plans:
        if plan.spec:
            _hold(holders, plan.name, published(plan.spec, None if plan.changed else plan.observed))
    errors = []
    for (number, protocol), users in sorted(holders.items()):
        names = sorted({name for name, _mode in users})
        clash = len(names) > 1 and any(mode == "ingress" for _name, mode in users)
        if clash and any(planned[name].changed for name in names if name in planned):
            errors.append(
                SwarmError(
                    f"Port {number}/{protocol} would be published by more than one service: {', '.join(names)}",
                    kind="port_in_use",
                    hint=meaning_of("port_in_use"),
                )
            )
    return errors


def order_of_work(plans):
    """The positions of plans in groups, one to be carried out after the other, and the plans of a group side by side.

    The engine refuses a port that is not yet released: removals are the first group, and each plan comes after those that
    release a port it takes. Where two services swap ports there is no such order, and the engine will refuse one of them.
    """
    releasing = {}
    for index, plan in enumerate(plans):
        for port in released_ports(plan):
            releasing.setdefault(port, []).append(index)
    group_of = {}

    def place(index):
        if index not in group_of:
            group_of[index] = 0 if plans[index].action == REMOVE else 1  # for now, in case they wait for each other
            before = {other for port in taken_ports(plans[index]) for other in releasing.get(port, ())} - {index}
            group_of[index] = max([group_of[index], *(place(other) + 1 for other in sorted(before))])
        return group_of[index]

    groups = {}
    for index in range(len(plans)):
        groups.setdefault(place(index), []).append(index)
    return [groups[number] for number in sorted(groups)]


def released_ports(plan):
    """{(number, protocol)} of the ports that a plan gives up, or publishes in another mode."""
    before, after = _ports_around(plan)
    return {port[:2] for port in before - after}


def taken_ports(plan):
    before, after = _ports_around(plan)
    return {port[:2] for port in after - before}


def _ports_around(plan):
    """{(number, protocol, mode)} that are published before a plan and after it."""
    if not plan.changed:
        return set(), set()
    before = published(plan.observed["Spec"], plan.observed) if plan.observed else set()
    after = published(plan.spec) if plan.spec else set()
    return tuple({(port[0], *port[2:]) for port in ports if port[0]} for ports in (before, after))


def _hold(holders, name, ports):
    for number, _target, protocol, mode in ports:
        if number:
            holders.setdefault((number, protocol), set()).add((name, mode))
