#!/usr/bin/env python3
# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every playbook and every module with secrets, as it should be and failing, at -vvvv and with --diff. Is one of them seen anywhere?

A case is a playbook or a module of the tree. Writes build/canaries.json and ends with a line made from it.

ONLY=NAME,NAME plays the playbooks until these were all seen done and failing, and judges these alone. BREAK=NAME shows a secret in a play of that case, which
must be found. KEEP_LAB=1 leaves the lab up.
"""

from __future__ import annotations

import os
import pathlib
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "collections")]

from harness.cases import keep, named, say  # noqa: E402
from harness.lab import Lab  # noqa: E402

from canaries.canary import Canaries  # noqa: E402
from canaries.judge import MODULES, PLAYBOOKS, every_module, watched  # noqa: E402
from canaries.playbooks import Story  # noqa: E402
from canaries.vault import Vault  # noqa: E402

NAME, SUBNET = "apiary-canaries", "172.30.86.0/24"
SHOWN = [
    {"hosts": "manager1", "gather_facts": False, "tasks": [{"name": "Show", "ansible.builtin.debug": {"var": "shown"}}]}
]


class Tally:
    """What was done of each case: {id: {ok, failed: how often; hits; seconds; errors}}."""

    def __init__(self, lab, place, broken):
        self.lab, self.broken = lab, broken
        self.canaries = Canaries()
        self.vault = Vault(self.canaries, place)
        self.found = {
            name: {"id": name, "ok": 0, "failed": 0, "seconds": 0, "hits": [], "errors": []}
            for name in PLAYBOOKS + MODULES
        }

    def modules(self):
        """One play with a task for each thing that a module can do with a secret."""
        began = time.monotonic()
        done, hits = every_module(self.lab, self.canaries, self.vault, broken=self.broken in MODULES and self.broken)
        wrong = done.unlike_their_names()
        for name in MODULES:
            case = self.found[name]
            case["seconds"] = round(time.monotonic() - began)
            case.update({wanted: done.ended(name, wanted) for wanted in ("ok", "failed")})
            # what no event has is nobody's: all of them are to blame
            case["hits"] = [hit for hit in hits if hit["module"] in ("", name)]
            case["errors"] = [text for text in wrong if f" apiary.swarm.{name} " in text]

    def playbooks(self, only):
        story, name = Story(self.lab, self.canaries, self.vault), PLAYBOOKS[0]
        try:
            for name, wanted, options, variables in story.steps():
                self._step(story, name, wanted, options, variables)
                if only and all(self.found[one]["ok"] and self.found[one]["failed"] for one in only):
                    return
        except AssertionError as error:
            self.found[name]["errors"].append(f"the lab was not as it should be after it: {error}")

    def _step(self, story, name, wanted, options, variables):
        began, path = time.monotonic(), f"playbooks/{name}.yml"
        done, hits = watched(self.lab, self.canaries, path, *options, variables=variables, learn=story.learn)
        if name == self.broken:
            given = self.vault.keep("shown", {"shown": self.canaries.made("shown")})
            hits += watched(self.lab, self.canaries, SHOWN, *given)[1]
        case, seconds = self.found[name], round(time.monotonic() - began)
        case["seconds"] += seconds
        case["hits"] += hits
        case[wanted] += 1
        if (done.rc == 0) != (wanted == "ok"):
            case["errors"].append(f"it was to be {wanted}, and ended with {done.rc}: {done.failure()}")
        say(f"  {name}, {wanted}: {seconds} s, {len(hits)} hits; {done.failure()[:300] if done.rc else 'done'}")


def rows_of(found):
    """The cases, with an error for each that was not seen both ways."""
    for case in found:
        lacking = [wanted for wanted in ("ok", "failed") if not case[wanted]]
        if lacking:
            case["errors"].append(
                f"it was never seen {' or '.join(lacking)}: give it a task or a step in tests/canaries"
            )
        case["evidence"] = f"{case.pop('ok')} times done, {case.pop('failed')} times failed"
    return found


def report(rows, looked_for):
    """Writes the result, prints what is made from it, and returns the exit status."""
    rows = keep("canaries", rows)
    for row in rows:
        say(f"{row['id']:20}{row['evidence']:40}{row['seconds']:>5} s{len(row['hits']):>6} hits")
    for row in rows:
        for hit in row["hits"][:20]:
            say(f"  {row['id']}: {hit['canary']} in {hit['place']}")
        for text in row["errors"]:
            say(f"  {row['id']}: {text}")
    wrong = [row["id"] for row in rows if row["hits"] or row["errors"]]
    say(f"{looked_for} secrets were looked for")
    say(f"canaries: {len(rows) - len(wrong)}/{len(rows)} kept their secrets")
    return 1 if wrong or not rows else 0


def main():
    os.environ.setdefault("LAB_NAME", NAME)
    os.environ.setdefault("LAB_SUBNET", SUBNET)
    broken = os.environ.get("BREAK")
    only = named("ONLY") or named("BREAK")
    unknown = sorted({*only, *named("BREAK")} - {*PLAYBOOKS, *MODULES})
    if unknown:
        say(f"there is no playbook or module {', '.join(unknown)}")
        return 1
    lab = Lab()
    try:
        lab.renew()
        with tempfile.TemporaryDirectory(prefix="apiary-vault-") as place:
            cases = Tally(lab, place, broken)
            if not only or set(only) & set(MODULES):
                lab.form_swarm()
                cases.modules()
                lab.renew()
            if not only or set(only) & set(PLAYBOOKS):
                cases.playbooks([name for name in only if name in PLAYBOOKS])
        return report(
            rows_of([case for name, case in cases.found.items() if not only or name in only]), len(cases.canaries.forms)
        )
    finally:
        if not os.environ.get("KEEP_LAB"):
            lab.down()


if __name__ == "__main__":
    sys.exit(main())
