# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

"""How swarm_service waits on real engines: what it shows, and what it calls a failure. Each failure is a real one."""

from __future__ import annotations

import re
import time

import pytest
from harness.lab import eventually

NGINX = "depot:5000/nginx:1.22"
BUSYBOX = "depot:5000/busybox:latest"
FOREVER = {"image": BUSYBOX, "args": ["sleep", "1000000"], "stop_grace_period": "1s"}
CRASHES = {
    "image": BUSYBOX,
    "args": ["sh", "-c", "echo on its way; echo no database >&2; exit 3"],
    "restart_config": {"delay": "1s"},
}


@pytest.fixture(scope="module", autouse=True)
def tidy(swarm):
    yield
    swarm.ssh("manager1", "docker service ls -q | xargs -r docker service rm")


def play(swarm, *tasks, hosts="manager1", timeout=300):
    """Run several swarm_service tasks in one play; returns the Run."""
    listed = [{"name": f"task {n}", "apiary.swarm.swarm_service": task} for n, task in enumerate(tasks, 1)]
    plays = [{"hosts": hosts, "gather_facts": False, "ignore_errors": True, "tasks": listed}]
    # with banners as tasks begin, not as their first result comes
    return swarm.playbook(plays, environment={"ANSIBLE_DISPLAY_SKIPPED_HOSTS": "true"}, timeout=timeout)


def failure(result):
    """The failure of the one service of a task that failed."""
    (entry,) = result["services"]
    assert entry["failure"], result
    assert result["failure"]["kind"] == entry["failure"]["kind"]
    return entry["failure"]


def status(run, task):
    return next(result.status for result in run.results if result.task == task)


def timed(call):
    began = time.monotonic()
    result = call()
    return result, time.monotonic() - began


# What a person sees


def test_progress_is_shown_as_it_happens(swarm):
    # not running before its first check: the first look finds it on its way, however late it comes
    slowly = {"healthcheck": {"test": "true", "interval": "3s"}}
    run = play(
        swarm,
        {"name": "httpd", "image": NGINX, "replicas": 3, **slowly},
        {"name": "httpd", "replicas": 3},
        {"name": "httpd", "replicas": 1},
    )
    assert run.rc == 0, run.output
    first, unchanged, second = run.output.split("TASK [task")[1:]
    lines = [line for line in first.splitlines() if line.startswith("httpd: ")]
    assert lines[0] == "httpd: created"
    assert re.fullmatch(r"httpd: overall progress: [0-2] out of 3 tasks", lines[1])
    assert lines[-3:] == [
        "httpd: overall progress: 3 out of 3 tasks",
        "httpd: verify: Waiting 5 seconds to verify that tasks are stable...",
        "httpd: verify: Service converged",
    ]
    assert len(lines) == len(set(lines)), "only what changed is shown"
    assert "httpd:" not in unchanged, "nothing was waited for"
    assert "httpd: overall progress: 1 out of 1 tasks" in second
    for number in (1, 2, 3):
        result = run.of("manager1", f"task {number}")
        assert not [key for key in result if key.startswith("_") and not key.startswith("_ansible")]
        assert "_slice" not in result.get("invocation", {}).get("module_args", {})
    assert run.of("manager1", "task 1")["changed"] is True
    assert run.of("manager1", "task 1")["services"][0]["action"] == "created"


def test_progress_of_several_hosts_names_them(swarm):
    task = {"name": "on-{{ inventory_hostname }}", **FOREVER}
    run = play(swarm, task, hosts="manager1,manager2")
    assert "manager1 | on-manager1: verify: Service converged" in run.output
    assert "manager2 | on-manager2: verify: Service converged" in run.output


def test_the_module_alone_waits_as_well(swarm):
    """As under async and no_log: without the action plugin's slices."""
    tasks = [
        {
            "name": "alone",
            "apiary.swarm.swarm_service": {"name": "web", **FOREVER, "replicas": 2},
            "async": 120,
            "poll": 2,
        },
        {
            "name": "broken",
            "apiary.swarm.swarm_service": {"name": "bad", **CRASHES},
            "async": 120,
            "poll": 2,
            "ignore_errors": True,
        },
        {
            "name": "hidden",
            "apiary.swarm.swarm_service": {"name": "bad"},
            "no_log": True,
            "ignore_errors": True,
        },
    ]
    run = swarm.playbook([{"hosts": "manager1", "gather_facts": False, "tasks": tasks}])
    result = run.of("manager1", "alone")
    assert {task["state"] for task in result["services"][0]["tasks"]} == {"running"}
    assert "overall progress" not in run.output
    assert failure(run.of("manager1", "broken"))["kind"] == "crash_loop"
    assert status(run, "hidden") == "ignored"
    assert "no database" not in run.output.partition("TASK [hidden]")[2]


