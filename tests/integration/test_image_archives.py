# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Images that come as archives, for hosts that reach no registry."""

from __future__ import annotations

import pytest
from harness.lab import HOSTS

NAME = "airgap/web:1"


@pytest.fixture
def archive(swarm, tmp_path):
    """An image that no registry has, and no host but in this file."""
    swarm.ssh(
        "worker1", f"docker pull -q depot:5000/nginx:1.26 && docker tag depot:5000/nginx:1.26 {NAME}", timeout=120
    )
    swarm.ssh("worker1", f"docker save {NAME} | gzip -1 >/root/web.tar.gz && docker rmi {NAME}")
    swarm.copy_from("worker1", "/root/web.tar.gz", tmp_path / "web.tar.gz")
    yield tmp_path / "web.tar.gz"
    for host in HOSTS:
        swarm.ssh(host, f"rm -f /root/web.tar.gz; docker rmi --force {NAME}", ok=False)


def test_they_are_loaded_where_they_lack_and_a_service_runs_from_them(swarm, archive):
    def site(*options):
        run = swarm.playbook(
            "site.yml", "--tags", "engine", *options, extra_vars={"engine_image_archives": [str(archive)]}
        )
        assert run.rc == 0, run.output
        return run

    def those_with_it():
        return {host for host in HOSTS if swarm.docker(host, "images", "-q", NAME)}

    assert site("--check").changed() >= set(HOSTS)
    assert those_with_it() == set()
    site("--limit", "manager1")
    assert those_with_it() == {"manager1"}
    assert site().changed() == set(HOSTS) - {"manager1"}
    assert those_with_it() == set(HOSTS)
    assert site().changed() == set()
    assert all(swarm.ssh(host, "ls -d /var/tmp/apiary-images.*", ok=False) == "" for host in HOSTS)

    swarm.ssh("worker2", f"docker rmi {NAME} && docker tag depot:5000/nginx:1.22 {NAME}", ok=False)
    swarm.ssh(
        "worker2", f"docker pull -q depot:5000/nginx:1.22 && docker tag depot:5000/nginx:1.22 {NAME}", timeout=120
    )
    assert site().changed() == {"worker2"}, "another image had its name"
    service = {"name": "web", "image": NAME, "resolve_image": "never", "mode": "global"}
    swarm.module("manager1", "swarm_service", service)
    assert swarm.running("manager1", "web") == sorted(HOSTS)


def test_a_file_that_is_no_archive_is_named_and_nothing_is_changed(swarm, tmp_path):
    (tmp_path / "web.tar").write_text("hello")
    run = swarm.playbook(
        "site.yml",
        "--tags",
        "engine",
        "--limit",
        "worker1",
        extra_vars={"engine_image_archives": [str(tmp_path / "web.tar")]},
    )
    assert run.rc != 0
    assert "web.tar is no archive of images that 'docker save' wrote" in run.messages()["worker1"], run.output
