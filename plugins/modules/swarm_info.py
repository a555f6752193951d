#!/usr/bin/python
# Copyright (c) 2026, apiary.swarm maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: swarm_info
short_description: Report a Docker Swarm as one of its engines sees it
version_added: 1.0.0
description:
  - Reports this engine's membership, and on a manager the nodes, services, tasks and networks of the swarm, with a list of
    what is wrong.
  - Never fails because of the state the node is in. On a worker, on a node that is in no swarm, still joining, locked or
    without quorum, RV(swarm) says so and the lists are empty.
  - Makes one call to the engine for each thing asked for, whatever the size of the swarm.
author:
  - apiary.swarm maintainers (@apiary-swarm)
extends_documentation_fragment:
  - apiary.swarm.connection
  - apiary.swarm.attributes.info
options:
  include:
    description:
      - What to report beside RV(swarm).
      - V(mesh) tells whether the kernel of the host that the module runs on can route the ingress mesh.
      - V(held_ports) tells which ports of the host that the module runs on something else than the swarm has. Run it as root, or it
        cannot tell one process from another.
      - V(tokens) returns the join tokens. Whoever has one can join the swarm, so use C(no_log) with it.
      - V(unlock_key) returns the unlock key, if autolock is on. Use C(no_log) with it too.
    type: list
    elements: str
    choices: [nodes, services, tasks, networks, mesh, held_ports, tokens, unlock_key]
    default: [nodes, services, mesh]
seealso:
  - module: apiary.swarm.swarm_init
  - module: apiary.swarm.swarm_join
"""

EXAMPLES = r"""
- name: See what the swarm looks like
  apiary.swarm.swarm_info:
  register: cluster

- name: Show what is wrong with it
  ansible.builtin.debug:
    var: cluster.problems

- name: Ask only for this node's own state
  apiary.swarm.swarm_info:
    include: []
  register: membership

- name: Fetch the tokens for nodes that are to join
  apiary.swarm.swarm_info:
    include: [tokens]
  register: cluster_tokens
  no_log: true
"""

RETURN = r"""
swarm:
  description: This engine's membership and the swarm's settings.
  returned: always
  type: dict
  contains:
    state:
      description: The engine's own word, V(inactive), V(pending), V(active), V(locked) or V(error).
      type: str
      returned: always
    obstacle:
      description:
        - Why the swarm cannot be read or changed here, V(null) if it can.
        - One of V(inactive), V(worker), V(pending), V(locked), V(no_quorum), V(electing), V(certificate_expired), V(error).
      type: str
      returned: always
    control_available:
      description: Whether this engine acts as a manager.
      type: bool
      returned: always
    role:
      description: V(manager), V(worker), or V(null) if the node is in no swarm.
      type: str
      returned: always
    node_id:
      description: This node's ID.
      type: str
      returned: always
    node_addr:
      description: The address that this node advertises.
      type: str
      returned: always
    hostname:
      description: The host's name as the engine knows it.
      type: str
      returned: always
    cluster_id:
      description: The swarm's ID. Only managers know it.
      type: str
      returned: always
    engine_version:
      description: Version of the engine.
      type: str
      returned: always
    api_version:
      description: Version of the API in use.
      type: str
      returned: always
    error:
      description: What the engine says is wrong.
      type: str
      returned: always
    managers:
      description: Number of managers, on a worker those that it has heard of.
      type: int
      returned: always
    nodes:
      description: Number of nodes, V(0) where the engine cannot tell.
      type: int
      returned: always
    remote_managers:
      description: The managers that this engine has heard of, itself included.
      type: list
      elements: dict
      returned: always
      sample: [{"node_id": "p894erdk7sa535pbpzpthysme", "addr": "172.30.77.12:2377"}]
    quorum:
      description:
        - How many managers there are, can be reached, and are needed to decide anything, and how many more may fail.
        - C(reachable) and C(tolerates) are V(null) where this engine cannot tell.
      type: dict
      returned: always
      sample: {"managers": 3, "reachable": 3, "needed": 2, "tolerates": 1}
    is_leader:
      description: Whether this manager leads.
      type: bool
      returned: always
    settings:
      description: The swarm-wide settings, under the option names of M(apiary.swarm.swarm_init). Empty where unknown.
      type: dict
      returned: always
      sample: {"task_history_retention_limit": 5, "dispatcher_heartbeat_period": "5s"}
