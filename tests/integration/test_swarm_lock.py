# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

"""The swarm's lock on real managers: one holder at a time, a dead one told from one that works."""

from __future__ import annotations

import concurrent.futures

import pytest
from harness.lab import check, eventually

ELSEWHERE = "ops@elsewhere (process 7, 1 of 0123456789ab)"


@pytest.fixture(autouse=True)
def _free(swarm):
    yield
    swarm.ssh("manager1", "docker config rm io.apiary.lock; rm -f /tmp/go", ok=False)


def held(swarm):
    return swarm.docker("manager1", "config", "ls", "--format", "{{.Name}}").split()


def test_one_play_works_and_another_is_refused_until_it_has_ended(swarm):
    hold = {"name": "hold", "apiary.swarm.swarm_lock": {"purpose": "slow.yml"}}
    tasks = [
        hold,
        {"name": "work", "ansible.builtin.wait_for": {"path": "/tmp/go", "timeout": 60}},
        {"name": "renew", "apiary.swarm.swarm_lock": {"purpose": "slow.yml", "first": False}},
        {"name": "end", "apiary.swarm.swarm_lock": {"state": "released"}},
    ]
    play = {"hosts": "manager1", "gather_facts": False, "become": True, "tasks": tasks}
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        slow = pool.submit(swarm.playbook, [play])
        try:
            eventually(lambda: check(held(swarm) == ["io.apiary.lock"]))
            refused = swarm.module("manager2", "swarm_lock", {"purpose": "other.yml"}, ok=False)
            checked = swarm.module("manager2", "swarm_lock", {"purpose": "other.yml"}, check=True, ok=False)
            left = swarm.module("manager2", "swarm_lock", {"state": "released"})
        finally:
            swarm.ssh("manager1", "touch /tmp/go")
        run = slow.result()
    assert run.rc == 0, run.output
    assert refused["failure"]["kind"] == checked["failure"]["kind"] == "locked_by_play"
    assert "slow.yml has been at work on this swarm since" in refused["msg"]
    assert left["lock"]["purpose"] == "slow.yml", "what another has is not given back"
    first, renewed = (run.of("manager1", name)["lock"] for name in ("hold", "renew"))
    assert first["holder"] == renewed["holder"] == refused["lock"]["holder"]
    assert first["renewed"] < renewed["renewed"]
    assert held(swarm) == []
    assert not any(run.of("manager1", task["name"])["changed"] for task in tasks)


def test_of_two_at_the_same_moment_one_gets_it(swarm):
    task = {"name": "hold", "apiary.swarm.swarm_lock": {"purpose": "race.yml", "holder": "{{ inventory_hostname }}"}}
    play = {"hosts": "swarm_managers", "gather_facts": False, "become": True, "tasks": [task]}
    run = swarm.playbook([play])
    results = [run.of(host, "hold") for host in ("manager1", "manager2", "manager3")]
    refused = [result["failure"]["kind"] for result in results if "failure" in result]
    assert refused == ["locked_by_play", "locked_by_play"], run.output


def test_a_run_of_this_machine_that_has_ended_is_passed_over_at_once(swarm):
    first = swarm.module("manager1", "swarm_lock", {"purpose": "died.yml"})
    second = swarm.module("manager2", "swarm_lock", {"purpose": "next.yml"})
    assert second["taken_from"] == first["lock"]["holder"]
    assert second["lock"]["purpose"] == "next.yml"


def test_one_that_cannot_be_seen_is_passed_over_when_it_has_been_silent_or_by_force(swarm):
    def hold(host, ok=True, **options):
        return swarm.module(host, "swarm_lock", {"purpose": "next.yml", **options}, ok=ok)

    hold("manager1", holder=ELSEWHERE)
    assert hold("manager2", ok=False)["failure"]["kind"] == "locked_by_play"
    eventually(lambda: check(hold("manager2", ok=None, stale_after=2).get("taken_from") == ELSEWHERE))
    hold("manager1", holder=ELSEWHERE, force=True)
    assert hold("manager3", force=True)["taken_from"] == ELSEWHERE
    # who was passed over, and still works, hears of it
    lost = hold("manager1", ok=False, holder=ELSEWHERE, first=False, stale_after=0)
    assert lost["failure"]["kind"] == "lock_lost"
    assert "next.yml" in lost["msg"]
