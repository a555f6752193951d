# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

"""One host with a version of the engine, and what the runs do with it: CLI, module, and the raw specs that come of them."""

from __future__ import annotations

import concurrent.futures
import contextlib
import json
import os
import re
import subprocess
import time
from typing import NamedTuple

import docker
from harness.lab import ROOT, Lab, eventually

from .values import CONTENTS

HOST = "manager1"
SIDE_BY_SIDE = 3  # CLI processes
# The CLI must know the newest flags that an engine here does.
OLDEST_CLIENT = (28, 0)


class Outcome(NamedTuple):
    """spec: the service's, raw; refused: what was said instead of making it; again: what a second run changed."""

    spec: dict | None = None
    refused: str | None = None
    seconds: float = 0.0
    again: str | None = None

    def called(self, name):
        """The same of a service of another name."""
        return self._replace(spec={**self.spec, "Name": name}) if self.spec else self


@contextlib.contextmanager
def lab_with(version):
    """A lab whose one host has this engine. One that runs is taken if it has it; KEEP_LAB=1 leaves it up."""
    os.environ.update(LAB_ENGINE=version, LAB_HOSTS=HOST)
    lab = Lab()
    if not _has(lab, version):
        lab.renew()
    try:
        yield lab
    finally:
        if not os.environ.get("KEEP_LAB"):
            lab.down()


def _has(lab, version):
    try:
        return lab.docker(HOST, "version", "--format", "{{.Server.Version}}").startswith(version)
    except (AssertionError, OSError, subprocess.TimeoutExpired):
        return False


class Client(NamedTuple):
    path: str
    version: str

    def run(self, words, host="unix:///nowhere"):
        """The finished process of `docker WORDS`, with no configuration of the person who started this."""
        return subprocess.run(
            [self.path, *words],
            env={"PATH": os.environ["PATH"], "DOCKER_HOST": host, "DOCKER_CONFIG": "/nonexistent"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def flags(self, command):
        """All flags of a command; with no engine in reach, for else those are hidden that the engine is too old for."""
        text = self.run(["service", command, "--help"]).stdout
        return set(re.findall(r"^\s+(?:-\w, )?(--[a-z][a-z-]+)", text, re.MULTILINE))


def client(lab):
    """A CLI that is new enough: the one installed here, else the lab's own, if it is."""
    brought = ROOT / "build/differential-docker"
    for path in ("docker", str(brought)):
        if path != "docker" and not brought.exists():
            lab.copy_from(HOST, "/usr/bin/docker", brought)
        with contextlib.suppress(OSError):
            said = Client(path, "").run(["version", "--format", "{{.Client.Version}}"]).stdout.strip()
            if tuple(map(int, re.findall(r"\d+", said)[:2])) >= OLDEST_CLIENT:
                return Client(path, said)
    raise RuntimeError(
        f"no docker here is {OLDEST_CLIENT[0]} or newer; the lab's own is, if the newest engine comes first"
    )


class Subject:
    """A swarm of one node with nothing in it but what services refer to."""

    def __init__(self, lab, socket, cli):
        self.lab = lab
        self.cli = cli
        self.socket = socket
        self.api = docker.APIClient(base_url=f"unix://{socket}", version="auto", timeout=60)
        self.version = self.api.version()["Version"]
        self.api_version = tuple(map(int, self.api._version.split(".")))

    def prepare(self):
        if self.lab.swarm_state(HOST) != "active":
            self.lab.docker(HOST, "swarm", "init", "--advertise-addr", self.lab.address(HOST))
        self.clear()
        for name in CONTENTS:
            for command in (
                f"docker network inspect {name} || docker network create -d overlay {name}",
                f"docker secret inspect {name} || echo {name} | docker secret create {name} -",
                f"docker config inspect {name} || echo {name} | docker config create {name} -",
            ):
                self.lab.ssh(HOST, command)

    def clear(self):
        for service in self.api.services():
            self.api.remove_service(service["ID"])
        eventually(self._nothing_left)

    def _nothing_left(self):
        assert self.api.services() == []

    def specs(self):
        """{name: spec} as the API has them."""
        return {service["Spec"]["Name"]: service["Spec"] for service in self.api.services()}

    # The CLI

    def by_cli(self, calls):
        """{name: Outcome} of {name: words after `docker service`}."""
        with concurrent.futures.ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
            done = dict(zip(calls, pool.map(self._call, calls.values()), strict=True))
        specs = self.specs()
        return {
            name: Outcome(None if refused else specs.get(name), refused, seconds)
            for name, (refused, seconds) in done.items()
        }

    def _call(self, words):
        started = time.monotonic()
        done = self.cli.run(["service", *words], f"unix://{self.socket}")
        refused = (done.stderr.strip() or f"status {done.returncode}") if done.returncode else None
        return refused, time.monotonic() - started

    # The module

    def by_module(self, entries):
        """{name: Outcome} of {name: options}, in one call and a second one, which should change nothing.

        What the module refuses keeps all others of the call from being made, so they are asked for again without it.
        """
        refused = {}
        started = time.monotonic()
        while True:
            left = {name: options for name, options in entries.items() if name not in refused}
            if not left:
                return {name: Outcome(None, text) for name, text in refused.items()}
            first, second = self._tasks(left)
            problems = {} if first.get("services") else _by_service(first.get("msg", ""), left)
            if not problems:
                break
            refused |= problems
        if not first.get("services"):
            raise RuntimeError(f"swarm_service said of no service in particular: {first.get('msg')}")
        seconds = (time.monotonic() - started) / len(left)
        specs, again = self.specs(), {entry["name"]: entry for entry in second.get("services", ())}
        outcomes = {name: Outcome(None, text, seconds) for name, text in refused.items()}
        for entry in first["services"]:
            name, failure = entry["name"], entry["failure"]
            outcomes[name] = Outcome(
                specs.get(name),
                failure["msg"] if failure else None,
                seconds,
                _changed_again(again.get(name), second.get("msg")),
            )
        return outcomes

    def _tasks(self, entries):
        services = [{"name": name, **options} for name, options in entries.items()]
        arguments = {
            "services": services,
            "service_defaults": {"undeclared": "reset", "recreate": True},
            "wait": False,
        }
        tasks = [
            {"name": name, "apiary.swarm.swarm_service": arguments, "ignore_errors": True}
            for name in ("First run", "Second run")
        ]
        run = self.lab.playbook([{"hosts": HOST, "gather_facts": False, "tasks": tasks}], "--diff", timeout=600)
        return run.of(HOST, "First run"), run.of(HOST, "Second run")


def _changed_again(entry, message):
    if entry is None:
        return f"the second run told nothing of it: {message}"
    if entry["changed"]:
        difference = entry["diff"]
        return f"the second run: {json.dumps(difference.get('before'))} -> {json.dumps(difference.get('after'))}"
    return None


def _by_service(message, entries):
    """{name: problem} of what a refusal says of single services."""
    found = {}
    for line in message.splitlines():
        for name in entries:
            if re.search(rf"\b{re.escape(name)}\b(?!-)", line):
                found[name] = line
    return found
