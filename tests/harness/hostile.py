# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Values that nobody means well by, for Hypothesis; and how long it looks for them (see tests/README.md)."""

from __future__ import annotations

import os
import zlib

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st

# The same examples at every run, and nothing left behind: what is found goes into a test as an example of its own.
# Without a search for the smallest example, which takes minutes: the long profile does that.
_FIXED = {"derandomize": True, "database": None, "phases": [Phase.explicit, Phase.generate]}
_COMMON = {"deadline": None, "suppress_health_check": list(HealthCheck)}
settings.register_profile("quick", max_examples=4, **_FIXED, **_COMMON)
settings.register_profile("long", max_examples=200, print_blob=True, database=None, **_COMMON)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))


def times(factor):
    """Settings with so many times the examples of the profile."""
    return settings(max_examples=int(settings.default.max_examples * factor))


def differently(name):
    """A decorator for one of many like tests: without it each would try the same examples as all the others."""
    return seed(zlib.crc32(name.encode())) if settings.default.derandomize else lambda test: test


# What templates, shells, browsers, parsers and file systems take for more than text.
INJECTIONS = (
    "{{ 7*7 }}",
    "{% raw %}",
    "$(id)",
    "`id`",
    "${HOME}",
    "; rm -rf /",
    "| cat",
    "<script>alert(1)</script>",
    "a\nb",
    "a\r\nb",
    "a\0b",
    "a\tb",
    '"',
    "'",
    "}",
    "# x",
    "a,b=c",
    "%n%i",
    "\\",
    "../../etc/passwd",
    "/etc/passwd",
    "..",
    "-rf",
    "--help",
    "\u202eabc",
    "\x1b[31m",
    "\ud800",
)
# What YAML makes of words that were meant as text, and numbers that were meant as others.
TRAPS = (
    True,
    False,
    None,
    0,
    -1,
    1,
    0o755,
    1.5,
    1e22,
    10**10,
    2**63,
    10**40,
    "1_000",
    "on",
    "0x1F",
    "1e3",
    "2026-11-29",
    "22:22",
)
ODD_NUMBERS = ("²", "٣", "\uff11\uff12", "-0", "+1", " 1 ", "1 ", "9" * 5000, "NaN", "1.", ".5", "0b1")
EMPTY = ("", " ", [], {}, [[]], [None], {"": ""}, [{}])

texts = st.one_of(st.sampled_from(INJECTIONS), st.sampled_from(ODD_NUMBERS), st.text(max_size=40))
scalars = st.one_of(st.sampled_from(TRAPS), st.integers(), st.floats(allow_infinity=False), texts)
keys = st.one_of(st.sampled_from(INJECTIONS), st.text(max_size=12))
values = st.one_of(
    scalars,
    st.sampled_from(EMPTY),
    st.lists(scalars, max_size=3),
    st.dictionaries(keys, scalars, max_size=3),
    st.lists(st.dictionaries(keys, scalars, max_size=2), max_size=2),
)


def of_type(spec):
    """Values of an option's own type: what gets past the argument spec and has to be judged by the module."""
    if spec.get("choices"):
        return st.sampled_from(list(spec["choices"]))
    kind = spec.get("type", "str")
    if kind == "list":
        one = of_type({"type": spec.get("elements", "str"), "options": spec.get("options")})
        return st.lists(one, max_size=3).map(lambda items: items + items[:1])  # with one of them twice
    if kind == "dict":
        return st.dictionaries(keys, scalars, max_size=3)
    if kind in ("int", "float"):
        numbers = st.one_of(st.integers(), st.sampled_from([-1, 0, 1, 2**31, 2**63, 10**40, "-5", "1_000"]))
        return numbers if kind == "int" else st.one_of(numbers, st.floats(allow_infinity=False))
    if kind == "bool":
        return st.booleans()
    return values if kind == "raw" else texts


def of_option(spec):
    return st.one_of(of_type(spec), values)
