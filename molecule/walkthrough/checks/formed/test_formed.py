# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import pathlib
import re
import subprocess

import pytest
from conftest import MANAGERS, WORKERS

ROOT = pathlib.Path(__file__).resolve().parents[4]
HOSTS = MANAGERS + WORKERS


@pytest.fixture(scope="module")
def status(request):
    """What status.yml prints, as a plain job log has it."""
    inventory = request.config.getoption("--ansible-inventory")
    return subprocess.run(
        ["ansible-playbook", "-i", inventory, "status.yml"],
        cwd=ROOT,
        env=dict(os.environ, ANSIBLE_CONFIG=str(ROOT / "ansible.cfg"), ANSIBLE_NOCOLOR="1"),
        check=True,
        text=True,
        capture_output=True,
    ).stdout


@pytest.mark.parametrize("name", HOSTS)
def test_row_1_each_host_resolves_all_others(cluster, name):
    answers = cluster.host(name).check_output("getent hosts " + " ".join(HOSTS)).splitlines()
    assert len({line.split()[0] for line in answers}) == len(HOSTS)


@pytest.mark.parametrize("name", HOSTS)
def test_rows_2_and_3_each_host_runs_an_engine(cluster, name):
    host = cluster.host(name)
    client, server = host.check_output("docker version -f '{{.Client.Version}} {{.Server.Version}}'").split()
    assert client == server
    assert host.service("docker").is_enabled


def test_row_3_status_prints_the_table(status):
    lines = status.splitlines()
    (header,) = [line for line in lines if re.search(r"NAME +ACTIVE +STATE +URL +SWARM +DOCKER +ERRORS", line)]
    body = lines[lines.index(header) + 1 :]
    for name in HOSTS:
        assert any(re.match(rf"\W*{name} +.*ssh://\S+", line) for line in body), f"{name} is not in the table"


def test_rows_4_to_6_three_managers_and_two_workers(cluster):
    nodes = cluster.nodes()
    assert sorted(nodes) == sorted(HOSTS)
    assert {(n["Status"], n["Availability"]) for n in nodes.values()} == {("Ready", "Active")}
    assert sorted(nodes[name]["ManagerStatus"] for name in MANAGERS) == ["Leader", "Reachable", "Reachable"]
    assert [nodes[name]["ManagerStatus"] for name in WORKERS] == ["", ""]


@pytest.mark.parametrize("name", MANAGERS)
def test_row_4_the_address_is_the_one_asked_for(cluster, name):
    host = cluster.host(name)
    advertised = host.check_output("docker info -f '{{.Swarm.NodeAddr}}'")
    assert advertised == host.check_output(f"getent hosts {name}").split()[0]
    assert advertised in host.check_output("ip -4 -o addr show")


def test_row_7_the_service_runs(cluster):
    assert cluster.replicas() == ("replicated", "1/1")


def test_row_8_status_shows_the_task(cluster, status):
    (node,) = cluster.running()
    assert re.search(rf"httpd\S* .*{node} .*running", status, re.IGNORECASE)


@pytest.mark.parametrize("name", HOSTS)
def test_row_18_the_networks_of_a_swarm_are_on_every_node(cluster, name):
    lines = (
        cluster.host(name).check_output("docker network ls --format '{{.Name}} {{.Driver}} {{.Scope}}'").splitlines()
    )
    assert "ingress overlay swarm" in lines
    assert "docker_gwbridge bridge local" in lines


def test_row_17_status_says_where_the_mesh_cannot_work(cluster, status):
    for name in HOSTS:
        if not cluster.host(name).file("/proc/net/ip_vs").exists:
            assert re.search(rf"{name} +NO: .*ip_vs", status), f"{name}'s kernel has no IP_VS and nobody says so"
