# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Side by side (pytest -n 2) each process has a lab of its own."""

from __future__ import annotations

from harness.lab import choose_lab


def pytest_configure(config):
    worker = getattr(config, "workerinput", {"workerid": "gw0"})["workerid"]
    choose_lab(int(worker.removeprefix("gw")))
