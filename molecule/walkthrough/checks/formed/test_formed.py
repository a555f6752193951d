# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import itertools
import os
import re
import subprocess

import pytest
from conftest import MANAGERS, ROOT, WORKERS

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
    host = cluster.host(name)
    answers = {other: host.check_output(f"getent ahostsv4 {other}").split()[0] for other in HOSTS}
    assert answers == {other: cluster.address(other) for other in HOSTS}


@pytest.mark.parametrize("name", HOSTS)
def test_rows_2_and_3_each_host_runs_an_engine(cluster, name):
    host = cluster.host(name)
    client, server = host.check_output("docker version -f '{{.Client.Version}} {{.Server.Version}}'").split()
    assert client == server
    assert host.service("docker").is_enabled


def section(status, columns):
    """Rows of the table with these columns, as lists of words."""
    lines = status.splitlines()
    (header,) = [number for number, line in enumerate(lines) if line.split() == columns.split()]
    return [line.split() for line in itertools.takewhile(str.strip, lines[header + 1 :])]


def test_row_3_status_prints_the_table(cluster, status):
    rows = {name: rest for name, *rest in section(status, "NAME ACTIVE STATE URL SWARM DOCKER ERRORS")}
    (witness,) = [name for name, row in rows.items() if row[0] == "*"]
    assert witness in MANAGERS, "ACTIVE marks the manager that answered for all"
    leader = next(name for name, node in cluster.nodes().items() if node["ManagerStatus"] == "Leader")
    for name in HOSTS:
        version = cluster.host(name).check_output("docker version -f '{{.Server.Version}}'")
        part = ["manager"] if name in MANAGERS else ["worker"]
        part += ["(leader)"] if name == leader else []
        active = "*" if name == witness else "-"
        url = f"ssh://{cluster.host(name).ansible.get_variables()['ansible_user']}@{cluster.address(name)}"
        assert rows[name] == [active, "Running", url, *part, f"v{version}"]
    assert set(rows) == set(HOSTS)


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


def test_row_18_status_shows_the_swarms_network(status):
    rows = {name: rest for name, *rest in section(status, "NAME DRIVER SCOPE SUBNETS REMARKS")}
    driver, scope, *_subnets, remarks = rows["ingress"]
    assert (driver, scope, remarks) == ("overlay", "swarm", "ingress")


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
