# Copyright (c) 2026, apiary.swarm maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which ports of a swarm must answer where, and the table of what was found.

PRIVATE to apiary.swarm: no other collection may import it. Runs on the control host. Pure.
"""

from __future__ import annotations

from ._status import table, told

_HTTP = {"path": "/", "status": [200], "scheme": "http"}


def targets(seen, http=None):
    """The targets of check_ports for everything that a swarm publishes.

    seen is the result of swarm_info on a manager, with nodes, services and tasks. A port in ingress mode must answer on every
    node that is ready, also on drained ones; one in host mode on the nodes where a task runs, by the number that the task has
    there if the engine chose it. http is {service: {port
    (published; all of its TCP ports if not set), path, status, scheme}}. Raises ValueError for a name or key that is none.
    """
    http = _declared(http or {}, {service["name"]: service for service in seen["services"]})
    addresses = {node["hostname"]: node["addr"] for node in seen["nodes"] if node["state"] == "ready" and node["addr"]}
    found = []
    for service in sorted(seen["services"], key=lambda service: service["name"]):
        if not service["replicas"]["desired"]:
            continue  # scaled to nothing
        tasks = [task for task in seen["tasks"] if _runs(task, service) and task["node"] in addresses]
        for port in service["published"]:
            everywhere = [(node, port) for node in sorted(addresses)]
            places = everywhere if port["mode"] == "ingress" else _places(port, tasks)
            found += [_target(service["name"], node, addresses[node], where, http) for node, where in places]
    return found


def _places(port, tasks):
    """[(node, port)] where a port in host mode is, in order; without a number of its own by those that the tasks have."""
    if port["published_port"]:
        return [(node, port) for node in sorted({task["node"] for task in tasks})]
    alike = [(task["node"], have) for task in tasks for have in task["published"] if _same_target(have, port)]
    return sorted(alike, key=lambda place: (place[0], place[1]["published_port"]))


def _same_target(port, other):
    return all(port[key] == other[key] for key in ("target_port", "protocol", "mode"))


def missing(seen):
    """{service: why nothing can answer} of those that publish and of which no task runs though some should."""
    return {
        service["name"]: "no task runs" + _last_error(service["name"], seen["tasks"])
        for service in seen["services"]
        if service["published"]
        and service["replicas"]["desired"]
        and not service["mode"].endswith("-job")
        and not any(_runs(task, service) for task in seen["tasks"])
    }


def _last_error(name, tasks):
    """What the newest task of a service that has an error says, as the end of a sentence."""
    failed = [task for task in tasks if task["service"] == name and task["error"]]
    if not failed:
        return ""
    task = max(failed, key=lambda task: task["since"])
    place = f"on {task['node']}" if task["node"] else "without a node"
    return f"; the last one, {place}: {task['error']}"


def _runs(task, service):
    return task["service"] == service["name"] and task["state"] == task["desired_state"] == "running"


def _declared(http, services):
    """What is declared of services by name, with numbers for ports."""
    found = {}
    for name, wanted in http.items():
        if name not in services:
            raise ValueError(f"verify_http names service {name}, and the swarm has none of that name")
        if not isinstance(wanted, dict):
            raise ValueError(f"verify_http.{name} must be a map, for example {{path: /}}")
        unknown = sorted(set(wanted) - {*_HTTP, "port"})
        if unknown:
            raise ValueError(f"verify_http.{name}: {', '.join(unknown)} is none of path, port, scheme, status")
        ports = [port["published_port"] for port in services[name]["published"] if port["protocol"] == "tcp"]
        asked = {str(port): port for port in ports if port}
        if not asked or ("port" in wanted and str(wanted["port"]) not in asked):
            raise ValueError(
                f"verify_http.{name}: the service publishes no TCP port {wanted.get('port', '')}".rstrip()
                + (f", only {', '.join(asked)}" if asked else "")
            )
        found[name] = dict(wanted, **({"port": asked[str(wanted["port"])]} if "port" in wanted else {}))
    return found


def _target(name, node, address, port, http):
    target = {"service": name, "node": node, "address": address, "port": port["published_port"]}
    target["protocol"] = port["protocol"]
    wanted = http.get(name)
    if wanted is not None and port["protocol"] == "tcp" and wanted.get("port", target["port"]) == target["port"]:
        target.update({key: wanted.get(key, value) for key, value in _HTTP.items()})
        if not isinstance(target["status"], list):
            target["status"] = [target["status"]]
    return target


def verdict(answers, seen, unseen):
    """(lines of text, failures) of what each host found.

    answers is {host that asked: results of check_ports}, seen what targets() was made of, unseen {host that could not ask: its
    result}. Failures are sentences, one for what does not answer for the same reason wherever it does not.
    """
    askers = list(answers)
    silent = missing(seen)
    rows, faults = {}, {}
    for asker, results in answers.items():
        for result in results:
            port = (result["service"], result["port"], result["protocol"])
            rows.setdefault((*port, result["node"]), {})[asker] = result
            if result["answered"] is False:
                faults.setdefault((*port, result["error"]), {}).setdefault(result["node"], []).append(asker)
    failures = [text for fault, nodes in sorted(faults.items()) for text in _sentences(fault, nodes, askers, seen)]
    failures += [f"{name} does not answer: {why}" for name, why in sorted(silent.items())]
    failures += _absent(seen["nodes"], unseen)
    body = [
        [service, f"{port}/{protocol}", node, *(_cell(row.get(asker)) for asker in askers)]
        for (service, port, protocol, node), row in sorted(rows.items())
    ]
    body += [[name, "-", "-", *(["NO"] * len(askers))] for name in sorted(silent)]
    columns = ("SERVICE", "PORT", "NODE", *(f"FROM {asker}" for asker in askers))
    return ["PUBLISHED PORTS", *(table(columns, body) if body else ["no service publishes a port"])], failures


def _sentences(fault, nodes, askers, seen):
    """One sentence for the nodes of {node: hosts that asked in vain} that the same hosts asked in vain."""
    service, port, protocol, error = fault
    together = {}
    for node, asked in nodes.items():
        together.setdefault(tuple(asked), []).append(node)
    for asked, where in together.items():
        whoever = "whoever asks" if len(asked) == len(askers) else f"asked from {', '.join(asked)}"
        text = f"{service} does not answer on {', '.join(sorted(where))}, port {port}/{protocol}, {whoever}: {error}"
        yield text + _hint(service, port, protocol, error, seen)


def _hint(name, port, protocol, error, seen):
    mesh = seen.get("mesh") or {"ip_vs": None}
    for service in seen["services"]:
        for entry in service["published"] if service["name"] == name else ():
            if entry["protocol"] != protocol or entry["published_port"] not in (port, None):
                continue
            if entry["mode"] == "ingress" and mesh["ip_vs"] is False:
                return f". It is published in ingress mode, and the kernel of {seen['swarm']['hostname']} has no IP_VS to route that"
            if entry["mode"] == "host" and error == "refused":
                return f". A task runs there: does it listen on its port {entry['target_port']}?"
    return ""


def _absent(nodes, unseen):
    """Sentences about hosts that could not ask, and about nodes of which nothing was asked because they are not ready."""
    states = {node["hostname"]: node["state"] for node in nodes if node["state"] != "ready"}
    for host, report in unseen.items():
        why = f": {told(report)}" if report.get("msg") else ""
        yield f"{host} could not be asked{why}" + (f" (to the swarm it is {states[host]})" if host in states else "")
    for name, state in states.items():
        if name not in unseen:
            yield f"node {name} is {state}: whether anything answers there was not asked"


def _cell(result):
    if result is None:
        return "-"
    if result["answered"] is None:
        return "?"
    if not result["answered"]:
        return f"NO: {result['error']}"
    return f"{result['code'] or 'open'} {result['latency'] * 1000:.0f} ms"
