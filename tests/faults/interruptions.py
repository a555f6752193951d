# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

"""site.yml on blank hosts is interrupted again and again, at named points and at random ones, and run once more."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import time

from harness.cases import say
from harness.lab import HOSTS, MANAGERS, check, eventually

from faults.scene import AS_THEY_BEGIN, FOREVER, SITE

WANTED = {
    "services_networks": [{"name": "back"}],
    "services_list": [{"name": "web", "replicas": 3, "networks": ["back"], **FOREVER}],
}
# in the order in which they come: each run is interrupted further on than the one before
POINTS = (
    "Look at the host, its system and its engine",
    "Make the hosts known to each other",
    "Install the engine's packages",
    "Enable and start the engine",
    "Install the docker SDK into a virtual environment",
    "Initialise the swarm",
    "Join the other nodes",
    "Bring networks, secrets, configs and services",
)
# so many tasks begin in a run on hosts that have an engine, with those that are skipped
TASKS = 65


def interrupted_at_points(scene):
    """Ctrl-C (SIGINT) at eight named points, from hosts without an engine on: each run goes on from there, the last ends right"""
    return _at_points(scene, _interrupt)


def killed_at_points(scene):
    """The control process is killed (SIGKILL) at the same eight points, and what it left running is met by the next run"""
    return _at_points(scene, _kill)


def interrupted_at_random(scene):
    """Ctrl-C at five random points, from hosts with an engine on; SEED= repeats one"""
    return _at_random(scene, _interrupt)


def killed_at_random(scene):
    """The control process is killed at five random points; SEED= repeats one"""
    return _at_random(scene, _kill)


def _at_points(scene, stop):
    scene.lab.renew(with_engine=False)
    dice, seed = _dice()
    for point in POINTS[:2] if scene.broken else POINTS:
        with scene.lab.start(SITE, extra_vars=WANTED, environment=AS_THEY_BEGIN) as playing:
            eventually(lambda point=point, playing=playing: _reached(playing, playing.begun(point)), 300, every=0.05)
            time.sleep(dice.uniform(0, 2))
            assert playing.process.poll() is None, f"the run had ended before {point}: {''.join(playing.lines[-40:])}"
            stop(playing)
    return f"{_ends_right(scene)}; seed {seed}"


def _at_random(scene, stop):
    dice, seed = _dice()
    numbers = sorted(dice.randint(1, TASKS) for _ in range(5))
    reached = []
    for number in numbers[:1] if scene.broken else numbers:
        with scene.lab.start(SITE, extra_vars=WANTED, environment=AS_THEY_BEGIN) as playing:
            eventually(
                lambda number=number, playing=playing: _reached(playing, len(playing.tasks()) >= number),
                300,
                every=0.05,
            )
            time.sleep(dice.uniform(0, 1))
            reached.append(playing.tasks()[-1].rpartition(" : ")[2])
            stop(playing)
    return f"{_ends_right(scene)}; seed {seed}: {'; '.join(reached)}"


def _reached(playing, there):
    """Whether a point was come to; one that was not and never will be is no reason to wait."""
    if playing.process.poll() is None:
        assert there


def _dice():
    seed = int(os.environ.get("SEED") or random.randrange(10**6))
    say(f"  seed {seed}")  # at once: a case that fails tells nothing else
    return random.Random(seed), seed


def _interrupt(playing):
    """As a terminal does it: to all of the process group; a second time where the first does not end it, as a person does."""
    for _time in range(2):
        if playing.process.poll() is None:
            os.killpg(playing.process.pid, signal.SIGINT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            playing.process.wait(30)
            return
    raise AssertionError(f"Ctrl-C does not end it: {''.join(playing.lines[-20:])}")


def _kill(playing):
    """The one process alone: its workers and what they began on the hosts are orphans, and go on for a while."""
    playing.process.kill()
    playing.process.wait()


def _ends_right(scene):
    if not scene.broken:
        scene.play("site", timeout=500, **WANTED)
    scene.await_managers()
    assert [host for host, _id in scene.nodes()] == HOSTS
    assert len({scene.cluster(host) for host in MANAGERS}) == 1
    eventually(lambda: check(len(scene.lab.running("manager1", "web")) == 3), 60)
    again = scene.play("site", **WANTED)
    assert again.changed() == set(), again.output
    return "the last run ended well: one swarm of five, three tasks of web; once more: changed=0"
