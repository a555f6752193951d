# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every playbook as AWX runs it: by ansible-runner, from the project's top, with no terminal and nobody to ask."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]


def jobs(stage):
    """Each playbook has its job under ansible-runner: done, or refused with the reason."""
    names = {path.stem for path in ROOT.glob("*.yml")} - {"galaxy", "execution-environment", "contexts"}
    with tempfile.TemporaryDirectory() as folder:
        wanted = _jobs(folder)
        assert {name for name, _variables, _said in wanted} == names, "each playbook has its turn"
        for name, variables, said in wanted[:-1] if stage.broken else wanted:
            status, output = _run(name, variables)
            assert (status == 0) is (said is None), f"{name} ended with {status}:\n{output}"
            assert said is None or said in output, f"{name} does not say {said!r}:\n{output}"
    states = {stage.lab.swarm_state(host) for host in ("manager1", "manager2", "manager3", "worker1", "worker2")}
    assert states == {"inactive"}, states
    refused = sum(said is not None for _name, _variables, said in wanted)
    return (
        f"{len(names)} playbooks in {len(wanted)} jobs without a terminal, {refused} of them refused with their reason"
    )


def _jobs(folder):
    """(playbook, extra variables, what it says if it is to fail), in an order in which each finds what it needs."""
    version = {"engine_version": "28.5.2"}
    return [
        ("preflight", {}, None),
        ("site", {}, None),
        ("status", {}, None),
        ("verify", {}, None),
        ("upgrade", version, None),
        ("reboot", {"reboot_only_needed": True}, None),
        ("rotate", {"rotate": "tokens"}, None),
        ("rotate", {}, "Say what to rotate"),
        ("unlock", {}, "swarm_unlock_key is not set"),
        ("backup", {"backup_directory": folder}, None),
        ("restore", {}, "restore_archive"),
        ("recover", {}, "Nothing was changed"),
        ("remove_node", {"remove_node_hosts": "worker2"}, None),
        ("site", {}, None),
        ("replace_node", {}, "Which hosts were built anew"),
        ("reset", {}, "-e confirm=yes"),
        ("reset", {"confirm": "yes"}, None),
    ]


def _run(name, variables):
    """(exit status, what is in the job's log) of a playbook, in a session of its own, so that there is no terminal."""
    with tempfile.TemporaryDirectory() as folder:
        place = pathlib.Path(folder)
        (place / "env").mkdir()
        (place / "env/extravars").write_text(json.dumps(variables))
        command = [pathlib.Path(sys.executable).with_name("ansible-runner"), "run", folder, "--project-dir", str(ROOT)]
        done = subprocess.run(
            [*command, "--inventory", str(ROOT / "inventory/lab"), "--playbook", f"{name}.yml"],
            env={**os.environ, "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg")},
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            start_new_session=True,
            timeout=900,
            check=False,
        )
        return done.returncode, done.stdout + done.stderr
