# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

"""A host whose engine does not run, or that has no SDK: each module says so, and site.yml puts it right."""

from __future__ import annotations

import pytest
from harness.lab import eventually

TASKS = [
    ("swarm_info", {}),
    ("swarm_init", {"task_history_retention_limit": 9}),
    ("swarm_join", {"role": "worker", "join_token": "x", "remote_addrs": ["manager2"]}),
    ("swarm_node", {"node": "worker1", "labels": {"a": "b"}}),
    ("node_availability", {"nodes": ["worker1"], "availability": "drain"}),
    ("swarm_network", {"name": "front"}),
    ("swarm_service", {"name": "web", "image": "depot:5000/nginx:1.22"}),
]


def failures(lab, host, kind, **more):
    """Each module's msg on the host; all of them failed with this kind, for real and in check mode, and changed nothing."""
    tasks = [{"name": name, f"apiary.swarm.{name}": {**args, **more}, "ignore_errors": True} for name, args in TASKS]
    texts = []
    for options in ((), ("--check",)):
        run = lab.playbook([{"hosts": host, "gather_facts": False, "tasks": tasks}], *options)
        results = [result.data for result in run.results]
        assert len(results) == len(TASKS), run.output
        assert [result["failure"]["kind"] for result in results] == [kind] * len(TASKS), run.output
        assert run.changed() == set()
        texts += [result["msg"] for result in results]
    return texts


@pytest.fixture
def stopped(blank):
    blank.ssh("worker2", "systemctl stop docker.socket docker.service")
    yield blank
    blank.ssh("worker2", "systemctl start docker.socket docker.service")
    eventually(lambda: blank.docker("worker2", "version"))


def test_an_engine_that_does_not_run(stopped):
    for text in failures(stopped, "worker2", "unreachable"):
        assert "worker2" in text
        assert "Is the engine running there ('systemctl status docker')" in text


def test_role_engine_starts_it_again(stopped):
    run = stopped.playbook("site.yml", "--tags", "engine", "--limit", "worker2")
    assert run.rc == 0, run.output
    assert run.changed() == {"worker2"}
    assert stopped.docker("worker2", "version", "--format", "{{.Server.Version}}")


def test_a_host_without_the_sdk(blank):
    for text in failures(blank, "worker1", "sdk_missing", sdk_python="/opt/nowhere/bin/python"):
        assert "There is no module named docker".lower() in text.lower()
        assert "Role apiary.swarm.engine installs it" in text
