# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

"""More of everything than usual."""

from __future__ import annotations

import time

from harness.services import IDLE

from faults.scene import well

MANY = 500
NETWORKS = 50


def many_services(scene):
    """Five hundred services in one task: all are there, a second run changes nothing, one that is changed is the only one"""
    services = [{"name": f"many{number:03}", **IDLE} for number in range(MANY)]
    try:
        began = time.monotonic()
        made = scene.service("manager1", ok=None, services=services, timeout=500)
        first = time.monotonic() - began
        well(made)
        before = scene.services()
        assert len(before) == MANY
        began = time.monotonic()
        assert not scene.service("manager2", services=services)["changed"]
        second = time.monotonic() - began
        services[77]["env"] = {"A": "1"}
        if scene.broken:  # as one does it who writes all that is declared
            scene.lab.ssh(
                "manager1", "for name in many001 many002; do docker service update -d --label-add a=b $name; done"
            )
        assert scene.service("manager2", services=services)["changed"]
        after = scene.services()
        assert [name for name in after if after[name] != before[name]] == ["many077"]
    finally:
        scene.lab.ssh("manager1", "docker service ls -q | xargs -r -n 50 docker service rm", timeout=120)
    return f"{MANY} made in {first:.0f} s; again in {second:.0f} s: changed=0; one changed alone"


def many_networks(scene):
    """Fifty networks and a service in all of them, in one task; a second run changes nothing"""
    names = [f"net{number:02}" for number in range(NETWORKS)]
    wanted = {
        "networks": [{"name": name} for name in names],
        "services": [{"name": "web", **IDLE, "networks": names}],
    }
    lab, began = scene.lab, time.monotonic()
    made = lab.module("manager1", "swarm_deploy", wanted, ok=None)
    well(made)
    seconds = time.monotonic() - began
    listed = lab.docker("manager1", "network", "ls", "--filter", "scope=swarm", "--format", "{{.Name}}").split()
    found = [name for name in listed if name.startswith("net")]
    assert sorted(found) == names, found
    if scene.broken:  # as one does it who names one network alone
        lab.docker("manager1", "service", "update", "--detach", "--network-rm", names[7], "web")
    assert len(scene.spec("web")["TaskTemplate"]["Networks"]) == NETWORKS
    assert not lab.module("manager2", "swarm_deploy", wanted)["changed"]
    return f"{NETWORKS} networks and a service in all of them in {seconds:.0f} s; again: changed=0"


def much_env(scene):
    """A service with 300 environment variables: they arrive as they are, one is changed alone, the order is no change"""
    env = {f"NAME_{number:03}": f"value {number} = \"'{{}}$x ü" for number in range(300)}
    scene.service("manager1", name="web", env=env, **IDLE)
    assert sorted(scene.env("web")) == sorted(f"{name}={value}" for name, value in env.items())
    before = scene.services()
    backwards = dict(reversed(env.items()))
    if scene.broken:
        scene.lab.docker("manager1", "service", "update", "--detach", "--env-rm", "NAME_007", "web")
    assert not scene.service("manager2", name="web", env=backwards, **IDLE)["changed"]
    assert scene.services() == before
    env["NAME_299"] = "other"
    assert scene.service("manager1", name="web", env=env, **IDLE)["changed"]
    assert "NAME_299=other" in scene.env("web")
    return "300 variables with quotes, braces and umlauts are there; in another order: changed=0"


def large_config(scene):
    """A config of 400 KB, a service that has it, and one of a megabyte too large for the engine, which is told"""
    text = "".join(f"{number:07}\n" for number in range(50_000))
    wanted = {
        "configs": [{"name": "large", "data": text}],
        "services": [
            {
                "name": "web",
                "configs": [{"config_name": "large", "filename": "/large"}],
                "image": "depot:5000/busybox:latest",
                "args": ["sleep", "100000"],
                "stop_grace_period": "1s",
                "placement": {"constraints": ["node.hostname == worker1"]},
            }
        ],
    }
    made = scene.lab.module("manager1", "swarm_deploy", wanted)
    assert made["changed"]
    path = "docker exec $(docker ps -q --filter name=web) wc -c /large"
    assert scene.lab.ssh("worker1", path).split()[0] == str(len(text))
    assert not scene.lab.module("manager2", "swarm_deploy", wanted)["changed"]
    refused = scene.lab.module("manager1", "swarm_config", {"name": "larger", "data": text * 3}, ok=False)
    if scene.broken:  # as one does it who has it made to fit
        scene.lab.ssh("manager1", "seq 100000 | docker config create larger -")
    assert "larger" not in scene.lab.docker("manager1", "config", "ls")
    return f"{len(text)} bytes are in the container; {3 * len(text)} are refused: {refused['msg']:.120}"
