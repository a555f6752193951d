# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

"""What of a task makes the control host look for credentials, and what is to be hidden. Real ones: test_swarm_service_images.py."""

from __future__ import annotations

import base64
import json

import pytest
from ansible_collections.apiary.swarm.plugins.module_utils._errors import SwarmError
from ansible_collections.apiary.swarm.plugins.module_utils._registry import header
from ansible_collections.apiary.swarm.plugins.plugin_utils import _credentials as credentials

AUTH = [{"registry_url": "depot:5001", "username": "u", "password": "p1"}]


@pytest.mark.parametrize(
    ("arguments", "wanted"),
    [
        ({"name": "a", "image": "depot:5001/x"}, []),
        ({"name": "a", "image": "depot:5001/x", "with_registry_auth": "yes"}, ["depot:5001"]),
        ({"name": "a", "with_registry_auth": True}, []),
        ({"name": "a", "image": "No Name", "with_registry_auth": True}, []),
        (
            {
                "with_registry_auth": True,
                "service_defaults": {"image": "x"},
                "services": [{"name": "a"}, {"name": "b", "image": "depot:5001/x", "with_registry_auth": False}],
            },
            ["docker.io"],
        ),
        (
            {
                "service_defaults": json.dumps({"with_registry_auth": True}),
                "services": [{"image": "a.example/x"}, "name=b image=b.example/x", 7],
            },
            ["a.example", "b.example"],
        ),
        ({"services": "nonsense", "with_registry_auth": True}, []),
    ],
)
def test_whose_credentials_are_wanted(arguments, wanted):
    assert credentials.registries(arguments) == wanted


@pytest.mark.parametrize(
    ("arguments", "hidden"),
    [
        ({"name": "a", "registry_auth": AUTH}, []),  # ansible-core knows of that one
        ({"services": [{"registry_auth": AUTH}, {}], "service_defaults": {"registry_auth": [{"password": 5}]}}, ["5", "p1"]),
        ({"services": [{"registry_auth": AUTH[0]}, {"registry_auth": ["username=u password=p2"]}]}, ["p1", "p2"]),
        ({"services": [7, "x", None, {"registry_auth": "x"}, {"registry_auth": [3, {}]}], "service_defaults": "x"}, []),
        ({"services": "x"}, []),
    ],
)  # fmt: skip
def test_what_is_to_be_hidden(arguments, hidden):
    assert credentials.passwords(arguments) == hidden


@pytest.fixture
def config(tmp_path, monkeypatch):
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    return lambda content: (tmp_path / "config.json").write_text(json.dumps(content))


def test_what_docker_login_left(config):
    basic = base64.b64encode(b"u:p:q").decode()
    config(
        {
            "auths": {
                "https://index.docker.io/v1/": {"auth": basic},
                "https://index.docker.io/v1/refresh-token": {"auth": base64.b64encode(b"u:refresh").decode()},
                "https://a.example/v2/": {"auth": basic},
                "b.example": {"identitytoken": "t", "auth": basic},
                "c.example": {},
            }
        }
    )
    assert credentials.from_docker_config(["a.example", "b.example", "c.example", "d.example", "docker.io"]) == {
        "a.example": header("a.example", "u", "p:q"),
        "b.example": header("b.example", identity_token="t"),
        "docker.io": header("docker.io", "u", "p:q"),
    }


def test_nobody_has_logged_in(tmp_path, monkeypatch):
    monkeypatch.delenv("DOCKER_CONFIG", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert credentials.from_docker_config(["docker.io"]) == {}


def test_nothing_is_read_unasked(tmp_path, monkeypatch):
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    (tmp_path / "config.json").write_text("{")
    assert credentials.from_docker_config([]) == {}
    with pytest.raises(SwarmError, match="not a configuration of docker"):
        credentials.from_docker_config(["docker.io"])


@pytest.mark.parametrize("entry", [{"auth": "\u00e9"}, {"auth": 5}, "text", ["x"]])
def test_an_entry_that_cannot_be_read(config, entry):
    config({"auths": {"a.example": entry}})
    with pytest.raises(SwarmError, match=r"the entry for a\.example cannot be read"):
        credentials.from_docker_config(["a.example"])
