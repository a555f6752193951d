# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Somebody else works on the same thing at the same time, or takes it away, and the managers change their leader meanwhile."""

from __future__ import annotations

import threading

from ansible_collections.apiary.swarm.plugins.module_utils._engine import Engine
from ansible_collections.apiary.swarm.plugins.module_utils._errors import SwarmError
from ansible_collections.apiary.swarm.plugins.module_utils._plan import Wish
from harness.lab import HOSTS, MANAGERS
from harness.services import IDLE
from harness.services import run as run_module
from harness.tunnel import tunnel

from faults.scene import FOREVER, SITE, failed, well

# an update of three tasks that takes a while, so that there is something to come in between
SLOWLY = {**FOREVER, "replicas": 3, "update_config": {"parallelism": 1, "delay": "3s", "monitor": "3s"}}


def removed_meanwhile(scene):
    """The service is removed by the CLI while it is waited for: the task says so, and does not make it again"""
    scene.service("manager1", name="web", **SLOWLY)
    wait = {"wait": False} if scene.broken else {}
    task = scene.begin(scene.service, "manager2", ok=None, name="web", env={"A": "1"}, **SLOWLY, **wait)
    scene.await_update("web")
    scene.lab.docker("manager1", "service", "rm", "web")
    result = task.result()
    failed(result, "removed")
    assert scene.services() == {}, "it was made again"
    return result["msg"]


def changed_meanwhile(scene):
    """Somebody changes the service by the CLI while the task works on it: both changes are there, the task ends well"""
    scene.service("manager1", name="web", **SLOWLY)
    undeclared = {"undeclared": "reset"} if scene.broken else {}
    scene.lab.docker("manager3", "service", "update", "--detach", "--label-add", "before=1", "web")
    task = scene.begin(scene.service, "manager2", name="web", env={"A": "1"}, **SLOWLY, **undeclared)
    scene.await_update("web")
    for number in range(5):
        scene.lab.docker("manager3", "service", "update", "--detach", "--label-add", f"during{number}=1", "web")
    result = task.result()
    assert result["changed"]
    assert len(scene.labels("web")) == 6, scene.labels("web")
    assert scene.env("web") == ["A=1"]
    scene.await_running("web", 3)
    return "env of the task and six labels of the CLI are there; the task waited for the whole and ended well"


def two_tasks_one_service(scene):
    """Two tasks write one service at the same time, on two managers, four times: no update is lost, none fails falsely"""
    scene.service("manager1", name="web", **IDLE)
    undeclared = {"undeclared": "reset"} if scene.broken else {}
    labels, env = {}, {}
    for number in range(4):
        labels[f"label{number}"] = env[f"ENV{number}"] = "1"
        first = scene.begin(scene.service, "manager2", name="web", labels=dict(labels), **IDLE, **undeclared)
        second = scene.begin(scene.service, "manager3", name="web", env=dict(env), **IDLE, **undeclared)
        assert first.result()["changed"]
        assert second.result()["changed"]
    found = scene.labels("web"), sorted(scene.env("web"))
    assert found == (list(labels), [f"{name}=1" for name in env]), found
    return f"8 tasks, each change is there: {', '.join(found[0] + found[1])}"


class Overtaken(Engine):
    """An engine whose services somebody else writes just before each of our writes, so many times each."""

    refused, times, left = 0, 4, {}
    lock = threading.Lock()

    def post(self, path, *args, **keywords):
        if path.endswith("/update"):
            with self.lock:
                ahead = self.left.setdefault(path, self.times) > 0
                self.left[path] -= 1
            if ahead:
                service = self.get(path.removesuffix("/update"))
                spec = service["Spec"]
                spec["Labels"] = {**(spec.get("Labels") or {}), f"rival{self.left[path]}": "1"}
                super().post(path, spec, version=service["Version"]["Index"])
        try:
            return super().post(path, *args, **keywords)
        except SwarmError as error:
            if error.kind == "out_of_sequence":
                with self.lock:
                    type(self).refused += 1
            raise


def out_of_sequence(scene):
    """Twenty-five services are each written by a rival four times just before us: a hundred refusals, and nothing is lost"""
    names = [f"web{number}" for number in range(25)]
    Overtaken.refused, Overtaken.left = 0, {}
    options = {"docker_host": None, "api_version": "auto", "timeout": 60}
    options |= {"tls": False, "validate_certs": False, "tls_hostname": None}
    with tunnel(scene.lab, "manager1") as path:
        options["docker_host"] = f"unix://{path}"
        engine = Overtaken.connect(options)
        run_module(engine, [Wish(name, dict(IDLE)) for name in names])
        if scene.broken:
            found = engine.services(name=names)
            for service in found:  # as one does it who reads once and writes once
                update = f"/services/{service['ID']}/update"
                try:
                    engine.post(update, service["Spec"], version=service["Version"]["Index"])
                except SwarmError as error:
                    raise AssertionError(error.msg) from error
        entries = run_module(engine, [Wish(name, {**IDLE, "env": {"A": "1"}}) for name in names])
    assert not [entry["failure"] for entry in entries.values() if entry["failure"]]
    assert Overtaken.refused >= 100, Overtaken.refused
    for name in names:
        assert scene.labels(name) == [f"rival{number}" for number in range(4)], scene.labels(name)
        assert scene.env(name) == ["A=1"], scene.env(name)
    return f"the engine refused {Overtaken.refused} writes as out of sequence; all 100 of the rival and all 25 of ours are there"


def leader_killed(scene):
    """The leader loses its power while a service is updated: the task waits for the next leader, and for the update"""
    leader = scene.leader()
    asked = scene.other_managers(leader)[0]
    scene.service(asked, name="web", **SLOWLY)
    patience = {"wait_timeout": 1} if scene.broken else {}
    task = scene.begin(scene.service, asked, ok=None, name="web", env={"A": "1"}, **SLOWLY, **patience)
    scene.await_update("web", asked)
    scene.lab.power_off(leader)
    try:
        result = task.result()
        well(result)
        assert scene.env("web", asked) == ["A=1"]
        running = scene.lab.running(asked, "web")
        assert len([node for node in running if node != leader]) >= 3, running
        successor = scene.leader(asked)
        assert successor in scene.other_managers(leader)
    finally:
        scene.lab.power_on(leader)
    return f"{leader} led and died, {successor} leads; web was updated, 3 tasks run on {', '.join(running)}"


def two_sites(scene):
    """Two runs of site.yml form one swarm on the same blank hosts at the same time: one swarm, and the next run changes nothing"""
    wanted = {"services_list": [{"name": "web", "replicas": 3, **FOREVER}]}
    with scene.lab.start(SITE, extra_vars=wanted) as first, scene.lab.start(SITE, extra_vars=wanted) as second:
        runs = [first.finish(500), second.finish(500)]
    if scene.broken:
        scene.sh("worker2", "docker swarm leave; docker swarm init --advertise-addr eth0")
    well = [run.rc for run in runs].count(0)
    told = [text for run in runs for text in run.messages().values()]
    assert all("another run let it join just now" in text for text in told), runs[0].output + runs[1].output
    scene.await_managers()
    assert [host for host, _id in scene.nodes()] == HOSTS
    assert len({scene.cluster(host) for host in MANAGERS}) == 1
    again = scene.play("site", **wanted)
    assert again.changed() == set(), again.output
    assert len(scene.lab.running("manager1", "web")) == 3
    met = f"; what one run met of the other: {told[0]:.200}" if told else ""
    return f"{well} of 2 ended well{met}; five nodes, one service; again: changed=0"