# What is a failure

HOST_PORT = ["published=8085,target=80,mode=host"]
NOWHERE = {"placement": {"constraints": ["node.labels.disk == none"]}}
ON_WORKER1 = {**FOREVER, "placement": {"constraints": ["node.hostname == worker1"]}, "restart_config": {"delay": "1s"}}
SICK = {"test": "false", "interval": "500ms", "retries": 1}
# name: (options, the kind of failure, what the message must say)
BROKEN = {
    "crash": ({**CRASHES, "replicas": 2}, "crash_loop", "exit code 3"),
    "pull": ({"image": "depot:5000/no:1", "restart_config": {"delay": "1s"}}, "rejected", "No such image: depot:5000/no:1"),
    "lost": ({**FOREVER, **NOWHERE}, "unschedulable", "scheduling constraints not satisfied on 5 nodes"),
    "lost-global": ({**FOREVER, **NOWHERE, "mode": "global"}, "unschedulable", "no node fits"),
    "no-port": ({**FOREVER, "publish": HOST_PORT}, "unschedulable", "port already in use"),
    "once": ({"image": BUSYBOX, "args": ["true"], "restart_config": {"condition": "on-failure"}}, "ended", "exit code 0"),
    "memory": ({**FOREVER, "reservations": {"memory": "500G"}}, "unschedulable", "insufficient resources on 5 nodes"),
    "process": ({**ON_WORKER1, "publish": ["published=8086,target=80,mode=host"]}, "crash_loop", "address already in use"),
    "container": ({**ON_WORKER1, "publish": ["published=8087,target=80,mode=host"]}, "crash_loop", "already allocated"),
    "sick": ({**FOREVER, "healthcheck": SICK, "restart_config": {"delay": "1s"}}, "crash_loop", "unhealthy"),
}  # fmt: skip
PATIENCE = 600
GOOD = {
    "good": FOREVER,
    "has-port": {**FOREVER, "mode": "global", "publish": HOST_PORT},
}


@pytest.fixture(scope="module")
def broken(swarm):
    """Services that break each in its own way, and two that run, in one task; and the same task again. The Run, its seconds."""
    options = {**GOOD, **{name: case[0] for name, case in BROKEN.items()}}
    task = {"services": [{"name": name, **given} for name, given in options.items()], "wait_timeout": PATIENCE}
    # what no service tells the scheduler of
    swarm.ssh("worker1", f"docker run --detach --name holder --publish 8087:80 {BUSYBOX} sleep 1000000")
    swarm.ssh("worker1", "systemd-run --unit holder python3 -m http.server 8086")
    began = time.monotonic()
    run = play(swarm, task, task, timeout=2 * PATIENCE)
    yield run, time.monotonic() - began
    swarm.ssh("worker1", "docker rm --force holder; systemctl stop holder")


def failures(run, task):
    return {entry["name"]: entry["failure"] for entry in run.of("manager1", task)["services"]}


@pytest.mark.parametrize("task", ["task 1", "task 2"])
@pytest.mark.parametrize("name", BROKEN)
def test_each_broken_service_is_told_from_the_others(broken, name, task):
    run, _seconds = broken
    found = failures(run, task)[name]
    assert (found["kind"], BROKEN[name][2] in found["msg"]) == (BROKEN[name][1], True), found
    assert found["hint"]
    assert found["msg"] in run.of("manager1", task)["msg"]


def test_the_second_run_changes_nothing_and_fails_just_so(broken):
    run, seconds = broken
    assert [status(run, task) for task in ("task 1", "task 2")] == ["ignored", "ignored"]
    first, second = (run.of("manager1", task) for task in ("task 1", "task 2"))
    assert (first["changed"], second["changed"]) == (True, False)
    assert {entry["action"] for entry in second["services"]} == {"unchanged"}
    assert seconds < PATIENCE, "neither waited for its timeout"


def test_the_good_among_the_bad_are_not_hidden(broken):
    run, _seconds = broken
    for task in ("task 1", "task 2"):
        entries = {entry["name"]: entry for entry in run.of("manager1", task)["services"]}
        for name in GOOD:
            assert entries[name]["failure"] is None
            assert {row["state"] for row in entries[name]["tasks"]} == {"running"}
            assert f"Service {name}:" not in run.of("manager1", task)["msg"]


