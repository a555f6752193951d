# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

"""docs/flags.md is what the table of options makes of it, and leaves out no flag of the CLI."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from ansible_collections.apiary.swarm.plugins.module_utils._service_fields import SERVICE

ROOT = Path(__file__).resolve().parents[2]
RECORDED = json.loads((Path(__file__).parent / "fixtures" / "service_flags.json").read_text())
COMMANDS = ("create", "update")


def load():
    spec = importlib.util.spec_from_file_location("flags_doc", ROOT / "scripts" / "flags_doc.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


flags_doc = load()


def documented(command):
    """{flag: minimum API} as the page has it."""
    text = flags_doc.PAGE.read_text()
    section = re.search(rf"^## docker service {command}$(.*?)^## ", text, re.MULTILINE | re.DOTALL).group(1)
    rows = [line.strip("| ").split(" | ") for line in section.splitlines() if line.startswith("| `--")]
    return {row[0].strip("`"): row[3].strip(" |") if len(row) > 3 else "" for row in rows}


def help_of(command):
    """The flags that the docker CLI of this machine shows."""
    docker = shutil.which("docker")
    assert docker, "there is no docker CLI in PATH: its --help is what docs/flags.md is compared with"
    # with an engine in reach the CLI hides the flags that this engine is too old for
    nowhere = {**os.environ, "DOCKER_HOST": "unix:///nonexistent/docker.sock", "LC_ALL": "C.UTF-8"}
    nowhere.pop("DOCKER_CONTEXT", None)
    nowhere.pop("DOCKER_API_VERSION", None)
    text = subprocess.run(
        [docker, "service", command, "--help"], env=nowhere, check=True, capture_output=True, text=True, timeout=60
    ).stdout
    return set(re.findall(r"^\s+(?:-\w, )?(--[a-z][a-z-]+)", text, re.MULTILINE))


def test_the_page_is_what_the_table_makes():
    assert flags_doc.PAGE.read_text() == flags_doc.page(), "make it anew: make flags"


@pytest.mark.parametrize("command", COMMANDS)
def test_every_flag_of_the_cli_has_a_row(command):
    shown = help_of(command)
    assert len(shown) > 60, "the help was not understood"
    assert shown - set(documented(command)) == set(), "flags of this CLI without a row in docs/flags.md"


@pytest.mark.parametrize("command", COMMANDS)
def test_the_rows_are_the_recorded_flags_with_their_api(command):
    assert documented(command) == RECORDED[command]


@pytest.mark.parametrize("command", COMMANDS)
def test_the_recorded_flags_hold_those_of_the_cli(command):
    assert help_of(command) - set(RECORDED[command]) == set()


@pytest.mark.parametrize("command", COMMANDS)
def test_no_flag_has_two_rows(command):
    flags = [row.flag for row in flags_doc.flags_of(command)]
    assert len(flags) == len(set(flags))


def test_what_is_an_option_is_not_called_missing():
    missing = {flag for flag, _place, _api in flags_doc.NOT_YET}
    assert missing & {field.flag for field in SERVICE.fields} == set()


def test_options_without_a_flag_are_there():
    text = flags_doc.PAGE.read_text().partition("## Only in the API")[2]
    assert {field.option for field in SERVICE.fields if not field.flag} == set(
        re.findall(r"\| none \| `([\w.]+)`", text)
    )
