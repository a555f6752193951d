# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Cases played one after the other: chosen by ONLY= and BREAK=, kept as JSON, and judged by what was written there.

A case is a function that does what its docstring says, returns what shows that it happened, and fails by assert.
"""

from __future__ import annotations

import json
import os
import subprocess
import time
import traceback

from .ansible import ROOT


def say(text):
    print(text, flush=True)


def named(variable):
    """The names that an environment variable lists: NAME,NAME."""
    return [name for name in os.environ.get(variable, "").split(",") if name]


def keep(name, result):
    """Write a result to build/NAME.json, and return it as it was written."""
    path = ROOT / f"build/{name}.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(result, indent=1) + "\n")
    return json.loads(path.read_text())


class Cases:
    """A table of cases. name: of the result in build/ and of its lab; subnet: that of the lab, unless LAB_SUBNET says otherwise."""

    def __init__(self, name, table, subnet):
        self.name = name
        self.table = {case.__name__: case for case in table}
        os.environ.setdefault("LAB_NAME", f"apiary-{name}")
        os.environ.setdefault("LAB_SUBNET", subnet)
        self.broken = named("BREAK")

    def chosen(self, usual=None):
        """Names of the cases to play: those of ONLY=, those of BREAK=, or the usual ones, which are all; none if one is unknown."""
        names = named("ONLY") or self.broken
        unknown = sorted({*names, *self.broken} - set(self.table))
        if unknown:
            say(f"there is no case {', '.join(unknown)}; there are {', '.join(self.table)}")
            return []
        return names or [name for name in self.table if usual is None or self.table[name] in usual]

    def play(self, name, prepare):
        """One case as a dict of what came of it. prepare(): gives the stage that it plays on."""
        say(f"{name}: {self.table[name].__doc__.splitlines()[0]}")
        began = time.monotonic()
        try:
            stage, began = prepare(), time.monotonic()
            evidence, error = self.table[name](stage), None
        except (AssertionError, subprocess.TimeoutExpired) as failure:
            # one without words names its line: an empty error would count as none
            line = traceback.extract_tb(failure.__traceback__)[-1]
            evidence, error = "none", str(failure) or f"not so: {line.line} ({line.name}, line {line.lineno})"
        except Exception:  # noqa: BLE001  a mistake in one case takes nothing from the others
            evidence, error = "none", traceback.format_exc()
        seconds = round(time.monotonic() - began)
        say(f"  {seconds} s; {evidence}")
        return {"id": name, "seconds": seconds, "evidence": evidence, "error": error}

    def keep(self, rows):
        """keep() of rows so far."""
        return keep(self.name, rows)

    def tell(self, row):
        if row["error"]:
            say(f"  {row['id']}: {row['error']}")