def test_the_evidence_of_a_crash(broken):
    run, _seconds = broken
    for task in ("task 1", "task 2"):
        rows = failures(run, task)["crash"]["tasks"]
        assert rows
        for row in rows:
            assert (row["state"], row["exit_code"], row["service"]) == ("failed", 3, "crash")
            assert row["node"] in ("manager1", "manager2", "manager3", "worker1", "worker2")
            assert "non-zero exit (3)" in row["error"]
            assert sorted(row["logs"]) == ["no database", "on its way"]
    assert "crash: failed: 3 tasks in a row failed" in run.output
    assert "depot:5000/no:1 is not pinned" in run.output


@pytest.mark.parametrize("action", ["pause", "rollback", "continue"])
def test_an_update_that_fails_is_a_failure_whatever_the_engine_does(swarm, action):
    good = {
        "name": f"update-{action}",
        **FOREVER,
        "replicas": 2,
        "update_config": {"failure_action": action, "monitor": "1s"},
        # long enough to be seen on the way, also by a machine with much to do
        "rollback_config": {"monitor": "5s"},
        "restart_config": {"delay": "1s"},
    }
    broken = {"name": good["name"], "args": ["sh", "-c", "echo wrong turn; exit 7"]}
    run = play(swarm, good, broken, {**broken, "wait_timeout": 60}, good)
    assert status(run, "task 1") == "ok", run.output
    expected = {"pause": "paused", "rollback": "rollback", "continue": "crash_loop"}[action]
    for number in (2, 3):
        result = run.of("manager1", f"task {number}")
        assert failure(result)["kind"] == expected, result["msg"]
        assert any(row["logs"] == ["wrong turn"] and row["exit_code"] == 7 for row in failure(result)["tasks"]), result[
            "msg"
        ]
    word = run.of("manager1", "task 2")["services"][0]["update_status"]
    possible = {"pause": ["paused"], "rollback": ["rollback_completed"], "continue": ["updating", "completed"]}
    assert word in possible[action]
    if action == "rollback":
        assert "update-rollback: overall progress: rolling back update" in run.output
        assert run.of("manager1", "task 3")["changed"], "the engine went back, so the update is tried again"
    assert status(run, "task 4") == "ok", "and what is declared well converges again"
    assert len(swarm.running("manager1", good["name"])) == 2


def test_wait_false_returns_at_once(swarm):
    # whoever waits for this one fails after ten seconds
    run = play(swarm, {"name": "later", **FOREVER, **NOWHERE, "wait": False})
    assert (status(run, "task 1"), run.of("manager1")["services"][0]["action"]) == ("ok", "created"), run.output
    assert failure(play(swarm, {"name": "later"}).of("manager1"))["kind"] == "unschedulable"


def test_a_timeout_leaves_the_service(swarm):
    slow = {
        "name": "slow",
        **FOREVER,
        "healthcheck": {"test": "test -e /nothing", "interval": "1s", "start_period": "10m", "retries": 3},
        "wait_timeout": 6,
    }
    (run, seconds) = timed(lambda: play(swarm, slow))
    result = run.of("manager1")
    assert failure(result)["kind"] == "not_converged"
    assert "it did not converge in time" in result["msg"]
    assert failure(result)["tasks"][0]["state"] == "starting"
    assert 6 <= seconds < 100
    assert "slow" in [row["Name"] for row in swarm.rows("manager1", "service", "ls")]


def test_a_crash_after_a_while_is_not_taken_for_a_service_that_runs(swarm):
    """It is up at most looks; only watching it longer than it has lived before tells."""
    swarm.docker(
        *("manager1", "service", "create", "--detach", "--name", "flaps", "--restart-delay", "1s"),
        *(BUSYBOX, "sh", "-c", "sleep 4; exit 9"),
    )

    def failed_twice():
        assert len(swarm.rows("manager1", "service", "ps", "flaps", "--filter", "desired-state=shutdown")) >= 2

    eventually(failed_twice)
    result = play(swarm, {"name": "flaps", "image": BUSYBOX}).of("manager1")
    assert failure(result)["kind"] == "crash_loop"
    assert result["changed"] is False


# What others do in the meantime, and what the swarm cannot tell


def test_a_service_that_is_removed_meanwhile_does_not_hide_the_others(swarm):
    sick = {
        **FOREVER,
        "healthcheck": {"test": "test -e /nothing", "interval": "1s", "start_period": "10m", "retries": 3},
    }
    remove = "until docker service ps -q taken | grep -q .; do sleep 0.2; done; sleep 1; docker service rm taken"
    other = swarm.start_ssh("manager1", remove)
    services = [{"name": "taken", **sick}, {"name": "stays", **FOREVER}, {"name": "nowhere", **FOREVER, **NOWHERE}]
    result = play(swarm, {"services": services}).of("manager1")
    other.communicate(timeout=60)
    failed = {entry["name"]: entry["failure"] and entry["failure"]["kind"] for entry in result["services"]}
    assert failed == {"taken": "removed", "stays": None, "nowhere": "unschedulable"}, result["msg"]
    assert swarm.running("manager1", "stays")


