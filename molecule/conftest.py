# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the checks of the scenarios share: the hosts over ssh, and the cluster as the engines' own CLI tells it."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import time

import pytest
import testinfra

MANAGERS = ["manager1", "manager2", "manager3"]
WORKERS = ["worker1", "worker2"]
ROOT = pathlib.Path(__file__).resolve().parents[1]


class Cluster:
    """The swarm seen through the docker CLI on the first manager that answers as one."""

    def __init__(self, inventory):
        self._inventory = inventory
        self._manager = None

    def host(self, name):
        return testinfra.get_host(f"ansible://{name}", ansible_inventory=self._inventory, sudo=True)

    def address(self, name):
        """The one that the inventory has."""
        return self.host(name).ansible.get_variables()["ansible_host"]

    def stopped(self):
        """Names of the hosts that are off, as the engine that they run in tells."""
        lab = os.environ.get("LAB_NAME", "apiary")
        only = ["--filter", f"label=apiary.lab={lab}", "--filter", "status=exited"]
        command = [ROOT / "lab/docker.sh", "ps", "--all", *only, "--format", "{{.Names}}"]
        names = subprocess.run(command, check=True, text=True, capture_output=True).stdout.split()
        return sorted(name.removeprefix(f"{lab}-") for name in names)

    def docker(self, command):
        """The output of 'docker COMMAND' on a manager; fails with the CLI's own words."""
        if self._manager is None:
            self._manager = self._find_manager()
        return self._manager.check_output(f"docker {command}")

    def rows(self, command):
        """The output as a list of dicts, one for each line of a JSON format."""
        return [json.loads(line) for line in self.docker(f"{command} --format '{{{{json .}}}}'").splitlines()]

    def nodes(self):
        """Hostname -> row of 'docker node ls'."""
        return {row["Hostname"]: row for row in self.rows("node ls")}

    def running(self, service="httpd"):
        """Nodes of the running tasks, sorted, one entry a task; tasks of nodes that are down are not running."""
        down = {name for name, row in self.nodes().items() if row["Status"] == "Down"}
        tasks = self.rows(f"service ps {service} --filter desired-state=running")
        return sorted(t["Node"] for t in tasks if t["CurrentState"].startswith("Running") and t["Node"] not in down)

    def replicas(self, service="httpd"):
        (row,) = self.rows(f"service ls --filter name={service}")
        return row["Mode"], row["Replicas"]

    def _find_manager(self):
        said = []
        for name in MANAGERS:
            host = self.host(name)
            try:
                result = host.run("timeout 15 docker node ls -q")
            except RuntimeError as unreachable:  # what testinfra makes of ssh's own failures
                said.append(f"{name}: {unreachable}")
                continue
            if result.rc == 0:
                return host
            said.append(f"{name}: {result.stderr.strip()}")
        raise AssertionError("no manager answers: " + "; ".join(said))


@pytest.fixture(scope="session")
def cluster(request):
    return Cluster(request.config.getoption("--ansible-inventory"))


@pytest.fixture(scope="session")
def eventually():
    """Call a check until it holds; its last failure is the test's."""

    def poll(check, seconds=90):
        end = time.monotonic() + seconds
        while True:
            try:
                return check()
            except AssertionError:
                if time.monotonic() > end:
                    raise
            time.sleep(1)

    return poll
