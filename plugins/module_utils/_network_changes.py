# Copyright (c) 2026, apiary.swarm maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The one flow of swarm_network: read, plan, apply (remove, wait until a name is free, create), result.

PRIVATE to apiary.swarm: no other collection may import it.
"""

from __future__ import annotations

from ._cluster import Clock, read_nodes
from ._engine import noting, retry
from ._errors import SwarmError
from ._fields import one_or_many
from ._ingress import await_unused, is_incomplete, is_ingress, refuse_impossible, spread
from ._networks import NETWORK, is_allocated, is_leftover, plan, refuse_twice, shown, users
from ._swarm_state import network_row

_ALLOCATION_TIMEOUT = 20
_INGRESS_TIMEOUT = 30
# Seconds that are taken in any case to make again what was removed for it.
_REMAKE_TIMEOUT = 30


def one_spec():
    """The argument spec of one network."""
    return dict(
        NETWORK.argument_spec(),
        name={"type": "str"},
        state={"type": "str", "choices": ["present", "absent"], "default": "present"},
        recreate={"type": "bool", "default": False},
    )


def argument_spec():
    """The argument spec of a module: one beside a list of many."""
    entry = dict(one_spec(), name={"type": "str", "required": True})
    return dict(one_spec(), networks={"type": "list", "elements": "dict", "options": entry})


def bring(engine, params, check_mode):
    """Bring the networks of a task to what is declared; returns the module's result."""
    wishes = one_or_many(params, "networks", one_spec())
    refuse_twice(wishes)
    read_nodes(engine, "change networks")
    plans = read_and_plan(engine, wishes)
    refuse_used(engine, going(plans), engine.services)
    made = {}
    if not check_mode:
        plans, made = carry_out(engine, wishes, plans, Clock(params["wait_timeout"]))
    return result(plans, made)


def read_and_plan(engine, wishes):
    """The plans for wishes, entries of the module's list. Raises SwarmError if one is invalid."""
    networks = retry(engine.networks) if wishes else []
    plans = [plan(wish, networks) for wish in wishes]
    refuse_impossible(plans, networks)
    return [_completed(engine, entry) for entry in plans]


def _completed(engine, entry):
    """A plan of action completed, if nodes lack a part in a network for published ports that is as declared."""
    if entry.action == "unchanged" and is_ingress(entry.present) and is_incomplete(engine, entry.present):
        return entry._replace(action="completed")
    return entry


def carry_out(engine, wishes, plans, clock):
    """Apply plans; returns them as they were carried out, and {name: network} of those that were made."""
    for entry in going(plans):
        remove(engine, entry.present, clock)
    if going(plans):
        clock = Clock(max(clock.left, _REMAKE_TIMEOUT))
    touched = [entry for entry in plans if entry.action not in ("unchanged", "completed")]
    await_gone(engine, [entry.present or entry.spec or {"Name": entry.name} for entry in touched], clock)
    for entry in plans:
        if entry.action == "completed":
            spread(engine, entry.present)
    done = [create(engine, wish, entry, clock) if entry.spec else (entry, None) for wish, entry in zip(wishes, plans)]
    return [entry for entry, _made in done], {entry.name: made for entry, made in done if made}


def going(plans):
    """The plans by which a network goes."""
    return [entry for entry in plans if entry.action in ("removed", "recreated")]


def result(plans, made):
    """The module's result; made is {name: network} after applying, empty in check mode."""
    rows, before, after = [], {}, {}
    for entry in plans:
        network = entry.present if entry.action in ("unchanged", "completed") else made.get(entry.name)
        action = "unchanged" if entry.action == "lingering" else entry.action
        rows.append(
            {
                "name": entry.name,
                "id": network["Id"] if network else None,
                "action": action,
                "changed": action != "unchanged",
                "network": network_row(network) if network else None,
            }
        )
        if action != "unchanged":
            before[entry.name] = shown(entry.present) if entry.present else {}
            after[entry.name] = shown(network or entry.spec) if network or entry.spec else {}
    return {"changed": bool(before), "networks": rows, "diff": {"before": before, "after": after}}


def refuse_used(engine, plans, read_services):
    """Raise SwarmError (kind in_use) with the services that use networks which are to go; they are read if any is to go."""
    if not plans:
        return
    services = retry(read_services)
    told = [
        f"network {entry.name} is used by {', '.join(users(services, entry.present))}"
        for entry in plans
        if users(services, entry.present)
    ]
    if told:
        hint = "Nothing was changed. Remove these services, or take the network out of them, first."
        if any(is_ingress(entry.present) for entry in plans):
            hint += (
                " Services that publish a port in ingress mode use the network for it: let them publish none meanwhile."
            )
        raise SwarmError(
            f"Could not remove networks on {engine.name}: {'; '.join(told)}",
            kind="in_use",
            hint=hint,
            node=engine.name,
        )


