# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import os
import re
import subprocess

import pytest
from conftest import MANAGERS, ROOT, WORKERS

HOSTS = MANAGERS + WORKERS
# host: what it is, who installs packages there, and the package that its engine came with
SYSTEMS = {
    "manager1": ("centos", "dnf", "docker-ce"),
    "manager2": ("debian", "apt-get", "docker-ce"),
    "manager3": ("centos", "dnf", "docker-ce"),
    "worker1": ("debian", "apt-get", "docker.io"),
    "worker2": ("ubuntu", "apt-get", "docker-ce"),
}
DISTRIBUTIONS_OWN = "20.10.24"


@pytest.mark.parametrize("name", HOSTS)
def test_the_hosts_are_of_two_families(cluster, name):
    system, manager, _package = SYSTEMS[name]
    ask = ". /etc/os-release; echo $ID; for tool in dnf rpm apt-get dpkg; do command -v $tool; done | sed 's,.*/,,'"
    there = cluster.host(name).check_output(ask).split()
    assert there == [system, *(["dnf", "rpm"] if manager == "dnf" else ["apt-get", "dpkg"])]


def test_no_two_hosts_are_the_same_machine(cluster):
    assert len({cluster.host(name).check_output("cat /etc/machine-id") for name in HOSTS}) == len(HOSTS)


@pytest.mark.parametrize("name", HOSTS)
def test_the_engine_came_by_the_hosts_own_packages(cluster, name):
    _system, manager, package = SYSTEMS[name]
    ask = "rpm -qf" if manager == "dnf" else "dpkg-query --search"
    owner = cluster.host(name).check_output(f"{ask} $(readlink -f $(command -v dockerd))")
    assert re.match(rf"{re.escape(package)}[-:]", owner), owner


@pytest.mark.parametrize("name", [name for name, system in SYSTEMS.items() if system[1:] == ("apt-get", "docker-ce")])
def test_apt_knows_upstreams_repository_by_its_key(cluster, name):
    host = cluster.host(name)
    policy = host.check_output("apt-cache policy docker-ce")
    assert f"http://depot/linux/{SYSTEMS[name][0]}" in policy, policy
    assert (
        "Signed-By: /etc/apt/keyrings/docker.asc" in host.file("/etc/apt/sources.list.d/docker.sources").content_string
    )
    complaints = host.check_output("apt-get --quiet --quiet update 2>&1 >/dev/null")
    assert complaints == "", "apt has something to say of the repository"


@pytest.mark.parametrize("name", HOSTS)
def test_the_engine_runs_and_will_after_a_restart(cluster, name):
    host = cluster.host(name)
    client, server = host.check_output("docker version -f '{{.Client.Version}} {{.Server.Version}}'").split()
    assert client == server
    wanted = host.ansible.get_variables()["engine_version"]
    assert re.split(r"[+~]", server)[0] == (DISTRIBUTIONS_OWN if SYSTEMS[name][2] == "docker.io" else wanted)
    assert host.service("docker").is_enabled


def test_three_managers_and_two_workers(cluster):
    nodes = cluster.nodes()
    assert sorted(nodes) == sorted(HOSTS)
    assert {(n["Status"], n["Availability"]) for n in nodes.values()} == {("Ready", "Active")}
    assert sorted(nodes[name]["ManagerStatus"] for name in MANAGERS) == ["Leader", "Reachable", "Reachable"]
    assert [nodes[name]["ManagerStatus"] for name in WORKERS] == ["", ""]


def test_the_service_runs_on_all_of_them(cluster):
    assert cluster.replicas() == ("global", "5/5")
    assert cluster.running() == sorted(HOSTS)


@pytest.mark.parametrize("name", HOSTS)
def test_each_task_reaches_all_others_over_the_overlay(cluster, name, eventually):
    host = cluster.host(name)
    task = host.check_output("docker ps --quiet --filter label=com.docker.swarm.service.name=httpd")
    process = host.check_output(f"docker inspect -f '{{{{.State.Pid}}}}' {task}")

    def reached():
        told = host.check_output(f"docker exec {task} nslookup tasks.httpd 127.0.0.11")
        addresses = set(re.findall(r"^Address: ([0-9.]+)$", told, re.MULTILINE))
        assert len(addresses) == len(HOSTS), told
        urls = " ".join(f"http://{address}/hostname" for address in addresses)
        pages = host.check_output(
            f"nsenter --target {process} --net curl --silent --show-error --fail --max-time 5 {urls}"
        )
        assert len(set(pages.splitlines())) == len(HOSTS), pages

    eventually(reached, 30)


def test_status_shows_both_families(request):
    inventory = request.config.getoption("--ansible-inventory")
    printed = subprocess.run(
        ["ansible-playbook", "-i", inventory, "status.yml"],
        cwd=ROOT,
        env=dict(os.environ, ANSIBLE_CONFIG=str(ROOT / "ansible.cfg"), ANSIBLE_NOCOLOR="1"),
        check=True,
        text=True,
        capture_output=True,
    ).stdout
    engine = json.loads((ROOT / "build/lab" / os.environ.get("LAB_NAME", "apiary") / "inventory.json").read_text())
    version = engine["all"]["vars"]["engine_version"]
    for name in HOSTS:
        role = "manager" if name in MANAGERS else "worker"
        wanted = DISTRIBUTIONS_OWN if SYSTEMS[name][2] == "docker.io" else version
        assert re.search(rf"^{name} .* Running .* {role} .*v{re.escape(wanted)}", printed, re.MULTILINE), printed
