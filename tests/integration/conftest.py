# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lab as the integration tests get it: see tests/README.md."""

from __future__ import annotations

import os

import pytest
from ansible_collections.apiary.swarm.plugins.module_utils._engine import Engine
from harness.lab import HOSTS, Lab
from harness.tunnel import tunnel


@pytest.fixture(scope="session")
def lab():
    """Five hosts with engines. In which swarm they are is not said: take swarm or blank for that."""
    lab = Lab()
    lab.up()
    yield lab
    if not os.environ.get("KEEP_LAB"):
        lab.down()


@pytest.fixture(scope="module")
def blank(lab):
    """The lab with engines that are in no swarm."""
    if any(lab.swarm_state(host) != "inactive" for host in HOSTS):
        lab.renew()
    return lab


@pytest.fixture(scope="module")
def swarm(lab):
    """The lab as a swarm of three managers and two workers, all ready, nothing running; emptied again after the module."""
    try:
        lab.check_swarm()
    except AssertionError:
        if any(
            lab.ssh(host, "docker info --format '{{.Swarm.LocalNodeState}}'", ok=False) != "inactive" for host in HOSTS
        ):
            lab.renew()
        lab.form_swarm()
    yield lab
    if lab.swarm_state(HOSTS[0]) == "active":
        lab.clear_services()


@pytest.fixture(scope="module")
def engine_socket(swarm):
    """Path of the socket of manager1's engine, brought here by ssh."""
    with tunnel(swarm, "manager1") as path:
        yield path


@pytest.fixture(scope="module")
def engine(engine_socket):
    """The engine of manager1."""
    return Engine.connect(
        {
            "docker_host": f"unix://{engine_socket}",
            "api_version": "auto",
            "timeout": 60,
            "tls": False,
            "validate_certs": False,
            "tls_hostname": None,
        }
    )
