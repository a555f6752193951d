# Copyright (c) 2026, apiary.swarm maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Why a service does not run: the tasks that tell, with the last lines they wrote.

PRIVATE to apiary.swarm: no other collection may import it.
"""

from __future__ import annotations

import struct

from ._converge_jobs import iteration
from ._errors import SwarmError
from ._swarm_state import task_row
from ._task_states import BROKEN, seconds

_TASKS = 5
_LINES = 10
_LINE_LENGTH = 500
_SAME_INCIDENT = 900
_LOG_TIMEOUT = 10


def gather(engine, service_id, name, node_names, judged=(), over=()):
    """The telling tasks of a service as rows of task_row() with logs, a list of the last lines each wrote.

    judged are those that the verdict is about, over the IDs of those that it is not about (see _converge.first_look). One
    call for the tasks and one for each log; what cannot be read is said in logs, never raised.
    """
    try:
        tasks = engine.tasks(service=[service_id])
    except SwarmError:
        tasks = []  # of a service that is no more one cannot ask
    rows = []
    for task in chosen(judged, tasks, over):
        row = task_row(task, {service_id: name}, node_names)
        rows.append(dict(row, logs=_log(engine, task) if row["container_id"] else []))
    return rows


def chosen(judged, tasks, over=()):
    """The tasks that a verdict is about, filled up with what tells in other slots; without those that are over."""
    slots = {_slot(task) for task in judged}
    others = telling([task for task in _of_last_run(tasks) if task["ID"] not in over])
    return [*judged, *(task for task in others if _slot(task) not in slots)][:_TASKS]


def telling(tasks):
    """The tasks that explain a failure, newest first: each slot's last one that broke, else the one that is not up."""
    by_slot = {}
    for task in sorted(tasks, key=_stamp):
        by_slot.setdefault(_slot(task), []).append(task)
    found = []
    for slot in by_slot.values():
        broken = [task for task in slot if task["Status"]["State"] in BROKEN]
        waiting = [
            task
            for task in slot
            if (task["DesiredState"] in ("running", "ready") and task["Status"]["State"] != "running")
            or task["DesiredState"] == "complete"
        ]
        found.extend((broken or waiting)[-1:])
    found.sort(key=_stamp, reverse=True)
    return [task for task in found if _stamp(found[0]) - _stamp(task) < _SAME_INCIDENT][:_TASKS]


def _of_last_run(tasks):
    """Of a job's tasks those of its last run that did not complete; the tasks of other services belong to no run."""
    last = max((iteration(task) for task in tasks if "JobIteration" in task), default=None)
    return [
        task for task in tasks if last is None or (iteration(task) == last and task["Status"]["State"] != "complete")
    ]


def sentence(row):
    """One row of gather() for people, for example: web.1 on worker1: failed with exit code 3; it wrote last: boom."""
    text = f"{row['service']}.{row['slot'] or row['id'][:12]} on {row['node'] or 'no node'}: {row['state']}"
    if row["exit_code"]:
        text += f" with exit code {row['exit_code']}"
    if row["error"]:
        text += f" ({row['error']})"
    if row["logs"]:
        text += f"; it wrote last: {' | '.join(row['logs'][-3:])}"
    return text


def _log(engine, task):
    if engine.no_log:
        return []
    try:
        data = engine.read(
            f"/tasks/{task['ID']}/logs",
            "read a task's log",
            timeout=_LOG_TIMEOUT,
            stdout=True,
            stderr=True,
            tail=_LINES,
        )
    except SwarmError as error:
        return [f"(no log: {error.msg})"]
    return lines_of(data)


def lines_of(data):
    """The last lines of a log as the API sends it, a list of texts.

    Without a terminal the two streams come as frames: one byte for the stream, three zeros, four for the length. Lines
    of one stream are in order; the API gives no order between the streams.
    """
    text = b""
    position = 0
    while position + 8 <= len(data) and data[position] in (0, 1, 2) and data[position + 1 : position + 4] == b"\0\0\0":
        (length,) = struct.unpack(">L", data[position + 4 : position + 8])
        text += data[position + 8 : position + 8 + length]
        position += 8 + length
    text += data[position:]
    lines = text.decode("utf-8", "replace").splitlines()
    return [line[:_LINE_LENGTH] for line in lines if line.strip()][-_LINES:]


def _slot(task):
    return task.get("Slot") or task.get("NodeID")


def _stamp(task):
    return seconds(task["Status"]["Timestamp"])
