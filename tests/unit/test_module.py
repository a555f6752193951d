# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a module tells of options that it refuses."""

from __future__ import annotations

import json

import pytest
from ansible.module_utils import basic
from ansible_collections.apiary.swarm.plugins.module_utils._module import Module

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
