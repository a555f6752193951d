# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rotation and unlocking on a swarm without autolock: what is refused, and what a second run does. The rest is in lifecycle/."""

from __future__ import annotations


def labels(swarm):
    return swarm.docker("manager1", "info", "--format", "{{json .Swarm.Cluster.Spec.Labels}}")


def test_what_cannot_be_done_is_told_and_changes_nothing(swarm, tmp_path):
    key_file = {"path": str(tmp_path / "key.yml"), "key": "a key"}
    tasks = [
        {"name": "key", "apiary.swarm.swarm_rotate": {"rotate": ["unlock_key", "worker_token"]}, "ignore_errors": True},
        {"name": "file", "apiary.swarm.keep_unlock_key": key_file, "ignore_errors": True, "no_log": True},
        {"name": "unlock", "apiary.swarm.swarm_unlock": {"key": "SWMKEY-1-x"}, "no_log": True},
    ]
    before = swarm.docker("manager1", "swarm", "join-token", "-q", "worker")
    run = swarm.playbook([{"hosts": "manager1,worker1", "gather_facts": False, "tasks": tasks}])
    assert run.of("manager1", "key")["failure"]["kind"] == "invalid"
    assert "autolock is off" in run.of("manager1", "key")["msg"]
    assert run.of("worker1", "key")["failure"]["kind"] == "worker"
    assert "no vault password" in run.output, "a failure is told under no_log too"
    assert not (tmp_path / "key.yml").exists()
    assert run.changed() == set()
    assert swarm.docker("manager1", "swarm", "join-token", "-q", "worker") == before


def test_a_trigger_rotates_once_and_outlives_labels_that_are_declared(swarm):
    rotate = {"rotate": ["manager_token", "worker_token"], "trigger": "one"}
    tasks = [
        {"name": "first", "apiary.swarm.swarm_rotate": rotate},
        {"name": "labels", "apiary.swarm.swarm_init": {"labels": {"env": "lab"}}},
        {"name": "again", "apiary.swarm.swarm_rotate": rotate},
        {"name": "same", "apiary.swarm.swarm_init": {"labels": {"env": "lab"}}},
        {"name": "none", "apiary.swarm.swarm_init": {"labels": {}}},
        {"name": "once more", "apiary.swarm.swarm_rotate": rotate},
    ]
    run = swarm.playbook([{"hosts": "manager2", "gather_facts": False, "tasks": tasks}], "--diff")
    assert run.rc == 0, run.output
    changed = {task["name"]: run.of("manager2", task["name"])["changed"] for task in tasks}
    assert [name for name in changed if changed[name]] == ["first", "labels", "none"]
    assert run.of("manager2", "first")["rotated"] == ["worker_token", "manager_token"]
    assert '"env"' not in labels(swarm)
    assert '"io.apiary.rotated.worker-token":"one"' in labels(swarm)
