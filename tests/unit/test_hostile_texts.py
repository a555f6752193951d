# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

"""What parses text takes any: it reads it, or says with one of its own errors that it cannot."""

from __future__ import annotations

import datetime
import json
import pathlib
import time

import pytest
import yaml
from ansible.parsing.vault import VaultLib, VaultSecret
from ansible_collections.apiary.swarm.plugins.module_utils import (
    _addresses,
    _contexts,
    _datagrams,
    _env_files,
    _errors,
    _images,
    _port_checks,
    _raft_log,
    _registry,
    _service_fields,
    _service_files,
    _service_kinds,
    _service_limits,
    _service_mounts,
    _units,
)
from ansible_collections.apiary.swarm.plugins.module_utils._contents import SECRET
from ansible_collections.apiary.swarm.plugins.module_utils._errors import SwarmError
from ansible_collections.apiary.swarm.plugins.module_utils._kinds import Mapping, Words
from ansible_collections.apiary.swarm.plugins.module_utils._plan import World
from ansible_collections.apiary.swarm.plugins.modules import swarm_files
from ansible_collections.apiary.swarm.plugins.plugin_utils import (
    _authority,
    _certificates,
    _credentials,
    _declared_ports,
    _edge,
    _edge_certificates,
    _peers,
    _preflight,
    _preflight_report,
    _unit,
)
from ansible_collections.apiary.swarm.plugins.plugin_utils._key_file import KeyFile, renewed
from harness import hostile
from hypothesis import example, given
from hypothesis import strategies as st

NOW = datetime.datetime(2026, 11, 29, tzinfo=datetime.timezone.utc)


def parsed(kind):
    return lambda value: kind.parse(value, World(lenient=True))


def error_of(kinds, action, *arguments):
    """The error of one of these kinds that an action raises, or None."""
    try:
        action(*arguments)
    except kinds as error:
        return error
    return None


# Each takes any value, and raises no other error than ValueError with a sentence in it.
READERS = {
    "duration": _units.duration,
    "size": _units.size,
    "cpus": _units.cpus,
    "swap": _units.swap,
    "capability": _units.capability,
    "file mode": _units.file_mode,
    "ports": _units.ports,
    "image": _images.split,
    "tagged image": _images.tagged,
    "registry of an image": _images.registry,
    "mount": lambda value: _service_mounts.parse(str(value)),
    "mounts": lambda value: parsed(_service_mounts.mounts())([value]),
    "publish": lambda value: parsed(_service_kinds.ports())([value]),
    "networks": lambda value: parsed(_service_kinds.networks())([value]),
    "secret": lambda value: _service_files.parse(SECRET, value),
    "configs": lambda value: parsed(_service_files.configs())([value]),
    "constraint": lambda value: _service_kinds.constraint(str(value)),
    "preferences": lambda value: parsed(_service_kinds.Preferences())([value]),
    "health check": parsed(_service_kinds.HealthTest()),
    "force_update": parsed(_service_kinds.Trigger()),
    "host entry": lambda value: _service_kinds.host_entry(str(value)),
    "command": parsed(Words(type="raw")),
    "ulimits": parsed(_service_limits.Ulimits()),
    "generic resources": parsed(_service_limits.GenericResources()),
    "credential spec": lambda value: parsed(_service_limits.CredentialSpec())(str(value)),
    "labels": lambda value: parsed(Mapping())(value if isinstance(value, dict) else {"key": value}),
}


@pytest.mark.parametrize("name", READERS)
def test_an_option_s_value_is_read_or_refused(name):
    @hostile.differently(name)
    @hostile.times(6)
    @given(hostile.values)
    def tried(value):
        error = error_of(ValueError, READERS[name], value)
        assert error is None or str(error)
        assert "integer string conversion" not in str(error), "that is Python's own word"

    tried()


def report_on(stdout):
    row = {"name": "one", "manager": True, "probe": {"stdout": stdout}, "live_restore": None, "opens_firewalld": False}
    row.update(advertise_addr="", advertise_interface="", data_path_addr="", listen_addr="", faults=[])
    return _preflight_report.report([row], {}, [])


# Each takes any text and has an answer to it.
ANSWERING = {
    "address": _addresses.split,
    "address with port": _addresses.with_port,
    "is it an address": _port_checks.is_address,
    "registry": _registry.host,
    "header": lambda text: _registry.header(_registry.host(text), text, text),
    "what an engine's text means": lambda text: _errors.classify(500, text),
    "trouble of a registry": lambda text: _registry.trouble(404, text),
    "name of a service": _service_fields.name_problems,
    "constraint as the engine has it": _service_kinds.folded_constraint,
    "signal as the engine has it": _service_kinds.folded_signal,
    "unit of systemd": lambda text: _unit.unit_plan(text, ["-H", "tcp://0.0.0.0:2376"]),
    "key of a manager": _raft_log.is_locked,
    "peers' addresses": lambda text: _peers.not_networks([text]),
    "a host's own addresses": lambda text: _peers.declared_addresses({"swarm_advertise_addr": text}),
    "a certificate's name": _certificates.is_name,
    "a certificate": lambda text: _certificates.pair_fault(_certificates.Pair(text, text)),
    "an edge's certificate": lambda text: _edge_certificates.certificate_faults(
        [{"name": "one", "certificate": text, "key": text}, text]
    ),
    "the probe of preflight": report_on,
}
PROBE_KEYS = (
    "swarm",
    "addresses",
    "links",
    "networks",
    "modules",
    "cgroup",
    "clock",
    "pool",
    "subnet_size",
    "engine",
    "node_addr",
)


