#!/usr/bin/python
# Copyright (c) 2026, apiary.swarm maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: swarm_init
short_description: Initialise a Docker Swarm, or bring its settings to what is declared
version_added: 1.0.0
description:
  - On an engine that is in no swarm, initialises one. On a manager, changes the swarm-wide settings that are declared and
    leaves all others as they are.
  - Never initialises a second swarm. On a worker, on a node that is still joining, that is locked or has no quorum, it fails
    and says which of these it is.
  - With O(force_new_cluster), a manager whose swarm has lost its quorum for good becomes the only one of it.
  - Returns no join token; see M(apiary.swarm.swarm_info).
author:
  - apiary.swarm maintainers (@apiary-swarm)
extends_documentation_fragment:
  - apiary.swarm.connection
  - apiary.swarm.attributes
options:
  advertise_addr:
    description:
      - Address or interface of this host that the other nodes reach it at, with or without a port.
      - Must be this host's own, which is checked if the engine is behind a unix socket. Cannot be changed afterwards.
      - If not set, the engine takes the address of the default route, and refuses if it finds several.
    type: str
  listen_addr:
    description:
      - Address or interface to listen on, with or without a port. Only used when a swarm is initialised.
      - If not set, V(0.0.0.0:2377).
    type: str
  data_path_addr:
    description:
      - Address or interface for the traffic of containers. Only used when a swarm is initialised.
      - If not set, that of O(advertise_addr).
    type: str
  data_path_port:
    description:
      - UDP port for the traffic of containers, by the engine's default 4789. Cannot be changed afterwards.
    type: int
  default_addr_pool:
    description:
      - Address pools for swarm-wide networks, in CIDR form. Cannot be changed afterwards.
    type: list
    elements: str
  subnet_size:
    description:
      - Prefix length of the subnets taken from O(default_addr_pool). Cannot be changed afterwards.
    type: int
  availability:
    description:
      - Availability of this node from the start. Only used when a swarm is initialised; see
        M(apiary.swarm.node_availability) for later.
    type: str
    choices: [active, pause, drain]
  force_new_cluster:
    description:
      - Where the swarm of this manager has no quorum, go on with this manager as the only one. Services, secrets and configs stay,
        workers come along, the other managers are forgotten. They must leave by force before they join again, and so must those
        that are away, before their engines are started again.
      - Changes nothing where there is a quorum, so a second run does not do it again. Which manager is the right one to ask, the
        playbook C(apiary.swarm.recover) finds out.
      - The engine keeps the address that this manager advertised, and refuses it with autolock on (moby issue 36852).
      - Where the root CA was ever rotated, the engine begins a new one with it; a warning tells.
    type: bool
    default: false
  autolock_managers:
    description: Whether a manager that was restarted needs the unlock key.
    type: bool
  labels:
    description: The swarm's labels, all of them. An empty dictionary removes them.
    type: dict
  node_cert_expiry:
    description: How long the nodes' certificates live, such as V(2160h), or a number of nanoseconds. At least one hour.
    type: str
  external_cas:
    description: External certificate authorities, all of them.
    type: list
    elements: dict
    suboptions:
      protocol:
        description: The authority's protocol.
        type: str
        choices: [cfssl]
        default: cfssl
      url:
        description: The authority's URL for signing requests.
        type: str
        required: true
      options:
        description: Options of the protocol.
        type: dict
      ca_cert:
        description: The root certificate that the authority signs with, as PEM text.
        type: str
  dispatcher_heartbeat_period:
    description: How often nodes report, such as V(5s), or a number of nanoseconds. At least one second.
    type: str
  keep_old_snapshots:
    description: Number of snapshots to keep beyond the current one.
    type: int
  snapshot_interval:
    description: Number of log entries between two snapshots.
    type: int
  log_entries_for_slow_followers:
    description: Number of log entries to keep for slow managers after a snapshot.
    type: int
  election_tick:
    description: Ticks without a leader after which managers elect a new one. Must be greater than O(heartbeat_tick).
    type: int
  heartbeat_tick:
    description: Ticks between two heartbeats of the leader.
    type: int
  task_history_retention_limit:
    description: Number of ended tasks to keep for each slot.
    type: int
seealso:
  - module: apiary.swarm.swarm_join
  - module: apiary.swarm.swarm_info
"""

EXAMPLES = r"""
- name: Initialise a swarm
  apiary.swarm.swarm_init:
    advertise_addr: 192.0.2.11

- name: Change one setting and leave the others alone
  apiary.swarm.swarm_init:
    task_history_retention_limit: 7

