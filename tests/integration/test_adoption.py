# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Services that other tools made: declaring what they were told is no change. The judge is the engine's own CLI."""

from __future__ import annotations

import shlex

import pytest
from ansible_collections.apiary.swarm.plugins.module_utils._plan import DECLARED_LABEL, Wish
from harness import migration
from harness.lab import eventually
from harness.services import run, specs

BUSYBOX = "depot:5000/busybox:latest"
UNDECLARED = ("keep", "restore", "reset")


@pytest.fixture(autouse=True)
def nothing_left(swarm):
    yield
    swarm.clear_services()


def version(swarm, name):
    return swarm.inspect("manager1", "service", name)["Version"]["Index"]


def changed_by(engine, options, undeclared):
    """What becomes of services, {name: options}, as {name: entry of the result} of those that changed."""
    wishes = [Wish(name, declared, undeclared=undeclared) for name, declared in options.items()]
    return {name: entry for name, entry in run(engine, wishes).items() if entry["changed"]}


# --- the CLI -----------------------------------------------------------------------------------------------------------

CLI_FLAGS = """
    --replicas 2 --network front --network name=back,alias=db --secret password --secret source=key,target=/etc/key,mode=0400
    --config source=settings,target=/etc/settings --env B=2 --env A=1 --label team=shop --container-label role=db
    --publish 8082:80/udp --publish published=8083,target=81,mode=host --constraint node.role==manager
    --placement-pref spread=node.labels.rack --limit-cpu 0.5 --limit-memory 50M --reserve-memory 10M
    --mount type=volume,src=data,dst=/data --mount type=bind,src=/tmp,dst=/host,readonly
    --health-cmd true --health-interval 2s --update-order start-first --restart-max-attempts 3 --stop-grace-period 1s
    --host db:192.0.2.5 --dns 192.0.2.53 --cap-add net_admin --log-driver json-file --log-opt max-size=1m --user 0
"""
DECLARED = {
    "image": BUSYBOX,
    "args": ["sleep", "100000"],
    "replicas": 2,
    "networks": [{"name": "back", "aliases": ["db"]}, "front"],
    "secrets": [{"secret_name": "key", "filename": "/etc/key", "mode": "0400"}, "password"],
    "configs": [{"config_name": "settings", "filename": "/etc/settings"}],
    "env": {"A": 1, "B": 2},
    "labels": {"team": "shop"},
    "container_labels": {"role": "db"},
    "publish": ["published=8083,target=81,mode=host", "8082:80/udp"],
    "placement": {"constraints": ["node.role == manager"], "preferences": [{"spread": "node.labels.rack"}]},
    "limits": {"cpus": 0.5, "memory": "50M"},
    "reservations": {"memory": "10M"},
    "mounts": [
        {"source": "/tmp", "target": "/host", "readonly": True},
        {"type": "volume", "source": "data", "target": "/data"},
    ],
    "healthcheck": {"test": "true", "interval": "2s"},
    "update_config": {"order": "start-first"},
    "restart_config": {"max_attempts": 3},
    "stop_grace_period": "1s",
    "hosts": {"db": "192.0.2.5"},
    "dns": ["192.0.2.53"],
    "cap_add": ["CAP_NET_ADMIN"],
    "logging": {"driver": "json-file", "options": {"max-size": "1m"}},
    "user": "0",
}