@pytest.mark.parametrize("name", ANSWERING)
def test_any_text_has_an_answer(name):
    @hostile.differently(name)
    @hostile.times(6)
    @given(hostile.texts)
    def tried(text):
        ANSWERING[name](text)

    tried()


@hostile.times(12)
@given(
    st.dictionaries(
        st.sampled_from(PROBE_KEYS), st.one_of(hostile.texts, st.just("eth0:²"), st.just("a:b/c ::")), max_size=4
    )
)
@example({"links": "eth0:²", "engine": "28.5.2"})
@example({"networks": "left:10.0.0.0/99", "clock": "² ²"})
def test_whatever_the_probe_of_preflight_says_is_told(said):
    text = "\n".join(f"{key}={value}" for key, value in said.items())
    lines, _stops = report_on(text)
    assert lines[0] == "PREFLIGHT"


@hostile.times(12)
@given(st.integers(min_value=0, max_value=2**63 - 1))
def test_a_duration_comes_back_from_its_text(nanoseconds):
    assert _units.duration(_units.duration_text(nanoseconds)) == nanoseconds


@hostile.times(12)
@given(st.ip_addresses(), st.one_of(st.none(), st.integers(1, 65535)))
def test_an_address_and_its_port_come_back_from_their_text(address, port):
    text = _addresses.with_port(str(address), str(port) if port else "2377")
    assert _addresses.split(text) == (str(address), str(port or 2377))


@hostile.times(12)
@given(
    st.dictionaries(
        st.from_regex(r"[A-Za-z_][A-Za-z0-9_]*", fullmatch=True),
        st.text(st.characters(blacklist_characters="\n\r", codec="utf-8")),
    )
)
def test_variables_come_back_from_a_file(variables):
    content = "\n".join(f"{name}={value}" for name, value in variables.items())
    assert _env_files.parse(content.encode(), {}) == [f"{name}={value}" for name, value in variables.items()]


@hostile.times(12)
@given(st.binary(max_size=60))
def test_any_bytes_are_a_file_of_variables_or_have_wrong_lines(content):
    error = error_of(ValueError, _env_files.parse, content, {"A": "1"})
    assert error is None or str(error).startswith("line")


WAL = (pathlib.Path(__file__).parent / "fixtures/raft-28.5.wal").read_bytes()


@hostile.times(12)
@given(st.one_of(st.binary(max_size=80), st.tuples(st.integers(0, 600), st.binary(min_size=1, max_size=9))))
@example(b"\x02\0\0\0\0\0\0\0\x18\x05")
def test_a_damaged_raft_log_is_read_as_far_as_it_goes(damage):
    content = damage if isinstance(damage, bytes) else WAL[: damage[0]] + damage[1] + WAL[damage[0] + len(damage[1]) :]
    found = _raft_log.read_log([content])
    json.dumps(found)
    assert found["last_index"] >= 0


@hostile.times(8)
@given(st.binary(min_size=28, max_size=80))
def test_a_packet_of_anybody_s_is_no_datagram_of_ours(packet):
    assert _datagrams.parse(packet, "token") is None


@hostile.times(8)
@given(st.one_of(hostile.texts, hostile.values.map(lambda value: json.dumps(value, default=str))))
@example("[]")
@example('{"data-root": 5}')
@example("5")
def test_daemon_json_of_any_content_leaves_a_directory(tmp_path_factory, content):
    file = tmp_path_factory.mktemp("etc") / "daemon.json"
    file.write_text(content, encoding="utf-8", errors="replace")
    assert swarm_files.directory(str(file)).endswith("swarm")


@hostile.times(8)
@given(hostile.values)
@example([])
@example({"auths": {"docker.io": {"auth": "eDp5\0"}}})
def test_a_docker_configuration_of_any_content_is_read_or_refused(tmp_path_factory, content):
    folder = tmp_path_factory.mktemp("docker")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DOCKER_CONFIG", str(folder))
        for tried in (content, {"auths": {"docker.io": content}}, {"auths": content}, {"credHelpers": content}):
            (folder / "config.json").write_text(json.dumps(tried))
            error = error_of(SwarmError, _credentials.from_docker_config, ["docker.io"])
            assert error is None or str(folder) in error.msg or "docker-credential-" in error.msg


