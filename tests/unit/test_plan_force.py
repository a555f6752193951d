# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

"""force_update: a text that replaces tasks once, whenever it is another one."""

from __future__ import annotations

import copy
import json
from pathlib import Path

import pytest
from ansible_collections.apiary.swarm.plugins.module_utils._errors import SwarmError
from ansible_collections.apiary.swarm.plugins.module_utils._plan import (
    CREATE,
    NOTHING,
    UPDATE,
    Wish,
    World,
    plan_service,
)

RECORDED = json.loads((Path(__file__).parent / "fixtures" / "services-20.10.json").read_text())["minimal"]


def plan(options, before, **wish):
    return plan_service(Wish(RECORDED["Spec"]["Name"], options, **wish), before, World())


def after(plan):
    return {"ID": "s", "Version": {"Index": 5}, "Spec": copy.deepcopy(plan.spec)}


def forced(trigger="a", before=RECORDED, **options):
    return plan({"force_update": trigger, **options}, before)


def counter(plan):
    return plan.spec["TaskTemplate"]["ForceUpdate"]


def test_another_text_forces_once():
    first = forced()
    assert (first.action, counter(first), first.concerns_tasks) == (UPDATE, 1, True)
    assert first.changed_paths == (("TaskTemplate", "ForceUpdate"),)
    assert "io.apiary" not in json.dumps(first.diff)
    assert forced(before=after(first)).action == NOTHING
    assert counter(forced("b", before=after(first))) == 2


def test_a_new_service_only_remembers_it():
    new = forced(before=None, image="x")
    assert new.action == CREATE
    assert "ForceUpdate" not in new.spec["TaskTemplate"]
    assert forced(before=after(new), image="x").action == NOTHING
    assert counter(forced("b", before=after(new), image="x")) == 1


@pytest.mark.parametrize("undeclared", ["keep", "restore", "reset"])
def test_it_survives_other_updates(undeclared):
    first = after(forced(labels={"x": "y"}))
    image = first["Spec"]["TaskTemplate"]["ContainerSpec"]["Image"]
    other = plan({"image": image, "labels": {"a": "b"}}, first, undeclared=undeclared)
    assert (other.action, counter(other)) == (UPDATE, 1)
    assert forced(before=after(other)).action == NOTHING
    assert plan({"image": image}, after(other), undeclared="keep").action == NOTHING


@pytest.mark.parametrize("trigger", [True, "", [], {"a": 1}])
def test_what_says_the_same_for_ever_is_refused(trigger):
    with pytest.raises(SwarmError, match=r"force_update: .* (is not a text that is another one|says the same)"):
        forced(trigger)


def test_false_is_not_naming_it():
    assert forced(False).action == NOTHING
    assert forced(0).action == UPDATE
    assert forced(17).spec["Labels"]["io.apiary.force-update"] == "17"
