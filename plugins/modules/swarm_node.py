#!/usr/bin/python
# Copyright (c) 2026, apiary.swarm maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: swarm_node
short_description: Set labels and roles of the nodes of a Docker Swarm, or remove nodes
version_added: 1.0.0
description:
  - Runs on any manager and handles any number of nodes in one call.
  - Promotes and demotes, and waits until it is done. Refuses what would cost the swarm its quorum, before anything is changed.
  - Availability is set by M(apiary.swarm.node_availability).
author:
  - apiary.swarm maintainers (@apiary-swarm)
extends_documentation_fragment:
  - apiary.swarm.connection
  - apiary.swarm.attributes
options:
  nodes:
    description:
      - The nodes to handle. Instead of it, one node can be described by the same options beside it.
    type: list
    elements: dict
    suboptions:
      node:
        description: ID or host name of the node. A host name that several nodes have is an error.
        type: str
        required: true
        aliases: [hostname]
      labels:
        description: Labels of the node. Put values that YAML would not read as text or a number in quotes.
        type: dict
      labels_state:
        description: Whether O(nodes[].labels) is added to the labels that are there, or replaces them.
        type: str
        choices: [merge, replace]
        default: merge
      labels_to_remove:
        description: Names of labels to remove. Not looked at if O(nodes[].labels_state=replace).
        type: list
        elements: str
      role:
        description: Role of the node.
        type: str
        choices: [manager, worker]
      state:
        description:
          - V(absent) removes the node from the swarm's list. It must be down, that is have left or died; a node that left
            is waited for until the managers notice, at most 60 seconds and O(wait_timeout).
          - A node that is not there already is no error.
        type: str
        choices: [present, absent]
        default: present
  node:
    description: ID or host name of the one node to handle. Needed if O(nodes) is not set.
    type: str
    aliases: [hostname]
  labels:
    description: Labels of the one node.
    type: dict
  labels_state:
    description: Whether O(labels) is added to the labels that are there, or replaces them.
    type: str
    choices: [merge, replace]
    default: merge
  labels_to_remove:
    description: Names of labels to remove from the one node.
    type: list
    elements: str
  role:
    description: Role of the one node.
    type: str
    choices: [manager, worker]
  state:
    description: V(absent) removes the one node from the swarm's list.
    type: str
    choices: [present, absent]
    default: present
  force:
    description:
      - With O(state=absent), remove a node that is not down, and demote one that is a manager first if the quorum allows.
      - A node that runs on after it was removed so keeps its tasks; let it leave instead where it can be reached.
    type: bool
    default: false
  wait:
    description: Whether to wait until a change of role is done, and for a node that left to be noticed as down.
    type: bool
    default: true
  wait_timeout:
    description: Seconds to wait at most, all nodes together.
    type: int
    default: 300
seealso:
  - module: apiary.swarm.node_availability
  - module: apiary.swarm.swarm_join
"""

EXAMPLES = r"""
- name: Label two nodes in one call
  apiary.swarm.swarm_node:
    nodes:
      - node: worker1
        labels: {disk: ssd}
      - node: worker2
        labels: {disk: hdd}
        labels_to_remove: [old]

- name: Promote a node
  apiary.swarm.swarm_node:
    node: worker1
    role: manager

- name: Remove a node that has left
  apiary.swarm.swarm_node:
    node: 24ifsmvkjbyhk
    state: absent
