# Copyright (c) 2026, apiary.swarm maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The status report: what swarm_info said on each host, as text for a terminal or a job log.

PRIVATE to apiary.swarm: no other collection may import it. Runs on the control host. Pure: the time is an argument.
"""

from __future__ import annotations

import datetime

HOST_COLUMNS = ("NAME", "ACTIVE", "STATE", "URL", "SWARM", "DOCKER", "ERRORS")
NODE_COLUMNS = ("HOSTNAME", "STATUS", "AVAILABILITY", "MANAGER STATUS", "ADDRESS", "ENGINE", "LABELS")
SERVICE_COLUMNS = ("NAME", "MODE", "REPLICAS", "IMAGE", "PORTS", "UPDATE")
TASK_COLUMNS = ("NAME", "NODE", "STATE", "SINCE", "ADDRESSES", "IMAGE", "ERROR")
NETWORK_COLUMNS = ("NAME", "DRIVER", "SCOPE", "SUBNETS", "REMARKS")
NODE_NETWORK_COLUMNS = ("HOST", "INGRESS", "DOCKER_GWBRIDGE")
MESH_COLUMNS = ("HOST", "ROUTING MESH", "WHY")

# Tasks that the swarm no longer wants.
ENDED = ("shutdown", "remove")
# An error of a host is shortened to this in the table; the whole of it stands under PROBLEMS.
ERROR_WIDTH = 60


def report(hosts, now):
    """Lines of text about the swarm.

    hosts is a list of {name, url, report}, where report is the registered result of swarm_info on that host, also one
    that failed or was unreachable. now is an aware datetime.
    """
    witness = next((host for host in hosts if _sees_all(host["report"])), None)
    sections = [_section("HOSTS", HOST_COLUMNS, [_host_row(host, host is witness) for host in hosts])]
    if witness:
        seen = witness["report"]
        sections += [
            _section("NODES", NODE_COLUMNS, [_node_row(node) for node in sorted(seen["nodes"], key=_node_order)]),
            _section("SERVICES", SERVICE_COLUMNS, [_service_row(service) for service in _by_name(seen["services"])]),
            _section("TASKS", TASK_COLUMNS, [_task_row(task, now) for task in telling_tasks(seen["tasks"])]),
            _section("NETWORKS", NETWORK_COLUMNS, [_network_row(network) for network in _by_name(seen["networks"])]),
        ]
    sections.append(
        _section("NETWORKS OF EACH HOST", NODE_NETWORK_COLUMNS, [_node_network_row(host) for host in hosts])
    )
    sections.append(_section("MESH", MESH_COLUMNS, [_mesh_row(host) for host in hosts]))
    sections.append(["PROBLEMS"] + (problems(hosts, witness) or ["none"]))
    return [line for section in sections for line in [*section, ""]][:-1]


def table(columns, rows):
    """Columns and rows (sequences of anything that can be text) as aligned lines, without spaces at their ends."""
    cells = [[str(cell) for cell in row] for row in (columns, *rows)]
    widths = [max(len(row[index]) for row in cells) for index in range(len(columns))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in cells]


def problems(hosts, witness):
    """What a person should act on: hosts that gave no answer, then what the swarm_info of the others found."""
    found = [f"{host['name']}: {_failure(host['report'])}" for host in hosts if _failure(host["report"])]
    if not witness and not found:
        found.append("No host is a manager of a swarm that works. Run site.yml.")
    found += _network_problems(hosts, witness)
    shared = {}
    for host in sorted(hosts, key=lambda host: host is not witness):
        for text in host["report"].get("problems", []):
            name = (host["report"].get("swarm") or {}).get("hostname")
            about = name is not None and text.startswith(f"{name}: ")
            names = shared.setdefault(text[len(name) + 2 :] if about else text, [])
            names += [name] if about else []
    # the same about several hosts is one sentence
    return found + [f"{', '.join(names)}: {text}" if names else text for text, names in shared.items()]


def _network_problems(hosts, witness):
    """Hosts without a part in the swarm's network for published ports, or with one of before."""
    swarms = [network for network in witness["report"]["networks"] if network["ingress"]] if witness else []
    for host in hosts:
        own = host["report"].get("node_networks")
        if not own or not swarms:
            continue
        if not own["ingress"]:
            yield (
                f"{host['name']} has no part in the network {swarms[0]['name']}: ports published in ingress mode do not answer there. "
                f"swarm_network with name: {swarms[0]['name']} and ingress: true gives it one."
            )
        elif own["ingress"]["id"] != swarms[0]["id"]:
            yield (
                f"{host['name']} has kept a network {own['ingress']['name']} that the swarm no longer has, and rejects tasks that "
                "publish in ingress mode. Restart its engine ('systemctl restart docker')."
            )


