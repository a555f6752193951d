# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

"""The tests' own lab. It judges by the engines' own CLI over ssh and never by the collection."""

from __future__ import annotations

import json
import os
import pathlib
import shlex
import subprocess
import time

from . import ansible

ROOT = ansible.ROOT
MANAGERS = ["manager1", "manager2", "manager3"]
WORKERS = ["worker1", "worker2"]
HOSTS = MANAGERS + WORKERS


def check(truth, told=""):
    """An assertion for a lambda that eventually() is given."""
    assert truth, told


def eventually(holds, seconds=60, every=0.5):
    """Call holds() until it raises no AssertionError; returns what it returns, raises its last error after so many seconds."""
    end = time.monotonic() + seconds
    while True:
        try:
            return holds()
        except AssertionError:
            if time.monotonic() > end:
                raise
        time.sleep(every)


NAME, SUBNET = "apiary-test", "172.30.78.0/24"


def choose_lab(worker=0):
    """Give this process a lab of its own, by LAB_NAME and LAB_SUBNET, which everything it starts takes over.

    worker: number among those of pytest-xdist. The first has the lab that a person named, or apiary-test; the second has
    apiary-test-2, ten networks further, and so on.
    """
    name, subnet = os.environ.get("LAB_NAME", NAME), os.environ.get("LAB_SUBNET", SUBNET)
    if worker:
        name = f"{name}-{worker + 1}"
        first, second, third, rest = subnet.split(".", 3)
        subnet = f"{first}.{second}.{int(third) + 10 * worker}.{rest}"
    os.environ.update(LAB_NAME=name, LAB_SUBNET=subnet)


