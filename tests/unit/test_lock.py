# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who may have the swarm's lock, and whether its holder still runs."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from ansible_collections.apiary.swarm.plugins.module_utils import _lock
from ansible_collections.apiary.swarm.plugins.plugin_utils import _holder

NOW = "2026-11-23T22:10:00.123456789Z"


def held(holder="ops@a", renewed="2026-11-23T22:09:00Z"):
    return _lock.Lock("c1", 7, holder, "upgrade.yml", "2026-11-23T22:00:00.5Z", renewed)


@pytest.mark.parametrize(
    ("lock", "options", "step"),
    [
        (None, {}, "take"),
        (held("me"), {}, "renew"),
        (held("me", renewed="2026-11-23T20:00:00Z"), {}, "renew"),
        (held(), {}, "refuse"),
        (held(), {"dead_holder": "ops@b"}, "refuse"),
        (held(), {"dead_holder": "ops@a"}, "take_over"),
        (held(), {"force": True}, "take_over"),
        (held(renewed="2026-11-23T22:08:20Z"), {}, "take_over"),
        # its manager's clock is ahead of this one's
        (held(renewed="2026-11-23T22:11:00Z"), {}, "refuse"),
    ],
)
def test_who_may_have_it(lock, options, step):
    assert _lock.decide(lock, "me", NOW, 100, **options) == step


def test_it_is_found_by_its_name_and_tells_its_holder():
    config = {
        "ID": "c1",
        "Version": {"Index": 7},
        "CreatedAt": "2026-11-23T22:00:00.5Z",
        "UpdatedAt": "2026-11-23T22:09:00Z",
        "Spec": _lock.spec_of("ops@a", "upgrade.yml", NOW),
    }
    other = {**config, "Spec": {"Name": "io.apiary.lock2", "Labels": {}}}
    assert _lock.lock_of([other, config]) == held()
    assert _lock.lock_of([other]) is None


def test_who_is_refused_hears_by_whom_since_when_and_what_to_do():
    error = _lock.refused(held(), NOW, 900, "begin reboot.yml", "manager1")
    assert (
        "Could not begin reboot.yml: upgrade.yml has been at work on this swarm since 2026-11-23T22:00:00Z" in error.msg
    )
    assert "ops@a; last sign of life 60 s ago" in error.msg
    assert "900 s" in error.hint
    assert "swarm_lock_force" in error.hint
    assert error.details["lock"]["purpose"] == "upgrade.yml"


def test_a_run_is_told_from_one_that_has_ended():
    """this_run() names the parent of the process that asks, so a child of ours names us."""
    ask = (
        "import sys; sys.path.insert(0, sys.argv[1]); from ansible_collections.apiary.swarm.plugins.plugin_utils import _holder;"
        "print(_holder.this_run())"
    )
    root = _holder.__file__.split("ansible_collections")[0]
    ours = subprocess.run([sys.executable, "-c", ask, root], capture_output=True, text=True, check=True).stdout.strip()
    assert f"(process {os.getpid()}, " in ours
    assert not _holder.has_died(ours)
    shell = subprocess.Popen(["sleep", "60"])
    theirs = ours.replace(f"process {os.getpid()},", f"process {shell.pid},").replace(
        f", {_holder._start(os.getpid(), '/')} of", f", {_holder._start(shell.pid, '/')} of"
    )
    assert not _holder.has_died(theirs)
    shell.kill()
    shell.wait()
    assert _holder.has_died(theirs)


@pytest.mark.parametrize("holder", ["", "somebody", "ops@other (process 1, 22 of 0123456789ab)"])
def test_what_cannot_be_seen_from_here_counts_as_alive(holder):
    assert not _holder.has_died(holder)


@pytest.mark.parametrize(
    "now",
    ["2026-11-24T00:10:00.1+02:00", "2026-11-23T17:10:00-05:00", "2026-11-23T22:10:00.5Z", "2026-11-24T03:40:00+05:30"],
)
def test_an_engine_tells_its_time_with_an_offset(now):
    assert _lock.silence(held(), now) == 60
