# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Contexts of the docker CLI: what is there, what is planned, what is said to the CLI."""

from __future__ import annotations

import json

import pytest
from ansible_collections.apiary.swarm.plugins.module_utils._contexts import (
    Contexts,
    command,
    materials,
    observed,
    plan,
)
from ansible_collections.apiary.swarm.plugins.module_utils._errors import SwarmError

FILES = {"ca.pem": b"a", "cert.pem": b"b", "key.pem": b"c"}
OWNER = "apiary.swarm: swarm"
# what the CLI 28.2 says
ROW = {
    "Name": "manager1",
    "Metadata": {"Description": OWNER},
    "Endpoints": {"docker": {"Host": "tcp://10.0.0.11:2376", "SkipTLSVerify": False}},
    "TLSMaterial": {"docker": ["ca.pem", "cert.pem", "key.pem"]},
    "Storage": {"MetadataPath": "/c/meta/1", "TLSPath": "/c/tls/1"},
}
PLAIN = {**ROW, "Name": "mine", "Metadata": {}, "TLSMaterial": {}}


def there(*rows, files=FILES):
    return observed(rows, lambda path: files[path.removeprefix("/c/tls/1/docker/")])


def planned(rows, wanted, exclusive=False, absent=False):
    return plan(rows, wanted, FILES, OWNER, exclusive, absent)


def test_what_is_as_wanted_is_left_alone():
    assert planned(there(ROW, PLAIN), {"manager1": "tcp://10.0.0.11:2376"}) == []


def test_contexts_are_made_changed_and_removed():
    other = {**ROW, "Name": "gone"}
    wanted = {"manager1": "tcp://10.0.0.12:2376", "manager2": "tcp://10.0.0.13:2376"}
    found = planned(there(ROW, other, PLAIN), wanted, exclusive=True)
    assert [entry[:2] for entry in found] == [("create", "manager2"), ("update", "manager1"), ("remove", "gone")]
    assert [entry[:2] for entry in planned(there(ROW, other), wanted)] == [
        ("create", "manager2"),
        ("update", "manager1"),
    ]
    assert [entry[:2] for entry in planned(there(ROW, other, PLAIN), {}, absent=True)] == [
        ("remove", "gone"),
        ("remove", "manager1"),
    ]


def test_a_certificate_that_was_renewed_is_a_change():
    old = there(ROW, files={**FILES, "cert.pem": b"old"})
    assert planned(old, {"manager1": "tcp://10.0.0.11:2376"}) == [("update", "manager1", "tcp://10.0.0.11:2376")]


def test_what_is_somebody_elses_is_refused():
    with pytest.raises(SwarmError, match="context mine of the docker CLI already"):
        planned(there(PLAIN), {"mine": "tcp://10.0.0.11:2376"})


@pytest.mark.parametrize("name", ["default", "a", "a b", "-x"])
def test_names_that_the_cli_does_not_take(name):
    with pytest.raises(SwarmError, match="cannot be the name"):
        planned({}, {name: "tcp://10.0.0.11:2376"})


def test_what_the_cli_is_told():
    words = command("create", "manager1", "tcp://10.0.0.11:2376", "/tls", OWNER)
    assert words[:2] == ["context", "create"]
    assert words[-2:] == ["host=tcp://10.0.0.11:2376,ca=/tls/ca.pem,cert=/tls/cert.pem,key=/tls/key.pem", "manager1"]
    assert command("remove", "manager1", "", "/tls", OWNER) == ["context", "rm", "--force", "manager1"]


def test_a_cli_that_fails_is_quoted():
    with pytest.raises(SwarmError, match="'docker context ls' said: no such command"):
        Contexts(lambda words: (1, "", "no such command\n")).read()


def test_contexts_are_read_by_the_cli():
    answers = {"ls": "default\nmanager1\n", "inspect": json.dumps([ROW])}
    asked = []

    def run(words):
        asked.append(words)
        return 0, answers[words[1]], ""

    assert set(Contexts(run).read()) == {"manager1"}
    assert asked[-1] == ["context", "inspect", "manager1"]
    answers["ls"] = "default\n"
    assert Contexts(run).read() == {}


def test_files_that_are_not_there_are_named(tmp_path):
    with pytest.raises(SwarmError, match=r"Cannot read .*/ca.pem: No such file"):
        materials(tmp_path)
