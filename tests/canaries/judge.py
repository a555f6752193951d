# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

"""A run under watch, and where a secret was seen: in output, job events, facts cache, processes, logs, temporary files."""

from __future__ import annotations

import json
import pathlib

from harness.ansible import ROOT

from . import modules
from .places import Watch
from .play import OURS, play

PLAYBOOKS = sorted(path.stem for path in (ROOT / "playbooks").glob("*.yml"))
MODULES = sorted(path.stem for path in (ROOT / "plugins/modules").glob("*.py"))


def watched(lab, canaries, playbook, *options, learn=None, **keywords):
    """(the Play, [what was seen and where]). learn: called after the run, for the secrets that it has made."""
    with Watch(lab) as watch:
        done = play(playbook, *options, **keywords)
    if learn:
        learn()
    return done, [*told(canaries, done), *left(canaries, watch.found())]


def every_module(lab, canaries, vault, broken=False):
    """The play of all modules on a swarm that the CLI has made: as watched(). Node worker2 is another one afterwards."""

    def learn():
        for role in ("worker", "manager"):
            canaries.add(f"{role} token", lab.docker("manager1", "swarm", "join-token", "-q", role))

    variables = modules.values(canaries, lab)
    environment = vault.log_in("depot:5001", "lab", variables["registry_password"])
    given = vault.keep("modules", variables)
    former = lab.inspect("manager1", "node", "worker2")["ID"]
    learn()
    play = modules.play(vault.folder, broken)
    done, seen = watched(lab, canaries, play, *given, learn=learn, environment=environment)
    lab.docker("manager1", "node", "rm", "--force", former, ok=False)
    return done, seen


def told(canaries, done):
    """Secrets in what a run told or left: a job event is named by its task, so that one knows whom to blame."""
    found = []
    for path, data in {
        **done.artifacts,
        **{f"temporary {path}": data for path, data in done.temporary.items()},
    }.items():
        found += [
            {"canary": name, "place": _place(path, data), "module": _module(path, data)} for name in canaries.seen(data)
        ]
    return found


def left(canaries, places):
    """Secrets in places that a run left behind or went by."""
    return [
        {"canary": name, "place": place, "module": ""} for place, data in places.items() for name in canaries.seen(data)
    ]


def _event(path, data):
    return json.loads(data) if pathlib.Path(path).parts[0] == "job_events" and path.endswith(".json") else {}


def _place(path, data):
    """Its number and module: a task's name could have the secret in it."""
    event = _event(path, data)
    action = event.get("event_data", {}).get("task_action", "no task")
    return f"job event {event['counter']}, {event['event']}, {action}" if event else path.partition("/")[0]


def _module(path, data):
    return _event(path, data).get("event_data", {}).get("task_action", "").removeprefix(OURS)
