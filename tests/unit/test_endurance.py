# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

"""What counts as growth between two looks at the hosts."""

from __future__ import annotations

from collections import Counter

import pytest
from endurance import leaks
from endurance.measure import Measure
from endurance.run import CASES, HISTORY, compare


def look(files, descriptors=10):
    """A Measure of one host, as if it had been taken."""
    made = Measure.__new__(Measure)
    made.names, made.counts = {"one": {"files": Counter(files)}}, {"one": {"descriptors": descriptors}}
    return made


def grown(middle, end, kind, tolerance=0):
    return compare({"before": look("a"), "middle": middle, "end": end}, (kind,), tolerance)


def test_a_file_more_is_named():
    evidence, growth = grown(look("ab"), look("abc"), "files")
    assert evidence == {"files": {"before": 1, "middle": 2, "end": 3}}
    assert growth == ["1 files more on one c"]


def test_one_for_another_and_fewer_are_no_growth():
    assert grown(look("ab"), look("ac"), "files")[1] == []
    assert grown(look("abc"), look("a"), "files")[1] == []


@pytest.mark.parametrize(("end", "many"), [(15, 0), (16, 1)])
def test_numbers_may_differ_as_much_as_is_said(end, many):
    assert len(grown(look("a"), look("a", end), "descriptors", tolerance=5)[1]) == many


def test_what_was_not_looked_at_is_no_success():
    with pytest.raises(AssertionError, match="was not looked at"):
        grown(look("a"), look("a"), "sessions")


def test_each_case_can_be_spoiled():
    assert all(callable(getattr(leaks, name)) for name in [*CASES, HISTORY])