def remove(engine, network, clock):
    """DELETE a network; the tasks of a service that was just removed may hold it for their grace period."""
    if is_ingress(network):
        await_unused(engine, network, clock)
    while True:
        try:
            retry(lambda: engine.delete(f"/networks/{network['Id']}", what=f"remove network {network['Name']}"))
            return
        except SwarmError as error:
            if error.kind == "not_found":
                return
            if error.kind != "in_use" or not clock.pause():
                raise


def await_gone(engine, networks, clock):
    """Wait until this engine itself has let go of networks (plain data with Name): until then it takes no new one of the name.

    Those that have an Id, and what this engine still has of others that were removed earlier. One that somebody else made meanwhile is
    none of them.
    """
    # one for published ports is held by no container when it comes to this: it goes in a second, or never
    ingress = [network["Name"] for network in networks if is_ingress(network)]
    ids = {network.get("Id") for network in networks}
    _await_gone(
        engine,
        ingress,
        ids,
        Clock(min(_INGRESS_TIMEOUT, clock.left)),
        "The managers have removed it, but this engine cannot let go of it. Run again on another manager, or restart the "
        "engine on this one ('systemctl restart docker') and run again.",
    )
    _await_gone(
        engine,
        [network["Name"] for network in networks if network["Name"] not in ingress],
        ids,
        clock,
        "A container on that host still uses it. The managers have removed it; run again.",
    )


def _await_gone(engine, names, ids, clock, hint):
    while names:
        left = [
            network["Name"]
            for network in retry(engine.networks)
            if network["Name"] in names and (network["Id"] in ids or is_leftover(network))
        ]
        if not left:
            return
        if not clock.pause():
            raise SwarmError(
                f"Removed networks are not gone in time on {engine.name}: {', '.join(left)}",
                kind="timeout",
                hint=hint,
                node=engine.name,
            )


def create(engine, wish, entry, clock):
    """POST a network and wait until it has its addresses; returns the plan as it was carried out, and it as GET /networks has it.

    Where there is one of this name by now, another run was quicker, or an attempt of which a lost leader said nothing was carried
    out: then it is planned again, and must be as declared.

    One that gets none, or that no node can do anything with, is removed again: tasks that use it would wait for ever. If the
    old network had been removed for it, that is made again.
    """
    unsure = []

    def attempt():
        with noting(unsure, entry):
            return engine.post("/networks/create", entry.spec, what=f"create network {entry.name}")["Id"]

    try:
        try:
            network_id = retry(attempt)
        except SwarmError as error:
            there = _plan_again(engine, wish, clock) if error.kind in ("conflict", "name_conflict") else entry
            if there.action != "unchanged":
                raise
            network_id = there.present["Id"]
            entry = entry if unsure or entry.action == "recreated" else there
        network = _await_allocated(engine, entry.name, network_id, clock)
        if is_ingress(network):
            _spread(engine, network)
        return entry, network
    except SwarmError as error:
        if entry.action == "recreated" and error.kind != "incomplete":
            raise _restored(engine, entry, error, clock)
        raise


def _plan_again(engine, wish, clock):
    """The plan for a network that somebody else has just made, and that may still wait for its addresses."""
    patience = Clock(min(_ALLOCATION_TIMEOUT, clock.left))
    while True:
        networks = retry(engine.networks)
        named = [network for network in networks if network["Name"] == wish["name"] and network["Scope"] == "swarm"]
        if all(is_allocated(network) for network in named) or not patience.pause():
            return plan(wish, networks)


def _spread(engine, network):
    try:
        spread(engine, network)
    except SwarmError as error:
        if error.kind == "invalid":
            engine.delete(f"/networks/{network['Id']}", what=f"remove network {network['Name']} again")
            error.msg += ". It was removed again"
        raise


def _await_allocated(engine, name, network_id, clock):
    patience = Clock(min(_ALLOCATION_TIMEOUT, clock.left))
    while True:
        found = [network for network in retry(engine.networks) if network["Id"] == network_id]
        if found and is_allocated(found[0]):
            return found[0]
        if not patience.pause():
            engine.delete(f"/networks/{network_id}", what=f"remove network {name} again")
            raise SwarmError(
                f"Could not create network {name} on {engine.name}: the managers could not give it addresses",
                kind="conflict",
                hint="It was removed again. Its subnet is probably taken: choose another one in ipam_config.",
                node=engine.name,
            )


def _restored(engine, plan, error, clock):
    old = {key: plan.present[key] for key in plan.spec if plan.present.get(key) is not None}
    await_gone(engine, [plan.present], clock)
    made = engine.post("/networks/create", dict(plan.spec, **old), what=f"make network {plan.name} again as it was")
    if is_ingress(plan.present):
        spread(engine, {"Id": made["Id"], "Name": plan.name})
    error.msg = f"{error.msg.rstrip('.')}. The network was made again as it was"
    return error
