#!/usr/bin/env python3
# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

"""A running lab is broken in the ways that operators meet, while plays run. Does the collection end right, or say what is wrong?

Writes build/faults.json and ends with a line made from it. `run.py fast` plays some of them, on one swarm.

ONLY=NAME,NAME plays these alone. BREAK=NAME,NAME takes away what handles their faults, to see that it is found. KEEP_LAB=1 leaves
the lab up.
"""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "collections")]

from harness.cases import Cases, say  # noqa: E402
from harness.lab import Lab  # noqa: E402

from faults import (  # noqa: E402
    certificates,
    engines,
    first_dead,
    interruptions,
    managers,
    members,
    network,
    registries,
    rivals,
    sizes,
)
from faults.scene import Scene  # noqa: E402

# (how a case finds the lab, the cases), in this order: what shares a swarm comes together, what destroys it comes last
TABLE = (
    (
        Scene.whole,
        (
            rivals.removed_meanwhile,
            rivals.changed_meanwhile,
            rivals.two_tasks_one_service,
            rivals.out_of_sequence,
            rivals.leader_killed,
            engines.engine_answers_500,
            engines.engine_slow,
            engines.engine_hung,
            engines.engine_restarted,
            engines.engine_stopped,
            engines.disk_full,
            registries.registry_down,
            registries.wrong_password,
            registries.image_missing,
            registries.registry_slow,
            registries.half_a_layer,
            network.ssh_dropped,
            network.control_cut_off,
            network.packets_lost,
            network.manager_cut_off,
            members.join_pending,
            members.join_shut_out,
            members.locked_manager,
            members.other_swarm,
            members.one_hostname,
            members.rebuilt,
            certificates.certificate_expired,
            sizes.many_networks,
            sizes.much_env,
            sizes.large_config,
            sizes.many_services,
        ),
    ),
    (
        Scene.first_dead,
        (
            first_dead.first_dead_status,
            first_dead.first_dead_preflight,
            first_dead.first_dead_verify,
            first_dead.first_dead_rotate,
            first_dead.first_dead_backup,
            first_dead.first_dead_upgrade,
            first_dead.first_dead_reboot,
            first_dead.first_dead_recover,
            first_dead.first_dead_restore,
            first_dead.first_dead_site,
            first_dead.first_dead_unlock,
            first_dead.first_dead_remove_node,
            first_dead.first_dead_replace_node,
            first_dead.first_dead_reset,
        ),
    ),
    (
        Scene.no_quorum,
        (
            managers.no_quorum_modules,
            managers.no_quorum_site,
            managers.no_second_swarm,
        ),
    ),
    (
        Scene.blank,
        (
            members.old_manager,
            rivals.two_sites,
            managers.killed_in_init,
            managers.killed_in_join,
            interruptions.interrupted_at_points,
            interruptions.killed_at_points,
            interruptions.interrupted_at_random,
            interruptions.killed_at_random,
        ),
    ),
)
STATES = {case: state for state, cases in TABLE for case in cases}
# in five minutes, on one swarm, without new hosts
FAST = {
    rivals.removed_meanwhile,
    rivals.changed_meanwhile,
    rivals.two_tasks_one_service,
    rivals.out_of_sequence,
    engines.engine_answers_500,
    engines.engine_hung,
    registries.registry_down,
    registries.wrong_password,
    network.ssh_dropped,
    members.join_shut_out,
    sizes.much_env,
    sizes.large_config,
}


def perform(cases, name):
    """One case in the state that it wants, as a dict of what came of it."""
    case, scene = cases.table[name], Scene(Lab(), name in cases.broken)
    row = cases.play(name, lambda: STATES[case](scene) or scene)
    try:
        scene.close()
        if STATES[case] is Scene.whole:
            scene.settle()
    except (AssertionError, subprocess.TimeoutExpired) as failure:
        row["error"] = row["error"] or f"the swarm is not as it was: {failure}"
    if row["error"]:
        cases.tell(row)
        Scene.kept = STATES[case] is Scene.whole  # which is looked at before the next one has it
    return row


def report(cases, found):
    """Writes the result, prints what is made from it, and returns the exit status."""
    rows = cases.keep(found)
    survived = [row for row in rows if not row["error"]]
    width = max(len(row["id"]) for row in rows)
    say("")
    for row in rows:
        first = (row["error"] or row["evidence"]).strip().splitlines()[0]
        say(f"{row['id']:{width}}  {row['seconds']:4} s  {'-' if row['error'] else 'survived'}  {first:.150}")
    say(f"faults: {len(survived)}/{len(rows)} survived")
    return 0 if len(survived) == len(rows) else 1


def main(arguments):
    if arguments not in ([], ["fast"]):
        say("run.py, or run.py fast; cases are chosen by ONLY=")
        return 1
    cases = Cases("faults", STATES, "172.30.84.0/24")
    names = cases.chosen(FAST if arguments else None)
    if not names:
        return 1
    found = []
    try:
        for name in names:
            found.append(perform(cases, name))
            cases.keep(found)
    finally:
        if not os.environ.get("KEEP_LAB"):
            Lab().down()
    return report(cases, found)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
