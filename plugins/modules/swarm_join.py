#!/usr/bin/python
# Copyright (c) 2026, apiary.swarm maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: swarm_join
short_description: Join this node to a Docker Swarm, or let it leave
version_added: 1.0.0
description:
  - Joins the engine to a swarm as a manager or a worker, and waits until it is usable there; a manager, until the swarm lists
    it as reachable, so that the next one can join.
  - Tries each of O(remote_addrs) until one lets the node in.
  - A member is left as it is, after a look at whether it is in the right swarm, with the right role and address.
  - An attempt to join that was interrupted earlier is waited for, then given up and begun anew.
author:
  - apiary.swarm maintainers (@apiary-swarm)
extends_documentation_fragment:
  - apiary.swarm.connection
  - apiary.swarm.attributes
options:
  state:
    description:
      - V(present) joins, V(absent) leaves.
    type: str
    choices: [present, absent]
    default: present
  role:
    description:
      - The role that O(join_token) is for. A member with the other role is an error; M(apiary.swarm.swarm_node) changes it.
    type: str
    choices: [manager, worker]
    default: worker
  join_token:
    description:
      - The swarm's token for O(role), see M(apiary.swarm.swarm_info). Needed only if the node has to join.
    type: str
  remote_addrs:
    description:
      - Addresses of managers, with or without a port (2377). Each is tried; this node's own address is passed over.
      - Needed only if the node has to join.
    type: list
    elements: str
  advertise_addr:
    description:
      - Address or interface of this host that the other nodes reach it at, with or without a port.
      - Must be this host's own, which is checked if the engine is behind a unix socket. Cannot be changed afterwards.
      - If not set, the engine takes the address of the route to the manager.
    type: str
  listen_addr:
    description:
      - Address or interface to listen on, with or without a port. Only used at the join.
      - If not set, V(0.0.0.0:2377).
    type: str
  data_path_addr:
    description:
      - Address or interface for the traffic of containers. Only used at the join.
      - If not set, that of O(advertise_addr).
    type: str
  availability:
    description:
      - Availability of the node from the start. Only used at the join; see M(apiary.swarm.node_availability) for later.
    type: str
    choices: [active, pause, drain]
  cluster_node_ids:
    description:
      - IDs of the nodes of the swarm that is meant. A member whose ID is not among them is in another swarm, which is an error.
      - If not set, a member is judged by whether O(remote_addrs) has one of its managers' addresses.
    type: list
    elements: str
  force:
    description:
      - With O(state=absent), let a manager leave without having been demoted, and a node that is locked or has lost contact.
      - A manager that leaves so goes on counting as a manager that cannot be reached, until it is removed.
    type: bool
    default: false
  wait:
    description:
      - Whether to wait until the node is usable.
    type: bool
    default: true
  wait_timeout:
    description:
      - Seconds to wait at most, all addresses together.
    type: int
    default: 300
seealso:
  - module: apiary.swarm.swarm_init
  - module: apiary.swarm.swarm_node
"""

EXAMPLES = r"""
- name: Fetch the tokens from a manager
  apiary.swarm.swarm_info:
    include: [tokens]
  delegate_to: manager1
  register: cluster
  no_log: true

- name: Join as a worker
  apiary.swarm.swarm_join:
    role: worker
    join_token: "{{ cluster.tokens.worker }}"
    remote_addrs: [192.0.2.11, 192.0.2.12, 192.0.2.13]
    advertise_addr: 192.0.2.21

- name: Let a worker leave
  apiary.swarm.swarm_join:
    state: absent
"""

RETURN = r"""
actions:
  description: What was done, or in check mode would be done, as sentences.
  returned: success
  type: list
  elements: str
  sample: ["joined the swarm as a worker through 192.0.2.11:2377"]
