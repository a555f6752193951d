# Copyright (c) 2026, apiary.swarm maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The arithmetic of managers: how many there are, how many must be reachable, which may be taken away.

PRIVATE to apiary.swarm: no other collection may import it.

Pure. A manager is a node with a ManagerStatus, that is a member of the raft, whatever role its spec asks for: a node
whose promotion never succeeded counts for nothing, one whose demotion has not been carried out still counts.
"""

from __future__ import annotations


def managers_of(nodes):
    """The members of the raft among the nodes of GET /nodes."""
    return [node for node in nodes if node.get("ManagerStatus")]


def is_reachable(node):
    return (node.get("ManagerStatus") or {}).get("Reachability") == "reachable"


def majority(count):
    """How many of count managers must be reachable for the swarm to decide anything."""
    return count // 2 + 1


def quorum(nodes):
    """Counts from GET /nodes: {managers, reachable, needed, tolerates}; tolerates is how many more may fail now."""
    managers = managers_of(nodes)
    reachable = sum(1 for node in managers if is_reachable(node))
    needed = majority(len(managers))
    return {
        "managers": len(managers),
        "reachable": reachable,
        "needed": needed,
        "tolerates": max(reachable - needed, 0),
    }


def has_quorum(nodes):
    """A leader that has lost its followers goes on answering reads for some 20 s: this tells it at once."""
    counts = quorum(nodes)
    return counts["reachable"] >= counts["needed"]


def may_lose(nodes, ids, removed=False):
    """Whether the managers of these node IDs can be taken away: None, or a sentence with the arithmetic that says why not.

    removed: they leave the raft for good (demoted), so that fewer are needed afterwards. Otherwise they are only stopped,
    or leave by force, and go on counting. IDs of workers and of unknown nodes are passed over.
    The engine's own rule for a demotion is the same (swarmkit raft.CanRemoveMember).
    """
    managers = managers_of(nodes)
    lost = [node for node in managers if node["ID"] in ids]
    if not lost:
        return None
    left = len(managers) - len(lost) if removed else len(managers)
    needed = majority(left)
    reachable = sum(1 for node in managers if is_reachable(node) and node not in lost)
    names = ", ".join(sorted(node["Description"].get("Hostname") or node["ID"] for node in lost))
    if left == 0:
        return f"{names}: no manager would be left; a swarm needs one"
    if reachable >= needed:
        return None
    now = quorum(nodes)
    return (
        f"{names}: of {now['managers']} managers {now['reachable']} can be reached now; without {_them(lost)} it would be "
        f"{reachable} of {left}, and {needed} are needed"
    )


def _them(lost):
    return "this one" if len(lost) == 1 else f"these {len(lost)}"
