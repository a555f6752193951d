# Copyright (c) 2026, apiary.swarm maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Nodes: finding those that a task means, and what a declaration changes on one.

PRIVATE to apiary.swarm: no other collection may import it.

Pure: takes GET /nodes and options, returns plans.
"""

from __future__ import annotations

import copy
from typing import NamedTuple

from ._errors import SwarmError, meaning_of
from ._kinds import Mapping
from ._quorum import may_lose

# On a node that is out for a while: the availability that it is to get back.
REMEMBERED = "io.apiary.availability"
AVAILABILITIES = ("active", "pause", "drain")


def find(nodes, name, tried):
    """The node with this ID or host name. Raises SwarmError (kind not_found or ambiguous)."""
    named = [node for node in nodes if node["ID"] == name]
    named = named or [node for node in nodes if node["Description"].get("Hostname") == name]
    if len(named) == 1:
        return named[0]
    if named:
        shown = ", ".join(f"{node['ID']} ({node['Status']['State']})" for node in named)
        raise SwarmError(
            f"Could not {tried}: {len(named)} nodes are called {name}: {shown}",
            kind="ambiguous",
            hint=meaning_of("ambiguous"),
        )
    known = ", ".join(sorted(name_of(node) for node in nodes))
    raise SwarmError(
        f"Could not {tried}: there is no node {name} in the swarm; there are {known}",
        kind="not_found",
        hint="Name a node by its ID or its host name as 'docker node ls' shows them.",
    )


def find_all(nodes, names, tried):
    """The nodes of these IDs or host names. Raises SwarmError, also if two names mean the same node (kind invalid)."""
    found = [find(nodes, name, tried) for name in names]
    seen = {}
    for name, node in zip(names, found):
        if node["ID"] in seen:
            raise SwarmError(f"Could not {tried}: {seen[node['ID']]} and {name} are the same node")
        seen[node["ID"]] = name
    return found


def name_of(node):
    return node["Description"].get("Hostname") or node["ID"]


def is_manager(node):
    """Whether it is one now or is asked to be one: the engine removes neither."""
    return bool(node.get("ManagerStatus")) or node["Spec"]["Role"] == "manager"


def is_gone(node):
    """Whether a node may be removed: it is down, or never finished joining.

    The engine also removes one whose state is unknown, but after a change of leader all nodes are that for a while.
    """
    state = node["Status"]["State"]
    return state in ("down", "disconnected") or (state == "unknown" and not node["Description"].get("Hostname"))


class Plan(NamedTuple):
    """What to do to one node.

    wish     the options it follows from, and force, for planning again after a conflict
    node     as read, or None if there is nothing to be done because it is gone
    spec     to send
    actions  what is done, as sentences without a subject; empty if nothing
    role     the role that the node is to take, or None if that does not change
    remove   whether to remove it
    """

    wish: dict
    force: bool
    node: dict
    spec: dict = None
    actions: tuple = ()
    role: str = None
    remove: bool = False


def plan(node, wish, force=False):
    """The Plan for one node. wish has labels, labels_state, labels_to_remove, role, availability and state, all optional.

    Raises SwarmError for labels that contradict each other, and for the removal of a manager without force.
    """
    if wish.get("state") == "absent":
        return _removal(node, wish, force)
    spec = copy.deepcopy(node["Spec"])
    labels = _labels(spec.get("Labels") or {}, wish)
    actions = [
        f"set label {key} to {labels[key]!r}"
        for key in sorted(labels)
        if (spec.get("Labels") or {}).get(key) != labels[key]
    ]
    actions += [f"remove label {key}" for key in sorted(spec.get("Labels") or {}) if key not in labels]
    if actions:
        spec["Labels"] = labels
    role = wish.get("role")
    if role and role != spec["Role"]:
        spec["Role"] = role
        actions.append("promote to manager" if role == "manager" else "demote to worker")
    # a change that was asked for earlier and is not done yet is waited for as well
    turning = role if role and not role_reached(node, role) else None
    availability = wish.get("availability")
    if availability and availability != spec["Availability"]:
        actions.append(f"set availability from {spec['Availability']} to {availability}")
        spec["Availability"] = availability
    return Plan(wish, force, node, spec, tuple(actions), turning)


def shift_of(node, availability, remember=False):
    """The wish that gives a node an availability. Pure.

    remember: note what it had, in the same write, unless something is noted already, by a run that was interrupted.
    "remembered" is what was noted, which is forgotten with it; a node of which nothing is noted stays as it is.
    """
    noted = (node["Spec"].get("Labels") or {}).get(REMEMBERED)
    present = node["Spec"]["Availability"]
    if availability == "remembered":
        if noted is None:
            return {}
        return {"availability": noted if noted in AVAILABILITIES else present, "labels_to_remove": [REMEMBERED]}
    if remember and noted is None and present != availability:
        return {"availability": availability, "labels": {REMEMBERED: present}}
    return {"availability": availability}


def _removal(node, wish, force):
    if node is None:
        return Plan(wish, force, None)
    if is_manager(node) and not force:
        raise SwarmError(
            f"{name_of(node)} is a manager and cannot be removed as it is",
            kind="wrong_role",
            hint="Demote it first (role: worker), or remove it with force: true, which demotes it if the quorum allows.",
        )
    # one that is down and no member of the raft (lost when a new cluster was forced) can be removed, but not demoted
    role = "worker" if node.get("ManagerStatus") or (is_manager(node) and not is_gone(node)) else None
    spec = dict(node["Spec"], Role="worker") if role else node["Spec"]
    actions = (("demote to worker",) if role else ()) + ("remove from the swarm",)
    return Plan(wish, force, node, spec, actions, role, remove=True)


def _labels(present, wish):
    given = wish.get("labels")
    replace = wish.get("labels_state") == "replace"
    drop = [] if replace else wish.get("labels_to_remove") or []
    try:
        given = None if given is None else Mapping().parse(given, None)
    except ValueError as error:
        raise SwarmError(f"labels: {error}")
    if given is not None and replace:
        # what a run that was interrupted noted is no label of the operator's
        return dict({key: text for key, text in present.items() if key == REMEMBERED}, **given)
    both = sorted(set(drop) & set(given or {}))
    if both:
        raise SwarmError(f"labels and labels_to_remove both name {', '.join(both)}")
    return {key: text for key, text in dict(present, **(given or {})).items() if key not in drop}


def refuse_loss_of_quorum(nodes, plans):
    """Raise SwarmError (kind quorum_guard) if the demotions of these plans would cost the quorum.

    Promotions are carried out first, so those count.
    """
    promoted = {entry.node["ID"] for entry in plans if entry.role == "manager"}
    demoted = {entry.node["ID"] for entry in plans if entry.role == "worker"}
    then = [
        dict(node, ManagerStatus=node.get("ManagerStatus") or {"Reachability": "reachable"})
        if node["ID"] in promoted
        else node
        for node in nodes
    ]
    reason = may_lose(then, demoted, removed=True)
    if reason:
        raise SwarmError(
            f"Could not demote {reason}",
            kind="quorum_guard",
            hint="Nothing was changed. Bring the missing managers back, or promote another node first.",
        )


def refuse_promotion_of_absent(plans):
    """Raise SwarmError (kind node_down) for a node that is to become a manager and does not answer: it never would."""
    for entry in plans:
        if entry.role == "manager" and is_gone(entry.node):
            raise SwarmError(
                f"Could not promote {name_of(entry.node)}: it is {entry.node['Status']['State']}",
                kind="node_down",
                hint="Nothing was changed. Bring the node back first.",
            )


def role_reached(node, role):
    """Whether a node has become what its spec asks: a manager that can be reached, or no member of the raft any more."""
    if role == "manager":
        return (node.get("ManagerStatus") or {}).get("Reachability") == "reachable"
    return not node.get("ManagerStatus")
