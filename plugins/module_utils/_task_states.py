# Copyright (c) 2026, apiary.swarm maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What one task of the API says: how far it has come, how it ended, and when.

PRIVATE to apiary.swarm: no other collection may import it. Pure.
"""

from __future__ import annotations

import calendar
import time

# In the order in which a task goes through them; a state that is not listed (remove, orphaned) counts for nothing.
_ORDER = (
    "new",
    "allocated",
    "pending",
    "assigned",
    "accepted",
    "preparing",
    "ready",
    "starting",
    "running",
    "complete",
    "shutdown",
    "failed",
    "rejected",
)
RUNNING = _ORDER.index("running")
BROKEN = frozenset(("failed", "rejected", "complete"))


def known(task):
    """Whether its states are among those that count here."""
    return task["DesiredState"] in _ORDER and task["Status"]["State"] in _ORDER


def on_lost_node(task, nodes):
    """Whether a task is on a node that is down or no more, where nothing can be seen to end; nodes is {ID: node}."""
    node = nodes.get(task.get("NodeID"))
    return bool(task.get("NodeID")) and (node is None or node["Status"]["State"] == "down")


def rank(state):
    """How far a task has come, as a number to compare."""
    return _ORDER.index(state)


def runs(task):
    return task["Status"]["State"] == "running" and rank(task["DesiredState"]) <= RUNNING


def has_no_node(task):
    return task["Status"]["State"] == "pending" and bool(task["Status"].get("Err"))


def end(task):
    """How a task ended, as the predicate of a sentence."""
    status = task["Status"]
    if status["State"] == "rejected":
        return f"was rejected: {status.get('Err') or status.get('Message')}"
    code = (status.get("ContainerStatus") or {}).get("ExitCode")
    error = status.get("Err")
    if code is None or (error and "non-zero exit" not in error):
        return f"failed: {error or status.get('Message')}"
    return f"ended with exit code {code}"


def stamp(task):
    return seconds(task["Status"]["Timestamp"])


def created(task):
    return seconds(task["CreatedAt"])


def seconds(text):
    """Seconds since 1970 from the engine's 2026-11-23T22:04:02.476571693Z (nanoseconds, always UTC)."""
    whole, _dot, fraction = text.rstrip("Z").partition(".")
    return calendar.timegm(time.strptime(whole, "%Y-%m-%dT%H:%M:%S")) + float(f"0.{fraction or 0}")
