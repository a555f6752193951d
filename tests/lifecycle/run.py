#!/usr/bin/env python3
# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

"""What happens to a swarm after its first day, on five real hosts with services running. Is a request lost?

Each scenario gets new hosts. Writes build/lifecycle.json and ends with a line made from it.

ONLY=NAME,NAME runs these alone. BREAK=NAME spoils that one on purpose, to see that it is found. KEEP_LAB=1 leaves the lab of the
last one up.
"""

from __future__ import annotations

import json
import os
import pathlib
import sys
import time
import traceback

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "collections")]

from harness.lab import Lab  # noqa: E402
from harness.load import told  # noqa: E402

from lifecycle import backup, cluster_secrets, firewall, jobs, maintenance, nodes, remote_api  # noqa: E402
from lifecycle.stage import Stage  # noqa: E402

RESULT = ROOT / "build/lifecycle.json"
NAME, SUBNET = "apiary-lifecycle", "172.30.83.0/24"
# each does what its docstring says, returns what shows that it happened, and fails by assert
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
SCENARIOS = {scenario.__name__: scenario for scenario in PLAYED}


def say(text):
    print(text, flush=True)


def perform(name, broken):
    """One scenario on new hosts, as a dict of what came of it."""
    lab = Lab()
    lab.renew()
    stage, began = Stage(lab, broken), time.monotonic()
    try:
        evidence, error = SCENARIOS[name](stage), None
    except AssertionError as failure:
        # one without words names its line: an empty error would count as none
        evidence, error = "none", str(failure) or traceback.format_exc()
    return {
        "id": name,
        "seconds": round(time.monotonic() - began),
        "evidence": evidence,
        "error": error,
        "load": stage.seen,
    }


def report(found):
    """Writes the result, prints what is made from it, and returns the exit status."""
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps(found, indent=1) + "\n")
    rows = json.loads(RESULT.read_text())
    failed = sum(row["load"]["failures"] for row in rows if row["load"])
    wrong = [row["id"] for row in rows if row["error"] or (row["load"] and row["load"]["failures"])]
    for row in rows:
        for text in [*(row["load"] or {}).get("failed", ()), *([row["error"]] if row["error"] else [])]:
            say(f"  {row['id']}: {text}")
    say(f"lifecycle: {len(rows) - len(wrong)}/{len(rows)} scenarios passed, {failed} requests failed")
    return 1 if wrong or not rows else 0


def main():
    os.environ.setdefault("LAB_NAME", NAME)
    os.environ.setdefault("LAB_SUBNET", SUBNET)
    broken = os.environ.get("BREAK")
    names = [name for name in os.environ.get("ONLY", broken or "").split(",") if name] or list(SCENARIOS)
    unknown = sorted({*names, *([broken] if broken else [])} - set(SCENARIOS))
    if unknown:
        say(f"there is no scenario {', '.join(unknown)}; there are {', '.join(SCENARIOS)}")
        return 1
    found = []
    try:
        for name in names:
            say(f"{name}: {SCENARIOS[name].__doc__.splitlines()[0]}")
            found.append(perform(name, name == broken))
            seen = found[-1]["load"]
            say(f"  {found[-1]['seconds']} s; {found[-1]['evidence']}")
            say(f"  {told(seen)}" if seen else "  no requests were sent")
    finally:
        if not os.environ.get("KEEP_LAB"):
            Lab().down()
    return report(found)


if __name__ == "__main__":
    sys.exit(main())
