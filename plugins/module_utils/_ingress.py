# Copyright (c) 2026, apiary.swarm maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The network for ports published in ingress mode: what stands in the way of a new one, and bringing that to every node.

PRIVATE to apiary.swarm: no other collection may import it.

A swarm has one, and every node has a part in it, also those without a task. Replacing it has three traps, which the engine
says nothing about (tried with 20.10 and 28.5):

- It removes the network under tasks of a service that is gone already but whose containers still stop. Their nodes then
  keep the old network for good, and reject every task that publishes a port until their engine is restarted.
- The managers give nodes their part only when a node's object is written. Nodes without a task have none of a new network
  until then, and a published port does not answer there. An engine that takes the network a moment before it has the node's
  address ("failed to find a load balancer IP") forgets it, and looks again only when the node's object is another one than
  before: to write the same once more is not enough (swarmkit agent.nodesEqual).
- It takes options that no node can do anything with, such as an MTU that is no number.
"""

from __future__ import annotations

import time

from ._cluster import Clock
from ._engine import TRANSIENT, retry
from ._errors import SwarmError
from ._service_ports import ingress_ports
from ._swarm_state import ENDED, names_of_nodes, node_row

# how often nodes are offered their part, and how long they have to take it each time: one does in a second
OFFERS = 4
OFFER_TIMEOUT = 6
# until a node that has just joined or come back can be expected to be seen by the others
SETTLE_TIMEOUT = 3
# a task is reported as ended a moment before its node has let go of the network
RELEASE = 3
# makes a node's object another one for a moment
_OFFERED = "io.apiary.offered"


def is_ingress(network):
    """Whether a network or a create request is one for published ports."""
    return bool(network and network.get("Ingress"))


def publishers(services):
    """The names of the services that publish a port in ingress mode, of GET /services."""
    return sorted(service["Spec"]["Name"] for service in services if ingress_ports(service["Spec"], service))


def refuse_impossible(plans, networks):
    """Raise SwarmError for what the engine would refuse only when the old network is gone: a second one, or an attachable one."""
    leaving = {entry.present["Id"] for entry in plans if entry.action in ("removed", "recreated")}
    others = [network for network in networks if is_ingress(network) and network["Id"] not in leaving]
    wanted = [entry for entry in plans if is_ingress(entry.spec)]
    for entry in wanted:
        if entry.spec.get("Attachable"):
            raise SwarmError(f"Network {entry.name}: a network with ingress: true cannot be attachable")
    names = sorted({network["Name"] for network in others} - {entry.name for entry in wanted})
    names += [entry.name for entry in wanted[1:]]
    if wanted and names:
        raise SwarmError(
            f"Network {wanted[0].name} cannot be made: a swarm has one network with ingress: true, and there is {names[0]}",
            kind="conflict",
            hint=f"Name the network {names[0]}, or let it go in the same task: {{name: {names[0]}, state: absent}}.",
        )


def holders(tasks, nodes, network_id):
    """{task ID: node's name} of the tasks that have a container on a network, ended ones and those of lost nodes left out."""
    names = names_of_nodes([node for node in nodes if node["Status"]["State"] != "down"])
    return {
        task["ID"]: names[task["NodeID"]]
        for task in tasks
        if task.get("NodeID") in names
        and task["Status"]["State"] not in ENDED
        and any(entry["Network"]["ID"] == network_id for entry in task.get("NetworksAttachments") or ())
    }


def outside(network, nodes):
    """The ready nodes without a part in a network, as rows of node_row(), given GET /networks/ID of a manager and GET /nodes.

    Peers are counted before they are looked for: behind NAT a node's address may not be the one that the others know.
    """
    ready = [node for node in nodes if node["Status"]["State"] == "ready"]
    peers = {peer["IP"] for peer in network.get("Peers") or ()}
    if len(network.get("Peers") or ()) >= len(ready):
        return []
    return [row for row in map(node_row, ready) if row["addr"] not in peers]


def await_unused(engine, network, clock):
    """Wait until the last container has left the network. Raises SwarmError (kind in_use) with the nodes that have one."""
    seen = False
    while True:
        left = holders(retry(engine.tasks), retry(engine.nodes), network["Id"])
        if not left:
            if seen:
                time.sleep(RELEASE)
            return
        seen = True
        if not clock.pause():
            raise SwarmError(
                f"Could not remove network {network['Name']} on {engine.name}: tasks that publish ports still stop on "
                f"{', '.join(sorted(set(left.values())))}",
                kind="in_use",
                hint="Nothing was changed. Wait until they have ended ('docker ps' on these nodes), and run again.",
                node=engine.name,
            )


def await_everywhere(engine, network_id, patience):
    """Wait until every ready node has its part in the network; returns the nodes that have not in time."""
    while True:
        network = retry(lambda: engine.get(f"/networks/{network_id}", what="read a network"))
        missing = outside(network, retry(engine.nodes))
        if not missing or not patience.pause():
            return missing


def is_incomplete(engine, network):
    """Whether nodes lack a part in the network that has been there before, as after a run that was interrupted."""
    return bool(await_everywhere(engine, network["Id"], Clock(SETTLE_TIMEOUT)))


def spread(engine, network):
    """Give every node its part in the network. Raises SwarmError that names nodes which do not take it.

    The error is of kind invalid if no node takes it: then it is the network.
    """
    missing = ready = [node_row(node) for node in retry(engine.nodes) if node["Status"]["State"] == "ready"]
    for offer in range(OFFERS):
        for node in missing:
            if offer:
                _write(engine, node["id"], {_OFFERED: str(offer)})
            _write(engine, node["id"], {})
        missing = await_everywhere(engine, network["Id"], Clock(OFFER_TIMEOUT))
        if not missing or len(missing) >= len(ready):
            break
    if len(missing) >= len(ready):
        raise SwarmError(
            f"Could not make network {network['Name']} on {engine.name}: no node could make anything of it",
            hint="Correct its options, usually subnet or MTU: 'journalctl -u docker' on any node has the reason.",
            node=engine.name,
        )
    if missing:
        names = sorted(node["hostname"] or node["id"] for node in missing)
        raise SwarmError(
            f"Network {network['Name']} was made, but nodes do not take part in it: {', '.join(names)}",
            kind="incomplete",
            hint=(
                "Published ports do not answer there, and tasks that publish are rejected. An engine that could not let go "
                "of the network of before does so when it is restarted ('systemctl restart docker' on these nodes, one by one)."
            ),
            node=engine.name,
        )


def _write(engine, node_id, labels):
    """POST a node's own spec with these labels and without those of an earlier offer."""

    def attempt():
        node = engine.get(f"/nodes/{node_id}", what="read a node")
        own = {key: text for key, text in (node["Spec"].get("Labels") or {}).items() if key != _OFFERED}
        engine.post(
            f"/nodes/{node_id}/update",
            dict(node["Spec"], Labels={**own, **labels}),
            what="give a node its part in the network",
            version=node["Version"]["Index"],
        )

    retry(attempt, kinds=TRANSIENT | {"out_of_sequence"})