def test_made_by_the_cli(swarm, engine):
    for name in ("front", "back"):
        eventually(lambda name=name: swarm.docker("manager1", "network", "create", "--driver", "overlay", name))
    swarm.ssh("manager1", "for name in password key; do printf x | docker secret create $name -; done")
    swarm.ssh("manager1", "printf x | docker config create settings -")
    words = shlex.join(CLI_FLAGS.split())
    swarm.ssh("manager1", f"docker service create --detach --name db {words} {BUSYBOX} sleep 100000")
    before = version(swarm, "db")
    for undeclared in UNDECLARED:
        assert changed_by(engine, {"db": DECLARED}, undeclared) == {}, undeclared
    assert version(swarm, "db") == before
    assert DECLARED_LABEL not in specs(swarm)["db"]["Labels"]

    # what is set by hand stays under keep and restore, also where something else changes; reset takes it back
    swarm.ssh("manager1", "docker service update --detach --stop-signal SIGQUIT --env-add C=3 db")
    part = {name: DECLARED[name] for name in DECLARED if name not in ("env", "dns")}
    for undeclared in UNDECLARED[:2]:
        assert changed_by(engine, {"db": part}, undeclared) == {}, undeclared
    for index, undeclared in enumerate(UNDECLARED[:2]):
        assert changed_by(engine, {"db": {**part, "hostname": f"h{index}"}}, undeclared), undeclared
        container = specs(swarm)["db"]["TaskTemplate"]["ContainerSpec"]
        assert (container["StopSignal"], container["Hostname"]) == ("SIGQUIT", f"h{index}")
        assert sorted(container["Env"]) == ["A=1", "B=2", "C=3"]
        assert container["DNSConfig"] == {"Nameservers": ["192.0.2.53"]}
    # now hostname is known as declared, and the others as never declared
    assert changed_by(engine, {"db": part}, "restore")
    container = specs(swarm)["db"]["TaskTemplate"]["ContainerSpec"]
    assert ("Hostname" in container, container["StopSignal"], len(container["Env"])) == (False, "SIGQUIT", 3)
    assert changed_by(engine, {"db": part}, "reset")
    container = specs(swarm)["db"]["TaskTemplate"]["ContainerSpec"]
    assert ("StopSignal" in container, "Env" in container, container["DNSConfig"]) == (False, False, {})


# --- docker stack deploy -----------------------------------------------------------------------------------------------

# What tests/migration/stack.yml says, in the words of swarm_service, and the names that a stack gives to things.
STACK = {
    "s_web": {
        "image": BUSYBOX,
        "args": ["sleep", "100000"],
        "env": {"MODE": "production", "DEBUG": 0},
        "networks": [{"name": "s_front", "aliases": ["web"]}, {"name": "s_back", "aliases": ["web"]}],
        "mounts": [
            {"type": "volume", "source": "s_data", "target": "/data", "labels": {"com.example.keep": "yes"}},
            {"source": "/tmp", "target": "/host", "readonly": True},
        ],
        "secrets": [
            {"secret_name": "s_password", "filename": "password"},
            {"secret_name": "outer_key", "filename": "/etc/key", "uid": 101, "mode": "0400"},
        ],
        "configs": [{"config_name": "s_settings", "filename": "/etc/settings"}],
        "publish": [{"target_port": 80, "published_port": 8081, "mode": "host"}],
        "stop_grace_period": "1s",
        "replicas": 2,
        "labels": {"com.example.team": "shop"},
        "limits": {"cpus": 0.5, "memory": "50M"},
        "restart_config": {"condition": "any", "delay": "1s"},
        "update_config": {"parallelism": 1, "monitor": "1s", "order": "stop-first"},
        "placement": {"constraints": ["node.role == manager"]},
    },
    "s_agent": {
        "image": BUSYBOX,
        "command": ["sleep", "100000"],
        "container_labels": {"com.example.kind": "agent"},
        "networks": [{"name": "s_back", "aliases": ["watcher", "agent"]}],
        "stop_grace_period": "1s",
        "mode": "global",
    },
}


@pytest.fixture
def stack(swarm):
    swarm.ssh("manager1", "printf k | docker secret create outer_key -")
    text = shlex.quote((migration.HERE / "stack.yml").read_text())
    prepare = "cd $(mktemp -d) && printf p > password && printf s > settings"
    deploy = f"{prepare} && printf %s {text} > stack.yml && docker stack deploy -d -c stack.yml s"
    # it may still find a network of that name that is just being removed
    eventually(lambda: swarm.ssh("manager1", deploy))
    return swarm


def members(swarm):
    """The services that 'docker stack' counts among the stack's."""
    return {row["Name"] for row in swarm.rows("manager1", "stack", "services", "s")}


