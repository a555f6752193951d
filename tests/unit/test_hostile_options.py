# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whatever stands in an option of a module: it is done and then is no change, or one message names the option.

The options come from the modules' argument specs, so that a new one is here by itself.
"""

from __future__ import annotations

import copy
import pathlib
from unittest import mock

import pytest
from ansible_collections.apiary.swarm.plugins.module_utils import _listener
from ansible_collections.apiary.swarm.plugins.module_utils._connection import connection_spec
from ansible_collections.apiary.swarm.plugins.module_utils._contexts import Contexts
from ansible_collections.apiary.swarm.plugins.module_utils._kinds import Records
from ansible_collections.apiary.swarm.plugins.module_utils._service_fields import SERVICE
from harness import hostile
from harness.fake_engine import FakeCli, FakeEngine, argument_spec_of, main_of, refused, run_module
from hypothesis import given
from hypothesis import strategies as st

ROOT = pathlib.Path(__file__).parents[2]
ALL = sorted(path.stem for path in (ROOT / "plugins/modules").glob("*.py"))
# those that are an action plugin alone are in test_hostile_actions.py
MODULES = [name for name in ALL if hasattr(main_of(name), "main")]

# Options that make sense of the one that is tried; a module has the first of these, with a list of things the second.
BASES = {
    "ask_nodes": ({"name": "one", "token": "t", "targets": []}, {"name": "one", "token": "t"}),
    "check_ports": ({"targets": []}, {}),
    "docker_context": ({"directory": "(certificates)", "contexts": {"one": "tcp://one:2376"}},) * 2,
    "hear_nodes": ({"state": "started", "token": "t", "tcp": [], "udp": []},) * 2,
    "node_availability": ({"nodes": ["worker1"], "availability": "pause", "wait": False},) * 2,
    "swarm_config": ({"name": "thing", "data": "text"}, {}),
    "swarm_deploy": ({"wait": False},) * 2,
    "swarm_files": ({},) * 2,
    "swarm_info": ({},) * 2,
    "swarm_init": ({},) * 2,
    "swarm_join": ({"docker_host": "tcp://one:2376", "join_token": "SWMTKN-1-x", "remote_addrs": ["172.30.94.11"]},)
    * 2,
    "swarm_lock": ({"purpose": "a test", "holder": "me"},) * 2,
    "swarm_network": ({"name": "thing"}, {}),
    "swarm_node": ({"node": "worker1", "wait": False}, {"wait": False}),
    "swarm_rotate": ({"rotate": ["worker_token"], "trigger": "now", "wait": False},) * 2,
    "swarm_secret": ({"name": "thing", "data": "text"}, {}),
    "swarm_service": ({"name": "thing", "image": "nginx:1.26", "wait": False}, {"wait": False, "services": []}),
    "swarm_unlock": ({"key": "SWMKEY-1-k0"},) * 2,
}
STATES = {"swarm_join": ["inactive"], "swarm_unlock": ["locked"], "swarm_init": ["leader", "inactive"]}
MANY = ("services", "service_defaults", "secrets", "configs", "networks", "nodes", "targets")
# What goes with an option of an entry, where the entry has such an option.
BESIDE = {
    "node": "worker1",
    "address": "127.0.0.1",
    "port": 80,
    "protocol": "tcp",
    "name": "thing",
    "data": "text",
    "secret_name": "there",
    "config_name": "there",
    "target": "/data",
    "source": "there",
    "target_port": 80,
    "subnet": "10.99.0.0/24",
    "url": "https://ca.example.com/",
    "registry_url": "registry.example.com",
    "username": "me",
    "password": "word",
}
RECORDS = {field.option: field.kind.options for field in SERVICE.fields if isinstance(field.kind, Records)}


def leaves(spec, path=(), records=()):
    """((path of an option), its spec) of all options that people write; what begins with _ is between plugin and module."""
    for name, option in sorted(spec.items()):
        if name.startswith("_"):
            continue
        yield (*path, name), option
        yield from leaves(option.get("options") or dict(records).get(name) or {}, (*path, name))


def options_of(module):
    return list(leaves(argument_spec_of(module), records=RECORDS if module == "swarm_service" else ()))


SERVICE_OPTIONS = set(SERVICE.argument_spec())
WITH_SERVICES = ("swarm_service",)
CONNECTION = set(connection_spec())
REACHED = set()
CASES = [(module, path, option) for module in MODULES for path, option in options_of(module)]


def task(module, path, value):
    """The module's arguments with a value at the path of an option."""
    many = path[0] in MANY and not (module in WITH_SERVICES and path[0] in SERVICE_OPTIONS)
    base = copy.deepcopy(BASES[module][many])
    spec = argument_spec_of(module)
    here = base
    for depth, name in enumerate(path[:-1]):
        option = spec[name]
        spec = option.get("options") or RECORDS.get(name) if depth == 0 else option["options"]
        entry = {key: BESIDE[key] for key in spec if key in BESIDE}
        here[name] = [entry] if option["type"] == "list" else entry
        here = entry
    here[path[-1]] = value
    return base