def telling_tasks(tasks):
    """The newest task of each slot (of each node, for global services), and where it does not run the last one that failed."""
    slots = {}
    for task in sorted(tasks, key=lambda task: task["since"], reverse=True):
        slots.setdefault((task["service"], task["slot"] or 0, "" if task["slot"] else task["node"] or ""), []).append(
            task
        )
    shown = []
    for _slot, history in sorted(slots.items()):
        wanted = [task for task in history if task["desired_state"] not in ENDED]
        shown += wanted
        if not any(task["state"] == "running" for task in wanted):
            shown += [task for task in history if task["error"] and task not in wanted][:1]
    return shown


def _section(title, columns, rows):
    return [title] + (table(columns, rows) if rows else ["none"])


def _sees_all(answer):
    return bool(answer.get("swarm")) and answer["swarm"]["control_available"] and not answer["swarm"]["obstacle"]


def _failure(answer):
    """Why swarm_info gave no answer on a host, or an empty text."""
    return "" if answer.get("swarm") else told(answer) or "swarm_info gave no answer"


def told(answer):
    """What a failed or unreachable host's result says, in one line."""
    text = " ".join(str(answer.get("msg") or "").split())
    # Of what Ansible says about a host that it cannot reach, ssh's own words tell most.
    return text[text.rindex("ssh: ") :] if answer.get("unreachable") and "ssh: " in text else text


def _host_row(host, active):
    answer = host["report"]
    swarm = answer.get("swarm")
    error = _failure(answer) or (swarm["error"] or "")
    if len(error) > ERROR_WIDTH:
        error = error[: ERROR_WIDTH - 3].rstrip() + "..."
    engine = f"v{swarm['engine_version']}" if swarm and swarm["engine_version"] else "Unknown"
    return (host["name"], "*" if active else "-", _state(answer), host["url"], _part(swarm), engine, error)


def _state(answer):
    if answer.get("unreachable"):
        return "Unreachable"
    if answer.get("swarm"):
        return "Running"
    return "Stopped" if (answer.get("failure") or {}).get("kind") == "unreachable" else "Error"


def _part(swarm):
    if not swarm or swarm["state"] == "inactive":
        return "-"
    if swarm["state"] != "active":
        return swarm["state"]
    if swarm["is_leader"]:
        return "manager (leader)"
    if swarm["role"] == "manager" and swarm["obstacle"]:
        return f"manager ({swarm['obstacle']})"
    return swarm["role"] or "-"


def _by_name(rows):
    return sorted(rows, key=lambda row: row["name"])


def _node_order(node):
    return (node["role"], node["hostname"] or "", node["id"])


def _node_row(node):
    manager = "Leader" if node["leader"] else (node["reachability"] or "").capitalize()
    labels = ", ".join(f"{name}={value}" for name, value in sorted(node["labels"].items()))
    return (
        node["hostname"] or node["id"],
        node["state"].capitalize(),
        node["availability"].capitalize(),
        manager or "-",
        node["addr"] or "-",
        node["engine_version"] or "-",
        labels,
    )


def _service_row(service):
    counts = service["replicas"]
    return (
        service["name"],
        service["mode"],
        f"{counts['running']}/{counts['desired']}",
        service["image"],
        ", ".join(service["ports"]) or "-",
        service["update_status"] or "",
    )


def _task_row(task, now):
    error = task["error"] or ""
    if task["exit_code"]:
        error = f"{error} (exit code {task['exit_code']})".strip()
    return (
        f"{task['service']}.{task['slot'] or task['node']}",
        task["node"] or "-",
        task["state"].capitalize(),
        age(task["since"], now),
        ", ".join(task["addresses"]) or "-",
        task["image"],
        error,
    )


def age(since, now):
    """How long ago an engine's time stamp (RFC 3339, up to nanoseconds) is, in one unit: 42s, 7m, 5h, 12d."""
    stamp = datetime.datetime.fromisoformat(since[:19]).replace(tzinfo=datetime.timezone.utc)
    seconds = max(0, int((now - stamp).total_seconds()))
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds >= 2 * size:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"


def _network_row(network):
    remarks = [word for word in ("ingress", "attachable", "internal") if network[word]]
    remarks += ["encrypted"] if "encrypted" in network.get("driver_options", {}) else []
    return (
        network["name"],
        network["driver"],
        network["scope"],
        ", ".join(network["subnets"]) or "-",
        ", ".join(remarks),
    )


def _node_network_row(host):
    own = host["report"].get("node_networks")
    cells = [_own_network(own[key]) if own else "-" for key in ("ingress", "docker_gwbridge")]
    return (host["name"], *cells)


def _own_network(network):
    if not network:
        return "none"
    mtu = network["driver_options"].get("com.docker.network.driver.mtu")
    return ", ".join([network["driver"], network["scope"], *network["subnets"], *([f"mtu {mtu}"] if mtu else [])])


def _mesh_row(host):
    mesh = host["report"].get("mesh") or {"ip_vs": None, "source": "the host did not answer"}
    word = {True: "yes", False: "NO: ports published in ingress mode do not answer", None: "unknown"}[mesh["ip_vs"]]
    return (host["name"], word, mesh["source"])