- name: Go on with this manager alone, if the others are lost
  apiary.swarm.swarm_init:
    force_new_cluster: true

- name: Initialise a swarm with its own address pool
  apiary.swarm.swarm_init:
    advertise_addr: eth0
    default_addr_pool: [10.20.0.0/16]
    subnet_size: 26
    node_cert_expiry: 720h
    labels:
      env: production
"""

RETURN = r"""
actions:
  description: What was done, or in check mode would be done, as sentences.
  returned: success
  type: list
  elements: str
  sample: ["initialised a swarm that advertises 192.0.2.11"]
swarm:
  description:
    - The swarm afterwards, as RV(apiary.swarm.swarm_info#module:swarm). In check mode as it is.
  returned: success
  type: dict
"""

from ansible_collections.apiary.swarm.plugins.module_utils._addresses import ADDRESS_OPTIONS, is_local, resolve_all
from ansible_collections.apiary.swarm.plugins.module_utils._cluster import Clock, read_nodes, read_swarm
from ansible_collections.apiary.swarm.plugins.module_utils._connection import connection_spec
from ansible_collections.apiary.swarm.plugins.module_utils._engine import TRANSIENT, noting, retry
from ansible_collections.apiary.swarm.plugins.module_utils._errors import SwarmError
from ansible_collections.apiary.swarm.plugins.module_utils._flow import run
from ansible_collections.apiary.swarm.plugins.module_utils._join import await_end_of_join, refuse_other_address
from ansible_collections.apiary.swarm.plugins.module_utils._module import Module
from ansible_collections.apiary.swarm.plugins.module_utils._new_cluster import TRIED, force, needs_force
from ansible_collections.apiary.swarm.plugins.module_utils._rotation import in_progress
from ansible_collections.apiary.swarm.plugins.module_utils._swarm_fields import (
    argument_spec,
    declared,
    differences,
    init_fields,
    refuse_fixed,
    settings,
    spec_of,
)
from ansible_collections.apiary.swarm.plugins.module_utils._swarm_state import obstacle, obstacle_error

# Only the manager that init has started answers so. What is refused before that, or because somebody else was quicker, is
# refused in the daemon's own words, and any swarm that is there then is not ours.
REFUSED_SETTINGS = "rpc error:"
# until a swarm that somebody else is making stands, in seconds: once it is known that one is made, and while it may be
PATIENCE = 20
MOMENT = 5
# Without a quorum nobody can be asked how often the CA was rotated, which the request would have to say (moby MergeSwarmSpecToGRPC).
NEW_ROOT = (
    "The engine has begun a new root CA with it, as the CA of this swarm had been rotated before. Join tokens that were noted elsewhere are "
    "void once every node has a certificate of it; swarm_rotate with rotate: [ca] waits for that"
)


def flow(engine, params, check_mode):
    values = declared(params)
    advertised = resolve_all(params, engine.name, is_local(params["docker_host"]))["advertise_addr"]
    if params["force_new_cluster"]:
        return go_on_alone(engine, params, values, advertised, check_mode)
    info = engine.info()
    if obstacle(info) == "pending" and not check_mode:
        info = await_end_of_join(engine, MOMENT)
    cause = obstacle(info)
    if cause == "inactive":
        return initialise(engine, params, values, advertised, info, check_mode)
    if cause:
        raise obstacle_error(info, "initialise a swarm or change its settings", engine.name, cause)
    return update(engine, params, values, advertised, info, check_mode)


def initialise(engine, params, values, advertised, info, check_mode):
    doing = "initialise a swarm" + (f" that advertises {advertised}" if advertised else "")
    request = request_of(params, values)
    if check_mode:
        asked = {key: params[key] for key in params if key in argument_spec() or key in ADDRESS_OPTIONS}
        after = {key: asked[key] for key in asked if asked[key] is not None}
        return result([f"would {doing}"], {}, after, read_swarm(engine, info))
    try:
        engine.post("/swarm/init", request, what="initialise a swarm")
    except SwarmError as error:
        if error.kind == "member":
            return overtaken(engine, params, values, advertised, error)
        raise undone(engine, error) if REFUSED_SETTINGS in error.msg else error
    made = engine.info()
    try:
        verify(made["Swarm"]["Cluster"], values, engine.name)
    except SwarmError as error:
        raise undone(engine, error)
    await_ingress(engine)
    return result(
        [f"initialised a swarm that advertises {made['Swarm']['NodeAddr']}"],
        {},
        settings(made["Swarm"]["Cluster"]),
        read_swarm(engine, made),
    )


def request_of(params, values):
    return dict(
        init_fields(params),
        ListenAddr=params["listen_addr"] or "0.0.0.0:2377",
        AdvertiseAddr=params["advertise_addr"] or "",
        DataPathAddr=params["data_path_addr"] or "",
        Availability=params["availability"] or "active",
        AutoLockManagers=bool(values.get("autolock_managers")),
        Spec=spec_of(values),
    )


def go_on_alone(engine, params, values, advertised, check_mode):
    lost, info = needs_force(engine)
    if not lost:
        return result([], {}, {}, read_swarm(engine, info))
    before = {"managers": read_swarm(engine, info)["managers"]}
    nodes = None
    if not check_mode:
        nodes = force(engine, request_of(params, values), info, advertised)
        info = engine.info()
    done = result(
        [TRIED if check_mode else "made this manager the only one"],
        before,
        {"managers": 1},
        read_swarm(engine, info, nodes),
    )
    rotating = not check_mode and in_progress(info["Swarm"]["Cluster"])
    return dict(done, warnings=[NEW_ROOT]) if rotating else done


def overtaken(engine, params, values, advertised, error):
    """Somebody else has made a swarm here in the meantime: theirs is left as it is, but for the settings declared here."""
    info = await_end_of_join(engine, PATIENCE)
    cause = obstacle(info)
    if cause == "inactive":
        raise error
    if cause:
        raise obstacle_error(info, "initialise a swarm or change its settings", engine.name, cause)
    return update(engine, params, values, advertised, info, check_mode=False)


def undone(engine, error):
    """The engine keeps a swarm whose settings it then refuses (20.10 and later): leave it again, it is seconds old.

    Only for a swarm that this very call made.
    """
    if engine.info()["Swarm"]["LocalNodeState"] != "inactive":
        engine.post("/swarm/leave", what="leave the swarm that was just made", force=True)
        error.msg += ". The swarm that was half made has been left again"
    return error


def await_ingress(engine):
    """The network for published ports is allocated a moment after the swarm; services that publish need it."""
    clock = Clock(10)
    while not engine.networks(name=["ingress"], scope=["swarm"]) and clock.pause():
        pass


def update(engine, params, values, advertised, info, check_mode):
    nodes = read_nodes(engine, "change the swarm's settings")
    cluster = info["Swarm"]["Cluster"]
    refuse_fixed(cluster, params)
    refuse_other_address(info, advertised, engine.name)
    changing = differences(cluster, values)
    if not changing:
        return result([], {}, {}, read_swarm(engine, info, nodes))
    before = settings(cluster)
    if check_mode:
        after = settings(dict(cluster, Spec=spec_of(values, cluster["Spec"])))
        return result(told(before, after, "would change"), before, after, read_swarm(engine, info, nodes))

    unsure = []

    def write():
        # not from GET /info: where a leader is lost, that has a cluster without anything in it and does not fail
        present = engine.swarm()
        if differences(present, values):
            with noting(unsure, settings(present)):
                engine.post(
                    "/swarm/update",
                    spec_of(values, present["Spec"]),
                    what=f"change {', '.join(changing)} of the swarm",
                    version=present["Version"]["Index"],
                )
            return settings(present)
        return unsure[-1] if unsure else settings(present)

    before = retry(write, kinds=TRANSIENT | {"out_of_sequence"})
    after = settings(read_back(engine, values))
    return result(told(before, after, "changed"), before, after, read_swarm(engine, nodes=nodes))


def read_back(engine, values):
    """The cluster once it shows what was declared: a follower may lag behind the leader for a moment."""
    clock = Clock(10)
    while True:
        cluster = retry(engine.swarm)
        if not differences(cluster, values):
            return cluster
        if not clock.pause():
            verify(cluster, values, engine.name)


def verify(cluster, values, node):
    missed = differences(cluster, values)
    if missed:
        present = settings(cluster)
        shown = ", ".join(f"{option} is {present[option]}" for option in missed)
        raise SwarmError(f"{node} took the new settings, but kept others: {shown}", kind="engine", node=node)


def told(before, after, verb):
    return [f"{verb} {key} from {before[key]} to {after[key]}" for key in after if before[key] != after[key]]


def result(actions, before, after, swarm):
    return {
        "changed": bool(actions),
        "actions": actions,
        "diff": {"before": before, "after": after},
        "swarm": swarm,
    }


def main():
    module = Module(
        argument_spec=dict(
            connection_spec(),
            advertise_addr={"type": "str"},
            listen_addr={"type": "str"},
            data_path_addr={"type": "str"},
            availability={"type": "str", "choices": ["active", "pause", "drain"]},
            force_new_cluster={"type": "bool", "default": False},
            **argument_spec(),
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
