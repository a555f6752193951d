# Copyright (c) 2026, apiary.swarm maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Carrying out the plans of _nodes: writing, removing, and waiting until a role has been taken.

PRIVATE to apiary.swarm: no other collection may import it.
"""

from __future__ import annotations

from ._cluster import Clock
from ._engine import TRANSIENT, retry
from ._errors import SwarmError
from ._nodes import is_gone, name_of, plan, role_reached

# A node that left is noticed by its missing heartbeats: within 16 s, within 33 s after a change of leader.
DOWN_TIMEOUT = 60


def write(engine, entry):
    """POST one plan's spec; if somebody else changed the node meanwhile, read it, plan and try again."""
    stale = False

    def attempt():
        nonlocal stale
        node = engine.get(f"/nodes/{entry.node['ID']}", what="read a node") if stale else entry.node
        now = plan(node, entry.wish, entry.force) if stale else entry
        stale = True
        if now.spec != node["Spec"]:
            engine.post(
                f"/nodes/{node['ID']}/update",
                now.spec,
                what=f"change node {name_of(node)}",
                version=node["Version"]["Index"],
            )

    retry(attempt, kinds=TRANSIENT | {"out_of_sequence"})


def change(engine, plans, clock, wait):
    """Carry out plans: what needs no demotion at once, then the demotions one by one, this engine's own node last.

    Returns GET /nodes as read at the end. A SwarmError on the way says in its message and in details what had been done.
    """
    done = []
    try:
        gains = [entry for entry in plans if entry.role != "worker"]
        for entry in gains:
            write(engine, entry)
            done.append(entry)
        if wait:
            await_roles(engine, [entry for entry in gains if entry.role], clock)
        losses = [entry for entry in plans if entry.role == "worker"]
        own = engine.info()["Swarm"]["NodeID"] if losses else None
        for entry in losses:
            if entry.node["ID"] != own:
                write(engine, entry)
                done.append(entry)
                await_roles(engine, [entry] if wait else [], clock)
        nodes = retry(engine.nodes)
        for entry in losses:
            if entry.node["ID"] == own:
                write(engine, entry)
                done.append(entry)
                if wait:
                    await_own_demotion(engine, entry, clock)
                nodes = [_demoted(node) if node["ID"] == own else node for node in nodes]
        return nodes
    except SwarmError as error:
        raise _with_what_was_done(error, done)


def _demoted(node):
    """How the other managers list this engine's own node from now on; it cannot ask for the list any more."""
    return dict(node, Spec=dict(node["Spec"], Role="worker"), ManagerStatus=None)


def _with_what_was_done(error, done):
    if done:
        told = [f"{name_of(entry.node)}: {', '.join(entry.actions)}" for entry in done]
        error.msg = f"{error.msg.rstrip('.')}. Done before that: {'; '.join(told)}"
        error.details = dict(error.details, changed=True, done=told)
    return error


def await_roles(engine, plans, clock):
    """Wait until the managers list each node with its new role. Raises SwarmError (kind timeout)."""
    while plans:
        nodes = {node["ID"]: node for node in retry(engine.nodes)}
        missing = [
            entry
            for entry in plans
            if entry.node["ID"] in nodes and not role_reached(nodes[entry.node["ID"]], entry.role)
        ]
        if not missing:
            return
        if not clock.pause():
            raise SwarmError(
                f"Not done in time on {engine.name}: {', '.join(_unfinished(entry, nodes) for entry in missing)}",
                kind="timeout",
                hint="The managers go on with it. Check 2377/tcp and 7946/tcp+udp between the managers and these nodes.",
                node=engine.name,
            )


def _unfinished(entry, nodes):
    node = nodes[entry.node["ID"]]
    if entry.role == "worker":
        return f"{name_of(node)} is still one of the managers"
    return f"{name_of(node)} is to be a manager, but cannot be reached as one (its state is {node['Status']['State']})"


def await_own_demotion(engine, entry, clock):
    """Wait until this engine itself has become a worker: then it can no longer be asked for the list of nodes."""
    while engine.info()["Swarm"]["ControlAvailable"]:
        if not clock.pause():
            raise SwarmError(
                f"{name_of(entry.node)} was demoted, but still acts as a manager",
                kind="timeout",
                hint="It goes on with it. Run again to see whether it has.",
                node=engine.name,
            )


def await_down(engine, plans, clock):
    """Wait until the managers have noticed that each node is gone. Raises SwarmError (kind node_up) for one that is not."""
    patience = Clock(min(DOWN_TIMEOUT, clock.left))
    while True:
        nodes = {node["ID"]: node for node in retry(engine.nodes)}
        up = [entry.node for entry in plans if entry.node["ID"] in nodes and not is_gone(nodes[entry.node["ID"]])]
        if not up:
            return
        if not patience.pause():
            raise SwarmError(
                f"Could not remove {', '.join(map(name_of, up))} on {engine.name}: a node must be down to be removed: "
                f"{', '.join(nodes[node['ID']]['Status']['State'] for node in up)}",
                kind="node_up",
                hint="Nothing was changed. Let it leave first (on it: swarm_join with state: absent), or use force: true.",
                node=engine.name,
            )


def remove(engine, entry, force):
    """DELETE a node; one that is gone already is no error."""

    def attempt():
        engine.delete(f"/nodes/{entry.node['ID']}", what=f"remove node {name_of(entry.node)}", force=force)

    try:
        retry(attempt)
    except SwarmError as error:
        if error.kind != "not_found":
            raise
