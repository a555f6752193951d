#!/usr/bin/env python3
# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

"""The same said to the CLI and to swarm_service, on each version of the engine that the lab has: is it the same service?

For every state of every chain (cases.py) the CLI makes a new service; the module makes the first one and updates it to
the next, with undeclared: reset. Their specs must be the same, but for what deliberate.py says, and a second run of the
module must change nothing. Writes build/differential.json and ends with a line made from it.

ENGINES="28.5.2 20.10.24" chooses engines, ONLY=REGEX chains by the id of their cases. BREAK=ID spoils one case, to see
that it is found. KEEP_LAB=1 leaves the last lab up, and takes one that is there.
"""

from __future__ import annotations

import json
import os
import pathlib
import re
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "collections")]

from harness.cases import keep, say  # noqa: E402
from harness.tunnel import tunnel  # noqa: E402

from differential.cases import chains, cli_words, flags_of, task_options, update_words  # noqa: E402
from differential.engines import HOST, Subject, client, lab_with  # noqa: E402
from differential.judge import Judge, judgement  # noqa: E402

NAME, SUBNET = "apiary-differential", "172.30.80.0/24"
# What the module is told instead of a case that is to be found broken.
SPOILED = {"replicas": 0, "hostname": "broken-on-purpose"}


class Run:
    """All cases on one engine after the other."""

    def __init__(self, only="", spoil=None, rounds=None):
        self.rounds = rounds
        self.only = re.compile(only)
        self.spoil = spoil
        self.judge = Judge()
        self.cases = []
        self.told = {"create": set(), "update": set()}  # flags that the CLI was given

    def on(self, subject):
        """All chains on one engine."""
        started = time.monotonic()
        wanted = [chain for chain in chains(subject.api_version) if self._is_wanted(subject, chain)]
        rounds = range(self.rounds or max((len(chain.states) for chain in wanted), default=0))
        theirs = [self._by_cli(subject, _in_round(wanted, number), number) for number in rounds]
        subject.clear()
        for number in rounds:
            in_it = _in_round(wanted, number)
            ours = self._by_module(subject, in_it, number)
            for chain in in_it:
                self._judge(subject, chain, number, theirs[number][chain.name], ours[chain.name])
            say(f"  round {number + 1}: {len(in_it)} services by swarm_service, judged")
        subject.clear()
        say(f"engine {subject.version}: {time.monotonic() - started:.0f} s")

    def _is_wanted(self, subject, chain):
        return any(self.only.search(_id(subject, chain, number)) for number in range(len(chain.states)))

    def _by_cli(self, subject, in_it, number):
        """{chain's name: Outcome} of the CLI; what is told in the same words is made once."""
        subject.clear()
        creations, updates, maker = {}, {}, {}
        for chain in in_it:
            updated = bool(chain.update and number)
            state = chain.states[0 if updated else number]
            told = (chain.name if updated else "", *cli_words("", state, chain.resolve))
            maker[chain.name] = creations.setdefault(told, (chain.name, cli_words(chain.name, state, chain.resolve)))[0]
            if updated:
                updates[chain.name] = ["update", *update_words(chain)]
        calls = {name: ["create", *words] for name, words in creations.values()}
        for words in [*calls.values(), *updates.values()]:
            self.told[words[0]] |= {word.partition("=")[0] for word in words if word.startswith("--")}
        outcomes = subject.by_cli(calls)
        outcomes |= subject.by_cli(updates) if updates else {}
        say(f"  round {number + 1}: {len(calls)} services by the CLI, {len(updates)} of them updated")
        return {name: outcomes[made].called(name) for name, made in maker.items()}

    def _by_module(self, subject, in_it, number):
        entries = {}
        for chain in in_it:
            entries[chain.name] = task_options(chain.states[number], chain.resolve)
            if _id(subject, chain, number) == self.spoil:
                entries[chain.name] = task_options(SPOILED)
        return subject.by_module(entries)

    def _judge(self, subject, chain, number, theirs, ours):
        flags = set().union(*(flags_of(state) for state in chain.states[max(number - 1, 0) : number + 1]))
        if number:
            flags |= {f"update {word.partition('=')[0]}" for word in chain.update}
        problems, evidence = judgement(self.judge, theirs, ours, flags)
        case = {
            "id": _id(subject, chain, number),
            "evidence": "; ".join(problems) or evidence,
            "seconds": round(theirs.seconds + ours.seconds, 3),
            "differs": bool(problems),
        }
        self.cases.append(case)
        if problems:
            say(f"  DIFFERS {case['id']}: {case['evidence']}")


def _id(subject, chain, number):
    return f"{subject.version.partition('+')[0]}/{chain.name}/{chain.stages[number]}"


def _in_round(wanted, number):
    return [chain for chain in wanted if number < len(chain.states)]


def engines():
    """The versions to run on, newest first."""
    if os.environ.get("ENGINES"):
        return os.environ["ENGINES"].split()
    known = json.loads((ROOT / "build/lab/cache/versions.json").read_text())["engines"]
    return [entry["engine"] for entry in reversed(known)]


def report(run, cli, whole):
    """Writes the result, prints what is made from it, and returns the exit status."""
    errors = []
    if whole:
        errors += run.judge.unused() + run.judge.silent()
        for command, told in run.told.items():
            missing = sorted(cli.flags(command) - told - run.judge.unjudged_flags())
            errors += [f"{command} {flag}: no case uses it" for flag in missing]
    if run.spoil and run.spoil not in {case["id"] for case in run.cases}:
        errors.append(f"BREAK={run.spoil}: there is no such case")
    result = {"client": cli.version, "cases": run.cases, "deliberate": run.judge.table(), "errors": errors}
    result = keep("differential", result)
    for entry in result["deliberate"]:
        say(f"  {entry['flag']} {entry['field']}: {entry['cases']} times: {entry['why']}")
    differ = [case["id"] for case in result["cases"] if case["differs"]]
    for text in result["errors"] + [f"differs: {case}" for case in differ]:
        say(f"  {text}")
    used = sum(entry["cases"] > 0 for entry in result["deliberate"])
    say(f"differential: {used} differences on purpose, {len(result['errors'])} errors")
    say(f"differential: {len(result['cases'])} cases, {len(differ)} differ")
    return 1 if differ or result["errors"] or not result["cases"] else 0


def main():
    os.environ.setdefault("LAB_NAME", NAME)
    os.environ.setdefault("LAB_SUBNET", SUBNET)
    only = os.environ.get("ONLY", "")
    run = Run(only, os.environ.get("BREAK"))
    cli = None
    for version in engines():
        say(f"engine {version}: its lab")
        with lab_with(version) as lab:
            cli = cli or client(lab)
            say(f"engine {version}: against CLI {cli.version}")
            with tunnel(lab, HOST) as socket:
                subject = Subject(lab, socket, cli)
                subject.prepare()
                run.on(subject)
    return report(run, cli, whole=not only and "ENGINES" not in os.environ)


if __name__ == "__main__":
    sys.exit(main())
