# Copyright (c) 2026, apiary.swarm maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Draining nodes: waiting until their tasks are really gone and run elsewhere.

PRIVATE to apiary.swarm: no other collection may import it.
"""

from __future__ import annotations

import time

from ._engine import retry
from ._errors import SwarmError
from ._nodes import name_of
from ._swarm_state import ENDED, mode_of, names_of_nodes, task_row
from ._watch import Watch

_STAYS = "A task that is told to stop has its grace period (stop_grace_period) and is then killed; wait longer if that is long."


def occupying(tasks, nodes):
    """The tasks that still hold something on nodes that answer. Pure.

    A task that is told to shut down holds its container until that has stopped. On a node that is down nothing can be
    seen to stop, and nothing runs that the swarm knows of.
    """
    up = {node["ID"] for node in nodes if node["Status"]["State"] != "down"}
    return [
        task
        for task in tasks
        if task.get("ServiceID") and task.get("NodeID") in up and task["Status"]["State"] not in ENDED
    ]


def undecided(tasks):
    """Those of the tasks that the managers have not yet told to stop. Pure."""
    return [task for task in tasks if task["DesiredState"] in ("ready", "running")]


def moving(services, tasks, earlier):
    """({ID: name} of the services whose tasks must come up elsewhere, [sentences about the others]). Pure.

    services is GET /services?status=true before the drain, tasks those on the nodes. The tasks of global services and of
    jobs do not move; a service that is not whole before the drain cannot be expected to be afterwards. With earlier the
    nodes have been drained by an earlier run, so that the services may well be on their way.
    """
    there = {task["ServiceID"] for task in tasks}
    movers, others = {}, []
    for service in services:
        name = service["Spec"]["Name"]
        if service["ID"] not in there or mode_of(service["Spec"]) != "replicated":
            continue
        status = service["ServiceStatus"]
        update = (service.get("UpdateStatus") or {}).get("State")
        policy = (service["Spec"]["TaskTemplate"].get("RestartPolicy") or {}).get("Condition")
        if policy == "none":
            others.append(f"Service {name} has the restart condition none, so its tasks are not started elsewhere.")
        elif update in ("paused", "rollback_paused"):
            others.append(
                f"Service {name} stands still half-way through an update ({update}), so it was not waited for."
            )
        elif earlier or status["RunningTasks"] >= status["DesiredTasks"]:  # more: see running_tasks
            movers[service["ID"]] = name
        else:
            others.append(
                f"Service {name} was not whole before the drain ({status['RunningTasks']} of {status['DesiredTasks']} tasks "
                "ran), so it was not waited for."
            )
    return movers, others


def tasks_on(engine, node_ids):
    return retry(lambda: engine.tasks(node=list(node_ids)))


def await_drained(engine, node_ids, movers, seconds, changed, may_pause=False):
    """Wait until no task is left on the nodes and the services run elsewhere. Returns the names of those that do.

    A service that somebody removes meanwhile needs no other place; with may_pause nor does one that no other node fits. Raises
    SwarmError (kind not_converged) as soon as it is certain that a service finds none, or when the time is over, with the tasks that
    tell why. The nodes stay drained then.
    """
    excused = {"removed", "unschedulable"} if may_pause else {"removed"}
    end = time.monotonic() + seconds
    watch = Watch(engine, end)
    nodes, left = _look(engine, node_ids)
    while undecided(left) and _pause(end):
        nodes, left = _look(engine, node_ids)
    for service_id, name in movers.items():
        watch.add(name, service_id)
    while True:
        watch.run(lambda *_: None, seconds=0)
        stuck = {name: failure for name, failure in watch.failures.items() if failure["kind"] not in excused}
        if stuck:
            raise _stuck(engine, stuck, changed)
        nodes, left = _look(engine, node_ids)
        if not left and not watch.waiting:
            return sorted(set(movers.values()) - set(watch.failures))
        if not _pause(end):
            raise _left_over(engine, left, nodes, changed)


def _look(engine, node_ids):
    nodes = retry(engine.nodes)
    drained = [node for node in nodes if node["ID"] in node_ids]
    return nodes, occupying(tasks_on(engine, node_ids), drained)


def _pause(end):
    left = end - time.monotonic()
    time.sleep(min(0.5, max(left, 0)))
    return left > 0


def _stuck(engine, failures, changed):
    first = next(iter(failures.values()))
    return SwarmError(
        f"The nodes were drained, but not all that ran there runs elsewhere ({engine.name}). "
        + " ".join(failure["msg"].rstrip(".") + "." for failure in failures.values()),
        kind="not_converged",
        hint=f"{first['hint']} The nodes stay drained.",
        node=engine.name,
        details={"changed": changed, "services": [dict(failure, name=name) for name, failure in failures.items()]},
    )


def _left_over(engine, left, nodes, changed):
    services = {service["ID"]: service["Spec"]["Name"] for service in engine.services()}
    rows = [task_row(task, services, names_of_nodes(nodes)) for task in left]
    told = [f"{row['service']}.{row['slot'] or row['id'][:12]} on {row['node']} is {row['state']}" for row in rows]
    return SwarmError(
        f"The nodes were drained, but tasks are still on them ({engine.name}): {'; '.join(told)}",
        kind="not_converged",
        hint=f"{_STAYS} The nodes stay drained.",
        node=engine.name,
        details={"changed": changed, "tasks": rows},
    )


def idle_swarm_warning(nodes, plans):
    """A sentence if no node would be left that takes tasks, else None. Pure."""
    then = {entry.node["ID"]: entry.spec["Availability"] for entry in plans}
    taking = [
        node
        for node in nodes
        if then.get(node["ID"], node["Spec"]["Availability"]) == "active" and node["Status"]["State"] == "ready"
    ]
    if taking:
        return None
    return f"No node is left that takes tasks ({', '.join(sorted(map(name_of, nodes)))} are drained, paused or down)."
