# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

"""The fast part of the faults, in the lab of this process."""

from __future__ import annotations

import subprocess
import sys

from harness.lab import ROOT


def test_what_breaks_while_modules_run_is_survived(capfd):
    with capfd.disabled():
        print("\n--- faults", flush=True)
        ended = subprocess.run([sys.executable, ROOT / "tests/faults/run.py", "fast"], timeout=1500, check=False)
    assert ended.returncode == 0, "the table above says which case was not survived, and why"
