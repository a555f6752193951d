# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Names that would reach outside of what they name, and values that would be more than text in the files that we write."""

from __future__ import annotations

import ipaddress
import pathlib

import pytest
import yaml
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar, trust_as_template
from ansible_collections.apiary.swarm.plugins.module_utils import _contexts
from ansible_collections.apiary.swarm.plugins.module_utils._contents import CONFIG, SECRET, plan
from ansible_collections.apiary.swarm.plugins.module_utils._errors import SwarmError
from ansible_collections.apiary.swarm.plugins.module_utils._plan import Wish, World, plan_service
from ansible_collections.apiary.swarm.plugins.plugin_utils import _edge, _edge_certificates, _peers
from harness import hostile
from hypothesis import example, given

ROOT = pathlib.Path(__file__).parents[2]
LEADS_OUT = ("../x", "../../etc/passwd", "..", "a/../../x", "x\0y")
IN_LABELS = ("{{ 7*7 }}", "$(id)", "<script>alert(1)</script>", 'a"b', "a\nb", "it's", "%n", "${HOME}")


def error_or(action):
    """What an action gives, or the SwarmError that it raises instead."""
    try:
        return action()
    except SwarmError as error:
        return error


def service(**options):
    files = {"secret": {"s": ("id", "s")}, "config": {"c": ("id", "c")}}
    return plan_service(Wish("web", {"image": "nginx", **options}), None, World(files=files), (1, 52)).spec


@pytest.mark.parametrize("value", IN_LABELS)
def test_what_looks_like_a_template_or_a_command_arrives_in_a_service_as_it_is(value):
    spec = service(labels={"a": value}, container_labels={"a": value}, env={"A": value}, args=[value], hostname=value)
    container = spec["TaskTemplate"]["ContainerSpec"]
    assert spec["Labels"]["a"] == container["Labels"]["a"] == container["Args"][0] == container["Hostname"] == value
    assert container["Env"] == [f"A={value}"]


@pytest.mark.parametrize("value", IN_LABELS)
@pytest.mark.parametrize("sort", [SECRET, CONFIG], ids=lambda sort: sort.word)
def test_it_does_in_the_labels_of_secrets_and_configs_too(sort, value):
    wish = {"name": "thing", "labels": {"a": value}, "template_driver": None, "data": value, "data_is_b64": False}
    wish.update(rolling_versions=False, versions_to_keep=5, state="present", recreate=False)
    assert plan(sort, wish, []).spec["Labels"]["a"] == value


@pytest.mark.parametrize("filename", LEADS_OUT)
@pytest.mark.parametrize("option", ["secrets", "configs"])
def test_a_file_of_a_service_stays_in_its_directory(option, filename):
    word = option[:-1]
    with pytest.raises(SwarmError, match=f"{option}: entry 1: filename .* leads out"):
        service(**{option: [{f"{word}_name": word[0], "filename": filename}]})
    for fine in ("a", "a/b", "/etc/a", "a/../b", "..a"):
        service(**{option: [{f"{word}_name": word[0], "filename": fine}]})


@hostile.times(10)
@given(hostile.texts)
@example("../x")
@example("-rf")
@example("a\n")
def test_a_secret_s_name_is_a_name(name):
    wish = {"name": name, "labels": None, "template_driver": None, "data": "x", "data_is_b64": False}
    wish.update(rolling_versions=False, versions_to_keep=5, state="present", recreate=False)
    made = error_or(lambda: plan(SECRET, wish, []).spec["Name"])
    if isinstance(made, SwarmError):
        assert "name: " in made.msg
    else:
        assert not set(made) & set("/\\ \n\0\"'{}$`<>")
        assert made[0] not in "-."


@hostile.times(10)
@given(hostile.texts, hostile.texts)
@example("one", "tcp://a:1,skip-tls-verify=true")
@example("--help", "tcp://a:1")
def test_a_context_gives_the_cli_no_other_words_than_its_own(name, host):
    planned = error_or(lambda: _contexts.plan({}, {name: host}, {}, "me", False, False))
    if isinstance(planned, SwarmError):
        assert planned.msg.startswith("contexts: ")
        return
    for action, word, address in planned:
        words = _contexts.command(action, word, address, "/dir", "me")
        assert not words[-1].startswith("-")
        assert words[-2].count(",") == 3


