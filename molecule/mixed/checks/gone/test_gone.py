# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from conftest import MANAGERS, WORKERS

HOSTS = MANAGERS + WORKERS


PATHS = [
    "/etc/apt/keyrings/docker.asc",
    "/etc/apt/sources.list.d/docker.sources",
    "/etc/yum.repos.d/docker-ce.repo",
    "/etc/docker/daemon.json",
    "/etc/modules-load.d/apiary-swarm.conf",
    "/opt/apiary",
]


@pytest.mark.parametrize("name", HOSTS)
def test_no_engine_is_left(cluster, name):
    ask = (
        "command -v docker dockerd; pgrep dockerd; "
        "if command -v dpkg >/dev/null; then dpkg-query --show --showformat '${Package}\\n'; else rpm -qa --queryformat '%{NAME}\\n'; fi"
    )
    found = cluster.host(name).check_output(ask).splitlines()
    assert len(found) > 20, "the packages are listed"
    assert [line for line in found if "docker" in line or line == "containerd.io" or line.isdigit()] == []


@pytest.mark.parametrize("name", HOSTS)
def test_nothing_is_left_of_what_the_roles_wrote(cluster, name):
    ask = f"ls -d {' '.join(PATHS)} 2>/dev/null; grep -e {' -e '.join(HOSTS)} /etc/hosts; echo looked"
    assert cluster.host(name).check_output(ask) == "looked"


@pytest.mark.parametrize("name", HOSTS)
def test_images_are_still_there(cluster, name):
    """Also where docker.io was, which takes them along when it is purged."""
    ask = (
        "find /var/lib/docker/image/overlay2/imagedb/content/sha256 -type f | grep -c .; "
        "ls /var/lib/docker/nuke-graph-directory.sh 2>/dev/null; true"
    )
    (count,) = cluster.host(name).check_output(ask).split()
    assert int(count) > 0
