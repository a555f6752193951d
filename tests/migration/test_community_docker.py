# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

"""A playbook for community.docker, run by its module and then by ours. `make test` does without that collection: it works
with what is recorded here, and these tests compare the records with the collection itself."""

from __future__ import annotations

import importlib
import json

import pytest
import yaml
from ansible.module_utils import basic
from harness import migration
from harness.lab import ROOT

RECORD = ROOT / "tests/unit/fixtures/community_docker.json"
SDK = "/opt/apiary/sdk/bin/python"


class Asked(BaseException):
    """Carries the argument spec out of a module's main()."""


def argument_spec(module, monkeypatch):
    """The argument spec of a module of community.docker, as AnsibleModule would get it."""

    def ask(self, argument_spec, **more):
        raise Asked(argument_spec)

    monkeypatch.setattr(basic.AnsibleModule, "__init__", ask)
    with pytest.raises(Asked) as asked:
        importlib.import_module(f"ansible_collections.community.docker.plugins.modules.{module}").main()
    (found,) = asked.value.args
    # what JSON makes of it: a tuple is a list
    return json.loads(json.dumps(plain(found)))


def plain(options):
    """An argument spec without what says nothing of the values that an option takes."""
    kept = ("type", "elements", "choices", "default", "aliases", "required", "options")
    return {
        name: {key: plain(argument[key]) if key == "options" else argument[key] for key in kept if argument.get(key)}
        for name, argument in options.items()
    }


def test_the_recorded_options_are_those_of_the_collection(peers, monkeypatch):
    recorded = json.loads(RECORD.read_text())
    manifest = json.loads((peers / "ansible_collections/community/docker/MANIFEST.json").read_text())
    found = {
        "version": manifest["collection_info"]["version"],
        "modules": {module: argument_spec(module, monkeypatch) for module in recorded["modules"]},
    }
    written = ROOT / "build/community_docker.json"
    written.write_text(json.dumps(found, indent=1, sort_keys=True) + "\n")
    assert found == recorded, f"if the difference is right, {written} is the new record"


def test_theirs_then_ours(swarm, engine, peers):
    theirs = {"ANSIBLE_COLLECTIONS_PATH": f"{ROOT}/collections:{peers}"}
    migration.make_what_it_uses(swarm)
    migration.run(swarm, migration.THEIRS, environment=theirs, extra_vars={"ansible_python_interpreter": SDK})
    made = migration.made(swarm, engine)
    written = ROOT / "build/made_by_community_docker.json"
    written.write_text(json.dumps(made, indent=1, sort_keys=True) + "\n")
    assert sorted(made) == migration.SERVICES
    assert migration.changed(migration.run(swarm, undeclared="keep")) == set()
    assert migration.changed(migration.run(swarm, check=True, undeclared="restore")) == set()
    assert migration.changed(migration.run(swarm, check=True, undeclared="reset")) == {"agent", "import"}
    assert migration.made(swarm, engine) == made
    recorded = json.loads(migration.RECORDED.read_text())
    assert made == recorded, f"if the difference is right, {written} is the new record"


OTHERS = {
    "community.docker.docker_network": "apiary.swarm.swarm_network",
    "community.docker.docker_secret": "apiary.swarm.swarm_secret",
    "community.docker.docker_config": "apiary.swarm.swarm_config",
    "community.docker.docker_node": "apiary.swarm.swarm_node",
}


def test_the_other_modules(swarm, peers):
    theirs = {"ANSIBLE_COLLECTIONS_PATH": f"{ROOT}/collections:{peers}"}
    swarm.docker("manager1", "node", "update", "--label-rm", "rack", "worker1", ok=False)
    text = (migration.HERE / "others.yml").read_text()
    first = swarm.playbook(yaml.safe_load(text), environment=theirs, extra_vars={"ansible_python_interpreter": SDK})
    assert (first.rc, first.recap()["manager1"]["changed"]) == (0, 6), first.output
    for name, ours in OTHERS.items():
        text = text.replace(name, ours)
    second = swarm.playbook(yaml.safe_load(text))
    assert second.rc == 0, second.output
    assert [(result.task, result.data["changed"]) for result in second.results] == [
        (result.task, False) for result in first.results
    ]
    for kind in ("secret", "config"):
        before, after = (run.of("manager1", f"Make a {kind}") for run in (first, second))
        assert (after[f"{kind}_id"], after[f"{kind}_name"]) == (before[f"{kind}_id"], before[f"{kind}_name"])
    renewed = swarm.playbook(yaml.safe_load(text.replace("data: c29tZXRoaW5n", "data: b3RoZXI=")))
    assert renewed.of("manager1", "Make a secret in versions")["secret_name"] == "rolling_v2"
