# Copyright (c) 2026, apiary.swarm maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which manager to rely on, whether a swarm may be initialised and where, and which hosts are not what they should be.

PRIVATE to apiary.swarm: no other collection may import it. Runs on the control host. Pure.

The rule that matters most: there is never a second swarm by accident. One is initialised only if every manager of the
inventory answered that it is in none, and no other host is in one.
"""

from __future__ import annotations

import re

# A line of it; over a terminal lines end in \r\n.
_LOOK = re.compile(r"^swarm=(active|pending|locked|error|stopped)\r?$", re.MULTILINE)


def choose(answers, managers, workers, present, targeted, allow_init=False, looks=None, avoid=(), allow_demotion=False):
    """What the hosts' own reports mean for the whole swarm.

    answers is {host: registered result of swarm_info} (with nodes, on managers), managers and workers are the hosts of
    the two groups in the inventory's order. targeted are the hosts that this run is about, present those of them that have
    not failed so far. looks is {host: what role engine's probe printed}; it is given in check mode, where hosts may lack the
    SDK that the run would have installed. avoid are hosts that are relied on only if there is no other, because they are to be
    taken away. allow_demotion: a manager among the workers is no fault, it will be demoted.

    Returns a dict of
    manager    the manager to ask for everything: one that can change the swarm, else where one is to be initialised
    init_host  where a swarm is to be initialised, empty if there is one or none may be made
    nodes      {node ID: availability} of the swarm that manager is in
    refusal    why no swarm is initialised although none can be changed, or an empty text
    faults     {host: why it cannot be what the inventory says}
    untold     hosts that are in a swarm and cannot say more, in check mode
    """
    told = {host: answer for host, answer in answers.items() if answer.get("swarm")}
    mute = [
        host
        for host, answer in answers.items()
        if host not in told and not answer.get("unreachable") and looks is not None
    ]
    untold = [host for host in mute if _LOOK.search(looks.get(host, ""))]
    blank = [host for host in managers if host in mute or (host in told and _state(told[host]) == "inactive")]
    healthy = [host for host in managers if host in told and can_change(told[host])]
    healthy.sort(key=lambda host: host in avoid)

    choice = {"manager": "", "init_host": "", "nodes": {}, "refusal": "", "faults": {}, "untold": untold}
    if healthy:
        choice["manager"] = healthy[0]
        choice["nodes"] = {node["id"]: node["availability"] for node in told[healthy[0]]["nodes"]}
        choice["faults"] = _faults(told, managers, healthy[0], choice["nodes"], allow_demotion)
    elif not untold:
        candidate = next((host for host in blank if host in present), "")
        silent = [host for host in managers if host not in told and host not in mute]
        unasked = [host for host in workers if host not in answers and host not in targeted]
        choice["refusal"] = _refusal(told, managers, candidate, silent, unasked, allow_init)
        if not choice["refusal"]:
            choice["manager"] = choice["init_host"] = candidate
    return choice


def can_change(answer):
    """Whether the host is a manager that can read and change the swarm now."""
    return answer["swarm"]["control_available"] and not answer["swarm"]["obstacle"]


def _state(answer):
    return answer["swarm"]["state"]


def _refusal(told, managers, candidate, silent, unasked, allow_init):
    members = [host for host in told if _state(told[host]) != "inactive"]
    listed = ", ".join(f"{host}: {told[host]['swarm']['obstacle'] or 'in a swarm'}" for host in members)
    if not candidate and not set(members) & set(managers):
        return "There is no manager in this run on which a swarm could be initialised. Run without --limit."
    if set(members) & set(managers) and not (allow_init and candidate):
        return (
            f"There is a swarm, but none of its managers can change it ({listed}). Bring its managers back, unlock those "
            "that are locked (run unlock.yml), and run again; another swarm would not help."
        )
    if allow_init:
        return ""
    if members:
        return (
            f"No manager is in a swarm, but other hosts are ({listed}). A second swarm is not initialised by accident: put "
            "the managers of that swarm into the manager group, or let these nodes leave it first (docker swarm leave)."
        )
    if silent:
        return (
            f"No swarm was found, but {', '.join(silent)} did not answer and may be in one. A second swarm is not "
            "initialised by accident: bring it back, or take it out of the inventory."
        )
    if unasked:
        return (
            f"No swarm was found, but this run (--limit) left out {', '.join(unasked)}, which may be in one. A second swarm "
            "is not initialised by accident: run without --limit."
        )
    return ""


def _faults(told, managers, manager, nodes, allow_demotion):
    found = {}
    for host, answer in told.items():
        swarm = answer["swarm"]
        if swarm["state"] == "locked":
            found[host] = (
                f"{host} is locked: its engine was restarted while autolock is on. Run unlock.yml (or docker swarm "
                "unlock there), and run again."
            )
        elif swarm["state"] == "active" and swarm["node_id"] not in nodes:
            found[host] = (
                f"{host} belongs to another swarm than {manager}. If it shall move, let it leave its own first "
                "(docker swarm leave)."
            )
        elif _state(answer) == "active" and swarm["role"] == "manager" and host not in managers and not allow_demotion:
            found[host] = (
                f"{host} is a manager of the swarm, but the inventory has it among the workers. site.yml takes no manager "
                "away unasked: if it shall be a worker, run again with -e swarm_allow_demotion=true; else list it among the "
                "managers."
            )
    return found
