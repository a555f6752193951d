# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Trouble of the managers while one waits: no engine gives it on demand, so a fake does. The rest is tested on real ones."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from ansible_collections.apiary.swarm.plugins.module_utils._errors import SwarmError
from ansible_collections.apiary.swarm.plugins.module_utils._services import continue_watch
from ansible_collections.apiary.swarm.plugins.module_utils._watch import Watch

SITUATION = json.loads((Path(__file__).parent / "fixtures" / "situations-20.10.json").read_text())["running"]


class Engine:
    """Fails with the given errors, one a look, then answers as the recorded engine did."""

    name = "manager1"
    api_version = (1, 41)
    no_log = False

    def __init__(self, *errors):
        self.errors = list(errors)
        self.calls = []

    def services(self, **filters):
        self.calls.append(("services", filters))
        if self.errors:
            raise self.errors.pop(0)
        return [SITUATION["service"]]

    def nodes(self):
        return SITUATION["nodes"]

    def tasks(self, **filters):
        self.calls.append(("tasks", filters))
        return SITUATION["tasks"]


def no_leader(kind="no_quorum"):
    return SwarmError("The swarm does not have a leader.", kind=kind)


def watch_on(engine, seconds=60):
    watch = Watch(engine, time.monotonic() + seconds)
    watch.add("full", SITUATION["service"]["ID"])
    return watch


@pytest.mark.parametrize("kind", ["no_quorum", "unreachable"])
def test_what_passes_is_waited_through_and_told_once(kind):
    engine = Engine(no_leader(kind), no_leader(kind))
    watch = watch_on(engine)
    watch.run(lambda *_: None)
    assert (watch.waiting, watch.failures) == ({}, {})
    assert watch.lines == [
        ("", "the managers do not answer: The swarm does not have a leader."),
        ("full", "overall progress: 2 out of 2 tasks"),
        ("full", "verify: Service converged"),
    ]


@pytest.mark.parametrize(("told", "looks"), [([], 30), ([("web", "overall progress: 1 out of 2 tasks")], 11)])
def test_a_slice_without_news_lasts_longer(monkeypatch, told, looks):
    clock = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    monkeypatch.setattr(time, "sleep", lambda seconds: clock.__setitem__(0, clock[0] + seconds))
    watch = watch_on(Engine())
    seen = []
    monkeypatch.setattr(watch, "look", lambda *_: seen.append(watch.lines.extend(told)))
    watch.run(lambda *_: None, seconds=1.8)
    assert len(seen) == looks


@pytest.mark.parametrize(("services", "pause"), [(1, 0.2), (100, 0.5), (1000, 2)])
def test_the_more_are_waited_for_the_longer_is_the_pause(monkeypatch, services, pause):
    pauses = []
    monkeypatch.setattr(time, "sleep", pauses.append)
    watch = Watch(Engine(), time.monotonic() + 60)
    for number in range(services):
        watch.add(f"s{number}", f"id{number}")
    looks = iter((None, watch.waiting.clear))
    monkeypatch.setattr(watch, "look", lambda *_: (next(looks) or list)())
    watch.run(lambda *_: None)
    assert pauses == [pause]


@pytest.mark.parametrize(("errors", "slow", "begins"), [([], 0, 5.0), ([no_leader()], 0, 6.0), ([], 6, 19.0)])
def test_tasks_must_be_seen_to_stay_up_from_when_they_are_seen_again(monkeypatch, errors, slow, begins):
    clock = [5.0]
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    engine = Engine()
    watch = Watch(engine, 60)
    watch.add("full", SITUATION["service"]["ID"], written=True)
    watch.run(lambda *_: None, seconds=0)
    clock[0], engine.errors = 6.0, errors
    tasks = engine.tasks
    monkeypatch.setattr(engine, "tasks", lambda **filters: clock.__setitem__(0, clock[0] + slow) or tasks(**filters))
    watch.run(lambda *_: None, seconds=0)
    clock[0] += 1
    watch.run(lambda *_: None, seconds=0)
    assert watch.waiting["full"]["memory"]["held_since"] == begins


def test_the_next_slice_goes_on_where_this_one_ended():
    first = watch_on(Engine(no_leader()))
    first.run(lambda *_: None, seconds=0)
    state = json.loads(json.dumps(first.state()))
    second = Watch.resume(Engine(no_leader()), state)
    second.run(lambda *_: None, seconds=0)
    assert second.lines == [], "it was told already"
    last = Watch.resume(Engine(), json.loads(json.dumps(second.state())))
    last.run(lambda *_: None, seconds=0)
    assert last.waiting == {}


def test_managers_in_trouble_until_the_end_are_the_failure():
    watch = watch_on(Engine(*(no_leader() for _ in range(100))), seconds=0)
    with pytest.raises(SwarmError, match="leader"):
        watch.run(lambda *_: None)


