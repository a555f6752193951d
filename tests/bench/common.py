# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the parts of the benchmark share: the lab, commands with their seconds, and the two files that are written."""

from __future__ import annotations

import json
import pathlib
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(ROOT / "tests"))

from harness.cases import say  # noqa: E402 - the path is set above
from harness.lab import Lab  # noqa: E402

__all__ = ["HERE", "ROOT", "Lab", "compare", "playbook", "run", "say", "write"]


def run(command, **options):
    """Run a command; its output is shown only if it fails. Returns seconds."""
    started = time.monotonic()
    done = subprocess.run(
        command,
        cwd=ROOT,
        text=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
        **options,
    )
    if done.returncode:
        say(done.stdout)
        sys.exit(f"bench: failed: {' '.join(map(str, command))}")
    return time.monotonic() - started


def playbook(name, *options):
    """The command that runs a playbook of the benchmark on the lab."""
    return [ROOT / ".venv/bin/ansible-playbook", "-i", "inventory/lab", HERE / name, *options]


def compare(peer, ours):
    """A ratio: the peer's seconds over ours, so that above 1 we are faster."""
    return round(peer / ours, 2)


def write(name, found):
    """Put numbers into build/NAME; those of parts that were not run this time stay. Returns all that is there."""
    path = ROOT / "build" / name
    path.parent.mkdir(exist_ok=True)
    known = json.loads(path.read_text()) if path.exists() else {}
    known.update(found)
    path.write_text(json.dumps(known, indent=2, sort_keys=True) + "\n")
    return known
