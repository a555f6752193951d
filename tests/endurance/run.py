#!/usr/bin/env python3
# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Two hundred updates of a service and twenty runs of site.yml: what has grown on the hosts and on the control host?

What is there after half of it is compared with what is there at the end, so that what is made once does not count. Writes
build/endurance.json and ends with a line made from it.

UPDATES=10 RUNS=2 does less. BREAK=CASE,CASE leaves something of these cases behind, to see that it is found. KEEP_LAB=1 leaves the lab up.
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
from harness.lab import Lab, eventually  # noqa: E402

from endurance import leaks, measure, work  # noqa: E402

NAME, SUBNET = "apiary-endurance", "172.30.85.0/24"
# What must not grow, and by how much it may differ. Between the two looks there are 100 updates and 10 runs, so what each of them
# leaves shows as 100 or 10. Engines open and close connections to each other by themselves: of theirs five more are no leak.
CASES = {
    "files": (("files",), 0),
    "temporary": (("temporary",), 0),
    "engine": (("dockerd_descriptors", "dockerd_sockets", "containerd_descriptors", "containerd_sockets"), 5),
    "sessions": (("sessions", "sshd_processes", "sshd_descriptors", "sshd_sockets", "masters", "clients"), 0),
    "containers": (("containers", "namespaces", "mounts", "networks", "volumes"), 0),
    "objects": (("services", "configs", "secrets", "nodes"), 0),
    "process": (("own_descriptors", "own_sockets"), 0),
}
HISTORY = "history"
MOMENTS = ("before", "middle", "end")


def compare(seen, kinds, tolerance):
    """(evidence, growth): the three totals of each kind; and what has grown from the middle to the end, by place and name."""
    middle, end = seen["middle"], seen["end"]
    evidence, growth = {}, []
    for kind in kinds:
        places = [place for place in {**end.names, **end.counts} if end.value(place, kind) is not None]
        assert places, f"{kind} was not looked at"
        evidence[kind] = {name: sum(one.value(place, kind) for place in places) for name, one in seen.items()}
        for place in places:
            more = end.value(place, kind) - middle.value(place, kind)
            if more > tolerance:
                names = (
                    sorted(end.names[place].get(kind, {}) - middle.names[place].get(kind, {}))[:5]
                    if kind in end.names[place]
                    else []
                )
                growth.append(f"{more} {kind} more on {place} {' '.join(names)}".strip())
    return evidence, growth


def kept_tasks(lab, most):
    """What the swarm remembers of the service's tasks, when the engine has had a minute to forget the rest."""

    def check():
        slots = measure.tasks(lab, work.SERVICE)
        assert max(slots.values()) <= most, (
            f"of a slot {max(slots.values())} tasks are kept, the engine's limit is {most}"
        )

    try:
        eventually(check)
    except AssertionError as error:
        return [str(error)]
    return []


def endure(lab, place, updates, runs, broken):
    """(what was seen at the three moments, growth of the history, the engine's limit of it)"""
    control = measure.Control(lab, place)
    seen, history = {}, []
    work.sites(lab, 1, control.environment, first=True)
    work.updates(lab, [0])
    most = measure.limit(lab)
    seen["before"] = measure.Measure(lab, control, work.SERVICE)
    done = 0
    for moment in MOMENTS[1:]:
        began = time.monotonic()
        for name in broken if moment == "end" else ():
            getattr(leaks, name)(lab)
        ways = work.updates(lab, range(done + 1, done + updates // 2 + 1))
        done += updates // 2
        middle = time.monotonic()
        work.sites(lab, runs // 2, control.environment)
        say(
            f"{moment}: {updates // 2} updates in {middle - began:.0f} s ({ways}), "
            f"{runs // 2} runs of site.yml in {time.monotonic() - middle:.0f} s"
        )
        history += kept_tasks(lab, most)
        seen[moment] = measure.Measure(lab, control, work.SERVICE)
    return seen, history, most


def judge(seen, history, most, seconds):
    rows = []
    for name, (kinds, tolerance) in CASES.items():
        evidence, growth = compare(seen, kinds, tolerance)
        rows.append({"id": name, "evidence": evidence, "tolerance": tolerance, "growth": growth, "seconds": seconds})
    kept = {moment: max(one.tasks.values()) for moment, one in seen.items()}
    evidence = {"tasks_of_a_slot": kept, "limit": {"end": most}}
    rows.append({"id": HISTORY, "evidence": evidence, "tolerance": 0, "growth": history, "seconds": seconds})
    return rows


def report(rows):
    """Writes the result, prints what is made from it, and returns the exit status."""
    rows = keep("endurance", rows)
    say(f"{'case':12}{'what, on all hosts':26}{'before':>8}{'middle':>8}{'end':>8}")
    for row in rows:
        for kind, numbers in row["evidence"].items():
            say(f"{row['id']:12}{kind:26}" + "".join(f"{numbers.get(moment, ''):>8}" for moment in MOMENTS))
    for row in rows:
        for text in row["growth"]:
            say(f"  {row['id']}: {text}")
    grown = [row["id"] for row in rows if row["growth"]]
    say(f"endurance: {len(rows) - len(grown)}/{len(rows)} did not grow")
    return 1 if grown or not rows else 0


def main():
    os.environ.setdefault("LAB_NAME", NAME)
    os.environ.setdefault("LAB_SUBNET", SUBNET)
    broken = named("BREAK")
    unknown = set(broken) - {*CASES, HISTORY}
    if unknown:
        say(f"there is no case {', '.join(sorted(unknown))}; there are {', '.join([*CASES, HISTORY])}")
        return 1
    updates, runs = int(os.environ.get("UPDATES") or 200), int(os.environ.get("RUNS") or 20)
    lab = Lab()
    lab.renew()
    began = time.monotonic()
    try:
        with tempfile.TemporaryDirectory(prefix="apiary-endurance-") as place:
            seen, history, most = endure(lab, place, updates, runs, broken)
        return report(judge(seen, history, most, round(time.monotonic() - began)))
    finally:
        leaks.end()
        if not os.environ.get("KEEP_LAB"):
            lab.down()


if __name__ == "__main__":
    sys.exit(main())