swarm:
  description:
    - The swarm as this node sees it afterwards, as RV(apiary.swarm.swarm_info#module:swarm). In check mode as it is.
  returned: success
  type: dict
"""

from ansible_collections.apiary.swarm.plugins.module_utils._addresses import is_local, resolve_all
from ansible_collections.apiary.swarm.plugins.module_utils._cluster import Clock, read_nodes, read_swarm
from ansible_collections.apiary.swarm.plugins.module_utils._connection import connection_spec
from ansible_collections.apiary.swarm.plugins.module_utils._errors import SwarmError
from ansible_collections.apiary.swarm.plugins.module_utils._flow import run
from ansible_collections.apiary.swarm.plugins.module_utils._join import (
    await_end_of_join,
    await_member,
    candidates,
    give_up,
    join_through_any,
    must_join,
    refuse_leave,
    refuse_other_address,
    refuse_other_role,
    refuse_other_swarm,
)
from ansible_collections.apiary.swarm.plugins.module_utils._module import Module
from ansible_collections.apiary.swarm.plugins.module_utils._swarm_state import obstacle, obstacle_error

# an attempt of an earlier run gets as long as the engine gives a new one
PATIENCE = 20


def flow(engine, params, check_mode):
    info = engine.info()
    if params["state"] == "absent":
        return leave(engine, params, info, check_mode)
    clock = Clock(params["wait_timeout"])
    local = is_local(params["docker_host"])
    advertised = resolve_all(params, engine.name, local)["advertise_addr"]
    actions = []
    joining = must_join(info, engine.name)
    if joining is None and not check_mode:
        info, joining = end_earlier_attempt(engine, info, clock, actions)
    if joining is False:
        return member(engine, params, info, advertised, clock)
    if joining is None and info["Swarm"]["NodeID"]:
        # check mode does not wait: a member that has lost contact keeps its place in the swarm and does not join again
        raise obstacle_error(info, "join a swarm", engine.name)
    addresses = candidates(params["remote_addrs"] or [], advertised, local)
    require(params, addresses, engine.name)
    if check_mode:
        return result([f"would join the swarm as a {params['role']}"], info, read_swarm(engine, info), params["role"])
    try:
        address = join_through_any(engine, request_of(params), addresses, clock, local)
    except SwarmError as error:
        return overtaken(engine, params, advertised, clock, actions, error)
    actions.append(f"joined the swarm as a {params['role']} through {address}")
    joined, nodes = engine.info(), None
    if params["wait"]:
        joined, nodes = await_member(engine, params["role"], clock)
    refuse_dropped_address(joined, advertised, engine.name)
    return result(actions, info, read_swarm(engine, joined, nodes), params["role"])


def overtaken(engine, params, advertised, clock, actions, error):
    """Somebody else let the node join in the meantime: it is judged as any member; any other error is raised."""
    if error.kind != "member":
        raise error
    info = await_end_of_join(engine, clock.left)
    if must_join(info, engine.name) is not False:
        raise error
    return dict(member(engine, params, info, advertised, clock), changed=bool(actions), actions=actions)


def end_earlier_attempt(engine, info, clock, actions):
    """Wait for a join that an earlier run began, and give it up if the node has never been let in."""
    info = await_end_of_join(engine, min(PATIENCE, clock.left))
    joining = must_join(info, engine.name)
    if joining is None and info["Swarm"]["NodeID"]:
        info = await_end_of_join(engine, clock.left)
        joining = must_join(info, engine.name)
        if joining is None:
            raise obstacle_error(info, "join a swarm", engine.name)
    if joining is None:
        give_up(engine)
        actions.append("gave up an earlier attempt to join that did not end")
        return engine.info(), True
    return info, joining


def member(engine, params, info, advertised, clock):
    """A node that is in a swarm already: the right one, with the right role, usable."""
    refuse_other_swarm(info, params["cluster_node_ids"], params["remote_addrs"], engine.name)
    refuse_other_role(info, params["role"], engine.name)
    refuse_other_address(info, advertised, engine.name)
    nodes = read_nodes(engine, "look at the managers") if params["role"] == "manager" else None
    if params["wait"]:
        info, nodes = await_member(engine, params["role"], clock, info, nodes)
    return result([], info, read_swarm(engine, info, nodes), params["role"])


def require(params, addresses, node):
    if not params["join_token"]:
        raise SwarmError(f"{node} is in no swarm: join_token is needed to join one", node=node)
    if not addresses:
        raise SwarmError(
            f"{node} is in no swarm: remote_addrs must name a manager other than this node to join through", node=node
        )


def request_of(params):
    return {
        "ListenAddr": params["listen_addr"] or "0.0.0.0:2377",
        "AdvertiseAddr": params["advertise_addr"] or "",
        "DataPathAddr": params["data_path_addr"] or "",
        "JoinToken": params["join_token"],
        "Availability": params["availability"] or "active",
    }


def refuse_dropped_address(info, advertised, node):
    """The engine silently takes another address where it cannot use the given one (moby daemon/cluster/swarm.go Join)."""
    present = info["Swarm"]["NodeAddr"]
    if advertised and present and present != advertised:
        raise SwarmError(
            f"{node} has joined the swarm, but advertises {present} and not {advertised}",
            kind="advertise_addr",
            hint="Let it leave (swarm_join with state: absent), and join again with an address of that host.",
            node=node,
        )


def leave(engine, params, info, check_mode):
    if info["Swarm"]["LocalNodeState"] == "inactive":
        return result([], info, read_swarm(engine, info), None)
    nodes = managers_seen(engine, info, params["force"])
    warning = refuse_leave(info, nodes, params["force"], engine.name)
    if not check_mode:
        engine.post("/swarm/leave", what="leave the swarm", force=params["force"] or obstacle(info) != "worker")
        before, info = info, await_left(engine, params["wait_timeout"])
    else:
        before = info
    done = result([f"{'would leave' if check_mode else 'left'} the swarm"], before, read_swarm(engine, info), None)
    if warning:
        done["warnings"] = [warning]
    return done


def managers_seen(engine, info, force):
    """GET /nodes, None where this engine cannot tell; with force also where it fails, for then it is to leave all the same."""
    if obstacle(info) is not None:
        return None
    try:
        return engine.nodes()
    except SwarmError:
        if force:
            return None
        raise


def await_left(engine, seconds):
    clock = Clock(seconds)
    while True:
        info = engine.info()
        if info["Swarm"]["LocalNodeState"] == "inactive":
            return info
        if not clock.pause():
            raise obstacle_error(info, "leave the swarm", engine.name, "pending")


def result(actions, before, swarm, role):
    changed = bool(actions)
    was = {"state": before["Swarm"]["LocalNodeState"], "node_id": before["Swarm"]["NodeID"] or None}
    after = {"state": "active", "role": role, "node_id": swarm["node_id"]} if role else {"state": "inactive"}
    return {
        "changed": changed,
        "actions": actions,
        "diff": {"before": was, "after": after} if changed else {"before": {}, "after": {}},
        "swarm": swarm,
    }


def main():
    module = Module(
        argument_spec=dict(
            connection_spec(),
            state={"type": "str", "choices": ["present", "absent"], "default": "present"},
            role={"type": "str", "choices": ["manager", "worker"], "default": "worker"},
            join_token={"type": "str", "no_log": True},
            remote_addrs={"type": "list", "elements": "str"},
            advertise_addr={"type": "str"},
            listen_addr={"type": "str"},
            data_path_addr={"type": "str"},
            availability={"type": "str", "choices": ["active", "pause", "drain"]},
            cluster_node_ids={"type": "list", "elements": "str"},
            force={"type": "bool", "default": False},
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
