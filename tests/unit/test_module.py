# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a module tells of options that it refuses."""

from __future__ import annotations

import json

import pytest
from ansible.module_utils import basic
from ansible_collections.apiary.swarm.plugins.module_utils._module import Module
from harness.fake_engine import FakeEngine, run_module

ENTRY = {"name": {"type": "str", "required": True}, "data": {"type": "str", "no_log": True}}
SPEC = {"secrets": {"type": "list", "elements": "dict", "options": ENTRY}}


def refused(monkeypatch, capsys, options):
    monkeypatch.setattr(basic, "_ANSIBLE_ARGS", json.dumps({"ANSIBLE_MODULE_ARGS": options}).encode())
    monkeypatch.setattr(basic, "_ANSIBLE_PROFILE", "legacy")
    with pytest.raises(SystemExit):
        Module(argument_spec=SPEC)
    return capsys.readouterr().out


@pytest.mark.parametrize(
    "secrets", [{"jar": "honeycomb"}, [{"jar": "honeycomb"}], [{"name": "jar", "date": "honeycomb"}]]
)
def test_a_secret_in_the_wrong_place_is_not_told(monkeypatch, capsys, secrets):
    told = refused(monkeypatch, capsys, {"secrets": secrets})
    assert json.loads(told)["failed"]
    assert "secrets" in json.loads(told)["msg"]
    assert "honeycomb" not in told


@pytest.mark.parametrize(
    ("module", "options", "word"),
    [
        ("docker_context", {"contexts": {"one": "tcp://one:2376"}, "directory": None}, "directory"),
        ("node_availability", {"nodes": None, "availability": "drain"}, "nodes"),
        ("node_availability", {"nodes": ["worker1"], "availability": None}, "availability"),
        ("swarm_config", {"configs": None}, "name"),
        ("swarm_config", {"configs": [{"name": None, "data": "x"}]}, "name"),
        ("swarm_lock", {"purpose": None}, "purpose"),
        ("swarm_network", {"name": None}, "name"),
        ("swarm_network", {"name": "x", "ipam_config": [{"subnet": None}]}, "subnet"),
        ("swarm_node", {"node": None}, "node"),
        ("swarm_secret", {"name": None, "data": "x"}, "name"),
        ("swarm_service", {"name": None}, "name"),
        ("swarm_service", {"services": [{"name": None}]}, "name"),
    ],
)
def test_null_where_something_must_be_is_told_by_name(module, options, word):
    """ansible-core takes it for there, as of a template that found nothing."""
    engine = FakeEngine()
    result = run_module(module, options, engine)
    assert result["failed"]
    assert word in result["msg"], result
    assert result.get("failure", {}).get("kind") != "bug", result
    assert engine.writes == []


def test_a_trigger_without_a_text_is_refused():
    engine = FakeEngine()
    result = run_module("swarm_rotate", {"rotate": ["worker_token"], "trigger": ""}, engine)
    assert (result["failed"], result["failure"]["kind"], engine.writes) == (True, "invalid", [])
    assert result["msg"].startswith("trigger: it is empty")
