# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

"""One run of a Molecule scenario, and whether it really was one."""

from __future__ import annotations

import os
import re
import subprocess
import sys

from .ansible import NEVER_PRINTED, ROOT

PROGRESS = re.compile(r"^INFO .*Executing$|^PLAY \[|^=+ .* in .*=+$")
PASSED = re.compile(r"^=+ .*\b[1-9]\d* passed\b.* in .*=+$", re.MULTILINE)
LEFT_OUT = re.compile(r"^=+ .*\b(skipped|xfailed|deselected)\b.* in .*=+$", re.MULTILINE)


def problems(output, sequence):
    """What is wrong with a run that ended with 0, as a list of texts.

    Molecule calls a run good in which a playbook did not exist, or a check collected no test. sequence: the scenario's steps.
    """
    wrong = [why for text, why in NEVER_PRINTED.items() if text in output]
    counts = re.findall(r"\bmissing=(\d+)", output)
    if not counts:
        wrong.append("Molecule printed no recap")
    if any(count != "0" for count in counts):
        wrong.append("a playbook of the sequence does not exist")
    verified, expected = len(PASSED.findall(output)), sum(step.split()[0] == "verify" for step in sequence)
    if verified != expected:
        wrong.append(f"{expected} steps verify something, {verified} of them ran a test")
    if LEFT_OUT.search(output):
        wrong.append("a check was left out")
    return wrong


def run(scenario, seconds=1200):
    """Run a scenario's sequence, printing its steps as they come; returns all that Molecule printed.

    Raises AssertionError, with that output, if Molecule ended with anything but 0 or took longer than so many seconds.
    """
    lines = []
    with subprocess.Popen(
        ["timeout", str(seconds), f"{os.path.dirname(sys.executable)}/molecule", "test", "--scenario-name", scenario],
        cwd=ROOT,
        env={
            **os.environ,
            "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
            "ANSIBLE_NOCOLOR": "1",
            "PATH": os.path.dirname(sys.executable) + os.pathsep + os.environ["PATH"],
            "PY_COLORS": "0",
        },
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        for line in process.stdout:
            lines.append(line)
            if PROGRESS.search(line):
                print("   ", line.rstrip(), flush=True)
    output = "".join(lines)
    assert process.returncode == 0, f"scenario {scenario} ended with {process.returncode}:\n{output}"
    return output
