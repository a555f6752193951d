# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

"""docs/flags.md is what the table of options makes of it, and leaves out no flag that was recorded of the CLI.

The CLI itself is asked in integration/test_swarm_service_and_cli.py.
"""

from __future__ import annotations

import importlib.util
import json
import re
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


def test_the_page_is_what_the_table_makes():
    assert flags_doc.PAGE.read_text() == flags_doc.page(), "make it anew: make flags"


@pytest.mark.parametrize("command", COMMANDS)
def test_the_rows_are_the_recorded_flags_with_their_api(command):
    assert documented(command) == RECORDED[command]


@pytest.mark.parametrize("command", COMMANDS)
def test_no_flag_has_two_rows(command):
    flags = [row.flag for row in flags_doc.flags_of(command)]
    assert len(flags) == len(set(flags))


def test_options_without_a_flag_are_there():
    text = flags_doc.PAGE.read_text().partition("## Only in the API")[2]
    assert {field.option for field in SERVICE.fields if not field.flag} == set(
        re.findall(r"\| none \| `([\w.]+)`", text)
    )
