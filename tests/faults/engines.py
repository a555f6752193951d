# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

"""The engine that a module talks to is restarted, stopped, hangs, is slow, answers with errors, or has no room left."""

from __future__ import annotations

import base64
import contextlib
import pathlib
import shlex
import time

from harness.lab import check, eventually

from faults.scene import FOREVER, failed, well

STOP, START = "systemctl stop docker.socket docker", "systemctl start docker.socket docker"
SLOWLY = {**FOREVER, "replicas": 3, "update_config": {"parallelism": 1, "delay": "3s", "monitor": "5s"}}
FAULTY = "/run/faulty.sock"


def engine_restarted(scene):
    """The engine of the manager that a task runs on is restarted while it waits: the task goes on, and ends well"""
    leader = scene.leader()
    asked = scene.other_managers(leader)[0]
    elsewhere = _elsewhere(asked)
    scene.service(leader, name="web", **elsewhere)
    patience = {"wait_timeout": 1} if scene.broken else {}
    task = scene.begin(scene.service, asked, ok=None, name="web", env={"A": "1"}, **elsewhere, **patience)
    scene.await_update("web", leader)
    scene.lab.ssh(asked, f"{STOP}; sleep 3; {START}")
    result = task.result()
    well(result)
    assert result["changed"]
    assert scene.env("web", leader) == ["A=1"]
    scene.await_running("web", 3, leader)
    return f"{asked}, a follower, was restarted during the update; the task saw its end"


def _elsewhere(host):
    """A task of the update that fails with its engine would be another fault: the engine pauses the update then."""
    return {**SLOWLY, "placement": {"constraints": [f"node.hostname != {host}"]}}


def engine_stopped(scene):
    """It is stopped, and does not come back: the task says so when its time is over, and the update goes on without it"""
    leader = scene.leader()
    asked = scene.other_managers(leader)[0]
    elsewhere = _elsewhere(asked)
    scene.service(leader, name="web", **elsewhere)
    wait = {"wait": False} if scene.broken else {}
    task = scene.begin(scene.service, asked, ok=None, name="web", env={"A": "1"}, **elsewhere, **wait, wait_timeout=25)
    scene.await_update("web", leader)
    scene.lab.ssh(asked, STOP)
    try:
        result = task.result()
        failed(result, "unreachable")
        assert result["changed"], "the update was made before"
        again = scene.service(asked, ok=False, name="web", env={"A": "2"}, **elsewhere)
        failed(again, "unreachable")
        assert not again.get("changed")
        assert scene.env("web", leader) == ["A=1"]
        scene.await_update("web", leader, "completed")
    finally:
        scene.lab.ssh(asked, START)
    return f"{result['msg']:.200}"


def engine_hung(scene):
    """It hangs (SIGSTOP): a task says so within its timeout, and changes nothing; when it goes on, so does everything"""
    leader = scene.leader()
    asked = scene.other_managers(leader)[0]
    scene.service(leader, name="web", **{**FOREVER, "replicas": 3})
    before = scene.services(leader)
    limit = {"timeout": 600 if scene.broken else 5}
    scene.sh(asked, "kill -STOP $(pidof dockerd)")
    try:
        tasks = [
            ("swarm_service", {"name": "web", "env": {"A": "1"}, **limit}),
            ("swarm_info", limit),
            ("swarm_node", {"node": "worker1", "labels": {"a": "b"}, **limit}),
        ]
        results, seconds = scene.tasks(asked, tasks, timeout=120)
        kinds = [result.data["failure"]["kind"] for result in results]
        assert kinds == ["timeout"] * len(tasks), results
        assert scene.services(leader) == before
    finally:
        scene.sh(asked, "kill -CONT $(pidof dockerd)")
    eventually(lambda: check(scene.answers(asked)), 60)
    assert scene.service(asked, name="web", env={"A": "1"})["changed"]
    return f"three tasks said timeout in {seconds:.0f} s; the engine went on, and so did the task"


