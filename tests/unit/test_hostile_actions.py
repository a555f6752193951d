# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whatever stands in an option of a module that is an action plugin: it has a result, or one message that names it."""

from __future__ import annotations

import importlib
import pathlib
from types import SimpleNamespace
from unittest import mock

import pytest
from ansible.errors import AnsibleError
from ansible.parsing.vault import VaultSecret
from ansible.plugins.action import ActionBase
from harness import hostile
from harness.fake_engine import main_of
from hypothesis import given
from hypothesis import strategies as st

ROOT = pathlib.Path(__file__).parents[2]
ACTIONS = [
    path.stem for path in sorted((ROOT / "plugins/modules").glob("*.py")) if not hasattr(main_of(path.stem), "main")
]
HOST = {"name": "one", "url": "-", "report": {"msg": "no"}}
BASES = {
    "keep_unlock_key": {"path": "(folder)/key.yml", "key": "SWMKEY-1-x"},
    "show_preflight": {
        "hosts": [{"name": "one", "manager": True, "probe": {"stdout": "engine=28.5.2"}}],
        "brief": False,
    },
    "show_status": {"hosts": [HOST]},
    "show_verdict": {"hosts": [{"name": "one", "report": {"results": []}}], "seen": {"nodes": [], "services": []}},
    "tls_authority": {"directory": "(folder)/tls"},
    "tls_certificate": {"directory": "(folder)/given", "name": "one", "names": ["one"]},
}
# What our own modules and playbooks hand over, not people: dictionaries of results.
RESULTS = {"seen", "answers", "hosts"}


def plugin_of(name, args):
    plugin = importlib.import_module(f"ansible_collections.apiary.swarm.plugins.action.{name}").ActionModule
    task = SimpleNamespace(
        args=args, check_mode=False, async_val=0, diff=False, no_log=False, action=name, collections=[]
    )
    loader = SimpleNamespace(_vault=SimpleNamespace(secrets=[("default", VaultSecret(b"word"))]))
    with mock.patch.object(ActionBase, "_get_action_args", create=True, return_value=args):
        return plugin(task, mock.MagicMock(), mock.MagicMock(), loader, mock.MagicMock(), None)


def spec_of(name):
    plugin = plugin_of(name, {})
    found = {}

    def caught(_plugin, spec, **_rest):
        found.update(spec)
        raise AnsibleError("enough")

    with mock.patch.object(ActionBase, "validate_argument_spec", caught), pytest.raises(AnsibleError, match="enough"):
        plugin.run(task_vars={})
    return found


def run(name, args):
    """The result, or what Ansible would tell of an error that is for people."""
    try:
        return plugin_of(name, args).run(task_vars={})
    except AnsibleError as error:
        return {"failed": True, "msg": str(error)}


CASES = [(name, option, spec) for name in ACTIONS for option, spec in sorted(spec_of(name).items())]
REACHED = set()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("control")
    assert not run("tls_authority", {"directory": str(path / "given")}).get("failed")
    return path


@pytest.mark.parametrize(("name", "option", "spec"), CASES, ids=lambda part: part if isinstance(part, str) else "-")
def test_an_option_of_an_action_is_done_or_refused_by_name(name, option, spec, folder, monkeypatch):
    monkeypatch.chdir(folder)  # relative paths are the operator's own

    @hostile.differently(f"{name} {option}")
    @hostile.times(4)
    @given(value=st.just(BASES[name].get(option)) if option in RESULTS else hostile.of_option(spec))
    def tried(value):
        if option in ("path", "directory") and isinstance(value, str):
            value = f"{folder}/{value}"
        args = {
            key: part.replace("(folder)", str(folder)) if isinstance(part, str) else part
            for key, part in BASES[name].items()
        }
        result = run(name, {**args, option: value})
        REACHED.add((name, option))
        if result.get("failed"):
            kind = (result.get("failure") or {}).get("kind")
            assert kind != "bug", result["msg"]
            assert option in result["msg"] or str(value).rstrip("/") in result["msg"] or repr(value) in result["msg"], (
                result["msg"]
            )

    tried()


def test_every_option_of_every_action_was_reached():
    assert set(ACTIONS) == set(BASES)
    if REACHED:
        assert {case[:2] for case in CASES} == REACHED
