# Copyright (c) 2026, apiary.swarm maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Preflight: the ways between the hosts; who asks whom for which port, and what the answers mean.

PRIVATE to apiary.swarm: no other collection may import it. Runs on the control host. Pure.

TCP is asked by connecting. A datagram need not be answered, so hear_nodes tells on the other side whether it came; that
works on ports which an engine holds as well.
"""

from __future__ import annotations

from ..module_utils._addresses import split
from ._preflight import STOP, UNTOLD, VXLAN, WARN, Finding
from ._preflight_rules import UFW_ADVICE, mtu_advice

MANAGERS, GOSSIP = 2377, 7946
# What firewalld's service docker-swarm has in it.
IN_FIREWALLD = ((2377, "tcp"), (7946, "tcp"), (7946, "udp"), (4789, "udp"))
# Sizes of packets by which the MTU of a path is found: Ethernet, PPPoE, clouds and tunnels.
SIZES = (1500, 1492, 1480, 1460, 1450, 1420, 1400, 1280)
PURPOSE = {
    MANAGERS: "nodes cannot join or be managed",
    GOSSIP: "networks are not made known to the node",
    "path": "overlay networks carry no traffic",
    "esp": "encrypted networks carry no traffic",
}


def plan(hosts, wanted):
    """{host: {tcp, udp: ports to listen on, esp: whether to hear it, targets: whom to ask}}, for hear_nodes and ask_nodes.

    On a node of a swarm the engine listens; ours would only be in its way. The port of VXLAN is the kernel's, which shares it
    among all that use it, and may have it from a swarm that was left.
    """
    asked = [host for host in hosts if _can_be_asked(host)]
    planned = {}
    for host in asked:
        ports = [] if host["member"] else _ports(host, wanted)
        planned[host["name"]] = {
            "tcp": [port for port, protocol in ports if protocol == "tcp"],
            "udp": [port for port, protocol in ports if protocol == "udp" and port != wanted["data_path_port"]],
            "esp": bool(wanted["encrypted"]),
            "targets": [target for other in asked if other is not host for target in _targets(other, wanted)],
        }
    return planned


def _can_be_asked(host):
    """Not where the address is missing or another's: the rules have said so."""
    own = host["member"] or not host["addresses"] or host["address"] in host["addresses"]
    return host["reached"] and bool(host["address"]) and own


def _ports(host, wanted):
    """(port, protocol) that others must reach on a host."""
    ports = [(GOSSIP, "tcp"), (GOSSIP, "udp"), (wanted["data_path_port"], "udp")]
    manages = host["says"].get("control") == "true" if host["member"] else host["manager"]
    return ([(_manager_port(host), "tcp")] if manages else []) + ports


def _manager_port(host):
    _address, port = split(host["listen_addr"], str(MANAGERS))
    return int(port)


def _targets(host, wanted):
    for port, protocol in _ports(host, wanted):
        path = port == wanted["data_path_port"] and protocol == "udp"
        yield {
            "node": host["name"],
            "address": host["data_address"] if path else host["address"],
            "port": port,
            "protocol": protocol,
            "sizes": _sizes(wanted) if path else [],
        }
    if wanted["encrypted"]:
        yield {"node": host["name"], "address": host["data_address"], "port": 0, "protocol": "esp", "sizes": []}


def _sizes(wanted):
    whole = wanted["mtu"] + VXLAN
    return sorted({whole, *(size for size in SIZES if size < whole)}, reverse=True)


def judge(hosts, wanted, answers):
    """(findings, {host: cell of the table}) of what was asked.

    answers is {host: {started, asked, ended}}, the registered results of hear_nodes (started, ended) and ask_nodes on it.
    """
    found, cells = [], {}
    asked = [host for host in hosts if _can_be_asked(host)]
    for host in asked:
        others = [other for other in asked if other is not host]
        mine, bad, untold = [], 0, 0
        taken = _taken(host, answers)
        mine += taken.values()
        for target in _targets(host, wanted):
            if target["protocol"] == "tcp" and (target["port"], "tcp") in taken:
                continue  # who answers there is another
            fates = {}
            for other in others:
                fate, why = _fate(target, other, answers)
                fates.setdefault((fate, why), []).append(other["name"])
            bad += sum(len(names) for (fate, _why), names in fates.items() if fate == "blocked")
            untold += sum(len(names) for (fate, _why), names in fates.items() if fate == "untold")
            mine += _port_findings(host, target, wanted, fates, len(others))
            if target["sizes"]:
                mine += _path_mtu(host, others, target, answers)
        found += mine
        cells[host["name"]] = ", ".join(
            [f"{len(taken)} taken"] * bool(taken) + [f"{bad} blocked"] * bool(bad) + [f"{untold} ?"] * bool(untold)
        ) or ("open" if others else "-")
    return found, cells