nodes:
  description: The nodes of the swarm.
  returned: if O(include) has V(nodes)
  type: list
  elements: dict
  sample:
    - id: tlj06h4zudpbw94dm3kz5hfw2
      hostname: manager1
      addr: 172.30.77.11
      role: manager
      availability: active
      state: ready
      leader: true
      reachability: reachable
      manager_addr: 172.30.77.11:2377
      engine_version: 20.10.24
      labels: {}
services:
  description: The services of the swarm.
  returned: if O(include) has V(services)
  type: list
  elements: dict
  sample:
    - id: w6fxw1y0s3ll3f2sp0cm7mzf1
      name: httpd
      mode: replicated
      replicas: {"running": 3, "desired": 3}
      image: nginx:1.26
      ports: ["8080->80/tcp"]
      published: [{"published_port": 8080, "target_port": 80, "protocol": "tcp", "mode": "ingress"}]
      update_status: null
      converged: true
tasks:
  description: The tasks of the swarm, those of the past as far as the engine keeps them.
  returned: if O(include) has V(tasks)
  type: list
  elements: dict
  sample:
    - id: 4lyjf7ygqw9s0m7w2w0h2o8ml
      service: httpd
      slot: 1
      node: worker1
      state: running
      desired_state: running
      error: null
      exit_code: null
      image: nginx:1.26
      since: "2026-11-23T22:04:37.169387338Z"
      container_id: 2b2c1f0e55b1
      addresses: [10.0.1.3]
      published: [{"published_port": 32768, "target_port": 80, "protocol": "tcp", "mode": "host"}]
networks:
  description: The swarm-wide networks, and on a node without a swarm none.
  returned: if O(include) has V(networks)
  type: list
  elements: dict
  sample:
    - id: s2d5m3yhwm2n8u4m1h3v7v5xk
      name: front
      driver: overlay
      scope: swarm
      attachable: false
      internal: false
      ingress: false
      enable_ipv6: false
      driver_options: {}
      labels: {}
      subnets: [10.0.1.0/24]
node_networks:
  description:
    - What this engine itself has of the networks that published ports go through. C(ingress) is the swarm's, C(docker_gwbridge)
      the node's own. Each is a row as in RV(networks), V(null) if the engine has none.
    - V(null) on a node that cannot tell, because it is in no swarm or the managers have no quorum.
  returned: if O(include) has V(networks)
  type: dict
  contains:
    ingress:
      description: The network for ports published in ingress mode, as far as this node takes part in it.
      type: dict
      returned: always
    docker_gwbridge:
      description: The bridge by which containers on overlay networks reach the outside.
      type: dict
      returned: always
mesh:
  description:
    - Whether the kernel of the host that the module runs on can route the ingress mesh, and how that is known.
    - C(ip_vs) is V(null) where it cannot be told.
  returned: if O(include) has V(mesh)
  type: dict
  sample: {"ip_vs": true, "source": "/proc/net/ip_vs is there"}
held_ports:
  description:
    - The ports on which a process of the host listens, or which a container of no service publishes; those on the loopback alone,
      the engine's own and what the swarm's services have are left out. The kernel has some itself, VXLAN's for example.
    - V(null) if the engine is not on the host that the module runs on.
  returned: if O(include) has V(held_ports)
  type: list
  elements: dict
  sample: [{"port": 8080, "protocol": "tcp", "holder": "process nginx (4711)"}]
problems:
  description: What a person should act on, as sentences. What is judged depends on O(include).
  returned: always
  type: list
  elements: str
tokens:
  description: The join tokens. Secret.
  returned: if O(include) has V(tokens) and the engine is a manager
  type: dict
  contains:
    worker:
      description: Lets a node join as a worker.
      type: str
      returned: always
    manager:
      description: Lets a node join as a manager.
      type: str
      returned: always
unlock_key:
  description: The key that managers need after a restart. Secret.
  returned: if O(include) has V(unlock_key), the engine is a manager and autolock is on
  type: str
