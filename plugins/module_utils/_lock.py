# Copyright (c) 2026, apiary.swarm maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The swarm's lock for plays that must not run at the same time: a config with a fixed name.

PRIVATE to apiary.swarm: no other collection may import it.

Names of configs are unique in the swarm's log, so that of two who create it at the same moment one is refused. Its labels tell
who has it; whoever works renews it by writing a label, which moves UpdatedAt, the time of the swarm and not of a control host.
"""

from __future__ import annotations

import base64
from typing import NamedTuple

from ._errors import SwarmError
from ._task_states import seconds

NAME = "io.apiary.lock"
HOLDER, PURPOSE, RENEWED = "io.apiary.lock.holder", "io.apiary.lock.purpose", "io.apiary.lock.renewed"
_TEXT = "Held by a play of apiary.swarm while it works on this swarm; the labels tell which. See module swarm_lock.\n"


class Lock(NamedTuple):
    """The lock as it is held: ID and version of its config, who has it and what for, when it was taken and last renewed."""

    id: str
    version: int
    holder: str
    purpose: str
    since: str
    renewed: str


def lock_of(configs):
    """The Lock among the configs of GET /configs, or None."""
    for config in configs:
        if config["Spec"]["Name"] == NAME:
            labels = config["Spec"].get("Labels") or {}
            return Lock(
                config["ID"],
                config["Version"]["Index"],
                labels.get(HOLDER, ""),
                labels.get(PURPOSE, ""),
                config["CreatedAt"],
                config["UpdatedAt"],
            )
    return None


def spec_of(holder, purpose, now):
    """The body of POST /configs/create, and of an update, which the engine takes only if the data is the same."""
    labels = {HOLDER: holder, PURPOSE: purpose, RENEWED: now}
    return {"Name": NAME, "Labels": labels, "Data": base64.b64encode(_TEXT.encode()).decode()}


def silence(lock, now):
    """Seconds since the holder last gave a sign of life; now is SystemTime of GET /info."""
    return max(_utc(now) - seconds(lock.renewed), 0.0)


def _utc(text):
    """Seconds since 1970 of a SystemTime: unlike all other times of the engine it is local, with an offset (Z, +02:00)."""
    offset = text[19:].lstrip(".0123456789")
    shift = 0
    if offset not in ("", "Z"):
        hours, minutes = offset[1:].split(":")
        shift = (int(hours) * 3600 + int(minutes) * 60) * (-1 if offset[0] == "-" else 1)
    return seconds(text[:19]) - shift


def decide(lock, holder, now, stale_after, dead_holder=None, force=False):
    """What is to be done to hold the lock: take, renew, take_over or refuse.

    stale_after: seconds of silence after which a holder counts as dead; dead_holder: one that is known to have died.
    """
    if lock is None:
        return "take"
    if lock.holder == holder:
        return "renew"
    if force or lock.holder == dead_holder or silence(lock, now) >= stale_after:
        return "take_over"
    return "refuse"


def refused(lock, now, stale_after, tried, node):
    """The error for somebody who may not have the lock."""
    quiet = silence(lock, now)
    return SwarmError(
        f"Could not {tried}: {lock.purpose or 'another play'} has been at work on this swarm since {lock.since[:19]}Z "
        f"({lock.holder or 'unknown holder'}; last sign of life {quiet:.0f} s ago)",
        kind="locked_by_play",
        hint=(
            f"Wait until it has ended. If it has died, it is passed over {stale_after} s after its last sign of life, or at once with "
            "-e swarm_lock_force=true."
        ),
        node=node,
        details={"lock": row(lock)},
    )


def row(lock):
    """The lock for a module's result, None if nobody has it."""
    return None if lock is None else {key: getattr(lock, key) for key in ("holder", "purpose", "since", "renewed")}