@pytest.mark.parametrize("directory", ["/a,ca=/b", '/a"', "/a\nb", "/a\0b"])
def test_a_directory_that_the_cli_would_read_otherwise_is_refused(directory):
    with pytest.raises(SwarmError, match="directory: "):
        _contexts.materials(directory)


@hostile.times(20)
@given(hostile.texts, hostile.texts)
@example('x" accept\n}\ntable inet other {', "10.0.0.9")
@example("two words", "10.0.0.9; flush ruleset")
def test_a_host_s_name_and_address_are_no_rules_of_the_firewall(name, address):
    name = name or "nameless"
    answer = _peers.peer_rules("", {}, {name: ["10.0.0.9", address]}, [address], {}, None, [address])
    plain = _peers.peer_rules("", {}, {"name": ["10.0.0.9"]}, [], {}, None, [])
    lines, expected = answer["text"].splitlines(), plain["text"].splitlines()
    assert len(lines) == len(expected)
    for line, other in zip(lines, expected, strict=True):
        if line != other and not line.startswith(_peers.PEER):
            assert " elements = { " in line, "only addresses come into the rules"
            inside = line.partition(" elements = { ")[2].partition(" }")[0]
            assert all(ipaddress.ip_network(each) for each in inside.split(", "))
    again = _peers.peer_rules(answer["text"], {}, {name: []}, [address], {}, None, [address])
    assert again["missing"] == [], "the address that the file knows is found again under the same name"


@hostile.times(20)
@given(hostile.texts)
@example("a.example.com }\nfrontend x")
@example("/a { src 0.0.0.0/0 }")
@example("/\n")
def test_a_route_of_the_edge_is_words_of_haproxy_or_a_fault(value):
    for key in ("host", "path", "check", "listen", "port", "mode", "rate_limit", "slots"):
        found = _edge.plan([{"name": "web", "networks": ["edge"], "edge": {key: value}}], slots=2)
        for route in found["http"] + found["tcp"]:
            told = [str(part) for part in route.values()]
            assert not any(set(text) & set(" \t\n\r\0\"'\\{}#;$`<>") for text in told), route
    found = _edge.plan([{"name": value, "networks": ["edge"], "edge": {}}])
    assert found["faults"] or set(value).isdisjoint(" \n/{}\"'")


@pytest.mark.parametrize("name", ["../x", "/x", "a\nb", "-x", "", "a b", "x" * 42])
def test_a_certificate_s_name_is_one_of_a_file(name):
    assert _edge_certificates.certificate_faults([{"name": name, "certificate": "x", "key": "x"}])


def variables_of(role, **given):
    """A Templar with a role's own variables, and those that are given."""
    loader = DataLoader()
    loader.set_basedir(str(ROOT))
    names = {}
    for part in ("defaults", "vars"):
        text = (ROOT / "roles" / role / part / "main.yml").read_text()
        names.update(
            {
                key: trust_as_template(value) if isinstance(value, str) else value
                for key, value in yaml.safe_load(text).items()
            }
        )
    return Templar(loader, variables={**names, "inventory_hostname": "one", **given})


ROLE_VALUES = {
    ("engine", "__engine_no_registries"): (
        {"engine_registry_cas": {"registry:5000": "", "[::1]:5000": ""}},
        {"engine_registry_cas": {"../x": "", "a/b": "", "a\n": ""}},
    ),
    ("edge", "__edge_no_times"): (
        {"edge_timeouts": {"client": "90s"}},
        {"edge_timeouts": {"client": "1s\n    bind :1"}},
    ),
    ("hosts", "__hosts_odd"): (
        {"__hosts_own": ["::1", "one"], "hosts_entries": {"db db.example.com": "10.0.0.5"}},
        {"__hosts_own": ["::1", "a\n10.0.0.1 b"]},
    ),
}


@pytest.mark.parametrize(("role", "variable"), ROLE_VALUES, ids=lambda part: part)
def test_what_a_role_writes_into_a_file_is_looked_at_first(role, variable):
    fine, wrong = ROLE_VALUES[role, variable]
    text = trust_as_template(f"{{{{ {variable} }}}}")
    assert list(variables_of(role, **fine).template(text)) == []
    assert list(variables_of(role, **wrong).template(text))


def test_networks_of_the_edge_and_the_firewall_are_networks_and_nothing_after_them():
    odd = ["10.0.0.0/8 }\nx", "10.0.0.0/8\n", "", "-f /etc/passwd"]
    assert _peers.not_networks(["10.0.0.0/8", "::1", *odd]) == odd
