# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Compares two specs as the API's raw JSON, and forgives what is deliberate. Pure."""

from __future__ import annotations

import collections
import fnmatch
import json

from ansible_collections.apiary.swarm.plugins.module_utils._fields import look_up
from ansible_collections.apiary.swarm.plugins.module_utils._service_fields import SERVICE

from .deliberate import DELIBERATE, REFUSED, UNJUDGED
from .values import LISTS, VALUES

_ABSENT = object()


def differences(theirs, ours, path=()):
    """(path, theirs, ours) of all that differs. Null, empty and absent are three things; a list is compared whole."""
    if isinstance(theirs, dict) and isinstance(ours, dict):
        for key in sorted(set(theirs) | set(ours)):
            yield from differences(theirs.get(key, _ABSENT), ours.get(key, _ABSENT), (*path, key))
    elif theirs != ours or type(theirs) is not type(ours):
        yield path, theirs, ours


class Judge:
    """Knows the deliberate differences and counts which of them were needed."""

    def __init__(self):
        self.used = collections.Counter()

    def problems(self, theirs, ours, flags):
        """What differs, as sentences; flags are those of the state and of the one before."""
        found, forgiven = [], set()
        for path, cli, task in differences(theirs, ours):
            entry = next((entry for entry in DELIBERATE if _forgives(entry, path, theirs, ours, flags)), None)
            if entry:
                forgiven.add(entry)
            else:
                found.append(f"{'.'.join(path)}: CLI {_shown(cli)}, module {_shown(task)}")
        self.used.update(forgiven)
        return found

    def forgives_refusal(self, said, flags):
        """Whether the module is to refuse this where the CLI does not."""
        found = [
            entry for entry in DELIBERATE if entry.flag in flags and entry.field == REFUSED and entry.holds(None, said)
        ]
        self.used.update(found)
        return bool(found)

    def unjudged(self, flags):
        """Count what cannot be compared; whether one of these flags is among it."""
        found = [entry for entry in UNJUDGED if entry.flag in flags]
        self.used.update(found)
        return bool(found)

    def unjudged_flags(self):
        return {entry.flag for entry in UNJUDGED}

    def table(self):
        """All entries with the number of cases that needed them."""
        return [
            {"flag": entry.flag or "no flag", "field": entry.field, "why": entry.why, "cases": self._uses(entry)}
            for entry in [*DELIBERATE, *UNJUDGED]
        ]

    def _uses(self, entry):
        if entry in self.used or entry in DELIBERATE:
            return self.used[entry]
        # of what no case says anything: 1 as long as that is so
        options = {field.flag: field.option for field in SERVICE.fields if field.flag}
        silent = options.get(entry.flag) not in VALUES
        there = entry.flag or any(
            field.flag is None and entry.field == ".".join(field.path(SERVICE.base)) for field in SERVICE.fields
        )
        return int(bool(silent and there))

    def silent(self):
        """Options for which there is no case, as sentences."""
        flags = {entry.flag for entry in UNJUDGED if entry.flag}
        fields = {entry.field for entry in UNJUDGED if not entry.flag}
        return [
            f"{field.option}: no case has it"
            for field in SERVICE.fields
            if field.option not in {**VALUES, **LISTS}
            and field.flag not in flags
            and ".".join(field.path(SERVICE.base)) not in fields
        ]

    def unused(self):
        """Entries that nothing needs any more, as sentences."""
        return [
            f"{entry['flag']} {entry['field']}: forgiven, and never needed"
            for entry in self.table()
            if not entry["cases"]
        ]


def judgement(judge, theirs, ours, flags):
    """([what is wrong], evidence if nothing is) of the Outcomes of the CLI and the module."""
    if not theirs.refused and not ours.refused:
        if not (theirs.spec and ours.spec):
            return [f"there is no service: CLI {bool(theirs.spec)}, module {bool(ours.spec)}"], None
        problems = judge.problems(theirs.spec, ours.spec, flags)
        return problems + ([ours.again] if ours.again else []), "same spec; the second run changed nothing"
    said = f"CLI: {_line(theirs.refused)}; module: {_line(ours.refused)}"
    # an engine too old, for both of them, is the only reason that a case may have to be refused
    if not theirs.refused and judge.forgives_refusal(ours.refused, flags):
        return [], f"refused by the module alone: {said}"
    if not (theirs.refused and "needs API" in (ours.refused or "")):
        return [f"refused: {said}"], None
    if "unknown flag" in theirs.refused and not judge.unjudged(flags):
        return [f"the CLI does not know the flag: {said}"], None
    return [], f"refused by both: {said}"


def _line(text):
    return " ".join(text.partition("Usage:")[0].split()) if text else "made it"


def _forgives(entry, path, theirs, ours, flags):
    """Whether an entry is about the value that differs, or an object around it, and forgives it."""
    if entry.flag != "*" and not fnmatch.filter(flags, entry.flag):
        return False
    around = (path[:length] for length in range(1, len(path) + 1))
    return any(
        fnmatch.fnmatch(".".join(part), entry.field) and entry.holds(look_up(theirs, part), look_up(ours, part))
        for part in around
    )


def _shown(value):
    return "none" if value is _ABSENT else json.dumps(value)
