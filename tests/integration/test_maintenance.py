# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a node had is noted while it is out; an upgrade that cannot be is refused. The plays themselves: tests/lifecycle."""

from __future__ import annotations

from harness.lab import HOSTS, eventually

NOTE = "io.apiary.availability"


def spec(swarm):
    found = swarm.inspect("manager1", "node", "worker1")["Spec"]
    return found["Availability"], found["Labels"]


def check_pinned(swarm):
    assert swarm.running("manager1", "pinned") == ["worker1"]


def test_what_a_node_had_is_noted_and_given_back(swarm):
    """With a service on it that no other node fits: it may be without a place until the node is back."""
    create = ["service", "create", "--detach", "--name", "pinned", "--constraint", "node.hostname==worker1"]
    create += ["--stop-grace-period", "1s"]
    swarm.docker("manager1", *create, "depot:5000/busybox:latest", "sleep", "100000")
    eventually(lambda: check_pinned(swarm))
    swarm.docker("manager1", "node", "update", "--availability", "pause", "--label-add", "rack=1", "worker1")

    def task(name, **options):
        return {"name": name, "apiary.swarm.node_availability": {"nodes": ["worker1"], **options}}

    out = {"availability": "drain", "remember": True, "allow_unschedulable": True}
    read = {"name": "read", "apiary.swarm.swarm_info": {"include": ["nodes"]}}
    tasks = [
        task("first out", **out),
        read,
        task("second out", **out),
        task("first back", availability="remembered"),
        task("second back", availability="remembered"),
    ]
    run = swarm.playbook([{"hosts": "manager1", "gather_facts": False, "tasks": tasks}])
    assert run.rc == 0, run.output
    changed = [run.of("manager1", name)["changed"] for name in ("first out", "second out", "first back", "second back")]
    assert changed == [True, False, True, False]
    (row,) = (row for row in run.of("manager1", "read")["nodes"] if row["hostname"] == "worker1")
    assert (row["availability"], row["labels"]) == ("drain", {"rack": "1", NOTE: "pause"})
    assert spec(swarm) == ("pause", {"rack": "1"})
    swarm.docker("manager1", "node", "update", "--availability", "active", "--label-rm", "rack", "worker1")


def test_an_older_version_and_none_are_refused_before_anything_is_changed(swarm):
    def versions():
        return {host: swarm.docker(host, "version", "--format", "{{.Server.Version}}") for host in HOSTS}

    before = versions()
    for version, words in (
        ("19.3.1", "and 19.3.1 is older"),
        ("latest", "engine_version is latest. Say which version"),
    ):
        run = swarm.playbook("upgrade.yml", extra_vars={"engine_version": version})
        assert run.rc != 0, run.output
        assert any(words in text for text in run.messages().values()), run.output
        assert run.changed() == set()
    assert versions() == before
    assert "io.apiary.lock" not in swarm.docker("manager1", "config", "ls", "--format", "{{.Name}}")