@pytest.mark.parametrize(("trouble", "seconds"), [(no_leader(), 0), (SwarmError("A worker now.", kind="worker"), 60)])
def test_trouble_that_ends_the_wait_does_not_hide_what_had_failed(trouble, seconds):
    said = trouble.msg
    watch = watch_on(Engine(trouble), seconds)
    watch.failures["crash"] = {
        "kind": "crash_loop",
        "msg": "Service crash: 3 tasks in a row failed",
        "hint": "Correct it.",
    }
    with pytest.raises(SwarmError) as caught:
        continue_watch(Engine(trouble), watch.state(), 5)
    assert caught.value.msg == f"Service crash: 3 tasks in a row failed\n{said}"
    (entry,) = caught.value.details["services"]
    assert (entry["name"], entry["failure"]["kind"]) == ("full", trouble.kind)


def test_other_errors_are_not_waited_through():
    watch = watch_on(Engine(SwarmError("no", kind="worker")))
    with pytest.raises(SwarmError, match="no"):
        watch.run(lambda *_: None)


def test_a_service_that_is_no_more_has_failed():
    engine = Engine()
    watch = Watch(engine, time.monotonic() + 60)
    watch.add("gone", "someid")
    watch.run(lambda *_: None)
    assert watch.failures["gone"]["kind"] == "removed"


def test_a_look_asks_for_what_is_waited_for_until_that_is_too_long_a_list():
    engine = Engine()
    watch_on(engine).run(lambda *_: None)
    assert engine.calls == [
        ("services", {"id": [SITUATION["service"]["ID"]]}),
        ("tasks", {"service": [SITUATION["service"]["ID"]], "_up-to-date": ["true"]}),
    ]
    engine = Engine()
    watch = watch_on(engine)
    for number in range(100):
        watch.add(f"s{number}", f"id{number}")
    watch.run(lambda *_: None, seconds=0)
    assert engine.calls[:2] == [("services", {}), ("tasks", {"_up-to-date": ["true"]})]


class Cluster:
    """An engine whose services, tasks and nodes are lists; it refuses to tell of the tasks of a service that is no more."""

    name = "manager1"
    no_log = False

    def __init__(self, services=(), tasks=(), nodes=()):
        self.lists = {"services": services, "tasks": tasks, "nodes": nodes}
        self.refused = 0

    def services(self, **_filters):
        return list(self.lists["services"])

    def nodes(self):
        return list(self.lists["nodes"])

    def tasks(self, service=(), **_filters):
        if set(service) - {item["ID"] for item in self.lists["services"]}:
            self.refused += 1
            raise SwarmError("service not found", kind="not_found", status=404)
        return list(self.lists["tasks"])

    def read(self, path, what, **_query):
        return f"log of {path}".encode()


def node(state="ready", name="n1"):
    return {"ID": name, "Status": {"State": state}, "Description": {"Hostname": f"host-{name}"}, "Spec": {}}


def task(slot=1, state="running", desired="remove", node="n1", service="old", second=0):
    return {
        "ID": f"{service}-{slot}-{state}-{second}",
        "ServiceID": service,
        "Slot": slot,
        "NodeID": node,
        "DesiredState": desired,
        "Status": {"State": state, "Timestamp": f"2026-11-23T12:00:{second:02}Z"},
        "CreatedAt": "2026-11-23T12:00:00Z",
        "Spec": {},
    }


def watch_removal(cluster, seconds=0):
    watch = Watch(cluster, time.monotonic() + seconds)
    watch.add("old", "old", gone=True)
    watch.run(lambda *_: None)
    return watch


@pytest.mark.parametrize("nodes", [[node("down")], []], ids=["down", "no more"])
def test_a_removed_service_is_gone_though_its_task_is_on_a_lost_node(nodes):
    watch = watch_removal(Cluster(tasks=[task()], nodes=nodes))
    assert watch.failures == {}
    assert watch.lines == [("old", "removed")]


def test_what_is_left_of_a_removed_service_is_told_though_it_cannot_be_asked_for():
    lost, left = task(1, node="n2"), task(2, node="n1")
    cluster = Cluster(tasks=[lost, left], nodes=[node("ready"), node("down", "n2")])
    failure = watch_removal(cluster).failures["old"]
    assert failure["kind"] == "not_converged"
    assert [(row["slot"], row["node"], row["state"]) for row in failure["tasks"]] == [(2, "host-n1", "running")]
    assert failure["msg"] == "Service old: its tasks were not gone in time. old.2 on host-n1: running"


def test_the_others_are_judged_though_one_service_is_no_more():
    cluster = Cluster([SITUATION["service"]], SITUATION["tasks"], SITUATION["nodes"])
    watch = watch_on(cluster)
    watch.add("gone", "someid")
    watch.run(lambda *_: None)
    assert cluster.refused
    assert list(watch.failures) == ["gone"]
    assert watch.failures["gone"]["kind"] == "removed"
    assert ("full", "verify: Service converged") in watch.lines


def test_tasks_that_broke_before_the_change_are_no_evidence():
    service = dict(SITUATION["service"], ID="web")
    before = task(1, "failed", "shutdown", service="web")
    waits = task(1, "starting", "running", service="web", second=9)
    cluster = Cluster([service], [before, waits], [node()])
    watch = Watch(cluster, time.monotonic())
    watch.add("web", "web", written=True, over=[before["ID"]])
    watch.run(lambda *_: None)
    assert [row["state"] for row in watch.failures["web"]["tasks"]] == ["starting"]
