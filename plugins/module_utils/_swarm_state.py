# Copyright (c) 2026, apiary.swarm maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the engine says of a swarm, in the shapes that people and roles read.

PRIVATE to apiary.swarm: no other collection may import it.

Pure: JSON of GET /info, /nodes, /services, /tasks, /networks in, plain dicts out.
"""

from __future__ import annotations

from collections import Counter

from ._errors import SwarmError, classify, meaning_of
from ._quorum import has_quorum, is_reachable, majority, quorum
from ._swarm_fields import settings

# a task that has come to one of these ends goes on to no other state (swarmkit api.TaskState)
ENDED = frozenset(("complete", "shutdown", "failed", "rejected", "remove", "orphaned"))


def obstacle(info):
    """Why this engine cannot show or change its swarm: None if it can, else a kind of SwarmError.

    The engine answers "not a manager" for five different causes (inactive, pending, worker, locked, no_quorum), and two
    rarer ones (certificate_expired, error). GET /info tells them apart without failing.
    """
    swarm = info["Swarm"]
    state = swarm["LocalNodeState"]
    told = classify(None, swarm.get("Error"))[0] if swarm.get("Error") else None
    if state in ("inactive", "locked"):
        return state
    if told == "certificate_expired":
        return told
    if state == "error":
        return "error"
    # before "pending": a manager that was restarted while the others are away is pending for want of a leader
    if told == "no_quorum":
        return told
    if state == "pending":
        return "pending"
    if not swarm["ControlAvailable"]:
        return "worker"
    return told


_STANDING = {
    "inactive": "it is in no swarm",
    "worker": "it is a worker of a swarm",
    "pending": "it is joining a swarm, or has lost contact with it",
    "locked": "it is a manager that was restarted and is locked",
    "no_quorum": "its swarm has no quorum",
    "certificate_expired": "its certificate for the swarm has expired",
    "error": "it has fallen out of its swarm",
}
_OUT_OF_IT = "Let it leave with force (swarm_join with state: absent), then join again."


def obstacle_error(info, tried, node, kind=None):
    """The SwarmError for an obstacle, in the same words whatever module met it."""
    kind = kind or obstacle(info)
    said = info["Swarm"].get("Error")
    text = f"Could not {tried} on {node}: {_STANDING.get(kind, kind)}"
    if said:
        text += f". The engine says: {said}"
    return SwarmError(text, kind=kind, hint=_OUT_OF_IT if kind == "error" else meaning_of(kind) or None, node=node)


def no_quorum_error(nodes, tried, node):
    counts = quorum(nodes)
    missing = sorted(_name(entry) for entry in nodes if entry.get("ManagerStatus") and not is_reachable(entry))
    return SwarmError(
        f"Could not {tried} on {node}: of {counts['managers']} managers {counts['reachable']} can be reached and "
        f"{counts['needed']} are needed; not reachable: {', '.join(missing)}",
        kind="no_quorum",
        hint=meaning_of("no_quorum"),
        node=node,
    )


def swarm_row(info, nodes=None, api_version=None):
    """This engine's membership; with the nodes of GET /nodes also what they say of quorum and leader.

    Without nodes (a worker, no quorum, not yet joined) the counts come from the managers that the engine itself has heard
    of, and quorum.reachable is None, or 0 where the engine says that there is no quorum.
    """
    swarm = info["Swarm"]
    cause = obstacle(info)
    if nodes and not cause and not has_quorum(nodes):
        cause = "no_quorum"
    active = swarm["LocalNodeState"] not in ("inactive", "locked", "error")
    remote = swarm.get("RemoteManagers") or []
    cluster = swarm.get("Cluster") or {}
    role = None
    if active and swarm["NodeID"]:
        role = "manager" if swarm["ControlAvailable"] else "worker"
    return {
        "state": swarm["LocalNodeState"],
        "obstacle": cause,
        "control_available": swarm["ControlAvailable"],
        "role": role,
        "node_id": swarm["NodeID"] or None,
        "node_addr": swarm["NodeAddr"] or None,
        "hostname": info["Name"],
        "cluster_id": cluster.get("ID") or None,
        "engine_version": info["ServerVersion"],
        "api_version": api_version,
        "error": swarm.get("Error") or None,
        "managers": swarm.get("Managers") or len(remote),
        "nodes": swarm.get("Nodes") or 0,
        "remote_managers": [{"node_id": peer["NodeID"] or None, "addr": peer["Addr"]} for peer in remote],
        "quorum": quorum(nodes) if nodes else _quorum_from_hearsay(len(remote), cause),
        "is_leader": any(_leads(node) and node["ID"] == swarm["NodeID"] for node in nodes or []),
        # a manager that lost its leader shows a cluster without an ID, whose spec is all zeros
        "settings": settings(cluster) if cluster.get("ID") else {},
    }


def _quorum_from_hearsay(managers, cause):
    if not managers:
        return {"managers": 0, "reachable": 0, "needed": 0, "tolerates": 0}
    lost = cause == "no_quorum"
    return {
        "managers": managers,
        "reachable": 0 if lost else None,
        "needed": majority(managers),
        "tolerates": 0 if lost else None,
    }


def node_row(node):
    """One node of GET /nodes. A node that never finished joining has no host name and no engine version."""
    manager = node.get("ManagerStatus") or {}
    # a manager's is the address it advertises; what a connection seemed to come from may be a gateway's, or 0.0.0.0 for
    # the leader (moby#35437)
    addr = manager["Addr"].rpartition(":")[0].strip("[]") if manager.get("Addr") else node["Status"].get("Addr")
    return {
        "id": node["ID"],
        "hostname": node["Description"].get("Hostname") or None,
        "addr": addr or None,
        "role": node["Spec"]["Role"],
        "availability": node["Spec"]["Availability"],
        "state": node["Status"]["State"],
        "leader": _leads(node),
        "reachability": manager.get("Reachability"),
        "manager_addr": manager.get("Addr"),
        "engine_version": (node["Description"].get("Engine") or {}).get("EngineVersion"),
        "labels": node["Spec"].get("Labels") or {},
    }


def running_tasks(tasks, nodes):
    """{service ID: how many of its tasks run on nodes that answer}.

    The engine's own count (ServiceStatus) has the tasks of a lost node in it until that node is back to say that they
    ended, so that a service of two replicas is said to run three (engine 28.5).
    """
    down = {node["ID"] for node in nodes if node["Status"]["State"] == "down"}
    return Counter(
        task.get("ServiceID")
        for task in tasks
        if task["Status"]["State"] == "running" and task["DesiredState"] == "running" and task.get("NodeID") not in down
    )


def service_row(service, running):
    """One service of GET /services?status=true, and how many of its tasks run."""
    spec = service["Spec"]
    mode = mode_of(spec)
    status = service.get("ServiceStatus") or {}
    desired = status.get("DesiredTasks", 0)
    update = (service.get("UpdateStatus") or {}).get("State")
    ports = (service.get("Endpoint") or {}).get("Ports") or []
    settled = running == desired
    if mode.endswith("-job"):
        settled = running == 0 and status.get("CompletedTasks", 0) >= desired
    return {
        "id": service["ID"],
        "name": spec["Name"],
        "mode": mode,
        "replicas": {"running": running, "desired": desired},
        "image": image_of(spec.get("TaskTemplate") or {}),
        "ports": [_port_text(port) for port in ports],
        "published": [_port_row(port) for port in ports],
        "update_status": update,
        "converged": settled and update in (None, "completed", "rollback_completed"),
    }


def publishes_in_mesh(service):
    """Whether a service of GET /services has a port in ingress mode."""
    ports = (service.get("Endpoint") or {}).get("Ports") or []
    return any(port.get("PublishMode", "ingress") == "ingress" for port in ports)


def task_row(task, services, nodes):
    """One task of GET /tasks; services and nodes are {ID: name}."""
    status = task["Status"]
    container = status.get("ContainerStatus") or {}
    return {
        "id": task["ID"],
        "service": services.get(task.get("ServiceID"), task.get("ServiceID")),
        "slot": task.get("Slot"),
        "node": nodes.get(task.get("NodeID"), task.get("NodeID")) or None,
        "state": status["State"],
        "desired_state": task["DesiredState"],
        "error": status.get("Err") or None,
        "exit_code": container.get("ExitCode") if status["State"] in ENDED else None,
        "image": image_of(task["Spec"]),
        "since": status["Timestamp"],
        "container_id": container.get("ContainerID") or None,
        "addresses": [
            address.partition("/")[0]
            for attachment in task.get("NetworksAttachments") or []
            for address in attachment.get("Addresses") or []
        ],
        "published": [_port_row(port) for port in (status.get("PortStatus") or {}).get("Ports") or []],
    }


def network_row(network):
    """One network of GET /networks."""
    ipam = network.get("IPAM") or {}
    return {
        "id": network["Id"],
        "name": network["Name"],
        "driver": network["Driver"],
        "scope": network["Scope"],
        "attachable": network.get("Attachable", False),
        "internal": network.get("Internal", False),
        "ingress": network.get("Ingress", False),
        "enable_ipv6": network.get("EnableIPv6", False),
        "driver_options": network.get("Options") or {},
        "labels": network.get("Labels") or {},
        "subnets": [pool["Subnet"] for pool in ipam.get("Config") or [] if pool.get("Subnet")],
    }


def node_networks(networks, ingress=None):
    """What an engine itself has of the two networks that published ports go through, as {name: row or None}.

    networks is its GET /networks. A manager's lists the swarm's ingress network also where the engine has no part in it, so
    ingress is what GET /networks/ID says of that: with its containers, the engine's own endpoint among them, if it has.
    """
    own = [network for network in networks if not network.get("Ingress")]
    if ingress is None:
        own += [network for network in networks if network.get("Ingress")]
    elif ingress.get("Containers") is not None:
        own.append(ingress)
    rows = [network_row(network) for network in own]
    return {
        "ingress": next((row for row in rows if row["ingress"]), None),
        "docker_gwbridge": next((row for row in rows if row["name"] == "docker_gwbridge"), None),
    }


def names_of_nodes(nodes):
    """{ID: host name, or the ID where a node has none}."""
    return {node["ID"]: _name(node) for node in nodes}


def mode_of(spec):
    """replicated, global, replicated-job or global-job; an unknown mode is named as the API names it."""
    names = {
        "Replicated": "replicated",
        "Global": "global",
        "ReplicatedJob": "replicated-job",
        "GlobalJob": "global-job",
    }
    for key in spec.get("Mode") or {}:
        return names.get(key, key)
    return "replicated"


def image_of(template):
    """The image of a task template without its digest; plugins have none."""
    image = (template.get("ContainerSpec") or {}).get("Image")
    return image.partition("@")[0] if image else None


def _port_text(port):
    text = f"{port.get('PublishedPort', '?')}->{port['TargetPort']}/{port.get('Protocol', 'tcp')}"
    return f"{text} (host)" if port.get("PublishMode") == "host" else text


def _port_row(port):
    return {
        "published_port": port.get("PublishedPort") or None,
        "target_port": port["TargetPort"],
        "protocol": port.get("Protocol", "tcp"),
        "mode": port.get("PublishMode", "ingress"),
    }


def _leads(node):
    return bool((node.get("ManagerStatus") or {}).get("Leader"))


def _name(node):
    return node["Description"].get("Hostname") or node["ID"]
