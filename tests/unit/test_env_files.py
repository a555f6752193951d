# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files of variables; that the CLI reads them so is shown in integration/test_swarm_service_env_files.py."""

from __future__ import annotations

import pytest
from ansible_collections.apiary.swarm.plugins.module_utils import _env_files
from ansible_collections.apiary.swarm.plugins.module_utils._errors import SwarmError
from ansible_collections.apiary.swarm.plugins.module_utils._plan import Wish


@pytest.mark.parametrize(
    ("content", "variables"),
    [
        ("A=1\nB=2", ["A=1", "B=2"]),
        ("A=1\r\n\r\nB=2\r\n", ["A=1", "B=2"]),
        ("\ufeffA=1", ["A=1"]),
        ("# A=1\n  # B=2\n\t C=3", ["C=3"]),
        ("A=\nB= x # y \nC=\"q\"\nD=a=b", ["A=", "B= x # y ", 'C="q"', "D=a=b"]),
        ("HERE\nNOWHERE\nEMPTY", ["HERE=here", "EMPTY="]),
        ("a-b.c=1", ["a-b.c=1"]),
        ("", []),
    ],
)  # fmt: skip
def test_what_a_file_says(content, variables):
    assert _env_files.parse(content.encode(), {"HERE": "here", "EMPTY": ""}) == variables


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"A=1\nexport B=s3cret", "line 2 does not begin"),
        (b"A=1\n=s3cret\n\ns3cret s3cret\n", "lines 2, 4 do not begin"),
        (b"A =s3cret", "line 1 does not begin"),
        (b"A=1\nB=\xffs3cret", "line 2 is not UTF-8"),
    ],
)
def test_bad_lines_are_named_and_not_quoted(content, said):
    with pytest.raises(ValueError, match=said) as caught:
        _env_files.parse(content, {})
    assert "s3cret" not in str(caught.value)


def test_env_comes_after_its_files(tmp_path):
    (tmp_path / "a").write_text("A=1\nB=1\nC=1\n")
    (tmp_path / "b").write_text("B=2\n")
    files = (str(tmp_path / "a"), str(tmp_path / "b"))
    wishes = [
        Wish("list", {"env": ["C=3", "D=4"]}, env_files=files),
        Wish("map", {"env": {"C": 3}}, env_files=files),
        Wish("alone", {"env": None, "replicas": 2}, env_files=files[:1]),
        Wish("none", {"env": None}),
        Wish("text", {"env": "C=3,D=4"}, env_files=files),
        Wish("gone", {"env": None}, state="absent", env_files=("/nowhere",)),
    ]
    env = {wish.name: wish.options["env"] for wish in _env_files.with_env_files(wishes, "here")}
    assert env == {
        "list": ["A=1", "B=1", "C=1", "B=2", "C=3", "D=4"],
        "map": {"A": "1", "B": "2", "C": 3},
        "alone": ["A=1", "B=1", "C=1"],
        "none": None,
        "text": ["A=1", "B=1", "C=1", "B=2", "C=3", "D=4"],
        "gone": None,
    }


def test_in_check_mode_a_file_may_be_still_to_come():
    missing = []
    (wish,) = _env_files.with_env_files([Wish("a", {"env": {"A": 1}}, env_files=("/nowhere",))], "here", missing)
    assert wish.options["env"] == {"A": 1}
    assert missing == ["file /nowhere on here"]


def test_all_that_is_wrong_is_said_at_once(tmp_path):
    (tmp_path / "bad").write_text("no variable")
    wishes = [Wish("a", {}, env_files=("/nowhere", str(tmp_path / "bad"))), Wish("b", {}, env_files=(str(tmp_path),))]
    with pytest.raises(SwarmError) as caught:
        _env_files.with_env_files(wishes, "here")
    assert caught.value.details["problems"] == [
        "Service a: env_files: /nowhere on here: No such file or directory",
        f"Service a: env_files: {tmp_path}/bad on here: line 1 does not begin with the name of a variable, without blanks, and =",
        f"Service b: env_files: {tmp_path} on here: Is a directory",
    ]