"""

RETURN = r"""
nodes:
  description:
    - The nodes that were named, as in RV(apiary.swarm.swarm_info#module:nodes), with what was done to each.
    - A node that was removed is shown as it was; one that was not there is left out.
  returned: success
  type: list
  elements: dict
  sample:
    - id: tlj06h4zudpbw94dm3kz5hfw2
      hostname: worker1
      addr: 172.30.77.21
      role: worker
      availability: active
      state: ready
      leader: false
      reachability: null
      manager_addr: null
      engine_version: 20.10.24
      labels: {"disk": "ssd"}
      changed: true
      actions: ["set label disk to 'ssd'"]
"""

from ansible_collections.apiary.swarm.plugins.module_utils._cluster import Clock, read_nodes
from ansible_collections.apiary.swarm.plugins.module_utils._connection import connection_spec
from ansible_collections.apiary.swarm.plugins.module_utils._errors import SwarmError
from ansible_collections.apiary.swarm.plugins.module_utils._fields import one_or_many
from ansible_collections.apiary.swarm.plugins.module_utils._flow import run
from ansible_collections.apiary.swarm.plugins.module_utils._module import Module
from ansible_collections.apiary.swarm.plugins.module_utils._node_changes import await_down, change, remove
from ansible_collections.apiary.swarm.plugins.module_utils._nodes import (
    find_all,
    name_of,
    plan,
    refuse_loss_of_quorum,
    refuse_promotion_of_absent,
)
from ansible_collections.apiary.swarm.plugins.module_utils._swarm_state import node_row

TRIED = "change nodes"
ONE = {
    "node": {"type": "str", "aliases": ["hostname"]},
    "labels": {"type": "dict"},
    "labels_state": {"type": "str", "choices": ["merge", "replace"], "default": "merge"},
    "labels_to_remove": {"type": "list", "elements": "str"},
    "role": {"type": "str", "choices": ["manager", "worker"]},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
}


def flow(engine, params, check_mode):
    wishes = one_or_many(params, "nodes", ONE)
    nodes = read_nodes(engine, TRIED)
    plans = plans_of(nodes, wishes, params["force"])
    refuse_promotion_of_absent(plans)
    refuse_loss_of_quorum(nodes, plans)
    if check_mode:
        return result(plans, None)
    clock = Clock(params["wait_timeout"] if params["wait"] else 0)
    leaving = [entry for entry in plans if entry.remove]
    if leaving and not params["force"]:
        await_down(engine, leaving, clock)
    changing = [entry for entry in plans if entry.role or (entry.actions and not (entry.remove and not entry.role))]
    after = change(engine, changing, clock, params["wait"]) if changing else nodes
    for entry in leaving:
        remove(engine, entry, params["force"])
    return result(plans, after)


def plans_of(nodes, wishes, force):
    """One Plan for each wish, in order. Raises SwarmError before anything is changed."""
    known = {node["ID"] for node in nodes} | {name_of(node) for node in nodes}
    names = [wish["node"] for wish in wishes if wish["state"] == "present" or wish["node"] in known]
    found = dict(zip(names, find_all(nodes, names, TRIED)))
    return [plan(found.get(wish["node"]), wish, force) for wish in wishes]


def result(plans, after):
    """after is GET /nodes as read at the end, None in check mode."""
    now = {node["ID"]: node for node in after or []}
    rows, before, then = [], {}, {}
    for entry in plans:
        if entry.node is None:
            continue
        there = now.get(entry.node["ID"]) or dict(entry.node, Spec=entry.spec)
        rows.append(
            dict(
                node_row(entry.node if entry.remove else there),
                changed=bool(entry.actions),
                actions=list(entry.actions),
            )
        )
        if entry.actions:
            before[name_of(entry.node)] = shown(entry.node)
            then[name_of(entry.node)] = {} if entry.remove else shown(there)
    return {"changed": bool(before), "nodes": rows, "diff": {"before": before, "after": then}}


def shown(node):
    return {"role": node["Spec"]["Role"], "labels": node["Spec"].get("Labels") or {}}


def main():
    module = Module(
        argument_spec=dict(
            connection_spec(),
            nodes={
                "type": "list",
                "elements": "dict",
                "options": dict(ONE, node=dict(ONE["node"], required=True)),
            },
            force={"type": "bool", "default": False},
            wait={"type": "bool", "default": True},
            wait_timeout={"type": "int", "default": 300},
            **ONE,
        ),
        mutually_exclusive=[("nodes", "node")],
        required_one_of=[("nodes", "node")],
        supports_check_mode=True,
    )
    try:
        result = run(module, flow)
    except SwarmError as error:
        module.fail_json(**error.result())
    module.exit_json(**result)


if __name__ == "__main__":
    main()
