# Copyright (c) 2026, apiary.swarm maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where the edge runs, what is in its way there, and what it says of the services behind it.

PRIVATE to apiary.swarm: no other collection may import it. Runs on the control host. Pure.
"""

from __future__ import annotations

import csv
import io
import re

_CONSTRAINT = re.compile(r"\s*(node\.(?:id|hostname|role|labels\.[\w./-]+))\s*(==|!=)\s*(\S.*?)\s*")
_STATISTICS = "# pxname,"  # how HAProxy's begin; to whom it does not want to tell them it answers with a page
_LISTENS = "0A"  # st of /proc/net/tcp


def edge_nodes(nodes, constraints):
    """Nodes of swarm_info that take tasks with these constraints. Raises ValueError for a constraint that cannot be judged here."""
    tests = []
    for text in constraints:
        match = _CONSTRAINT.fullmatch(str(text))
        if not match:
            raise ValueError(
                f"edge_constraints: '{text}' cannot be judged; node.labels.NAME, node.role, node.hostname and node.id can, with == and !="
            )
        tests.append(match.groups())
    return [
        node
        for node in nodes
        if node["state"] == "ready"
        and node["availability"] == "active"
        and all((_value(node, key) == value.lower()) is (operator == "==") for key, operator, value in tests)
    ]


def _value(node, key):
    """As the engine compares: without regard to case, and a label that is not there is empty."""
    if key.startswith("node.labels."):
        return str(node["labels"].get(key[len("node.labels.") :], "")).lower()
    return str(node[key[len("node.") :]]).lower()


def obstacles(seen, service, network, constraints, ports, hosts):
    """Sentences about what keeps the edge from running where it should.

    seen is what swarm_info said of nodes, services and networks. hosts is {host: {node, listening}}: its node ID and the
    text of /proc/net/tcp and tcp6, of those that could be asked. Ports that the edge has already are its own.
    """
    try:
        nodes = edge_nodes(seen["nodes"], constraints)
    except ValueError as error:
        return [f"{error}."]
    faults = []
    if network not in {row["name"] for row in seen["networks"] if row["driver"] == "overlay"}:
        faults.append(
            f"The swarm has no overlay network {network}, over which the edge reaches its services: declare it in services_networks."
        )
    if not nodes:
        faults.append(
            f"No node that is ready and active fits edge_constraints ({', '.join(map(str, constraints))}). Give hosts the label, "
            "for example with swarm_labels: {edge: 'true'}."
        )
    own = {port["published_port"] for row in seen["services"] if row["name"] == service for port in row["published"]}
    for row in seen["services"]:
        for port in row["published"] if row["name"] != service else []:
            if port["published_port"] in ports and port["protocol"] == "tcp":
                faults.append(
                    f"Port {port['published_port']} is published by service {row['name']} already. Give one of them another port, or "
                    f"give {row['name']} a route instead."
                )
    told = {port for port in ports for fault in faults if fault.startswith(f"Port {port} is published")}
    ids = {node["id"] for node in nodes}
    for host, found in sorted(hosts.items()):
        if found["node"] in ids:
            faults += [
                f"{host}: port {port} is taken by something that is no service of the swarm ({', '.join(addresses)}). See what it is "
                f"with: ss -ltnp sport = :{port}"
                for port, addresses in listeners(found["listening"]).items()
                if port in set(ports) - own - told
            ]
    return faults


def listeners(text):
    """{port: addresses that are listened on} out of /proc/net/tcp and tcp6."""
    found = {}
    for line in text.splitlines():
        fields = line.split()
        if len(fields) > 3 and fields[3] == _LISTENS and ":" in fields[1]:
            address, port = fields[1].rsplit(":", 1)
            found.setdefault(int(port, 16), []).append(_address(address))
    return found


def _address(digits):
    if len(digits) == 8:
        return ".".join(str(int(digits[at : at + 2], 16)) for at in (6, 4, 2, 0))
    return "::" if set(digits) == {"0"} else "IPv6"


def backends(text):
    """{back-end: {"up": servers that take requests, "why": [what HAProxy says of the others that have an address]}}.

    text is HAProxy's statistics as CSV.
    """
    found = {}
    for row in csv.DictReader(io.StringIO(text.removeprefix("# "))):
        if row["svname"] in ("FRONTEND", "BACKEND") or ":" not in row["pxname"]:
            continue
        entry = found.setdefault(row["pxname"], {"up": 0, "why": []})
        # one that was found just now is UP until its first check has ended
        if row["status"].startswith("UP") and row["check_status"].endswith("OK"):
            entry["up"] += 1
        elif row["status"].startswith("DOWN"):
            said = " ".join(
                part for part in (row.get("last_chk") or row["check_status"], row.get("check_code")) if part
            )
            entry["why"].append(f"{row['addr'] or row['svname']}: {said}")
    return found


def unreachable(answers):
    """Sentences about back-ends that have no server. answers is {host: text of the statistics, or None without an answer}."""
    faults = []
    for host, text in sorted(answers.items()):
        if not text:
            faults.append(f"{host}: HAProxy does not answer on its admin port.")
            continue
        if not text.startswith(_STATISTICS):
            said = " ".join(re.sub(r"<[^>]*>", " ", text).split())
            faults.append(
                f"{host}: HAProxy does not tell its statistics: {said:.120} Are the addresses of the node itself among edge_admin_allow?"
            )
            continue
        found = backends(text)
        lost = {name: entry for name, entry in found.items() if not entry["up"]}
        if found and len(lost) == len(found) and any(_somewhere(answers, host)):
            faults.append(
                f"{host}: nothing that others reach over the edge's network answers from here. See whether the nodes' traffic to it is "
                "let through (port 4789/udp, or the swarm's data path port)."
            )
            continue
        for name, entry in lost.items():
            service, port = name.split(":")[:2]
            said = (
                f" ({'; '.join(dict.fromkeys(entry['why']))})"
                if entry["why"]
                else ", it has no task that its name resolves to"
            )
            faults.append(f"{host}: no task of {service} answers on port {port}{said}.")
    return faults


def _somewhere(answers, here):
    for host, text in answers.items():
        if host != here and (text or "").startswith(_STATISTICS):
            yield from (entry["up"] for entry in backends(text).values())
