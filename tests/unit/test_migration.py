# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Playbooks for community.docker: what of its options is taken, and that docs/migrating.md has what is not.

Its options are recorded; `make migration` compares the record with the collection itself.
"""

from __future__ import annotations

import importlib
import json
import pathlib
import re

import pytest
import yaml
from ansible_collections.apiary.swarm.plugins.module_utils._errors import SwarmError
from ansible_collections.apiary.swarm.plugins.module_utils._plan import Wish, World, plan_service
from ansible_collections.apiary.swarm.plugins.module_utils._wishes import wishes_of
from ansible_collections.apiary.swarm.plugins.modules import swarm_service
from harness import migration

ROOT = pathlib.Path(__file__).resolve().parents[2]
PLUGINS = "ansible_collections.apiary.swarm.plugins"
RECORD = json.loads((ROOT / "tests/unit/fixtures/community_docker.json").read_text())["modules"]
PAGE = (ROOT / "docs/migrating.md").read_text()
# their module -> ours that do its work
REPLACED = {
    "docker_swarm_service": ["swarm_service"],
    "docker_swarm": ["swarm_init", "swarm_join", "swarm_node"],
    "docker_node": ["swarm_node", "node_availability"],
    "docker_network": ["swarm_network"],
    "docker_secret": ["swarm_secret"],
    "docker_config": ["swarm_config"],
}
# What our types take beside values of the same type.
TAKES = {"str": {"int", "path"}, "raw": {"int", "str", "dict", "bool"}}


def flat(options, nested, prefix=""):
    """{dotted name: argument} of options and their suboptions, by every name that they have."""
    found = {}
    for name, argument in options.items():
        for alias in (name, *argument.get("aliases", ())):
            found[prefix + alias] = argument
            found.update(flat(argument.get(nested) or {}, nested, f"{prefix}{alias}."))
    return found


def ours(module):
    documentation = yaml.safe_load(importlib.import_module(f"{PLUGINS}.modules.{module}").DOCUMENTATION)
    options = dict(documentation["options"])
    for name in documentation["extends_documentation_fragment"]:
        fragment = importlib.import_module(f"{PLUGINS}.doc_fragments.{name.rpartition('.')[2]}").ModuleDocFragment
        options.update(yaml.safe_load(fragment.DOCUMENTATION).get("options") or {})
    return flat(options, "suboptions")


def rows(section):
    """First cells of the tables in a section of the page, those that are one piece of code."""
    text = PAGE.partition(f"\n## {section}\n")[2].partition("\n## ")[0]
    return set(re.findall(r"^\| `([^`|]+)` \|", text, re.MULTILINE))


def not_taken(name, theirs, found):
    """What theirs takes and an option of ours does not, {name} and {'name: choice'}; empty if all of it is taken."""
    needed = "." in name and found and found.get("required") and not theirs.get("required")
    if found is None or needed:
        return {name, *(f"{name}: {word}" for word in theirs.get("choices", ()))}
    choices = set(found.get("choices") or ())
    if theirs["type"] == "bool" and {"true", "false"} <= choices:
        return set()
    if theirs["type"] != found["type"] and theirs["type"] not in TAKES.get(found["type"], ()):
        return {name}
    return {f"{name}: {word}" for word in theirs.get("choices", ()) if choices and word not in choices}


@pytest.mark.parametrize("module", REPLACED)
def test_every_option_is_taken_or_stands_on_the_page(module):
    theirs = flat(RECORD[module], "options")
    modules = [ours(name) for name in REPLACED[module]]
    missing, taken = set(), set()
    for name, argument in theirs.items():
        missing |= set.intersection(*(not_taken(name, argument, found.get(name)) for found in modules))
        taken |= {name, *(f"{name}: {word}" for word in argument.get("choices", ()))}
    assert {row.partition(":")[0] for row in rows(module)} - set(theirs) == set(), "no option of theirs"
    said = rows("All modules") | rows(module)
    assert {row for row in missing if not {row, row.partition(":")[0]} & said} == set(), "neither taken nor on the page"
    assert rows(module) & (taken - missing) == set(), "on the page, and taken"


def test_what_no_module_takes_is_said_once():
    everywhere = rows("All modules")
    assert everywhere == {"debug", "use_ssh_client"}
    for module, names in REPLACED.items():
        assert not everywhere & {name for each in names for name in ours(each)}, module


# --- docker_swarm_service ----------------------------------------------------------------------------------------------


def task(**options):
    """The parameters of a task of swarm_service, without the types that Ansible sees to."""
    spec = swarm_service.argument_spec()
    return {**{name: argument.get("default") for name, argument in spec.items()}, "name": "x", **options}


def plan(**options):
    (wish,) = wishes_of(task(image="nginx", **options))
    return plan_service(wish, None, World(lenient=True))


def test_the_playbook_of_the_tests_has_every_option():
    used = set()

    def collect(value, prefix=""):
        for name, item in value.items():
            used.add(prefix + name)
            for entry in item if isinstance(item, list) else [item]:
                if isinstance(entry, dict):
                    collect(entry, f"{prefix}{name}.")

    for play in migration.plays():
        for each in play["tasks"]:
            collect(each[migration.OURS])
    connection = {*flat(swarm_service.connection_spec(), "options"), *rows("All modules")}
    theirs = set(flat(RECORD["docker_swarm_service"], "options")) - connection
    assert theirs - used - rows("docker_swarm_service") == set()


def test_defaults_mean_the_same():
    mount, port = {"source": "/a", "target": "/b"}, {"target_port": 80}
    spec = plan(replicas=-1, force_update=False, mounts=[mount], publish=[port]).spec
    assert spec["Mode"] == {"Replicated": {"Replicas": 1}}
    assert spec["TaskTemplate"]["ContainerSpec"]["Mounts"] == [{"Type": "bind", "Target": "/b", "Source": "/a"}]
    assert spec["EndpointSpec"]["Ports"][0]["Protocol"] == "tcp"
    assert "ForceUpdate" not in spec["TaskTemplate"]


@pytest.mark.parametrize(("said", "meant"), [("true", "always"), ("false", "never"), (None, "changed")])
def test_resolve_image(said, meant):
    assert [wish.resolve_image for wish in wishes_of(task(resolve_image=said))] == [meant]


def test_options_of_a_network_are_what_go_reads():
    network = {"name": "n", "options": {"fast": True, "slow": False, "mtu": 1400}}
    (stored,) = plan(networks=[network]).spec["TaskTemplate"]["Networks"]
    assert stored["DriverOpts"] == {"fast": "true", "slow": "false", "mtu": "1400"}


def test_what_is_switched_off_goes_with_every_mount():
    mount = {"source": "/a", "target": "/b", "no_copy": False, "labels": {}}
    stored = plan(mounts=[mount]).spec["TaskTemplate"]["ContainerSpec"]["Mounts"]
    assert stored == [{"Type": "bind", "Target": "/b", "Source": "/a"}]
    with pytest.raises(SwarmError, match="no_copy goes with type volume"):
        plan(mounts=[{**mount, "no_copy": True}])


def test_environment_as_one_text():
    assert plan(env="B=2,A=1").spec["TaskTemplate"]["ContainerSpec"]["Env"] == ["B=2", "A=1"]


def refusal(**options):
    with pytest.raises(SwarmError) as caught:
        plan(**options)
    (problem,) = caught.value.details["problems"]
    return problem


# Rows of the page about values that their module takes, or makes something else of.
def test_the_rows_about_values():
    assert "says the same at every run" in refusal(force_update=True)
    assert "name a unit" in refusal(restart_config={"delay": "5"})
    assert "the check is switched off" in refusal(healthcheck={"test": ["NONE"], "interval": "10s"})
    off = plan(healthcheck={"test": "NONE"}).spec["TaskTemplate"]["ContainerSpec"]
    assert off["Healthcheck"] == {"Test": ["NONE"]}
    alone = plan(healthcheck={"interval": "10s"}).spec["TaskTemplate"]["ContainerSpec"]
    assert alone["Healthcheck"] == {"Interval": 10 * 10**9}
    (secret,) = plan(secrets=[{"secret_name": "s", "mode": "0400"}]).spec["TaskTemplate"]["ContainerSpec"]["Secrets"]
    assert secret["File"]["Mode"] == 0o400
    policy = plan(restart_config={"max_attempts": 3}).spec["TaskTemplate"]["RestartPolicy"]
    assert policy == {"Condition": "any", "Delay": 5 * 10**9, "MaxAttempts": 3}
    assert {
        "force_update: true", "restart_config.delay: 5", "healthcheck: {test: NONE, interval: 10s}",
        'healthcheck: {test: "NONE"}', "healthcheck: {interval: 10s}", 'mode: "0400"', "restart_config: {max_attempts: 3}",
    } <= rows("docker_swarm_service")  # fmt: skip
    port = {"target_port": 80, "published_port": 8080}
    hosted = {"Spec": plan(publish=[{**port, "mode": "host"}]).spec, "ID": "i", "Version": {"Index": 1}}
    assert plan_service(Wish("x", {"publish": [port]}), hosted, World()).changed
    other = {"Spec": plan().spec, "ID": "i", "Version": {"Index": 1}}
    with pytest.raises(SwarmError, match="recreate: true permits"):
        plan_service(Wish("x", {"mode": "global"}), other, World())