def test_three_who_change_one_service_at_once_all_succeed(swarm):
    """Two tasks that wait, and a person at the CLI while they do."""
    name = "shared"
    play(swarm, {"name": name, **FOREVER, "replicas": 2, "update_config": {"monitor": "3s"}, "wait": False})
    by_hand = "docker service update --detach --label-add by=hand --limit-memory 64M shared"
    seen = "docker service inspect shared --format '{{.Spec.TaskTemplate.ContainerSpec.Env}}' | grep -q manager"
    other = swarm.start_ssh("manager3", f"until {seen}; do sleep 0.2; done; sleep 1; {by_hand}")
    task = {"name": name, "env": "{{ {inventory_hostname: 'here'} }}", "merge": ["env"]}
    run = play(swarm, task, task, hosts="manager1,manager2")
    other.communicate(timeout=60)
    assert other.returncode == 0
    for host in ("manager1", "manager2"):
        assert [run.of(host, f"task {n}")["changed"] for n in (1, 2)] == [True, False], run.output
    assert {result.status for result in run.results} == {"ok"}
    spec = swarm.inspect("manager1", "service", name)["Spec"]
    assert sorted(spec["TaskTemplate"]["ContainerSpec"]["Env"]) == ["manager1=here", "manager2=here"]
    assert (spec["Labels"]["by"], spec["TaskTemplate"]["Resources"]["Limits"]["MemoryBytes"]) == ("hand", 64 << 20)


def test_what_is_left_of_a_removed_service_is_told(swarm):
    stubborn = {"args": ["sh", "-c", "trap '' TERM; while :; do sleep 1; done"], "stop_grace_period": "15s"}
    service = {"name": "stubborn", "image": BUSYBOX, **stubborn}
    run = play(swarm, service, {"name": "stubborn", "state": "absent", "wait_timeout": 3})
    found = failure(run.of("manager1", "task 2"))
    assert found["kind"] == "not_converged"
    assert [(row["service"], row["state"], row["slot"]) for row in found["tasks"]] == [("stubborn", "running", 1)]
    assert "stubborn.1 on " in found["msg"]


def test_a_job_of_the_cli_is_not_called_a_failure(swarm):
    swarm.docker(
        *("manager1", "service", "create", "--detach", "--name", "job", "--mode", "replicated-job"),
        *(BUSYBOX, "sh", "-c", "exit 0"),
    )

    def complete():
        tasks = swarm.rows("manager1", "service", "ps", "job")
        assert [task["CurrentState"].split()[0] for task in tasks] == ["Complete"]

    eventually(complete)
    run = play(swarm, {"name": "job", "labels": {"a": "b"}}, {"name": "job", "labels": {"a": "b"}})
    assert [status(run, task) for task in ("task 1", "task 2")] == ["ok", "ok"], run.output
    assert [run.of("manager1", task)["changed"] for task in ("task 1", "task 2")] == [True, False]
    assert swarm.inspect("manager1", "service", "job")["Spec"]["Labels"]["a"] == "b"


def test_a_service_on_a_node_that_is_down_is_removed_without_waiting_for_it(swarm):
    """Its task is left in the swarm's list for a day."""
    there = {**FOREVER, "placement": {"constraints": ["node.hostname==worker2"]}}
    play(swarm, {"name": "lost", **there})
    assert swarm.running("manager1", "lost") == ["worker2"]
    swarm.power_off("worker2")
    try:

        def down():
            nodes = {node["Hostname"]: node["Status"] for node in swarm.rows("manager1", "node", "ls")}
            assert nodes["worker2"] == "Down"

        eventually(down)
        run, seconds = timed(lambda: play(swarm, {"name": "lost", "state": "absent"}))
        assert status(run, "task 1") == "ok", run.output
        assert run.of("manager1")["services"][0]["action"] == "removed"
        assert seconds < 60, "it did not wait for its timeout of 300 s"
        assert "lost" not in [row["Name"] for row in swarm.rows("manager1", "service", "ls")]
    finally:
        swarm.power_on("worker2")

        def ready():
            nodes = {node["Hostname"]: node["Status"] for node in swarm.rows("manager1", "node", "ls")}
            assert nodes["worker2"] == "Ready"

        eventually(ready)
