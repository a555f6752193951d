# Copyright (c) 2026, apiary.swarm maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Unlocking a manager that was restarted under autolock.

PRIVATE to apiary.swarm: no other collection may import it.
"""

from __future__ import annotations

from ._errors import SwarmError
from ._quorum import is_reachable
from ._swarm_state import obstacle, obstacle_error

# The engine answers only when the manager has found a leader, which may need another manager that is locked too.
PATIENCE = 10
# what a manager goes through by itself after it was unlocked
PASSING = frozenset(("pending", "no_quorum"))


def must_unlock(info, node):
    """Whether the manager is locked. Raises SwarmError where there is nothing that could be unlocked. Pure."""
    cause = obstacle(info)
    if cause in (None, "worker") or cause in PASSING:
        return False
    if cause == "locked":
        return True
    raise obstacle_error(info, "unlock the manager", node, cause)


def unlock(engine, keys):
    """Try one key after the other; the position of the one that fits. Raises SwarmError (kind unlock_key) if none does."""
    for position, key in enumerate(keys):
        try:
            engine.post("/swarm/unlock", {"UnlockKey": key}, what="unlock the manager", timeout=PATIENCE)
        except SwarmError as error:
            if error.kind == "timeout" and engine.info()["Swarm"]["LocalNodeState"] != "locked":
                return position  # the engine goes on, until the others are there
            if error.kind == "not_locked":
                return position
            if error.kind != "unlock_key":
                raise
        else:
            return position
    few = (
        "the key that was given is not its own"
        if len(keys) == 1
        else f"none of the {len(keys)} keys that were given is its own"
    )
    raise SwarmError(
        f"Could not unlock the manager on {engine.name}: {few}",
        kind="unlock_key",
        hint=(
            "A manager that was away when the key was rotated wants the key from before. The present one is read on a manager that "
            "works ('docker swarm unlock-key'). The manager was left locked."
        ),
        node=engine.name,
    )


def await_manager(engine, clock, tried):
    """Wait until this manager can read and change the swarm, and is Reachable to itself; a worker has nothing to wait for."""
    while True:
        info = engine.info()
        cause = obstacle(info)
        if cause == "worker":
            return
        if cause is None:
            try:
                nodes = engine.nodes()
                if any(node["ID"] == info["Swarm"]["NodeID"] and is_reachable(node) for node in nodes):
                    return
            except SwarmError as error:
                cause = error.kind
        if cause not in (*PASSING, "electing", None) or not clock.pause():
            raise obstacle_error(info, tried, engine.name, cause or "pending")
