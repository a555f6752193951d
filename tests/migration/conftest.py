# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lab as the integration tests have it, and community.docker beside it."""

from __future__ import annotations

import sys

import pytest
from harness.lab import ROOT
from integration.conftest import engine, lab, swarm

__all__ = ["engine", "lab", "swarm"]
PEERS = ROOT / "build/bench"


@pytest.fixture(scope="session")
def peers():
    """Where community.docker is; `make migration` puts it there."""
    assert (PEERS / "ansible_collections/community/docker").is_dir(), f"no community.docker in {PEERS}"
    sys.path.append(str(PEERS))
    yield PEERS
    sys.path.remove(str(PEERS))