class Lab:
    """Five hosts and a depot, named by LAB_NAME (see choose_lab: a person's own lab is left alone)."""

    def __init__(self):
        self.name = os.environ["LAB_NAME"]
        self.state = ROOT / "build/lab" / self.name

    # --- the hosts themselves ------------------------------------------------------------------------------------------

    def up(self, with_engine=True):
        self._run([str(ROOT / "lab/up.sh"), *(["--with-engine"] if with_engine else [])], timeout=600)

    def down(self):
        """The engine that it ran in stays: another lab may be about to use it. `make test` and `make down` stop it."""
        self._run([str(ROOT / "lab/down.sh"), "--keep-engine"], timeout=120)

    def renew(self, with_engine=True):
        """New hosts: engines that left a swarm several times over are no longer what an operator has."""
        self.down()
        self.up(with_engine)

    def power_off(self, host):
        """A real stop, without a word to the swarm."""
        self._run([str(ROOT / "lab/power.sh"), "off", host])

    def power_on(self, host):
        self._run([str(ROOT / "lab/power.sh"), "on", host])
        eventually(lambda: self.ssh(host, "systemctl is-active docker"))

    def rebuild(self, *hosts, with_engine=True):
        """New hosts with the names, addresses and keys of these, whose disks are lost."""
        for host in hosts:
            self._run([str(ROOT / "lab/docker.sh"), "rm", "--force", "--volumes", f"{self.name}-{host}"])
        self.close_connections()
        self.up(with_engine)

    def close_connections(self):
        """Those that last lead to hosts that are no more."""
        directory = pathlib.Path((self.state / "control-dir").read_text().strip())
        for socket in directory.iterdir():
            subprocess.run(
                ["ssh", "-O", "exit", "-o", f"ControlPath={socket}", "lab"], capture_output=True, check=False
            )

    def let_reboot(self, hosts):
        """A container that ends does not start again by itself, as a host does that reboots; from now on these do."""
        names = [f"{self.name}-{host}" for host in hosts]
        self._run([str(ROOT / "lab/docker.sh"), "update", "--restart", "always", *names])

    def copy_from(self, host, path, target):
        """A file of a host, brought here."""
        self._run([str(ROOT / "lab/docker.sh"), "cp", f"{self.name}-{host}:{path}", str(target)])

    def inside(self, host, command):
        """Output of a shell command on a host, without ssh: for what cuts it off, and for the depot."""
        words = [str(ROOT / "lab/docker.sh"), "exec", f"{self.name}-{host}", "sh", "-c", command]
        done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, f"{host}: {command}: {done.stderr.strip() or done.stdout.strip()}"
        return done.stdout.strip()

    def that_are_on(self):
        """Those hosts of the lab that run."""
        words = [str(ROOT / "lab/docker.sh"), "ps", "--format", "{{.Names}}"]
        names = subprocess.run(words, capture_output=True, text=True, check=False).stdout.split()
        return [host for host in HOSTS if f"{self.name}-{host}" in names]

    def freeze(self, host, frozen=True):
        """All of a host stands still, its connections stay open; or goes on."""
        self._run([str(ROOT / "lab/docker.sh"), "pause" if frozen else "unpause", f"{self.name}-{host}"])

    def address(self, host):
        inventory = json.loads((self.state / "inventory.json").read_text())
        return inventory["_meta"]["hostvars"][host]["ansible_host"]

    # --- the judge -----------------------------------------------------------------------------------------------------

    def start_ssh(self, host, command):
        """A command on a host, as root, begun: a Popen whose communicate() gives its output."""
        socket = (self.state / "control-dir").read_text().strip() + "/test-%C"
        multiplexed = ["-o", "ControlMaster=auto", "-o", "ControlPersist=300", "-o", f"ControlPath={socket}"]
        return subprocess.Popen(
            ["ssh", "-F", str(self.state / "ssh_config"), *multiplexed, host, f"sudo sh -c {shlex.quote(command)}"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def ssh(self, host, command, ok=True, timeout=60):
        """Output of a shell command on a host, as root; fails with what it said unless ok is False."""
        process = self.start_ssh(host, command)
        try:
            output, errors = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
        assert process.returncode == 0 or not ok, f"{host}: {command}: {errors.strip() or output.strip()}"
        return output.strip()

    def docker(self, host, *words, ok=True):
        """Output of 'docker WORDS' on a host."""
        return self.ssh(host, shlex.join(["docker", *words]), ok=ok)

    def rows(self, host, *words):
        """Output of a listing command as a list of dicts."""
        return [json.loads(line) for line in self.docker(host, *words, "--format", "{{json .}}").splitlines()]

    def inspect(self, host, kind, name):
        """What 'docker KIND inspect NAME' says, as a dict."""
        return json.loads(self.docker(host, kind, "inspect", name))[0]

    def swarm_state(self, host):
        """inactive, pending, active, error or locked."""
        return self.docker(host, "info", "--format", "{{.Swarm.LocalNodeState}}")

    def running(self, host, service):
        """Nodes of the service's running tasks, sorted, one entry a task."""
        tasks = self.rows(host, "service", "ps", service, "--filter", "desired-state=running")
        return sorted(task["Node"] for task in tasks if task["CurrentState"].startswith("Running"))

    # --- Ansible -------------------------------------------------------------------------------------------------------

    def playbook(self, path, *options, **keywords):
        """Run a playbook of the project, or a list of plays, on the lab: see harness.ansible.playbook. Returns a Run."""
        return ansible.playbook(path, *options, **keywords)

    def start(self, path, *options, **keywords):
        """The same, begun: a harness.ansible.Playing, to be used with `with`."""
        return ansible.Playing(path, *options, **keywords)

    def module(self, host, name, args=None, *, check=False, diff=True, ok=True, timeout=300):
        """Run one module on one host and return its result.

        A name without dots is one of ours. ok: True, it must not fail; False, it must; None, either.
        """
        fqcn = name if "." in name else f"apiary.swarm.{name}"
        play = {"hosts": host, "gather_facts": False, "tasks": [{"name": name, fqcn: args or {}}]}
        options = [option for option, wanted in (("--check", check), ("--diff", diff)) if wanted]
        run = self.playbook([play], *options, timeout=timeout)
        result = run.of(host, name)
        if ok is not None:
            assert (run.rc == 0) is ok, run.output
        return result

    # --- swarms, made and unmade by the CLI ----------------------------------------------------------------------------

    def form_swarm(self):
        """Three managers and two workers, on engines that are in no swarm."""
        first, address = MANAGERS[0], self.address(MANAGERS[0])
        self.docker(first, "swarm", "init", "--advertise-addr", address)
        for role, hosts in (("manager", MANAGERS[1:]), ("worker", WORKERS)):
            token = self.docker(first, "swarm", "join-token", "-q", role)
            for host in hosts:
                self.docker(
                    host, "swarm", "join", "--token", token, "--advertise-addr", self.address(host), f"{address}:2377"
                )
        eventually(self.check_swarm)

    def check_swarm(self):
        """Five nodes ready and active, one leader and two reachable, nothing running on them."""
        nodes = self.rows(MANAGERS[0], "node", "ls")
        assert sorted(node["Hostname"] for node in nodes) == HOSTS
        assert {(node["Status"], node["Availability"]) for node in nodes} == {("Ready", "Active")}
        assert sorted(node["ManagerStatus"] for node in nodes) == ["", "", "Leader", "Reachable", "Reachable"]
        assert self.rows(MANAGERS[0], "service", "ls") == []

    def clear_services(self):
        """Take away what tests made in the swarm: services, then their networks, secrets and configs."""
        kinds = [
            ("service", ""),
            ("network", "--filter scope=swarm --filter type=custom"),
            ("secret", ""),
            ("config", ""),
        ]
        for kind, only in kinds:
            # a network is free only when the last task has let go of it
            eventually(lambda kind=kind, only=only: self._remove_all(kind, only))

    # --- inside --------------------------------------------------------------------------------------------------------

    def _remove_all(self, kind, only):
        names = [name for name in self.ssh(MANAGERS[0], f"docker {kind} ls -q {only}").split() if name]
        if kind == "network":
            names = [name for name in names if not self.inspect(MANAGERS[0], kind, name)["Ingress"]]
        if names:
            self.docker(MANAGERS[0], kind, "rm", *names)

    def _run(self, command, timeout=60):
        done = subprocess.run(
            command, cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=timeout, check=False
        )
        assert done.returncode == 0, f"{' '.join(command)}:\n{done.stdout}{done.stderr}"
