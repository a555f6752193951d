#!/usr/bin/env python3
# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

"""What happens to a swarm after its first day, on five real hosts with services running. Is a request lost?

Each scenario gets new hosts. Writes build/lifecycle.json and ends with a line made from it.

ONLY=NAME,NAME runs these alone. BREAK=NAME,NAME spoils those on purpose, to see that it is found. KEEP_LAB=1 leaves the lab of the
last one up.
"""

from __future__ import annotations

import os
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "collections")]

from harness.cases import Cases, say  # noqa: E402
from harness.lab import Lab  # noqa: E402
from harness.load import told  # noqa: E402

from lifecycle import backup, cluster_secrets, firewall, jobs, maintenance, nodes, remote_api  # noqa: E402
from lifecycle.stage import Stage  # noqa: E402

PLAYED = (
    nodes.grow,
    nodes.remove,
    nodes.replace,
    nodes.regroup,
    nodes.reset,
    maintenance.upgrade,
    maintenance.reboot,
    maintenance.quorum_guard,
    maintenance.resume,
    cluster_secrets.rotate_tokens,
    cluster_secrets.rotate_ca,
    cluster_secrets.rotate_ca_continued,
    cluster_secrets.autolock,
    remote_api.remote_api,
    firewall.firewall,
    backup.backup,
    backup.restore,
    backup.recover,
    jobs.jobs,
)


def perform(cases, name):
    """One scenario on new hosts, as a dict of what came of it."""
    lab = Lab()
    lab.renew()
    stage = Stage(lab, name in cases.broken)
    found = {**cases.play(name, lambda: stage), "load": stage.seen}
    say(f"  {told(stage.seen)}" if stage.seen else "  no requests were sent")
    return found


def report(cases, found):
    """Writes the result, prints what is made from it, and returns the exit status."""
    rows = cases.keep(found)
    failed = sum(row["load"]["failures"] for row in rows if row["load"])
    wrong = [row["id"] for row in rows if row["error"] or (row["load"] and row["load"]["failures"])]
    for row in rows:
        for text in (row["load"] or {}).get("failed", ()):
            say(f"  {row['id']}: {text}")
        cases.tell(row)
    say(f"lifecycle: {len(rows) - len(wrong)}/{len(rows)} scenarios passed, {failed} requests failed")
    return 1 if wrong or not rows else 0


def main():
    cases = Cases("lifecycle", PLAYED, "172.30.83.0/24")
    names = cases.chosen()
    if not names:
        return 1
    found = []
    try:
        for name in names:
            found.append(perform(cases, name))
    finally:
        if not os.environ.get("KEEP_LAB"):
            Lab().down()
    return report(cases, found)


if __name__ == "__main__":
    sys.exit(main())
