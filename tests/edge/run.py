#!/usr/bin/env python3
# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Is a request lost when something behind the edge, or the edge itself, is changed?

A client sends requests to three nodes of the edge all the time (harness/load.py: HTTP, HTTPS and TCP, some with a body), while
a service is rolled to another version of nginx, routes and certificate of the edge change, and a node is drained and comes back.
Writes build/edge.json and ends with a line made from it.

BREAK=CASE kills HAProxy on all nodes in the midst of that case, to see that it is found. KEEP_LAB=1 leaves the lab up, and takes
one that is there.
"""

from __future__ import annotations

import copy
import os
import pathlib
import sys
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "collections")]

from harness.cases import keep, say  # noqa: E402
from harness.edge import certificate, variables, who  # noqa: E402
from harness.lab import HOSTS, Lab, eventually  # noqa: E402
from harness.load import Load, Request, told  # noqa: E402

NAME, SUBNET = "apiary-edge", "172.30.81.0/24"
EDGE = ["manager1", "worker1", "worker2"]
LEAST = 20  # requests a second, in each second
WEB = {"name": "web", "replicas": 3, "image": "depot:5000/nginx:1.22", "edge": {"host": "www.lab", "check": "/"}}
WHO = who(
    [{"host": "who.lab", "path": "/api", "port": 8080}, {"mode": "tcp", "listen": 9000, "port": 8080}], replicas=3
)
ASKED = [
    Request("http", "www.lab"),
    Request("https", "www.lab", port=443, tls=True),
    Request("post", "who.lab", "/api/x", method="POST"),
    Request("tcp", "who.lab", port=9000),
]


class Cases:
    """The cases one after the other, under the same load. Each returns what shows that it really happened."""

    def __init__(self, lab):
        self.lab = lab
        self.wanted = variables([copy.deepcopy(WEB), WHO], edge_certificates=[certificate("www.lab")])

    def bring(self, *roles):
        hosts = {"hosts": "swarm_managers:swarm_workers", "gather_facts": False, "become": True}
        play = {**hosts, "roles": [f"apiary.swarm.{role}" for role in roles]}
        run = self.lab.playbook([play], extra_vars=self.wanted, timeout=400)
        assert run.rc == 0, run.output

    def idle(self):
        """Ten seconds in which nothing happens, to compare with."""
        time.sleep(10)
        return "nothing was done"

    def roll(self):
        """A service gets another version of nginx, task after task."""
        web = self.wanted["services_list"][0]
        web["image"] = "depot:5000/nginx:1.26"
        self.bring("services")
        images = {row["Image"] for row in self._tasks("web")}
        assert images == {web["image"]}, images
        return f"3 tasks of web replaced, all {web['image']}"

    def routes(self):
        """A route more and another certificate, on one node of the edge after the other."""
        before = {row["ID"] for row in self._tasks("edge")}
        self.wanted["services_list"][0]["edge"] = [{"host": "www.lab", "check": "/"}, {"host": "new.lab"}]
        self.wanted["edge_certificates"] = [certificate("www.lab")]
        self.bring("edge")
        after = {row["ID"] for row in self._tasks("edge")}
        assert len(after) == len(EDGE), after
        assert not before & after, "not all tasks were replaced"
        return f"{len(after)} tasks of edge replaced, with a route more and another certificate"

    def drain(self):
        """A node of the edge, with tasks of the services, is drained, and comes back."""
        self.lab.docker("manager1", "node", "update", "--availability", "drain", "worker1")
        eventually(lambda: self._gone("worker1"), 90)
        self.lab.docker("manager1", "node", "update", "--availability", "active", "worker1")
        eventually(lambda: self._check(len(self.lab.running("manager1", "edge")) == len(EDGE)), 90)
        eventually(lambda: self._check(self.load.ready["worker1"]), 60)
        return "worker1 was left by all tasks, and its edge came back"

    def _tasks(self, service):
        rows = self.lab.rows("manager1", "service", "ps", service, "--filter", "desired-state=running")
        return [row for row in rows if row["CurrentState"].startswith("Running")]

    def _gone(self, node):
        names = self.lab.ssh(node, "docker ps --format '{{.Names}}'")
        assert names == "", names

    @staticmethod
    def _check(truth):
        assert truth

    def run(self, broken):
        results = []
        self.bring("services", "edge")
        with Load({node: self.lab.address(node) for node in EDGE}, ASKED) as self.load:
            for name in ("idle", "roll", "routes", "drain"):
                say(f"{name}: {getattr(self, name).__doc__}")
                results.append(self._case(name, spoil=name == broken))
                say(f"  {told(results[-1])}")
        return results

    def _case(self, name, spoil):
        mark = self.load.mark()
        if spoil:
            threading.Timer(3, self._spoil).start()
        try:
            evidence, error = getattr(self, name)(), None
        except AssertionError as failure:
            evidence, error = "none", str(failure)
        time.sleep(2)  # what was sent last is to be answered within the case
        seen = self.load.since(mark)
        if seen["least_in_a_second"] < LEAST:
            error = error or f"only {seen['least_in_a_second']} requests in some second, {LEAST} are asked for"
        return {"id": name, "evidence": evidence, "error": error, **seen}

    def _spoil(self):
        for node in EDGE:
            self.lab.ssh(node, "docker kill $(docker ps -q -f name=edge.)", ok=False)


def report(results, broken):
    """Writes the result, prints what is made from it, and returns the exit status."""
    cases = keep("edge", {"nodes": EDGE, "cases": results})["cases"]
    for case in cases:
        for text in [*case["failed"], *([case["error"]] if case["error"] else [])]:
            say(f"  {case['id']}: {text}")
    if broken and broken not in {case["id"] for case in cases}:
        say(f"  BREAK={broken}: there is no such case")
        return 1
    wrong = [case["id"] for case in cases if case["failures"] or case["error"]]
    total = {key: sum(case[key] for case in cases) for key in ("requests", "failures", "redials")}
    worst = max((case["latency_ms"]["max"] or 0 for case in cases), default=0)
    say(
        f"edge: {total['requests']} requests, {total['failures']} failed, {total['redials']} dialled again, longest {worst} ms; "
        f"{len(cases)} cases, {len(wrong)} wrong{': ' if wrong else ''}{', '.join(wrong)}"
    )
    return 1 if wrong or not cases else 0


def main():
    os.environ.setdefault("LAB_NAME", NAME)
    os.environ.setdefault("LAB_SUBNET", SUBNET)
    broken = os.environ.get("BREAK")
    lab = Lab()
    lab.up()
    if any(lab.swarm_state(host) != "active" for host in HOSTS):
        lab.form_swarm()
    try:
        for node in EDGE:
            lab.docker("manager1", "node", "update", "--label-add", "edge=true", node)
        return report(Cases(lab).run(broken), broken)
    finally:
        if os.environ.get("KEEP_LAB"):
            lab.clear_services()
            for node in EDGE:
                lab.docker("manager1", "node", "update", "--label-rm", "edge", node)
        else:
            lab.down()


if __name__ == "__main__":
    sys.exit(main())
