# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Labels that another tool gave a service, its containers and its volumes: whose they are, and when they go."""

from __future__ import annotations

import pytest
from ansible_collections.apiary.swarm.plugins.module_utils._plan import NOTHING, UPDATE, Wish, World, plan_service

STACK = {"com.docker.stack.namespace": "s"}
MOUNT = {"type": "volume", "source": "s_data", "target": "/data"}
OPTIONS = {"image": "nginx", "labels": {"a": "1"}, "container_labels": {"b": "2"}, "mounts": [MOUNT]}
KINDS = pytest.mark.parametrize("kind", ["keep", "restore"])


def deployed():
    """A service as 'docker stack deploy' makes it."""
    spec = plan_service(Wish("s_web", OPTIONS), None, World()).spec
    container = spec["TaskTemplate"]["ContainerSpec"]
    spec["Labels"] = {"a": "1", **STACK}
    container["Labels"] = {"b": "2", **STACK}
    container["Mounts"] = [
        {"Type": "volume", "Source": "s_data", "Target": "/data", "VolumeOptions": {"Labels": STACK}}
    ]
    return {"ID": "i", "Version": {"Index": 1}, "Spec": spec}


def plan(undeclared, service=None, **options):
    return plan_service(Wish("s_web", {**OPTIONS, **options}, undeclared=undeclared), service or deployed(), World())


def labels(spec):
    container = spec["TaskTemplate"]["ContainerSpec"]
    shown = {key: value for key, value in spec["Labels"].items() if not key.startswith("io.apiary.")}
    (mount,) = container["Mounts"]
    return shown, container.get("Labels", {}), (mount.get("VolumeOptions") or {}).get("Labels", {})


@KINDS
def test_they_are_not_the_tasks(kind):
    assert plan(kind).action == NOTHING
    other = plan(kind, labels={}, container_labels={"c": "3"}, mounts=[{**MOUNT, "labels": {"d": "4"}}])
    assert labels(other.spec) == (STACK, {"c": "3", **STACK}, {"d": "4", **STACK})
    assert "stack" not in str(other.diff["after"].get("Labels", ""))


@KINDS
def test_a_task_that_names_one_is_obeyed(kind):
    named = {"com.docker.stack.namespace": "t"}
    other = plan(kind, labels=named, container_labels=named, mounts=[{**MOUNT, "labels": named}])
    assert labels(other.spec) == (named, named, named)


@KINDS
def test_another_volume_has_none(kind):
    other = plan(kind, mounts=[{**MOUNT, "target": "/other"}])
    assert labels(other.spec)[2] == {}


def test_no_longer_declared_only_the_tasks_go():
    first = plan("restore", labels={"x": "1"}, container_labels={"y": "2"})
    there = {"ID": "i", "Version": {"Index": 2}, "Spec": first.spec}
    after = plan("restore", there, labels=None, container_labels=None)
    assert after.action == UPDATE
    assert labels(after.spec) == (STACK, STACK, STACK)


def test_reset_takes_them_away():
    after = plan("reset")
    assert labels(after.spec) == ({"a": "1"}, {"b": "2"}, {})
    assert plan("reset", {"ID": "i", "Version": {"Index": 2}, "Spec": after.spec}).action == NOTHING