@hostile.times(8)
@given(hostile.values, hostile.values)
def test_arguments_that_are_wrong_ask_for_no_credentials(value, other):
    for arguments in (
        {"services": value},
        {"services": [value]},
        {"image": value, "with_registry_auth": other},
        {"service_defaults": value, "services": [{"image": other}]},
    ):
        assert isinstance(_credentials.registries(arguments), list)
        assert isinstance(_credentials.passwords(arguments), list)


@hostile.times(8)
@given(st.one_of(hostile.texts, hostile.values.map(lambda value: json.dumps(value, default=str))))
@example("a: 2026-99-99")
@example('{"swarm_unlock_former_keys": [["x"], 5, "b"]}')
def test_an_encrypted_file_of_any_content_takes_the_key_or_is_refused(tmp_path_factory, content):
    path = tmp_path_factory.mktemp("vault") / "key.yml"
    secret = VaultSecret(b"one")
    path.write_bytes(VaultLib([("default", secret)]).encrypt(content.encode(errors="replace"), secret))
    error = error_of(SwarmError, KeyFile, str(path), [("default", secret)])
    if error:
        assert error.kind == "key_file"
        return
    file = KeyFile(str(path), [("default", secret)])
    file.write(renewed(file.variables, "SWMKEY-1-new"))
    assert KeyFile(str(path), [("default", secret)]).variables["swarm_unlock_key"] == "SWMKEY-1-new"


@hostile.times(8)
@given(hostile.values, hostile.values)
@example([{"edge": {"host": "a", "port": "²"}, "name": "a"}], None)
def test_services_of_any_form_have_a_plan_of_the_edge_or_faults(value, other):
    for services in (
        [{"name": "a", "edge": value, "networks": other}],
        [{"name": value, "edge": {"host": other}}],
        [value],
    ):
        plan = _edge.plan(
            [one for one in services if isinstance(one, dict)], routes=[value, {"service": value, "host": other}]
        )
        assert all(isinstance(text, str) for text in plan["faults"])


@hostile.times(8)
@given(hostile.values)
@example(["²:80"])
@example({"published_port": "²"})
def test_declared_ports_of_any_form_are_told_or_left_out(value):
    for publish in (value, [value], [{"published_port": value, "target_port": 80}]):
        if isinstance(publish, list):
            _declared_ports.declared([{"name": "a", "publish": publish}])


@hostile.times(8)
@given(hostile.values, hostile.values)
def test_settings_of_any_form_are_for_preflight_to_pass_over(value, other):
    settings = {"subnet_size": value, "data_path_port": other, "default_addr_pool": [value]}
    networks = [{"name": "a", "driver_options": value, "ipam_config": [other]}]
    assert _preflight.wishes(settings, networks, [])["data_path_port"] > 0


@hostile.times(8)
@given(hostile.values)
@example([])
@example([{"Name": 1}])
def test_a_docker_cli_that_says_anything_is_refused(value):
    answers = iter([(0, "one", ""), (0, json.dumps(value, default=str), "")])
    error = error_of(SwarmError, _contexts.Contexts(lambda words: next(answers)).read)
    assert error is None or "docker context inspect" in error.msg


def test_a_long_name_that_is_none_is_refused_at_once():
    begin = time.monotonic()
    assert _service_fields.name_problems("a" * 60 + ".")
    assert time.monotonic() - begin < 1


@pytest.mark.parametrize("text", ["²", "\u0663s", "\u0661M", "\u0663:80", "1_000s"])
def test_digits_are_those_of_ascii(text):
    for read in (_units.duration, _units.size, _units.ports, _units.cpus, _units.file_mode):
        with pytest.raises(ValueError, match=r"not a "):
            read(text)


@pytest.mark.parametrize(
    "options",
    [
        {"days": 0},
        {"days": 10**9},
        {"names": ["bücher.example"]},
        {"names": ["a b"]},
        {"name": ""},
        {"directory": "a\0b"},
    ],
)
def test_options_that_no_certificate_can_be_made_of_are_named(options):
    with pytest.raises(_authority.AuthorityError, match=next(iter(options)).rstrip("s")):
        _authority.refuse_odd(
            {"directory": "", "days": 365, "name": "one", "names": ["one", "::1", "*.example.com"], **options}
        )


def test_an_authority_that_cannot_be_read_is_named(tmp_path):
    (tmp_path / "ca.pem").write_text("x")
    with pytest.raises(_authority.AuthorityError, match=r"ca\.pem in"):
        _authority.keep(str(tmp_path), None, 365, 30, NOW)


def test_a_dictionary_of_yaml_with_a_date_that_is_none_is_no_file_of_variables():
    with pytest.raises(ValueError, match="month"):
        yaml.safe_load("a: 2026-99-99")
