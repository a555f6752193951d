# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every scenario of molecule/, each on new hosts without an engine."""

from __future__ import annotations

import os

import pytest
import yaml
from harness import molecule
from harness.lab import ROOT, Lab

SCENARIOS = sorted(path.parent.name for path in ROOT.glob("molecule/*/molecule.yml"))
LONG = {"mixed"}  # hosts of Debian are built for it


def test_there_are_scenarios():
    assert {"mixed", "walkthrough"} <= set(SCENARIOS)


@pytest.mark.parametrize("scenario", [pytest.param(s, marks=pytest.mark.long if s in LONG else ()) for s in SCENARIOS])
def test_scenario(scenario, capfd, monkeypatch):
    wishes = ROOT / "molecule" / scenario / "lab.env"
    for line in wishes.read_text().splitlines() if wishes.exists() else []:
        if not line.startswith("#"):
            monkeypatch.setenv(*line.split("=", 1))
    sequence = yaml.safe_load((ROOT / "molecule" / scenario / "molecule.yml").read_text())["scenario"]["test_sequence"]
    lab = Lab()
    lab.renew(with_engine=False)
    try:
        with capfd.disabled():
            print(f"\n--- molecule: {scenario}", flush=True)
            output = molecule.run(scenario)
    finally:
        if not os.environ.get("KEEP_LAB"):
            lab.down()
    assert molecule.problems(output, sequence) == []
