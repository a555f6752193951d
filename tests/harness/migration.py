# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbook for community.docker's docker_swarm_service in tests/migration, and what its module makes of it."""

from __future__ import annotations

import copy
import itertools
import json

import yaml

from .lab import ROOT, eventually

HERE = ROOT / "tests/migration"
THEIRS, OURS = "community.docker.docker_swarm_service", "apiary.swarm.swarm_service"
# What their module left in the engine, with names for the IDs of networks, secrets and configs.
RECORDED = HERE / "made_by_community_docker.json"
# An engine may hold a removed network for a moment, and refuses another on the same subnet.
_NUMBERS = itertools.count(1)
SERVICES = ["agent", "cache", "import", "shop", "text"]


def plays(module=OURS, **defaults):
    """The playbook with the name of the module replaced, and nothing else; defaults go into module_defaults."""
    found = yaml.safe_load((HERE / "docker_swarm_service.yml").read_text().replace(THEIRS, module))
    return [{**play, "module_defaults": {module: defaults}} for play in found]


def run(lab, module=OURS, check=False, environment=None, extra_vars=None, **defaults):
    """Run the playbook on manager1; returns a Run without a failure."""
    done = lab.playbook(
        plays(module, **defaults),
        *(["--check"] if check else []),
        "--diff",
        environment=environment,
        extra_vars={
            "registry": "depot:5000",
            "config_id": lab.inspect("manager1", "config", "shop_settings")["ID"],
            "secret_id": lab.inspect("manager1", "secret", "shop_password")["ID"],
            **(extra_vars or {}),
        },
    )
    assert done.rc == 0, done.output
    return done


def changed(done):
    """The names of the services that a run changed, or would change in check mode."""
    found = [service for result in done.results for service in result.data["services"]]
    return {service["name"] for service in found if service["changed"]}


def make_what_it_uses(lab):
    """The networks, secrets and configs that the playbook names, by the CLI, and the file of variables."""
    for name in ("shop_front", "shop_back"):
        subnet = f"10.201.{next(_NUMBERS)}.0/24"
        # the name is free only a while after a network was removed
        create = ["network", "create", "--driver", "overlay", "--subnet", subnet, name]
        eventually(lambda create=create: lab.docker("manager1", *create))
    lab.ssh("manager1", "printf x | docker secret create shop_password -")
    lab.ssh("manager1", "printf 'C=3\\nB=9\\n' > /etc/shop.env")
    lab.ssh("manager1", "for name in shop_settings shop_motd; do printf x | docker config create $name -; done")


def things(lab):
    """{ID: name} of all networks, secrets and configs."""
    rows = [row for kind in ("network", "secret", "config") for row in lab.rows("manager1", kind, "ls", *_long(kind))]
    return {row["ID"]: row["Name"] for row in rows}


def _long(kind):
    return ["--no-trunc"] if kind == "network" else []


def renamed(value, names):
    """A JSON value in which texts are replaced by what names has for them."""
    if isinstance(value, dict):
        return {key: renamed(item, names) for key, item in value.items()}
    if isinstance(value, list):
        return [renamed(item, names) for item in value]
    return names.get(value, value) if isinstance(value, str) else value


def made(lab, engine):
    """{name: spec} of all services as the engine stores them (its CLI shows defaults too), with names for IDs."""
    names = things(lab)
    return {service["Spec"]["Name"]: renamed(service["Spec"], names) for service in engine.services()}


def post_recorded(lab, engine):
    """Make the services that their module made, by its own requests to the engine."""
    ids = {name: identity for identity, name in things(lab).items()}
    for name, spec in json.loads(RECORDED.read_text()).items():
        task = spec["TaskTemplate"]
        container = task["ContainerSpec"]
        task["Networks"] = renamed(task.get("Networks") or [], ids)
        for reference in container.get("Secrets") or ():
            reference["SecretID"] = ids[reference["SecretName"]]
        for reference in container.get("Configs") or ():
            reference["ConfigID"] = ids[reference["ConfigName"]]
        engine.post("/services/create", copy.deepcopy(spec), what=f"make service {name} as recorded")
