# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Secrets are known by what programs make of them; a search that finds nothing would pass every time."""

from __future__ import annotations

import base64
import json
import urllib.parse

import pytest
from canaries.canary import ODD, Canaries, text
from canaries.judge import MODULES, PLAYBOOKS
from harness.edge import certificate

PLAIN = "word0123456789abcdef" + ODD
TOKEN = f"SWMTKN-1-{'3digest' * 7}-{'9secret' * 4}"


@pytest.mark.parametrize(
    "shown",
    [
        PLAIN,
        json.dumps({"a": [PLAIN]}),
        json.dumps(json.dumps(PLAIN)),
        repr([PLAIN]),
        urllib.parse.quote(PLAIN),
        urllib.parse.quote_plus(PLAIN),
        *(base64.b64encode(("x" * before + PLAIN + "yz").encode()).decode() for before in range(4)),
        base64.urlsafe_b64encode(json.dumps({"password": PLAIN}).encode()).decode(),
    ],
)
def test_a_secret_is_known_in_every_form(shown):
    canaries = Canaries()
    canaries.add("one", PLAIN)
    canaries.add("another", text("another"))
    assert canaries.seen(f"before {shown} after".encode()) == ["one"]


def test_a_part_of_a_key_or_token_is_enough():
    canaries = Canaries()
    made = certificate("www.lab")
    key = made["key"]
    canaries.add("key", key + made["certificate"])
    assert canaries.seen(made["certificate"].encode()) == []
    canaries.add("token", TOKEN)
    assert canaries.seen(b"-----BEGIN PRIVATE KEY-----") == []
    lines = key.splitlines()
    assert canaries.seen(lines[1][-20:].encode()) == canaries.seen(lines[2][:20].encode()) == ["key"]
    assert canaries.seen(certificate("other.lab")["key"].encode()) == [], "all keys of one kind begin alike"
    assert canaries.seen(TOKEN.rpartition("-")[2][:20].encode()) == ["token"]
    assert canaries.seen(TOKEN[:20].encode()) == [], "the digest of the root CA is no secret"


def test_a_new_value_does_not_hide_the_old_one():
    canaries = Canaries()
    old, new = canaries.made("token"), canaries.made("token")
    assert canaries.seen(old.encode()) == canaries.seen(new.encode()) == ["token"]


def test_the_lists_are_those_of_the_tree():
    assert {"site", "restore"} <= set(PLAYBOOKS)
    assert {"swarm_service", "tls_authority"} <= set(MODULES)
