# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from conftest import MANAGERS, WORKERS

HOSTS = MANAGERS + WORKERS


@pytest.mark.parametrize("name", HOSTS)
def test_no_engine_is_left(cluster, name):
    host = cluster.host(name)
    assert [tool for tool in ("docker", "dockerd") if host.exists(tool)] == []
    assert host.run("pgrep dockerd").rc == 1
    ask = (
        "dpkg-query --show --showformat '${Package}\\n'"
        if host.exists("dpkg")
        else "rpm -qa --queryformat '%{NAME}\\n'"
    )
    packages = host.check_output(ask).split()
    assert [name for name in packages if "docker" in name or name == "containerd.io"] == []


@pytest.mark.parametrize("name", HOSTS)
def test_nothing_is_left_of_what_the_roles_wrote(cluster, name):
    host = cluster.host(name)
    paths = [
        "/etc/apt/keyrings/docker.asc",
        "/etc/apt/sources.list.d/docker.sources",
        "/etc/yum.repos.d/docker-ce.repo",
        "/etc/docker/daemon.json",
        "/etc/modules-load.d/apiary-swarm.conf",
        "/opt/apiary",
    ]
    assert [path for path in paths if host.file(path).exists] == []
    assert [other for other in HOSTS if other in host.file("/etc/hosts").content_string] == []


@pytest.mark.parametrize("name", HOSTS)
def test_images_are_still_there(cluster, name):
    """Also where docker.io was, which takes them along when it is purged."""
    host = cluster.host(name)
    assert host.check_output("find /var/lib/docker/image/overlay2/imagedb/content/sha256 -type f") != ""
    assert not host.file("/var/lib/docker/nuke-graph-directory.sh").exists
