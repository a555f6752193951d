# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
from pathlib import Path

import pytest
from ansible_collections.apiary.swarm.plugins.module_utils._evidence import chosen, lines_of, sentence, telling

SITUATIONS = json.loads((Path(__file__).parent / "fixtures" / "situations-20.10.json").read_text())

# GET /tasks/ID/logs?stdout=1&stderr=1 of a task that ran: echo boom; echo err >&2
FRAMES = bytes.fromhex("02000000000000046572720a0100000000000005626f6f6d0a")


def test_frames_of_both_streams():
    assert lines_of(FRAMES) == ["err", "boom"]


def test_a_terminal_sends_plain_text():
    assert lines_of(b"one\r\ntwo\n\n") == ["one", "two"]


def test_lines_are_few_and_short():
    lines = lines_of(b"\n".join(b"%d" % n for n in range(100)) + b"\n" + b"x" * 10_000)
    assert (len(lines), lines[0], len(lines[-1])) == (10, "91", 500)


@pytest.mark.parametrize(
    "data", [b"", b"\x01\0\0\0\0\0\0\xffshort", "Ünïcode \udcff".encode("utf-8", "surrogateescape")]
)
def test_nothing_breaks_it(data):
    assert isinstance(lines_of(data), list)


def test_the_newest_failure_of_a_slot_tells():
    (task,) = telling(SITUATIONS["crash loop"]["tasks"])
    assert task["Status"]["State"] == "failed"
    assert task["Status"]["Timestamp"] == max(
        item["Status"]["Timestamp"] for item in SITUATIONS["crash loop"]["tasks"] if item["Status"]["State"] == "failed"
    )


def test_a_task_that_waits_tells_why():
    (task,) = telling(SITUATIONS["no node fits"]["tasks"])
    assert "no suitable node" in task["Status"]["Err"]


def test_tasks_that_run_tell_nothing():
    assert telling(SITUATIONS["running"]["tasks"]) == []


def test_the_tasks_of_the_verdict_come_first_and_others_only_from_other_slots():
    """A slot whose task has no node now may have had one that failed; that is not why the service waits."""
    (waits,) = SITUATIONS["no node fits"]["tasks"]
    failed = max(SITUATIONS["crash loop"]["tasks"], key=lambda task: task["Status"]["Timestamp"])
    failed = dict(failed, Status=dict(failed["Status"], State="failed"))
    same_slot, other_slot = (dict(failed, ID=name, Slot=slot) for name, slot in (("a", waits["Slot"]), ("b", 9)))
    tasks = [same_slot, other_slot, waits]
    assert telling(tasks) == [same_slot, other_slot], "by themselves they tell of what failed"
    assert chosen([waits], tasks) == [waits, other_slot]
    assert chosen([waits], tasks, over=["b"]) == [waits]
    assert chosen([], tasks, over=["a", "b"]) == [waits]


def test_of_a_job_only_the_last_run_tells_and_what_completed_does_not():
    old, new, done, waits = (
        {
            "ID": name,
            "Slot": slot,
            "DesiredState": "complete",
            "Status": {"State": state, "Timestamp": "2026-11-23T12:00:00Z"},
            "JobIteration": {"Index": run} if run else {},
        }
        for name, slot, state, run in (
            ("old", 1, "failed", 0),
            ("new", 2, "failed", 1),
            ("done", 3, "complete", 1),
            ("waits", 4, "running", 1),
        )
    )
    assert chosen([], [old, new, done, waits]) == [new, waits]


def test_sentence():
    row = {
        "id": "abcdefghijklmnop",
        "service": "web",
        "slot": 2,
        "node": "worker1",
        "state": "failed",
        "exit_code": 3,
        "error": "task: non-zero exit (3)",
        "logs": ["one", "two"],
    }
    assert (
        sentence(row) == "web.2 on worker1: failed with exit code 3 (task: non-zero exit (3)); it wrote last: one | two"
    )
    bare = dict(row, slot=None, node=None, exit_code=None, error=None, logs=[], state="pending")
    assert sentence(bare) == "web.abcdefghijkl on no node: pending"