"""

from ansible_collections.apiary.swarm.plugins.module_utils._addresses import is_local
from ansible_collections.apiary.swarm.plugins.module_utils._cluster import read_swarm, with_error
from ansible_collections.apiary.swarm.plugins.module_utils._connection import connection_spec
from ansible_collections.apiary.swarm.plugins.module_utils._errors import SwarmError
from ansible_collections.apiary.swarm.plugins.module_utils._flow import run
from ansible_collections.apiary.swarm.plugins.module_utils._held_ports import held_here
from ansible_collections.apiary.swarm.plugins.module_utils._mesh import ip_vs_support
from ansible_collections.apiary.swarm.plugins.module_utils._module import Module
from ansible_collections.apiary.swarm.plugins.module_utils._problems import problems
from ansible_collections.apiary.swarm.plugins.module_utils._swarm_state import (
    names_of_nodes,
    network_row,
    node_networks,
    node_row,
    obstacle,
    publishes_in_mesh,
    running_tasks,
    service_row,
    task_row,
)

INCLUDE = ("nodes", "services", "tasks", "networks", "mesh", "held_ports", "tokens", "unlock_key")
REFUSALS = frozenset(("inactive", "worker", "pending", "locked", "no_quorum", "electing", "certificate_expired"))


def flow(engine, params, check_mode):
    """One GET /info, on a manager GET /nodes, and one GET for each thing included; for networks there two."""
    include = frozenset(params["include"])
    info = engine.info()
    raw = {}
    own = None
    if "networks" in include and obstacle(info) == "worker":
        own = node_networks(engine.networks())
    if obstacle(info) is None:
        try:
            raw = read(engine, include)
            if "networks" in include:
                own = of_manager(engine, raw["all_networks"])
        except SwarmError as error:
            # the leader was lost between two calls
            if error.kind not in REFUSALS:
                raise
            info = with_error(info, error)
    swarm = read_swarm(engine, info, raw.get("nodes", []))
    mesh = mesh_of(params["docker_host"]) if "mesh" in include else None
    result = {"changed": False, "swarm": swarm}
    rows = rows_of(raw)
    result.update({key: rows[key] for key in rows if key in include})
    if "networks" in include:
        result["node_networks"] = own
    if mesh:
        result["mesh"] = mesh
    if "held_ports" in include:
        local = is_local(params["docker_host"])
        result["held_ports"] = held_here(engine.get("/containers/json", what="list the containers")) if local else None
    if "tokens" in include and raw.get("swarm"):
        tokens = raw["swarm"]["JoinTokens"]
        result["tokens"] = {"worker": tokens["Worker"], "manager": tokens["Manager"]}
    if raw.get("unlock_key"):
        result["unlock_key"] = raw["unlock_key"]
    meshed = [service["Spec"]["Name"] for service in raw.get("services", []) if publishes_in_mesh(service)]
    nodes = rows["nodes"] if "nodes" in include else []
    result["problems"] = problems(swarm, nodes, rows["services"], mesh, meshed)
    return result


def read(engine, include):
    """The engine's own answers, by name."""
    raw = {"nodes": engine.nodes()}
    if "services" in include or "tasks" in include:
        raw["services"] = engine.get("/services", what="list the services", status=True)
        raw["tasks"] = engine.tasks(**({} if "tasks" in include else {"desired-state": ["running"]}))
    if "networks" in include:
        raw["all_networks"] = engine.networks()
        raw["networks"] = [network for network in raw["all_networks"] if network["Scope"] == "swarm"]
    if "tokens" in include:
        raw["swarm"] = engine.swarm()
    if "unlock_key" in include:
        raw["unlock_key"] = engine.get("/swarm/unlockkey", what="read the unlock key")["UnlockKey"]
    return raw


def of_manager(engine, networks):
    ingress = next((network["Id"] for network in networks if network.get("Ingress")), None)
    return node_networks(networks, engine.get(f"/networks/{ingress}", what="read a network") if ingress else None)


def rows_of(raw):
    services = {service["ID"]: service["Spec"]["Name"] for service in raw.get("services", [])}
    nodes = names_of_nodes(raw.get("nodes", []))
    running = running_tasks(raw.get("tasks", []), raw.get("nodes", []))
    return {
        "nodes": [node_row(node) for node in raw.get("nodes", [])],
        "services": [service_row(service, running[service["ID"]]) for service in raw.get("services", [])],
        "tasks": [task_row(task, services, nodes) for task in raw.get("tasks", [])],
        "networks": [network_row(network) for network in raw.get("networks", [])],
    }


def mesh_of(docker_host):
    if is_local(docker_host):
        return ip_vs_support()
    return {"ip_vs": None, "source": f"the engine is at {docker_host}, not on the host that the module runs on"}


def main():
    module = Module(
        argument_spec=dict(
            connection_spec(),
            include={
                "type": "list",
                "elements": "str",
                "choices": list(INCLUDE),
                "default": ["nodes", "services", "mesh"],
            },
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
