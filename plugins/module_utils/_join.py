# Copyright (c) 2026, apiary.swarm maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Joining a swarm and leaving it: what a node's present state calls for, and the waiting.

PRIVATE to apiary.swarm: no other collection may import it.
"""

from __future__ import annotations

from ._addresses import answers, host_of, is_ip, is_own, with_port
from ._cluster import Clock
from ._engine import TRANSIENT, retry
from ._errors import SwarmError, meaning_of
from ._quorum import is_reachable, may_lose, quorum
from ._swarm_state import obstacle, obstacle_error

# the engine itself gives up after 20 s and goes on in the background (moby swarmConnectTimeout)
JOIN_TIMEOUT = 30
# a change of role reaches a node within 16 s (swarmkit roleChangeTimeout)
ROLE_TIMEOUT = 20
# trying another manager cannot help with these
FINAL = frozenset(("join_token", "advertise_addr", "invalid", "member", "forbidden", "unreachable"))
# (what an engine says of a manager that does not let it in, what to do)
ADVICE = (
    # engines from 28 on insist on ALPN, which older ones offer until they load another certificate (moby/swarmkit#3189)
    (
        "missing selected ALPN property",
        "A manager with an engine older than 28 lets no engine of 28 or newer in once it has had a new certificate (renewed, of "
        "a new root CA, or for another role) since it was started. Restart the engine on such managers, one after the other, "
        "or upgrade them.",
    ),
    ("", "Check that these managers run and that their port 2377/tcp can be reached from this host."),
)


def must_join(info, node):
    """Whether a node is to be joined: True if it is in no swarm, None if it is in the midst of joining one, else False.

    Pure. Raises SwarmError for the states in which a node must be left alone. A node without an ID has never been let in,
    so nothing is lost when its attempt is given up; one with an ID may hold the swarm's data.
    """
    cause = obstacle(info)
    if cause == "inactive":
        return True
    if cause in (None, "worker"):
        return False
    if cause == "pending" or (cause == "error" and not info["Swarm"]["NodeID"]):
        return None
    raise obstacle_error(info, "join a swarm", node, cause)


def refuse_other_swarm(info, node_ids, remote_addrs, node):
    """Raise SwarmError (kind other_swarm) if a member is in another swarm than the one that is meant. Pure.

    node_ids are the IDs of the swarm's nodes. Without them the managers' addresses must do: the node's own managers
    must be among those named, which can only be told if these are all IP addresses.
    """
    swarm = info["Swarm"]
    if node_ids:
        if swarm["NodeID"] in node_ids:
            return
        if {peer["NodeID"] for peer in swarm.get("RemoteManagers") or []} & set(node_ids):
            raise SwarmError(
                f"{node} knows the managers of this swarm, but its ID {swarm['NodeID']} is not among the {len(node_ids)} of "
                "cluster_node_ids: it was removed from the swarm, or another run let it join just now",
                kind="other_swarm",
                hint="Run again. If it is still so, let it leave (swarm_join with state: absent), and it can join anew.",
                node=node,
            )
        seen = f"its ID {swarm['NodeID']} is not among the {len(node_ids)} of cluster_node_ids"
    else:
        named = {host_of(address) for address in remote_addrs or []}
        known = {host_of(peer["Addr"]) for peer in swarm.get("RemoteManagers") or []}
        if not named or not known or named & known or not all(is_ip(host) for host in named):
            return
        seen = f"its managers are {', '.join(sorted(known))}, and none of them is in remote_addrs"
    raise SwarmError(
        f"{node} is in another swarm: {seen}",
        kind="other_swarm",
        hint="Let it leave first (swarm_join with state: absent), if it is not needed where it is.",
        node=node,
    )


def refuse_other_role(info, role, node):
    """Raise SwarmError (kind wrong_role) for a member with the other role. Pure."""
    present = "manager" if info["Swarm"]["ControlAvailable"] else "worker"
    if present == role:
        return
    step = "Promote" if role == "manager" else "Demote"
    raise SwarmError(
        f"{node} is in the swarm as a {present}, and is declared to be a {role}",
        kind="wrong_role",
        hint=f"{step} it on a manager: swarm_node with node: {info['Swarm']['NodeID']} and role: {role}.",
        node=node,
    )


def refuse_other_address(info, advertised, node):
    """Raise SwarmError (kind immutable) for a member that advertises another address than the declared one. Pure."""
    present = info["Swarm"]["NodeAddr"]
    if advertised and present != advertised:
        raise SwarmError(
            f"advertise_addr is {present} on {node} and cannot be changed to {advertised} while the node is in a swarm",
            kind="immutable",
            hint="Declare the present address; or demote the node, let it leave and join again with the new address.",
            node=node,
        )


def candidates(remote_addrs, advertised, local):
    """The managers to try, each with its port and without this node itself."""

    def is_self(address):
        host = host_of(address)
        return host == advertised or (local and is_ip(host) and is_own(host))

    return [with_port(address) for address in dict.fromkeys(remote_addrs) if not is_self(address)]


def await_end_of_join(engine, seconds):
    """Wait while the engine goes on joining in the background; the info when it has ended, or after these seconds."""
    clock = Clock(seconds)
    while True:
        info = engine.info()
        if info["Swarm"]["LocalNodeState"] != "pending" or not clock.pause():
            return info


def join_through_any(engine, request, addresses, clock, local):
    """Try one manager after the other (the engine itself uses only the first that it is given); the address that let it in.

    Raises SwarmError with what each of them answered. That it has no quorum one alone may say, which is cut off from the
    others; all that answer must say it.
    """
    tried, kinds = [], set()
    for position, address in enumerate(addresses):
        reason = answers(address) if local else None
        if reason is None:
            patience = clock.left if position == len(addresses) - 1 else min(clock.left, ROLE_TIMEOUT)
            refusal = _join_through(engine, dict(request, RemoteAddrs=[address]), address, patience)
            if refusal is None:
                return address
            kind, reason = refusal
            kinds.add(kind)
        tried.append(f"{address}: {reason}")
    told = "; ".join(tried)
    if kinds == {"no_quorum"}:
        raise SwarmError(
            f"Could not join the swarm on {engine.name}: it has no quorum. {told}",
            kind="no_quorum",
            hint=meaning_of("no_quorum"),
            node=engine.name,
        )
    raise SwarmError(
        f"Could not join the swarm on {engine.name}: no manager let it in. {told}",
        kind="no_manager",
        hint=next(advice for words, advice in ADVICE if words in told),
        node=engine.name,
    )


def _join_through(engine, request, address, patience):
    """None when the node is a member, else why not: (kind, text). An attempt that did not end is given up again."""

    def attempt():
        engine.post("/swarm/join", request, what=f"join the swarm through {address}", timeout=JOIN_TIMEOUT)

    try:
        retry(attempt)
    except SwarmError as error:
        if error.kind in FINAL:
            raise
        if error.kind not in ("join_timeout", "timeout"):
            return error.kind, error.msg.partition("the engine answered: ")[2] or error.msg
        info = await_end_of_join(engine, patience)
        if info["Swarm"]["LocalNodeState"] == "active":
            return None
        if info["Swarm"]["LocalNodeState"] != "inactive":
            give_up(engine)
        return error.kind, info["Swarm"].get("Error") or "it did not let the node in in time"
    return None


def give_up(engine):
    """End an attempt to join that the engine goes on with in the background."""
    engine.post("/swarm/leave", what="end an attempt to join that goes on in the background", force=True)


def await_member(engine, role, clock, info=None, nodes=None):
    """Wait until a member is usable: a worker is active; a manager is Reachable in its own list of nodes.

    Only then can the next manager join. info and nodes are for the first look, if they were just read. Returns (info,
    nodes, None on a worker). Raises SwarmError if the node is something else.
    """
    role_clock = Clock(min(clock.left, ROLE_TIMEOUT))
    while True:
        info = info or engine.info()
        swarm = info["Swarm"]
        if swarm["LocalNodeState"] in ("inactive", "error", "locked"):
            raise obstacle_error(info, "join the swarm", engine.name)
        seen = f"its state is {swarm['LocalNodeState']}"
        if swarm["LocalNodeState"] == "active" and swarm["ControlAvailable"] != (role == "manager"):
            seen = f"it is not a {role}"
            # a worker never becomes a manager by itself; a manager may need a moment to become one
            if role == "worker" or not role_clock.left:
                refuse_other_role(info, role, engine.name)
        elif swarm["LocalNodeState"] == "active" and role == "worker":
            return info, None
        elif swarm["LocalNodeState"] == "active":
            nodes, seen = _listed(engine, nodes)
            if any(node["ID"] == swarm["NodeID"] and is_reachable(node) for node in nodes):
                return info, nodes
        if not clock.pause():
            raise SwarmError(
                f"{engine.name} is in the swarm, but is not usable in time: {seen}",
                kind="join_timeout",
                hint="Check 2377/tcp and 7946/tcp+udp between the managers. The node was left as it is; run again.",
                node=engine.name,
            )
        info, nodes = None, None


def _listed(engine, nodes):
    """(GET /nodes, what to say of it); a manager that has just joined may not be able to tell for a moment."""
    try:
        return nodes or engine.nodes(), "the managers do not list it as reachable"
    except SwarmError as error:
        if error.kind not in TRANSIENT | {"no_quorum"}:
            raise
        return [], error.msg


def refuse_leave(info, nodes, force, node):
    """Raise SwarmError if a node must not leave like this; a warning if it may only because of force, else None. Pure.

    nodes is GET /nodes on a manager that can read them, else None.
    """
    swarm = info["Swarm"]
    cause = obstacle(info)
    name = info["Name"]
    if cause == "worker" or (cause in ("pending", "error") and not swarm["NodeID"]):
        return None
    if cause in ("pending", "locked", "certificate_expired", "error"):
        if force:
            return None
        error = obstacle_error(info, "leave the swarm", node, cause)
        error.hint = "If the node is not to come back with what it has, let it leave with force: true."
        raise error
    breaks = may_lose(nodes, [swarm["NodeID"]]) if nodes else meaning_of("no_quorum")
    if force and not nodes:
        return f"Whether the swarm has a quorum without {name} cannot be told: it could not be asked for its managers."
    if force:
        if quorum(nodes)["managers"] == 1:
            return f"{name} was the only manager: with it the swarm is gone."
        return f"The swarm has no quorum without {breaks}." if breaks else None
    raise SwarmError(
        f"{name} is a manager and would leave a gap among the managers: {breaks or _gap(nodes)}",
        kind="quorum_guard" if breaks else "wrong_role",
        hint=(
            f"Demote it first (swarm_node on another manager with node: {swarm['NodeID']} and role: worker), then let it "
            "leave; or leave with force: true, if the swarm is to be given up."
        ),
        node=node,
    )


def _gap(nodes):
    counts = quorum(nodes)
    return (
        f"it would go on counting as one of {counts['managers']} managers, of which {counts['needed']} are needed and "
        f"{counts['reachable'] - 1} would be reachable"
    )