def _taken(host, answers):
    """{(port, protocol): finding} for ports of a host in no swarm that something else has."""
    return {
        (entry["port"], entry["protocol"]): Finding(
            STOP,
            host["name"],
            f"{entry['port']}/{entry['protocol']} is not free ({entry['error']}), and the engine of a swarm listens there",
            f"Find who has it (ss -lntup sport = :{entry['port']}) and give that another port.",
        )
        for entry in answers[host["name"]]["started"].get("taken", [])
    }


def _fate(target, other, answers):
    """(open, blocked or untold, why) of one way: from another host to the target."""
    asked = answers[other["name"]]["asked"]
    if "results" not in asked:
        return "untold", f"it could not be asked from there ({_reason(asked)})"
    result = next(
        each for each in asked["results"] if all(each[key] == target[key] for key in ("node", "port", "protocol"))
    )
    if target["protocol"] == "tcp":
        started = answers[target["node"]]["started"]
        if "taken" not in started and not result["answered"]:
            return "untold", f"it could not be listened there ({_reason(started)})"
        return ("open", None) if result["answered"] else ("blocked", result["error"])
    if ":" in target["address"]:
        return "untold", "over IPv6 datagrams are not asked for"
    ended = answers[target["node"]]["ended"]
    if "heard" not in ended or ended.get("deaf"):
        return "untold", f"it could not be listened there ({ended.get('deaf') or _reason(ended)})"
    if _heard(target, other, ended):
        return "open", None
    return "blocked", result["error"] or "nothing came"


def _heard(target, other, ended):
    """Sizes of the packets that came."""
    wanted = (other["name"], target["port"], target["protocol"])
    return [each["size"] for each in ended["heard"] if (each["source"], each["port"], each["protocol"]) == wanted]


def _reason(result):
    return " ".join(str(result.get("msg") or "no answer").split())


def _port_findings(host, target, wanted, fates, others):
    port, protocol = target["port"], target["protocol"]
    name = "ESP (IP protocol 50)" if protocol == "esp" else f"{port}/{protocol}"
    key = "esp" if protocol == "esp" else "path" if target["sizes"] else port
    for (fate, why), names in fates.items():
        whence = f"from any of the {others} others" if len(names) == others > 1 else f"from {', '.join(names)}"
        if fate == "untold":
            yield Finding(UNTOLD, host["name"], f"whether {name} can be reached {whence} cannot be told: {why}", "")
        if fate == "blocked":
            own = host["opens_firewalld"] and "firewalld" in host["says"] and (port, protocol) in IN_FIREWALLD
            level = WARN if protocol == "esp" or (own and not host["member"]) else STOP
            yield Finding(
                level,
                host["name"],
                f"{name} cannot be reached {whence}: {why}; without it {PURPOSE.get(key, PURPOSE[MANAGERS])}",
                "firewalld runs there; site.yml lets it in by role engine. If it stays so, look at what is between the hosts."
                if level == WARN and own
                else f"ufw is active there, and role engine does not open it. {UFW_ADVICE}"
                if "ufw" in host["says"]
                else f"Let {name} in on {target['address']}, in the host's firewall and in what is between (security groups, routers).",
            )


def _path_mtu(host, others, target, answers):
    """The largest packet that came along each path, where it is smaller than what both ends could send."""
    short = {}
    for other in others:
        sizes = (
            _heard(target, other, answers[host["name"]]["ended"]) if "heard" in answers[host["name"]]["ended"] else []
        )
        ends = [end["links"].get(end["link"]) or target["sizes"][0] for end in (host, other)]
        if sizes and max(sizes) < min(target["sizes"][0], *ends):
            short.setdefault(max(sizes), []).append(other["name"])
    for size, names in short.items():
        yield Finding(
            WARN,
            host["name"],
            f"packets of more than {size} bytes do not get here from {', '.join(names)}, and overlay networks send {target['sizes'][0]}",
            mtu_advice(size),
        )
