# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

"""A run of ansible-runner, as AWX does it: output, job events, facts cache, all at -vvvv and with --diff."""

from __future__ import annotations

import dataclasses
import json
import os
import pathlib
import sys
import tempfile

import ansible_runner
from harness.ansible import ROOT

LOUD = "-vvvv --diff"
ENDS = {"ok": "runner_on_ok", "failed": "runner_on_failed"}
OURS = "apiary.swarm."


@dataclasses.dataclass
class Play:
    """One finished run. artifacts: {path below the artifacts: bytes}; events: the job events, in order."""

    rc: int
    output: str
    artifacts: dict
    events: list
    temporary: dict

    def ended(self, module, wanted):
        """How many tasks of one of our modules ended so: 'ok' or 'failed'."""
        action = f"{OURS}{module}"
        return sum(e["event"] == ENDS[wanted] and e["event_data"].get("task_action") == action for e in self.events)

    def failure(self):
        """Why it failed, in the words that the last failed task had."""
        failed = [
            e["event_data"]
            for e in self.events
            if e["event"] == ENDS["failed"] and not e["event_data"].get("ignore_errors")
        ]
        return f"{failed[-1]['task']}: {failed[-1]['res'].get('msg', '')}" if failed else "no task failed"

    def unlike_their_names(self):
        """Tasks that begin with ok or failed and ended in the other way."""
        other = {"ok": ENDS["failed"], "failed": ENDS["ok"]}
        ended = [(event["event_data"].get("task", ""), event) for event in self.events]
        return [
            f"{task}: {event['event_data']['task_action']} {event['event_data'].get('res')}"
            for task, event in ended
            if event["event"] == other.get(task.partition(" ")[0])
        ]


def play(playbook, *options, variables=None, environment=None, timeout=900):
    """Run a playbook (a path, or a list of plays) on the lab. variables: for -e, and so no secrets. Returns a Play."""
    with tempfile.TemporaryDirectory(prefix="apiary-canaries-") as folder:
        place = pathlib.Path(folder)
        for name in ("runner", "tmp", "home"):
            (place / name).mkdir()
        if not isinstance(playbook, str):
            (place / "play.json").write_text(json.dumps(playbook))
            playbook = str(place / "play.json")
        words = [LOUD, *options, *([f"-e '{json.dumps(variables)}'"] if variables else [])]
        done = ansible_runner.run(
            private_data_dir=str(place / "runner"),
            project_dir=str(ROOT),
            playbook=playbook,
            inventory=str(ROOT / "inventory/lab"),
            cmdline=" ".join(words),
            envvars={
                "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
                "ANSIBLE_HOME": str(place / "home"),
                "TMPDIR": str(place / "tmp"),
                "PATH": f"{os.path.dirname(sys.executable)}:{os.environ['PATH']}",
                "LAB_NAME": os.environ["LAB_NAME"],
                **(environment or {}),
            },
            settings={"pexpect_timeout": 5, "job_timeout": timeout, "suppress_env_files": True},
            quiet=True,
        )
        artifacts = pathlib.Path(done.config.artifact_dir)
        events = [{"event_data": {}, **event} for event in done.events]
        temporary = [*(place / "tmp").rglob("*"), *(place / "home").rglob("*")]
        return Play(
            rc=done.rc,
            output=(artifacts / "stdout").read_text(),
            artifacts={
                str(path.relative_to(artifacts)): path.read_bytes() for path in artifacts.rglob("*") if path.is_file()
            },
            events=events,
            temporary={str(path): path.read_bytes() for path in temporary if path.is_file()},
        )
