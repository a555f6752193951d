# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

"""A run of ansible-playbook, while it goes on and when it has ended: what it printed and each task's result."""

from __future__ import annotations

import dataclasses
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import threading

ROOT = pathlib.Path(__file__).resolve().parents[2]
RECAP = re.compile(r"^(\S+) +: ok=(\d+) +changed=(\d+) +unreachable=(\d+) +failed=(\d+)", re.MULTILINE)

# A run that prints one of these is wrong, whatever it was about.
NEVER_PRINTED = {
    "Traceback (most recent call last)": "a Python traceback reached the user",
    "SWMTKN-1-": "a join token was printed",
    "SWMKEY-1-": "an unlock key was printed",
}


@dataclasses.dataclass(frozen=True)
class Result:
    """A task's result on one host. status: ok, failed, ignored, unreachable or skipped; data: what the module returned."""

    host: str
    task: str
    status: str
    data: dict


@dataclasses.dataclass(frozen=True)
class Run:
    """One finished run. rc: ansible-playbook's; output: all it printed; results: every task's, in order."""

    rc: int
    output: str
    results: list

    def of(self, host, task=""):
        """Data of the last task on the host whose name contains this text."""
        found = [result for result in self.results if result.host == host and task in result.task]
        assert found, f"no task '{task}' ran on {host}:\n{self.output}"
        return found[-1].data

    def messages(self):
        """Host -> msg of the tasks that failed on it, or why it was unreachable, joined by newlines."""
        messages = {}
        for result in self.results:
            if result.status in ("failed", "unreachable"):
                messages.setdefault(result.host, []).append(str(result.data.get("msg", "")))
        return {host: "\n".join(texts) for host, texts in messages.items()}

    def recap(self):
        """Host -> {ok, changed, unreachable, failed}, from the lines at the end."""
        names = ("ok", "changed", "unreachable", "failed")
        return {host: dict(zip(names, map(int, counts), strict=True)) for host, *counts in RECAP.findall(self.output)}

    def changed(self):
        """Names of the hosts on which something changed."""
        return {host for host, counts in self.recap().items() if counts["changed"]}


class Playing:
    """A run that goes on: what it has printed so far, and its process, which leads a process group of its own."""

    def __init__(self, path, *options, inventory=("inventory/lab",), extra_vars=None, environment=None):
        self._directory = tempfile.TemporaryDirectory(prefix="apiary-test-")
        self._results = pathlib.Path(self._directory.name) / "results"
        self._results.touch()
        if not isinstance(path, str):
            plays, path = path, f"{self._directory.name}/playbook.json"
            pathlib.Path(path).write_text(json.dumps(plays))
        command = [f"{os.path.dirname(sys.executable)}/ansible-playbook", path, *options]
        for source in inventory:
            command += ["-i", source]
        if extra_vars:
            command += ["-e", json.dumps(extra_vars)]
        self.lines = []
        self.process = subprocess.Popen(
            command,
            cwd=ROOT,
            env={
                **os.environ,
                "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
                "ANSIBLE_CALLBACK_PLUGINS": str(ROOT / "tests/harness/callback"),
                "ANSIBLE_CALLBACKS_ENABLED": "results",
                "ANSIBLE_NOCOLOR": "1",
                "APIARY_RESULTS": str(self._results),
                "PYTHONUNBUFFERED": "1",
                **(environment or {}),
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self):
        return self

    def __exit__(self, *_exception):
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        self._directory.cleanup()

    def _read(self):
        self.lines.extend(self.process.stdout)

    def tasks(self):
        """Names of the tasks that have begun."""
        starts = ("TASK [", "RUNNING HANDLER [")
        return [line.partition("[")[2].rpartition("]")[0] for line in list(self.lines) if line.startswith(starts)]

    def begun(self, task):
        """Whether a task whose name contains this text has begun."""
        return any(task in name for name in self.tasks())

    def finish(self, timeout=300):
        """Wait for its end; a Run. A process of it that was orphaned and still prints is not waited for."""
        self.process.wait(timeout)
        self._reader.join(5)
        output = "".join(self.lines)
        lines = [json.loads(line) for line in self._results.read_text().splitlines()]
        for text, why in NEVER_PRINTED.items():
            assert text not in output, f"{why}:\n{output}"
        return Run(
            rc=self.process.returncode,
            output=output,
            results=[Result(line["host"], line["task"], line["status"], line["result"]) for line in lines],
        )


def playbook(path, *options, timeout=300, **keywords):
    """Run a playbook (a path below the project, or a list of plays) and return a Run; a failed run is no error here.

    Keywords are Playing's. Raises AssertionError if the output holds what no output may hold, subprocess.TimeoutExpired after
    timeout seconds.
    """
    with Playing(path, *options, **keywords) as playing:
        return playing.finish(timeout)