def engine_answers_500(scene):
    """It answers 500: what may pass is tried again, what may not is told in its own words, and nothing was made"""
    text = "rpc error: code = Unknown desc = the disk makes strange noises"
    with faulty(scene, times=100, request="POST /services/create", text=text):
        result = scene.service("manager1", ok=False, name="web", docker_host=f"unix://{FAULTY}", **FOREVER)
        assert "the disk makes strange noises" in result["msg"], result
        assert not result["changed"]
        assert scene.services() == {}
    text = "rpc error: code = Unknown desc = raft: failed to process the request: node lost leader status"
    with faulty(scene, times=100 if scene.broken else 3, request="POST /services/create", text=text):
        made = scene.service("manager1", ok=None, name="web", docker_host=f"unix://{FAULTY}", **FOREVER)
    assert made["changed"], made
    assert len(scene.lab.running("manager1", "web")) == 1
    text = "rpc error: code = Unknown desc = something passed"
    with faulty(scene, times=3, request="GET /tasks", text=text):
        other = scene.service("manager1", name="other", docker_host=f"unix://{FAULTY}", **FOREVER)
    assert other["changed"]
    assert len(scene.lab.running("manager1", "other")) == 1
    return f"{result['msg']:.120}; an election's 500 was tried again, and 500 during the wait was outlived"


def engine_slow(scene):
    """Each of its answers takes 300 ms longer: services come up all the same"""
    patience = {"wait_timeout": 1} if scene.broken else {}
    with faulty(scene, delay=0.3):
        began = time.monotonic()
        services = [{"name": f"web{number}", **FOREVER} for number in range(5)]
        made = scene.service("manager1", ok=None, services=services, docker_host=f"unix://{FAULTY}", **patience)
        seconds = time.monotonic() - began
    well(made)
    assert sorted(scene.services()) == [f"web{number}" for number in range(5)]
    assert all(len(scene.lab.running("manager1", name)) == 1 for name in scene.services())
    return f"five services came up, and were seen to run, in {seconds:.0f} s"


def disk_full(scene):
    """A worker has no room for an image: the task says which node refuses, and why; with room again the same task ends well"""
    image = "depot:5000/nginx:1.26"
    options = {"image": image, "placement": {"constraints": ["node.hostname == worker2"]}, "stop_grace_period": "1s"}
    scene.forget("worker2", image)
    wait = {"wait": False} if scene.broken else {}
    with small_disk(scene, "worker2"):
        result = scene.service("manager1", ok=None, name="web", wait_timeout=90, **options, **wait)
        failed(result, "rejected", "crash_loop")
        assert "on worker2: rejected (No such image" in result["msg"], result["msg"]
        assert "a full disk" in result["msg"], "the engine keeps the reason to itself, but it can be named"
        journal = scene.lab.ssh(
            "worker2", "journalctl -u docker --since -5min --no-pager | grep -c 'no space left'", ok=False
        )
        assert int(journal), "the disk was not full"
        assert scene.lab.running("manager1", "web") == []
    again = scene.service("manager1", name="web", **options)
    assert not again["changed"]
    assert scene.lab.running("manager1", "web") == ["worker2"]
    return f"{result['msg'].splitlines()[0]:.200}"


@contextlib.contextmanager
def faulty(scene, delay=0, times=0, request="none", text=""):
    """manager1's engine answers at FAULTY as well, by way of proxy.py."""
    script = base64.b64encode(pathlib.Path(__file__).with_name("proxy.py").read_bytes()).decode()
    words = shlex.join(["python3", "/run/proxy.py", FAULTY, str(delay), str(times), request, text])
    scene.sh(
        "manager1", f"echo {script} | base64 -d >/run/proxy.py; rm -f {FAULTY}; systemd-run -q --unit faulty {words}"
    )
    try:
        eventually(lambda: scene.sh("manager1", f"curl -sf --unix-socket {FAULTY} http://engine/_ping"), 20)
        yield
    finally:
        scene.sh("manager1", f"systemctl stop faulty; rm -f {FAULTY} /run/proxy.py")


@contextlib.contextmanager
def small_disk(scene, host):
    """Where the engine puts what it pulls there is room for a megabyte."""
    scene.sh(host, "mount -t tmpfs -o size=1m none /var/lib/docker/tmp")
    try:
        yield
    finally:
        scene.sh(host, "umount -l /var/lib/docker/tmp")