def engine_for(module, state="leader"):
    engine = FakeEngine(state)
    for kind, word in (("secrets", "Secret"), ("configs", "Config")):
        engine._create(kind, {"Name": "there", "Labels": {}, "Data": ""})
        assert engine.files[kind][0]["Spec"]["Name"] == "there", word
    return engine


def names(message, path, value):
    """Whether a message says which option is meant, or shows the value."""
    # half of a character inside of a map is refused by what reads the options before there are any
    return (
        "surrogates not allowed" in message
        or any(part in message for part in path)
        or str(value) in message
        or repr(value) in message
    )


@pytest.fixture(scope="module", autouse=True)
def machine(tmp_path_factory):
    """A docker CLI, certificates for it, and no process that goes on listening."""
    folder = tmp_path_factory.mktemp("certificates")
    for name in ("ca.pem", "cert.pem", "key.pem"):
        (folder / name).write_text(name)
    BASES["docker_context"][0]["directory"] = str(folder)
    cli = FakeCli()
    with (
        mock.patch.object(main_of("docker_context"), "cli_of", return_value=Contexts(cli.run)),
        mock.patch.object(_listener, "fork_process", return_value=1),
        mock.patch.object(_listener, "_bind", lambda *place: refused(*place[2:])),
    ):
        yield


def judge(module, path, args, value, state="leader"):
    engine = engine_for(module, state)
    result = run_module(module, args, engine)
    if result["failed"]:
        kind = (result.get("failure") or {}).get("kind")
        assert kind != "bug", result["msg"]
        assert result["msg"].strip()
        if kind in (None, "invalid", "immutable"):
            assert engine.writes == [], "nothing is written after a refusal"
            assert names(result["msg"], path, value), result["msg"]
        return
    again = run_module(module, args, engine)
    if again["failed"]:  # it has joined, and then is in another swarm than the one declared
        assert again["failure"]["kind"] == "other_swarm", again["msg"]
    else:
        assert not again["changed"], again


def name_of(part):
    return part if isinstance(part, str) else ".".join(part) if isinstance(part, tuple) else "-"


@pytest.mark.parametrize(("module", "path", "option"), CASES, ids=name_of)
def test_an_option_is_done_or_refused_by_name(module, path, option):
    @hostile.differently(f"{module} {path}")
    @hostile.times(0.5 if path[0] in CONNECTION else 1)  # these are the same in each
    @given(
        value=hostile.of_option(option),
        state=st.sampled_from(STATES.get(module, ["leader"])),
        entry=st.booleans() if module in WITH_SERVICES and path[0] in SERVICE_OPTIONS else st.just(False),
    )
    def tried(value, state, entry):
        args, place = task(module, path, value), path
        if entry:
            place = ("services", *path)
            args = {"wait": False, "services": [{key: args[key] for key in ("name", "image", path[0])}]}
        judge(module, place, args, value, state)
        REACHED.add((module, path))

    tried()


def test_every_option_of_every_module_was_reached():
    """After those above, as pytest runs a file's tests in their order."""
    assert set(BASES) == set(MODULES), "a new module needs arguments to start from"
    assert len(CASES) > 450
    if REACHED:  # not where somebody picked this test alone
        assert {(module, path) for module, path, _option in CASES} - REACHED == set()