def stack_labels(spec):
    """How often the stack is named on a service, its containers and its volumes."""
    container = spec["TaskTemplate"]["ContainerSpec"]
    labels = [spec["Labels"], container.get("Labels") or {}]
    labels += [(mount.get("VolumeOptions") or {}).get("Labels") or {} for mount in container.get("Mounts") or ()]
    return sum("com.docker.stack.namespace" in found for found in labels)


@pytest.mark.parametrize("undeclared", ["keep", "restore"])
def test_made_by_a_stack(stack, engine, undeclared):
    assert changed_by(engine, STACK, undeclared) == {}
    other = {
        "s_web": {**STACK["s_web"], "labels": {"com.example.team": "other"}, "mounts": STACK["s_web"]["mounts"][:1]},
        "s_agent": {**STACK["s_agent"], "container_labels": {}},
    }
    assert set(changed_by(engine, other, undeclared)) == {"s_web", "s_agent"}
    found = specs(stack)
    assert found["s_web"]["Labels"]["com.example.team"] == "other"
    assert found["s_agent"]["TaskTemplate"]["ContainerSpec"]["Labels"] == {"com.docker.stack.namespace": "s"}
    assert {name: stack_labels(spec) for name, spec in found.items()} == {"s_web": 3, "s_agent": 2}
    # labels given up again: those of the stack are not the task's
    fewer = {name: {key: options[key] for key in ("image", "networks")} for name, options in other.items()}
    assert bool(changed_by(engine, fewer, undeclared)) is (undeclared == "restore")
    assert "com.docker.stack.namespace" in specs(stack)["s_web"]["Labels"]
    assert members(stack) == {"s_web", "s_agent"}


def test_reset_takes_a_service_out_of_its_stack(stack, engine):
    named = {"com.docker.stack.namespace": "s"}
    web, agent = STACK["s_web"], STACK["s_agent"]
    volume, host = web["mounts"]
    said = {
        "s_web": {
            **web,
            "labels": {**web["labels"], **named, "com.docker.stack.image": BUSYBOX},
            "container_labels": named,
            "mounts": [{**volume, "labels": {**volume["labels"], **named}}, host],
        },
        "s_agent": {
            **agent,
            "labels": {**named, "com.docker.stack.image": BUSYBOX},
            "container_labels": {**agent["container_labels"], **named},
        },
    }
    assert changed_by(engine, said, "reset") == {}, "nothing is left that was not declared"
    assert members(stack) == {"s_web", "s_agent"}
    assert set(changed_by(engine, STACK, "reset")) == {"s_web", "s_agent"}
    assert {name: stack_labels(spec) for name, spec in specs(stack).items()} == {"s_web": 0, "s_agent": 0}
    assert members(stack) == set()
    stack.docker("manager1", "stack", "rm", "s", ok=False)
    assert set(specs(stack)) == {"s_web", "s_agent"}


# --- community.docker --------------------------------------------------------------------------------------------------


def test_made_by_community_docker(swarm, engine):
    """Its requests are recorded; `make migration` compares them with those of the module itself."""
    migration.make_what_it_uses(swarm)
    migration.post_recorded(swarm, engine)
    before = specs(swarm)
    assert sorted(before) == migration.SERVICES
    assert migration.changed(migration.run(swarm, undeclared="keep")) == set()
    assert migration.changed(migration.run(swarm, check=True, undeclared="restore")) == set()
    # what the module sends where a group is named in part, and for the number of a job's tasks at a time, is no default
    assert migration.changed(migration.run(swarm, check=True, undeclared="reset")) == {"agent", "import"}
    assert specs(swarm) == before


def test_its_playbook_alone(swarm):
    migration.make_what_it_uses(swarm)
    assert migration.changed(migration.run(swarm)) == set(migration.SERVICES)
    for name, tasks in {"agent": 5, "cache": 1, "shop": 2, "text": 1}.items():
        assert len(swarm.running("manager1", name)) == tasks, name
    for undeclared in UNDECLARED:
        assert migration.changed(migration.run(swarm, check=True, undeclared=undeclared)) == set(), undeclared
