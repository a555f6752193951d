# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is done again and again: updates of one service, and runs of site.yml."""

from __future__ import annotations

from ansible_collections.apiary.swarm.plugins.module_utils._engine import Engine
from ansible_collections.apiary.swarm.plugins.module_utils._plan import Wish
from harness.lab import MANAGERS
from harness.services import NGINX, run
from harness.tunnel import tunnel

SERVICE = "turned"
# all its tasks on one node, so that this one has all of what they leave
OPTIONS = {
    "image": NGINX,
    "replicas": 2,
    "stop_signal": "SIGKILL",
    "placement": {"constraints": ["node.hostname==worker1"]},
    "update_config": {"monitor": "1s", "parallelism": 2},
}
# of so many updates one is a task of Ansible, each of them the module on a host as an operator has it; the others are the
# module's own flow in this process, with an engine of its own each time
BY_ANSIBLE = 5


def connect(socket):
    options = {"api_version": "auto", "timeout": 60, "tls": False, "validate_certs": False, "tls_hostname": None}
    return Engine.connect({"docker_host": f"unix://{socket}", **options})


def turn(number):
    return {**OPTIONS, "env": {"TURN": str(number)}}


def updates(lab, numbers):
    """Update the service so many times; each must be a change. Returns how many each way."""
    numbers = list(numbers)
    by_ansible, inside = numbers[::BY_ANSIBLE], [number for at, number in enumerate(numbers) if at % BY_ANSIBLE]
    with tunnel(lab, MANAGERS[0]) as socket:
        for number in inside:
            entry = run(connect(socket), [Wish(SERVICE, turn(number))], wait=True)[SERVICE]
            assert entry["changed"], f"update {number} changed nothing: {entry}"
    task = {
        "name": "Turn",
        "apiary.swarm.swarm_service": {"name": SERVICE, **turn("{{ item }}")},
        "loop": by_ansible,
        "loop_control": {"label": "{{ item }}"},
    }
    done = lab.playbook(
        [{"hosts": MANAGERS[0], "gather_facts": False, "tasks": [task]}], timeout=60 * len(numbers) + 60
    )
    assert done.rc == 0, done.output
    results = done.of(MANAGERS[0], "Turn")["results"]
    assert [result["changed"] for result in results] == [True] * len(by_ansible), done.output
    return f"{len(inside)} by the module's flow, {len(by_ansible)} by tasks of Ansible"


def sites(lab, runs, environment, first=False):
    """Run site.yml so many times; none but the very first may change anything."""
    for number in range(runs):
        done = lab.playbook("site.yml", environment=environment, timeout=900)
        assert done.rc == 0, done.output
        assert done.changed() == set() or (first and number == 0), done.output
