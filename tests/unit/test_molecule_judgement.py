# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Molecule's own verdict is not enough: its output, as version 26.10 printed it, with and without what it overlooks."""

from __future__ import annotations

import pytest
from harness.molecule import problems

SEQUENCE = ["converge", "verify checks/formed", "side_effect rows/09.yml", "verify checks/scaled"]
GOOD = """\
INFO     [walk > verify] Executing
============================== 7 passed in 1.76s ===============================
INFO     [walk > side_effect] Executing
=================== 2 passed, 1 warning in 61.02s (0:01:01) ====================
INFO     [walk > verify] Executed: Successful
SCENARIO RECAP
walk                      : actions=4  successful=4  disabled=0  skipped=0  missing=0  failed=0
"""


def test_a_good_run():
    assert problems(GOOD, SEQUENCE) == []


@pytest.mark.parametrize(
    ("before", "after", "problem"),
    [
        ("missing=0", "missing=1", "a playbook of the sequence does not exist"),
        (GOOD.splitlines()[-1], "", "Molecule printed no recap"),
        (
            GOOD.splitlines()[1],
            "WARNING  [walk > verify] Skipping, no tests found.",
            "2 steps verify something, 1 of them",
        ),
        ("7 passed in", "no tests ran in", "2 steps verify something, 1 of them"),
        ("7 passed in", "6 passed, 1 skipped in", "a check was left out"),
        ("SCENARIO RECAP", "Traceback (most recent call last):", "a Python traceback"),
        ("SCENARIO RECAP", "--token SWMTKN-1-abc", "a join token"),
    ],
)
def test_a_run_that_molecule_calls_good(before, after, problem):
    (found,) = problems(GOOD.replace(before, after), SEQUENCE)
    assert problem in found
