# Copyright (c) 2026, apiary.swarm maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Carrying out the plans of _networks: removing, waiting until a name is free, creating.

PRIVATE to apiary.swarm: no other collection may import it.
"""

from __future__ import annotations

from ._cluster import Clock
from ._engine import retry
from ._errors import SwarmError
from ._networks import is_allocated, users

_ALLOCATION_TIMEOUT = 20


def refuse_used(engine, plans):
    """Raise SwarmError (kind in_use) with the services that use networks which are to go. One call, if any is to go."""
    if not plans:
        return
    services = retry(engine.services)
    told = [
        f"network {entry.name} is used by {', '.join(users(services, entry.present))}"
        for entry in plans
        if users(services, entry.present)
    ]
    if told:
        raise SwarmError(
            f"Could not remove networks on {engine.name}: {'; '.join(told)}",
            kind="in_use",
            hint="Nothing was changed. Remove these services, or take the network out of them, first.",
            node=engine.name,
        )


def remove(engine, network, clock):
    """DELETE a network; the tasks of a service that was just removed may hold it for their grace period."""
    while True:
        try:
            retry(lambda: engine.delete(f"/networks/{network['Id']}", what=f"remove network {network['Name']}"))
            return
        except SwarmError as error:
            if error.kind == "not_found":
                return
            if error.kind != "in_use" or not clock.pause():
                raise


def await_gone(engine, names, clock):
    """Wait until this engine itself has let go of the networks: until then it takes no new one of the name."""
    while names:
        left = [network["Name"] for network in retry(engine.networks) if network["Name"] in names]
        if not left:
            return
        if not clock.pause():
            raise SwarmError(
                f"Removed networks are not gone in time on {engine.name}: {', '.join(left)}",
                kind="timeout",
                hint="A container on that host still uses it. The managers have removed it; run again.",
                node=engine.name,
            )


def create(engine, plan, clock):
    """POST a network and wait until it has its addresses; returns it as GET /networks has it.

    One that gets none is removed again: tasks that use it would wait for ever. If the old network had been removed for
    it, that is made again.
    """
    try:
        made = retry(lambda: engine.post("/networks/create", plan.spec, what=f"create network {plan.name}"))
        return _await_allocated(engine, plan.name, made["Id"], clock)
    except SwarmError as error:
        if plan.action == "recreated":
            raise _restored(engine, plan, error)
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


def _restored(engine, plan, error):
    old = {key: plan.present[key] for key in plan.spec if plan.present.get(key) is not None}
    engine.post("/networks/create", dict(plan.spec, **old), what=f"make network {plan.name} again as it was")
    error.msg = f"{error.msg.rstrip('.')}. The network was made again as it was"
    return error
