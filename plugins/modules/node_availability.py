#!/usr/bin/python
# Copyright (c) 2026, apiary.swarm maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: node_availability
short_description: Drain, pause or activate nodes of a Docker Swarm
version_added: 1.0.0
description:
  - Runs on any manager and handles any number of nodes in one call.
  - After a drain it waits until the containers on these nodes have really stopped, and until the replicated services that had
    tasks there are whole again elsewhere.
  - A service that finds no other place is a failure with the reason, as soon as that is certain. The nodes stay drained.
author:
  - apiary.swarm maintainers (@apiary-swarm)
extends_documentation_fragment:
  - apiary.swarm.connection
  - apiary.swarm.attributes
options:
  nodes:
    description:
      - IDs or host names of the nodes. A host name that several nodes have is an error.
    type: list
    elements: str
    required: true
  availability:
    description:
      - V(active) nodes take tasks, V(pause) nodes keep theirs and take no new ones, V(drain) nodes have none.
      - V(remembered) is what O(remember) noted before, which is forgotten with it. A node of which nothing is noted stays as it is.
    type: str
    choices: [active, pause, drain, remembered]
    required: true
  remember:
    description:
      - Whether to note, in the label C(io.apiary.availability) of the node, the availability that it had. What is noted already
        stays, so that a run that was interrupted does not lose it.
    type: bool
    default: false
  allow_unschedulable:
    description:
      - Whether a service may be without a place while the nodes are drained, because none of the others fits it.
    type: bool
    default: false
  wait:
    description:
      - Whether to wait until the tasks have moved. A node that was drained before is waited for as well.
    type: bool
    default: true
  wait_timeout:
    description:
      - Seconds to wait at most, all nodes together. A task that ignores the request to stop takes its whole grace period.
    type: int
    default: 300
seealso:
  - module: apiary.swarm.swarm_node
"""

EXAMPLES = r"""
- name: Leave the managers to managing
  apiary.swarm.node_availability:
    nodes: [manager1, manager2, manager3]
    availability: drain

- name: Let a node take tasks again
  apiary.swarm.node_availability:
    nodes: [worker1]
    availability: active

- name: Take a node out for a while
  apiary.swarm.node_availability:
    nodes: [worker1]
    availability: drain
    remember: true

- name: Let it be as it was, active or not
  apiary.swarm.node_availability:
    nodes: [worker1]
    availability: remembered
"""

RETURN = r"""
nodes:
  description:
    - The nodes that were named, as in RV(apiary.swarm.swarm_info#module:nodes), with what was done to each.
  returned: success
  type: list
  elements: dict
  sample:
    - id: tlj06h4zudpbw94dm3kz5hfw2
      hostname: worker1
      addr: 172.30.77.21
      role: worker
      availability: drain
      state: ready
      leader: false
      reachability: null
      manager_addr: null
      engine_version: 20.10.24
      labels: {}
      changed: true
      actions: ["set availability from active to drain"]
moved:
  description: Names of the services that had tasks on drained nodes and run elsewhere now. Empty without O(wait).
  returned: success
  type: list
  elements: str
  sample: [httpd]
"""

from ansible_collections.apiary.swarm.plugins.module_utils._cluster import Clock, read_nodes
from ansible_collections.apiary.swarm.plugins.module_utils._connection import connection_spec
from ansible_collections.apiary.swarm.plugins.module_utils._drain import (
    await_drained,
    idle_swarm_warning,
    moving,
    occupying,
    tasks_on,
)
from ansible_collections.apiary.swarm.plugins.module_utils._errors import SwarmError
from ansible_collections.apiary.swarm.plugins.module_utils._flow import run
from ansible_collections.apiary.swarm.plugins.module_utils._module import Module
from ansible_collections.apiary.swarm.plugins.module_utils._node_changes import change
from ansible_collections.apiary.swarm.plugins.module_utils._nodes import (
    AVAILABILITIES,
    find_all,
    name_of,
    plan,
    shift_of,
)
from ansible_collections.apiary.swarm.plugins.module_utils._swarm_state import node_row

TRIED = "set the availability of nodes"


def flow(engine, params, check_mode):
    nodes = read_nodes(engine, TRIED)
    targets = find_all(nodes, params["nodes"], TRIED)
    plans = [plan(node, shift_of(node, params["availability"], params["remember"])) for node in targets]
    changing = [entry for entry in plans if entry.actions]
    idle = idle_swarm_warning(nodes, plans) if params["availability"] in ("pause", "drain") else None
    warnings = [idle] if idle else []
    # without a node to ask for, the engine would tell of all tasks
    waiting = bool(targets) and params["availability"] == "drain" and params["wait"] and not check_mode
    movers, moved = {}, []
    if waiting:
        tasks = occupying(tasks_on(engine, [node["ID"] for node in targets]), nodes)
        if tasks:
            services = engine.get("/services", what="list the services", status=True)
            movers, others = moving(services, tasks, earlier=not changing)
            warnings += others
        waiting = bool(tasks)
    if changing and not check_mode:
        nodes = change(engine, changing, Clock(params["wait_timeout"]), wait=False)
    if waiting:
        ids = {node["ID"] for node in targets}
        try:
            excused = params["allow_unschedulable"]
            moved = await_drained(engine, ids, movers, params["wait_timeout"], bool(changing), excused)
        except SwarmError as error:
            error.details["warnings"] = warnings
            raise
    return result(plans, nodes, moved, warnings, check_mode)


def result(plans, nodes, moved, warnings, check_mode):
    now = {node["ID"]: node for node in nodes}
    rows, before, after = [], {}, {}
    for entry in plans:
        node = dict(entry.node, Spec=entry.spec) if check_mode else now[entry.node["ID"]]
        rows.append(dict(node_row(node), changed=bool(entry.actions), actions=list(entry.actions)))
        if entry.actions:
            before[name_of(node)] = {"availability": entry.node["Spec"]["Availability"]}
            after[name_of(node)] = {"availability": node["Spec"]["Availability"]}
    done = {"changed": bool(before), "nodes": rows, "moved": moved, "diff": {"before": before, "after": after}}
    return dict(done, warnings=warnings) if warnings else done


def main():
    module = Module(
        argument_spec=dict(
            connection_spec(),
            nodes={"type": "list", "elements": "str", "required": True},
            availability={"type": "str", "choices": [*AVAILABILITIES, "remembered"], "required": True},
            remember={"type": "bool", "default": False},
            allow_unschedulable={"type": "bool", "default": False},
            wait={"type": "bool", "default": True},
            wait_timeout={"type": "int", "default": 300},
        ),
        supports_check_mode=True,
    )
    try:
        result = run(module, flow)
    except SwarmError as error:
        module.fail_json(**error.result())
    module.exit_json(**result)


if __name__ == "__main__":
    main()
