# Copyright (c) 2026, apiary.swarm maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is wrong with a swarm, in sentences.

PRIVATE to apiary.swarm: no other collection may import it.

Pure: takes the rows of _swarm_state and returns a list of texts, most urgent first.
"""

from __future__ import annotations

from ._errors import meaning_of


def problems(swarm, nodes=(), services=(), mesh=None, meshed=()):
    """Sentences about the swarm that a person should act on.

    swarm, nodes and services are rows of _swarm_state; mesh is {ip_vs, source} of this host's kernel; meshed are the
    names of the services that publish a port in ingress mode.
    """
    found = _of_membership(swarm)
    found += _of_managers(swarm)
    found += [text for node in nodes for text in _of_node(node)]
    found += [text for service in services for text in _of_service(service)]
    if mesh and mesh["ip_vs"] is False and meshed:
        found.append(
            f"{swarm['hostname']}: the kernel has no IP_VS ({mesh['source']}), so ports published in ingress mode "
            f"({', '.join(sorted(meshed))}) do not answer on this node. Publish them in host mode, or load ip_vs."
        )
    return found


def _of_membership(swarm):
    cause = swarm["obstacle"]
    if cause in (None, "worker", "inactive"):
        return []
    if cause == "no_quorum":
        return [f"No quorum{_counted(swarm['quorum'])}. {meaning_of(cause)}"]
    told = f": {swarm['error'].rstrip('.')}" if swarm["error"] else ""
    return [f"{swarm['hostname']} is {cause}{told}. {meaning_of(cause)}".rstrip()]


def _counted(counts):
    if not counts["reachable"]:
        return f" among {counts['managers']} managers"
    return f": {counts['reachable']} of {counts['managers']} managers can be reached, {counts['needed']} are needed"


def _of_managers(swarm):
    counts = swarm["quorum"]
    if swarm["obstacle"]:
        return []
    found = []
    if counts["tolerates"] == 0:
        found.append(f"No fault tolerance{_counted(counts)}, so the loss of one more stops the swarm.")
    if counts["managers"] % 2 == 0:
        found.append(
            f"An even number of managers ({counts['managers']}) tolerates no more failures than {counts['managers'] - 1} "
            "do: add or demote one."
        )
    return found


def _of_node(node):
    name = node["hostname"] or node["id"]
    if node["reachability"] and node["reachability"] != "reachable":
        yield f"Manager {name} is {node['reachability']}."
    if node["state"] != "ready":
        if node["hostname"]:
            yield f"Node {name} is {node['state']}."
        else:
            yield f"Node {name} never finished joining; remove it."
    elif node["role"] == "manager" and not node["reachability"]:
        yield f"Node {name} is to be a manager, but has not become one."


def _of_service(service):
    counts = service["replicas"]
    name = service["name"]
    if not service["converged"]:
        update = f", update {service['update_status']}" if service["update_status"] not in (None, "completed") else ""
        yield f"Service {name}: {counts['running']} of {counts['desired']} tasks run{update}."
    elif service["update_status"] == "rollback_completed":
        yield f"Service {name}: its last update failed and was rolled back."
