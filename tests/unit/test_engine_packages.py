# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which packages role engine asks for, and of whom: its variables over what a host told."""

from __future__ import annotations

import pathlib

import pytest
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar

ROLE = pathlib.Path(__file__).resolve().parents[2] / "roles/engine"
SYSTEMS = {
    "centos": {"os_id": "centos", "os_like": "centos rhel fedora", "os_major": "9"},
    "rhel": {"os_id": "rhel", "os_like": "rhel fedora", "os_major": "9"},
    "debian": {"os_id": "debian", "os_like": "debian ", "os_major": "12", "os_codename": "bookworm"},
    "trixie": {"os_id": "debian", "os_like": "debian ", "os_major": "13", "os_codename": "trixie"},
    "ubuntu": {"os_id": "ubuntu", "os_like": "ubuntu debian", "os_major": "24", "os_codename": "noble"},
    "mint": {"os_id": "linuxmint", "os_like": "linuxmint ubuntu debian", "os_major": "22", "os_codename": "noble"},
    "nameless": {"os_id": "debian", "os_like": "debian ", "os_major": ""},
}


LOADER = DataLoader()
ROLES_OWN = {
    name: value
    for part in ("defaults", "vars")
    for name, value in LOADER.load_from_file(str(ROLE / part / "main.yml"), trusted_as_template=True).items()
}


def ask(what, system, told=None, **variables):
    """One of the role's variables, for a host of this system that has told this as well."""
    host = {"os_name": system, "python": "3.11", **SYSTEMS[system], **(told or {})}
    # the collection's own filters are tested elsewhere
    given = {**ROLES_OWN, "__engine_not_networks": [], "inventory_hostname": "m1", "__engine_host": host, **variables}
    return Templar(LOADER, variables=given).template(given[what])


@pytest.mark.parametrize(
    ("system", "variables", "packages"),
    [
        ("centos", {}, ["docker-ce", "docker-ce-cli", "docker-ce-rootless-extras", "containerd.io"]),
        (
            "centos",
            {"engine_version": "28.5.2", "engine_containerd_version": "2.1.9"},
            ["docker-ce-28.5.2", "docker-ce-cli-28.5.2", "docker-ce-rootless-extras-28.5.2", "containerd.io-2.1.9"],
        ),
        (
            "debian",
            {},
            [
                "docker-ce",
                "docker-ce-cli",
                "docker-ce-rootless-extras",
                "containerd.io",
                "ca-certificates",
                "python3-venv",
            ],
        ),
        (
            "ubuntu",
            {"engine_version": "28.5.2", "engine_containerd_version": "2.1.9", "engine_sdk": False},
            [
                "docker-ce=5:28.5.2-*",
                "docker-ce-cli=5:28.5.2-*",
                "docker-ce-rootless-extras=5:28.5.2-*",
                "containerd.io=2.1.9-*",
                "ca-certificates",
            ],
        ),
        (
            "debian",
            {"engine_source": "distribution", "engine_version": "20.10.24"},
            ["docker.io=20.10.24*", "ca-certificates", "python3-venv"],
        ),
        (
            "trixie",
            {"engine_source": "distribution", "engine_sdk": False},
            ["docker.io", "docker-cli", "ca-certificates"],
        ),
    ],
)
def test_the_packages_of_an_installation(system, variables, packages):
    assert ask("__engine_packages", system, **variables) == packages


@pytest.mark.parametrize("system", ["centos", "debian"])
def test_containerd_comes_with_an_engine_that_is_changed(system):
    packages = ask("__engine_packages", system, {"engine": "26.1.5"}, engine_version="28.5.2")
    assert [name for name in packages if name.startswith("containerd")] == []


@pytest.mark.parametrize(
    ("system", "path"),
    [("centos", "centos"), ("rhel", "rhel"), ("debian", "debian"), ("ubuntu", "ubuntu"), ("mint", "ubuntu")],
)
def test_where_the_repository_is(system, path):
    assert ask("__engine_repo_path", system) == f"https://download.docker.com/linux/{path}"
    mirror = {"engine_source": "mirror", "engine_mirror_url": "http://depot/"}
    assert ask("__engine_repo_path", system, **mirror) == f"http://depot/linux/{path}"


def test_a_release_that_has_no_name_is_refused_where_the_name_is_needed():
    (fault,) = ask("__engine_faults", "nameless")
    assert "VERSION_CODENAME" in fault
    assert ask("__engine_faults", "nameless", engine_source="distribution") == []
    assert ask("__engine_faults", "nameless", {"engine": "28.5.2"}) == [], "the engine that is there is used as it is"
    assert ask("__engine_faults", "debian") == []


def test_what_is_removed_is_each_familys_own():
    assert "docker.io" in ask("__engine_removed_packages", "debian")
    assert "moby-engine" in ask("__engine_removed_packages", "centos")
