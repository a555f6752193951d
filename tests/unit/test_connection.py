# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.apiary.swarm.plugins.module_utils._connection import client_arguments, connection_spec
from ansible_collections.apiary.swarm.plugins.module_utils._engine import Engine
from ansible_collections.apiary.swarm.plugins.module_utils._errors import SwarmError
from ansible_collections.apiary.swarm.plugins.module_utils._sdk import ensure_sdk, site_packages

DEFAULTS = {name: option.get("default") for name, option in connection_spec().items()}


def test_a_local_socket_is_the_default():
    assert client_arguments(DEFAULTS) == {
        "base_url": "unix:///var/run/docker.sock",
        "version": "auto",
        "timeout": 60,
    }


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"docker_host": "ssh://ops@h"}, "docker_host: ssh://ops@h: an engine is not asked over ssh"),
        ({"docker_host": "tcp://h:x", "api_version": "1.41"}, "docker_host: tcp://h:x is not the address of an engine"),
        ({"docker_host": "tcp://h:99999", "api_version": "1.41"}, "docker_host: tcp://h:99999 is not the address"),
        ({"api_version": "abc"}, "api_version: 'abc' is neither auto nor a version such as 1.41"),
        ({"api_version": "1.1"}, "api_version: 1.1: "),
    ],
)
def test_what_the_sdk_would_stumble_over_is_refused_by_name(options, words):
    with pytest.raises(SwarmError) as caught:
        Engine.connect({**DEFAULTS, **options})
    assert caught.value.kind == "invalid"
    assert caught.value.msg.startswith(words)


def test_tls_speaks_https():
    arguments = client_arguments(dict(DEFAULTS, docker_host="tcp://h:2376", tls=True))
    assert arguments["base_url"] == "https://h:2376"
    assert arguments["tls"].verify is False


@pytest.mark.parametrize(
    ("options", "part"),
    [
        ({"client_cert": "/c.pem"}, "client_cert and client_key go together"),
        ({"ca_path": "/no/such.pem"}, "ca_path: there is no file /no/such.pem"),
    ],
)
def test_tls_options_that_do_not_fit_are_named(options, part):
    with pytest.raises(SwarmError, match=part):
        client_arguments(dict(DEFAULTS, docker_host="tcp://h:2376", validate_certs=True, **options))


def test_certificates_are_found_where_the_cli_looks(monkeypatch, tmp_path):
    monkeypatch.setenv("DOCKER_CERT_PATH", str(tmp_path))
    with pytest.raises(SwarmError, match=f"client_cert: there is no file {tmp_path}/cert.pem"):
        client_arguments(dict(DEFAULTS, docker_host="tcp://h:2376", validate_certs=True))


def test_the_sdk_is_looked_for_beside_its_interpreter():
    assert site_packages("/opt/apiary/sdk/bin/python", (3, 9)) == "/opt/apiary/sdk/lib/python3.9/site-packages"


def test_a_missing_sdk_says_how_to_get_it(monkeypatch, tmp_path):
    monkeypatch.setitem(__import__("sys").modules, "docker", None)
    with pytest.raises(SwarmError) as caught:
        ensure_sdk(str(tmp_path / "bin/python"), 100)
    assert caught.value.kind == "sdk_missing"
    assert "site.yml --tags engine" in caught.value.hint


def test_a_task_too_long_for_another_interpreter_is_refused_instead_of_hanging(monkeypatch, tmp_path):
    monkeypatch.setitem(__import__("sys").modules, "docker", None)
    interpreter = tmp_path / "bin" / "python"
    interpreter.parent.mkdir()
    interpreter.touch()
    with pytest.raises(SwarmError, match="70000 bytes long"):
        ensure_sdk(str(interpreter), 70000)
