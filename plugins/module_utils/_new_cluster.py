# Copyright (c) 2026, apiary.swarm maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A swarm that has lost its quorum for good goes on with one of its managers as the only one.

PRIVATE to apiary.swarm: no other collection may import it.

The engine's ForceNewCluster keeps what this manager knows as agreed, forgets the other managers and drops what was not agreed
yet. It does so whenever it is asked; here only where there is no quorum, so that asking again changes nothing.
"""

from __future__ import annotations

from ._cluster import Clock
from ._engine import TRANSIENT
from ._errors import SwarmError
from ._join import refuse_other_address
from ._quorum import has_quorum, managers_of
from ._swarm_state import obstacle, obstacle_error

TRIED = "make this manager the only one of its swarm"
# a manager that was just started, or has just lost the others, needs so many seconds to know that there is no leader
PATIENCE = 45
# it stops the node (15 s at most), starts it again and elects itself
FORCE_TIMEOUT = 120


def needs_force(engine):
    """Whether this manager's swarm has lost its quorum: (True or False, GET /info). Raises SwarmError where that is no question."""
    clock = Clock(PATIENCE)
    while True:
        info = engine.info()
        cause = obstacle(info)
        if cause in ("inactive", "worker", "locked", "certificate_expired"):
            raise obstacle_error(info, TRIED, engine.name, cause)
        if cause is None and _answers(engine):
            return False, info
        if not clock.pause():
            # for all of the time: a slow disk or an election looks the same for a moment
            if cause == "no_quorum":
                return True, info
            raise obstacle_error(info, TRIED, engine.name, cause or "pending")


def _answers(engine):
    """Whether the managers decide anything. One that has just lost the others goes on answering questions for a while."""
    try:
        return has_quorum(engine.nodes())
    except SwarmError as error:
        if error.kind in TRANSIENT | {"no_quorum"}:
            return False
        raise


def force(engine, request, info, advertised):
    """Ask the engine for it, and wait until this manager leads. Returns GET /nodes. Raises SwarmError."""
    refuse_other_address(info, advertised, engine.name)
    engine.post("/swarm/init", dict(request, ForceNewCluster=True), what=TRIED, timeout=FORCE_TIMEOUT)
    clock, nodes = Clock(PATIENCE), []
    while True:
        try:
            nodes = engine.nodes()
        except SwarmError as error:
            if error.kind not in TRANSIENT | {"no_quorum"}:
                raise
        if [node["ManagerStatus"].get("Leader") for node in managers_of(nodes)] == [True]:
            return nodes
        if not clock.pause():
            raise SwarmError(
                f"{engine.name} was to be the only manager of its swarm, and does not lead it in time",
                kind="timeout",
                hint="Run again to see whether it does by now; the engine's journal on that host tells what it waits for.",
                node=engine.name,
            )
