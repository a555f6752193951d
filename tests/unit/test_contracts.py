# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

"""What must agree with each other across files, so that no one has to remember it."""

from __future__ import annotations

import ast
import pathlib
import re

import pytest
import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
ROLES = sorted(path.name for path in (ROOT / "roles").iterdir())
MODULES = sorted(path.stem for path in (ROOT / "plugins/modules").glob("*.py"))
SHIPPED = sorted((ROOT / "plugins/modules").glob("*.py")) + sorted((ROOT / "plugins/module_utils").glob("*.py"))
PAGES = [
    str(path.relative_to(ROOT)) for pattern in ("docs/*.md", "roles/*/README.md") for path in sorted(ROOT.glob(pattern))
]
SOURCES = [
    path
    for pattern in (
        "plugins/**/*.py",
        "tests/**/*.py",
        "molecule/**/*.py",
        "lab/**/*.sh",
        "lab/**/*.py",
        "scripts/*.sh",
    )
    for path in sorted(ROOT.glob(pattern))
]


def load(path):
    return yaml.safe_load((ROOT / path).read_text())


def test_the_lists_are_not_empty():
    assert set(ROLES) >= {"hosts", "engine", "swarm", "services"}
    assert len(MODULES) >= 7


@pytest.mark.parametrize("role", ROLES)
def test_role_variables_are_declared_and_have_a_default(role):
    declared = load(f"roles/{role}/meta/argument_specs.yml")["argument_specs"]["main"]["options"]
    defaults = load(f"roles/{role}/defaults/main.yml")
    assert set(declared) == set(defaults)
    assert {name for name in defaults if not name.startswith(f"{role}_")} == set()
    for name, option in declared.items():
        computed = "{{" in str(defaults[name])
        assert computed or option.get("default", defaults[name]) == defaults[name], (
            f"{name}: declared and actual default differ"
        )


@pytest.mark.parametrize("role", ROLES)
def test_role_has_a_readme(role):
    assert (ROOT / "roles" / role / "README.md").read_text().strip()


def test_every_module_that_connects_shares_connection_defaults():
    groups = load("meta/runtime.yml")["action_groups"]
    (members,) = groups.values()
    connecting = [
        name for name in MODULES if "apiary.swarm.connection" in (ROOT / f"plugins/modules/{name}.py").read_text()
    ]
    assert [member for member in members if isinstance(member, str)] == connecting


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_what_runs_on_hosts_is_python_3_8(path):
    ast.parse(path.read_text(), filename=str(path), feature_version=(3, 8))


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_sources_name_licence_and_owner(path):
    head = path.read_text()[:600]
    assert "SPDX-License-Identifier: GPL-3.0-or-later" in head
    assert "Copyright (c) 2026, apiary.swarm maintainers" in head


def test_the_readme_shows_the_example_inventory():
    readme = (ROOT / "README.md").read_text()
    shown = [yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", readme, re.DOTALL)]
    assert load("inventory/example/hosts.yml") in shown


def test_the_readme_names_every_target_of_make():
    targets = set(re.findall(r"^([a-z]+):[^#\n]*## ", (ROOT / "Makefile").read_text(), re.MULTILINE)) - {"help"}
    named = set(re.findall(r"`(?:make )?([a-z]+)`", (ROOT / "README.md").read_text()))
    assert targets - named == set()


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md", "tests/README.md", *PAGES])
def test_links_lead_somewhere(page):
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", (ROOT / page).read_text())
    assert [link for link in links if not (ROOT / page).parent.joinpath(link).exists()] == []
