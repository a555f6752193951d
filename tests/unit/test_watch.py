# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Trouble of the managers while one waits: no engine gives it on demand, so a fake does. The rest is tested on real ones."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from ansible_collections.apiary.swarm.plugins.module_utils._errors import SwarmError
from ansible_collections.apiary.swarm.plugins.module_utils._watch import Watch

SITUATION = json.loads((Path(__file__).parent / "fixtures" / "situations-20.10.json").read_text())["running"]


class Engine:
    """Fails with the given errors, one a look, then answers as the recorded engine did."""

    name = "manager1"

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


def no_leader():
    return SwarmError("The swarm does not have a leader.", kind="no_quorum")


def watch_on(engine, seconds=60):
    watch = Watch(engine, time.monotonic() + seconds)
    watch.add("full", SITUATION["service"]["ID"])
    return watch


def test_the_loss_of_the_leader_is_waited_through_and_told_once():
    engine = Engine(no_leader(), no_leader())
    watch = watch_on(engine)
    watch.run(lambda *_: None)
    assert (watch.waiting, watch.failures) == ({}, {})
    assert watch.lines == [
        ("", "the managers do not answer: The swarm does not have a leader."),
        ("full", "overall progress: 2 out of 2 tasks"),
        ("full", "verify: Service converged"),
    ]


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


def test_other_errors_are_not_waited_through():
    watch = watch_on(Engine(SwarmError("no", kind="unreachable")))
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
