# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

"""daemon.json by role engine: nothing wrong is put in place, and a swarm's engines restart one at a time, the leader last."""

from __future__ import annotations

import itertools
import json

import pytest
from harness.lab import HOSTS, MANAGERS, eventually

FILE = "/etc/docker/daemon.json"


def bring(lab, daemon, *options, tags="engine"):
    return lab.playbook("site.yml", "--tags", tags, *options, extra_vars={"engine_daemon": daemon, "services_list": []})


def stored(lab, host):
    return json.loads(lab.ssh(host, f"cat {FILE} 2>/dev/null || echo '{{}}'"))


def restarts(lab):
    """Host -> (stopped, started) of its engine's last restart, in microseconds of the one kernel that all hosts share."""
    times = {}
    for host in HOSTS:
        show = "systemctl show docker --property ActiveExitTimestampMonotonic,ActiveEnterTimestampMonotonic"
        values = dict(line.split("=") for line in lab.ssh(host, show).splitlines())
        times[host] = (int(values["ActiveExitTimestampMonotonic"]), int(values["ActiveEnterTimestampMonotonic"]))
    return times


@pytest.fixture(scope="module")
def serving(swarm):
    """A swarm with a service on it that is there before and must be there afterwards."""
    swarm.docker(
        "manager1", "service", "create", "-q", "-d", "--name", "web", "--replicas", "3", "depot:5000/nginx:1.22"
    )
    eventually(lambda: check_served(swarm))
    yield swarm
    swarm.renew()


def check_served(lab):
    assert len(lab.running("manager1", "web")) == 3


def test_what_the_engine_does_not_accept_is_not_put_in_place(serving):
    before, files = restarts(serving), {host: stored(serving, host) for host in HOSTS}
    run = bring(serving, {"no-such-option": 1})
    assert run.rc != 0
    told = run.messages()
    first = next(host for host in HOSTS if "no-such-option" in told[host])
    assert first not in MANAGERS, run.output
    assert all(f"because the turn of {first}, before it, failed" in told[host] for host in HOSTS if host != first), told
    assert all("was left as it is" in text for text in told.values())
    assert {host: stored(serving, host) for host in HOSTS} == files
    assert restarts(serving) == before


def test_check_mode_shows_the_change_and_restarts_nothing(serving):
    before, file = restarts(serving), stored(serving, "manager1")
    run = bring(serving, {"log-opts": {"max-size": "9m"}, "log-driver": "json-file"}, "--check", "--diff")
    assert run.rc == 0, run.output
    assert "9m" in run.output
    assert run.changed() == set(HOSTS)
    assert stored(serving, "manager1") == file
    assert restarts(serving) == before


def test_a_proxys_password_is_in_no_diff(serving):
    daemon = {"proxies": {"http-proxy": "http://user:hunter2@proxy:3128"}}
    run = bring(serving, daemon, "--check", "--diff", "-vvv")
    assert run.rc == 0, run.output
    assert run.changed() == set(HOSTS)
    assert "hunter2" not in run.output


def test_engines_of_a_swarm_restart_one_after_the_other_and_the_leader_last(serving):
    nodes = {node["Hostname"]: node for node in serving.rows("manager1", "node", "ls")}
    leader = next(name for name, node in nodes.items() if node["ManagerStatus"] == "Leader")
    before = restarts(serving)
    run = bring(serving, {"log-opts": {"max-size": "9m"}, "log-driver": "json-file"})
    assert run.rc == 0, run.output
    assert all(stored(serving, host)["log-opts"] == {"max-size": "9m"} for host in HOSTS)
    after = restarts(serving)
    assert all(after[host][0] > before[host][1] for host in HOSTS), "an engine was not restarted"
    order = sorted(HOSTS, key=lambda host: after[host])
    assert all(after[first][1] < after[second][0] for first, second in itertools.pairwise(order)), (
        f"two engines were down at the same time: {after}"
    )
    assert set(order[2:]) == set(MANAGERS)
    assert order[-1] == leader
    eventually(lambda: check_served(serving))
    assert bring(serving, {"log-opts": {"max-size": "9m"}}).changed() == set()
    assert restarts(serving) == after


def test_no_manager_is_restarted_that_the_swarm_cannot_spare(serving):
    serving.power_off("manager3")
    try:
        before = stored(serving, "manager1")
        run = bring(serving, {"log-opts": {"max-size": "8m"}}, "--limit", "manager1,manager2")
        assert run.rc != 0
        assert "2 of 3 managers can be reached and 2 are needed" in "\n".join(run.messages().values()), run.output
        assert stored(serving, "manager1") == stored(serving, "manager2") == before
    finally:
        serving.power_on("manager3")


def test_a_manager_that_would_come_back_locked_is_not_restarted(serving):
    def all_reachable():
        assert "Unreachable" not in serving.docker("manager1", "node", "ls")

    eventually(all_reachable)
    serving.docker("manager1", "swarm", "update", "--autolock=true")
    try:
        run = bring(serving, {"log-opts": {"max-size": "7m"}}, "--limit", "manager2")
        assert run.rc != 0
        assert "autolock" in run.messages()["manager2"], run.output
        assert serving.swarm_state("manager2") == "active"
    finally:
        serving.docker("manager1", "swarm", "update", "--autolock=false")
