#!/usr/bin/env python3
# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

"""The routing mesh for real: site.yml on five hosts whose kernel has IP_VS, and a published port asked on each of them.

Where this machine's kernel has IP_VS the hosts are containers of the lab, else machines with a kernel of their own (see
docs/mesh.md). Writes build/mesh.json and ends with a line made from it.

BREAK=ID spoils one case (scenario.py), to see that it is found. KEEP_LAB=1 leaves the lab up, and takes one that is there.
"""

from __future__ import annotations

import contextlib
import os
import pathlib
import signal
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "collections")]

from harness.cases import keep, say  # noqa: E402
from harness.lab import HOSTS, Lab  # noqa: E402

from mesh.scenario import INVENTORY, cases  # noqa: E402

NAME, SUBNET = "apiary-mesh", "172.30.82.0/24"


def step(title, *command):
    """Run a command with its output on the screen; ends it and waits for it when this run is ended."""
    started = time.monotonic()
    say(f"--- {title}")
    process = subprocess.Popen(command, cwd=ROOT)
    try:
        status = process.wait()
    except BaseException:
        process.terminate()  # after Ctrl-C it is at its end already, and this does no harm
        process.wait()
        raise
    if status:
        sys.exit(f"mesh: {title} failed")
    say(f"--- {title}: {time.monotonic() - started:.0f} s")


def kernel_has_ip_vs():
    """Has this machine's own kernel IP_VS, or can it load it?"""
    with contextlib.suppress(FileNotFoundError):  # a container has no modprobe
        subprocess.run(["modprobe", "ip_vs"], stderr=subprocess.DEVNULL, check=False)
    return os.path.exists("/proc/net/ip_vs")


def judge(case, lab, broken):
    """A case's result: {id, evidence, seconds, passed}."""
    started = time.monotonic()
    try:
        evidence, passed = case.check(lab, broken), True
    except (AssertionError, OSError, subprocess.TimeoutExpired) as error:
        evidence, passed = str(error), False
    seconds = round(time.monotonic() - started, 1)
    say(f"  {'ok    ' if passed else 'FAILED'} {case.id:<18} {seconds:5.1f} s  {evidence}")
    return {"id": case.id, "evidence": evidence, "seconds": seconds, "passed": passed}


def report(result):
    """Writes the result, prints what is made from it, and returns the exit status."""
    judged = keep("mesh", result)["cases"]
    failed = [case["id"] for case in judged if not case["passed"]]
    answered = sum(case["passed"] for case in judged if case["id"].startswith("answers/"))
    say(f"mesh: {len(judged)} cases, {len(failed)} failed{': ' + ', '.join(failed) if failed else ''}")
    say(f"mesh: {answered}/{len(HOSTS)} nodes answered")
    return 1 if failed or answered != len(HOSTS) else 0


def main():
    spoil = os.environ.get("BREAK")
    wanted = cases()
    if spoil and spoil not in {case.id for case in wanted}:
        sys.exit(f"mesh: BREAK={spoil}: there is no such case; there are: {', '.join(case.id for case in wanted)}")
    os.environ.setdefault("LAB_NAME", NAME)
    os.environ.setdefault("LAB_SUBNET", SUBNET)
    os.environ.setdefault("LAB_KERNEL", "" if kernel_has_ip_vs() else "uml")
    say("mesh: the hosts are " + ("machines with a kernel of their own" if os.environ["LAB_KERNEL"] else "containers"))
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda number, _frame: sys.exit(128 + number))
    started = time.monotonic()
    lab = Lab()
    try:
        step("lab", "lab/up.sh", "--with-engine")
        inventory = [word for source in INVENTORY for word in ("-i", source)]
        step("site.yml", f"{os.path.dirname(sys.executable)}/ansible-playbook", *inventory, "site.yml")
        say("--- what answers")
        judged = [judge(case, lab, broken=case.id == spoil) for case in wanted]
        result = {"kernel": lab.ssh(HOSTS[0], "uname -r"), "cases": judged}
    finally:
        if not os.environ.get("KEEP_LAB"):
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                signal.signal(number, signal.SIG_IGN)  # nothing is left running, however often Ctrl-C is pressed
            subprocess.run(["lab/down.sh"], cwd=ROOT, check=False, start_new_session=True)
    say(f"mesh: {time.monotonic() - started:.0f} s in all")
    return report(result)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
