# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the scenarios work with: five hosts, services behind an edge on all of them, and a client that sends requests."""

from __future__ import annotations

import contextlib
import threading
import time

from harness.edge import variables, who
from harness.lab import HOSTS, check, eventually
from harness.load import Load, Request

LEAST = 20  # requests a second, in each second
WEB = {"name": "web", "replicas": 3, "image": "depot:5000/nginx:1.22", "edge": {"host": "www.lab", "check": "/"}}
WHO = who([{"host": "who.lab", "path": "/api", "port": 8080}], replicas=3)
ASKED = [Request("http", "www.lab"), Request("post", "who.lab", "/api/x", method="POST")]


class Stage:
    """The lab with what a scenario needs on it. seen: what the client saw; broken: whether the scenario is to fail on purpose."""

    def __init__(self, lab, broken=False):
        self.lab, self.broken = lab, broken
        self.seen = None

    def play(self, name, *options, ok=True, timeout=900, **extra):
        """Run playbooks/NAME.yml on the lab; fails with its output unless ok is False. Returns a Run."""
        run = self.lab.playbook(f"playbooks/{name}.yml", *options, extra_vars=extra, timeout=timeout)
        assert not ok or run.rc == 0, run.output
        return run

    def start(self, name, *options, **extra):
        """The same, begun: a harness.ansible.Playing, to be used with `with`."""
        return self.lab.start(f"playbooks/{name}.yml", *options, extra_vars=extra)

    def kill(self, name, *options, when, **extra):
        """Begin a playbook, and kill it with all its processes once when() is true."""
        with self.start(name, *options, **extra) as play:
            eventually(lambda: check(when()), 300, every=0.2)
            assert play.process.poll() is None, f"{name} had ended already"

    def serve(self, nodes=HOSTS):
        """Services of three tasks each, behind an edge on these nodes."""
        for node in nodes:
            self.lab.docker("manager1", "node", "update", "--label-add", "edge=true", node)
        roles = [{"role": f"apiary.swarm.{role}"} for role in ("services", "edge")]
        hosts = {"hosts": "swarm_managers:swarm_workers", "gather_facts": False, "become": True}
        run = self.lab.playbook([{**hosts, "roles": roles}], extra_vars=variables([WEB, WHO]), timeout=400)
        assert run.rc == 0, run.output

    @contextlib.contextmanager
    def requests(self, nodes=HOSTS):
        """A client sends requests to the edge of these nodes meanwhile; none may be lost."""
        with Load({node: self.lab.address(node) for node in nodes}, ASKED) as load:
            if self.broken:
                threading.Timer(3, self._spoil, [nodes]).start()
            try:
                yield load
                time.sleep(2)  # what was sent last is to be answered too
            finally:
                self.seen = load.since(0)
        assert self.seen["least_in_a_second"] >= LEAST, f"only {self.seen['least_in_a_second']} requests in some second"

    def nodes(self, manager="manager1"):
        """{hostname: row of docker node ls} as that manager has it."""
        return {row["Hostname"]: row for row in self.lab.rows(manager, "node", "ls")}

    def await_nodes(self, manager="manager1", seconds=90, only=None, **wanted):
        """Wait until all nodes, or only these, have these words, for example Status="Ready"."""

        def as_wanted():
            rows = {name: row for name, row in self.nodes(manager).items() if only is None or name in only}
            wrong = {name: row for name, row in rows.items() if any(row[key] != word for key, word in wanted.items())}
            assert not wrong, wrong

        eventually(as_wanted, seconds)

    def _spoil(self, nodes):
        for node in nodes:
            self.lab.ssh(node, "docker kill $(docker ps -q -f name=edge.)", ok=False)
