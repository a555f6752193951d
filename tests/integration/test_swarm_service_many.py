# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Many services in one task on real engines: what a run costs in API calls, and what becomes of one bad among many."""

from __future__ import annotations

import json

import pytest
from ansible_collections.apiary.swarm.plugins.module_utils._errors import SwarmError
from ansible_collections.apiary.swarm.plugins.module_utils._plan import Wish
from harness.services import IDLE, run, specs

BUSYBOX = "depot:5000/busybox:latest"
FOREVER = {"image": BUSYBOX, "args": ["sleep", "1000000"], "stop_grace_period": "1s"}
# a template that only the engine reads
REFUSED = {**FOREVER, "hostname": "{{.Nope}}"}
CRASHES = {"image": BUSYBOX, "args": ["sh", "-c", "echo no database >&2; exit 3"], "restart_config": {"delay": "1s"}}


@pytest.fixture(autouse=True)
def tidy(swarm):
    yield
    swarm.ssh("manager1", "docker service ls -q | xargs -r docker service rm")


def changed(entries):
    return [name for name, entry in entries.items() if entry["changed"]]


def test_a_run_that_changes_nothing_costs_the_same_for_one_service_and_for_a_hundred(swarm, engine):
    swarm.docker("manager1", "network", "create", "--driver", "overlay", "many")
    for kind in ("secret", "config"):
        swarm.ssh("manager1", f"echo something | docker {kind} create many-{kind} -")
    options = {**IDLE, "env": {"A": "1"}, "limits": {"memory": "64M"}}
    options.update(
        networks=["many"], secrets=[{"secret_name": "many-secret"}], configs=[{"config_name": "many-config"}]
    )
    hundred = [Wish(f"s{number}", options) for number in range(100)]
    made = run(engine, hundred, wait=True)
    assert {entry["action"] for entry in made.values()} == {"created"}
    assert list(made) == [wish.name for wish in hundred], "in the order of the task"

    def cost(wishes):
        before = engine.calls
        done = run(engine, wishes, wait=True)
        return engine.calls - before, changed(done)

    one, none = cost(hundred[:1])
    assert none == []
    assert cost(hundred) == (one, [])
    assert one == 6, "nodes, services, networks, secrets, configs, tasks; connecting costs one more"

    versions = _versions(swarm)
    calls, names = cost([*hundred[:50], Wish("s50", {**options, "env": {"A": "2"}}), *hundred[51:]])
    assert names == ["s50"]
    # the write, a look that reads the services anew, and looks while its stability is watched
    assert calls < one + 40
    after = _versions(swarm)
    assert [name for name in versions if versions[name] != after[name]] == ["s50"], "no other was written"

    before = engine.calls
    gone = run(engine, [Wish(wish.name, {}, "absent") for wish in hundred], wait=True)
    assert len(changed(gone)) == 100
    assert swarm.rows("manager1", "service", "ls") == []
    assert engine.calls - before >= 100, "what is written side by side is counted as well"


def _versions(swarm):
    found = json.loads(swarm.ssh("manager1", "docker service ls -q | xargs docker service inspect"))
    return {service["Spec"]["Name"]: service["Version"]["Index"] for service in found}


def test_the_bad_among_many_do_not_keep_the_others(swarm, engine):
    names = [f"s{number:02}" for number in range(30)]
    bad = {"s05": REFUSED, "s06": REFUSED, "s20": {**CRASHES, "replicas": 2}}
    wishes = [Wish(name, bad.get(name, FOREVER)) for name in names]
    with pytest.raises(SwarmError) as caught:
        run(engine, wishes, wait=True)
    entries = {entry["name"]: entry for entry in caught.value.details["services"]}
    assert list(entries) == names, "one entry a service, in the order of the task"
    kinds = {name: entry["failure"]["kind"] for name, entry in entries.items() if entry["failure"]}
    assert kinds == {"s05": "invalid", "s06": "invalid", "s20": "crash_loop"}
    assert [name for name in names if name in caught.value.msg.replace(":", " ").split()] == list(bad), caught.value.msg
    assert "Nope" in caught.value.msg
    assert "no database" in caught.value.msg
    assert changed(entries) == [name for name in names if name not in ("s05", "s06")]
    assert sorted(specs(swarm)) == changed(entries)
    for name in set(names) - set(bad):
        assert {task["state"] for task in entries[name]["tasks"]} == {"running"}, name


def test_by_a_task_of_ansible(swarm):
    """Ports move through many services at once: each takes what the next one releases, and the last one is removed."""
    port, count = 8200, 12
    before = [{"name": f"s{n:02}", "publish": [f"{port + n}:80"]} for n in range(count)]
    after = [{"name": f"s{n:02}", "publish": [f"{port + n + 1}:80"]} for n in range(count - 1)]
    after.append({"name": f"s{count - 1:02}", "state": "absent"})
    after += [{"name": f"new{n}", "publish": [f"{port + 100 + n}:80"]} for n in range(10)]
    task = {"wait": False, "service_defaults": IDLE}
    swarm.module("manager1", "swarm_service", {**task, "services": before})
    moved = swarm.module("manager1", "swarm_service", {**task, "services": after})
    assert [entry["name"] for entry in moved["services"]] == [entry["name"] for entry in after]
    assert [entry["failure"] for entry in moved["services"]] == [None] * len(after)
    found = {name: spec["EndpointSpec"]["Ports"][0]["PublishedPort"] for name, spec in specs(swarm).items()}
    assert found == {entry["name"]: int(entry["publish"][0].split(":")[0]) for entry in after if "publish" in entry}
