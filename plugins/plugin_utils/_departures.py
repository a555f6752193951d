# Copyright (c) 2026, apiary.swarm maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which entries of the swarm's list of nodes are a host's, and what it takes to remove or to replace it.

PRIVATE to apiary.swarm: no other collection may import it. Runs on the control host. Pure.

Nodes are rows of swarm_info. A host that answers knows the ID of its own entry; every other entry that carries its name, and
that no other host calls its own, is what it left behind when it left, died or was rebuilt.
"""

from __future__ import annotations

from ..module_utils._nodes import AVAILABILITIES, REMEMBERED
from ..module_utils._quorum import may_lose

# what a member must say of itself to count as one that can leave in good order
_WELL = (None, "worker")


def plan_removal(answers, wanted, members, targeted, nodes, manager, force=False):
    """How hosts are taken out of the swarm.

    answers are {host: registered result of swarm_info}, wanted the names to remove, members the hosts of the inventory's
    groups, targeted those that this run is about, nodes what the chosen manager lists, which is the host manager. force: those
    that cannot leave by themselves are removed too.

    Returns a dict of
    refusal  why nothing is done, or an empty text
    steps    one for each host, in the order in which they go: name, host (empty if it cannot be asked), drain (IDs), demote
             and remove (what swarm_node is to do), leave, force
    gone     names that are in no swarm already
    """
    owners = _owners(answers)
    faults, steps, gone = [], [], []
    for name in dict.fromkeys(wanted):
        told = _told(answers, name)
        entries = _entries(name, told, nodes, owners)
        fault = _known_by_another_name(name, members, nodes, owners)
        fault = fault or _removal_fault(name, answers.get(name), told, entries, nodes, members, targeted, force)
        if fault:
            faults.append(fault)
        elif entries or told["state"] not in ("", "inactive"):
            steps.append(_removal(name, told, entries))
        else:
            gone.append(name)
    faults += _quorum_faults(nodes, steps, manager)
    steps.sort(key=lambda step: step.pop("order"))
    return {"refusal": " ".join(faults), "steps": steps, "gone": gone}


def plan_replacement(answers, wanted, members, targeted, nodes):
    """How hosts that were built anew take the places of those that died under the same names.

    Arguments as for plan_removal. Returns a dict of refusal and steps, one for each host that has a place to take: host,
    demote and remove (what swarm_node is to do to the entries of the dead one), labels and availability that it takes over.
    """
    owners = _owners(answers)
    faults, steps = [], []
    for name in dict.fromkeys(wanted):
        told = _told(answers, name)
        ghosts = [node for node in _entries(name, told, nodes, owners) if node["id"] != told["node_id"]]
        fault = _replacement_fault(name, answers.get(name), told, ghosts, nodes, members, targeted)
        if fault:
            faults.append(fault)
        elif ghosts:
            steps.append(_replacement(name, told, ghosts, nodes))
    return {"refusal": " ".join(faults), "steps": steps}


# --- which entries are whose ---------------------------------------------------------------------------------------------


def _owners(answers):
    """{node ID: host that says that it is this node}."""
    swarms = {host: answer["swarm"] for host, answer in answers.items() if answer.get("swarm")}
    return {swarm["node_id"]: host for host, swarm in swarms.items() if swarm["node_id"]}


def _told(answers, name):
    """What a host says of its part in a swarm; state is empty if it says nothing."""
    swarm = (answers.get(name) or {}).get("swarm")
    return swarm or {"state": "", "node_id": None, "obstacle": None, "hostname": None, "remote_managers": []}


def _entries(name, told, nodes, owners):
    names = {name, told["hostname"]} - {None}
    return [
        node
        for node in nodes
        if (node["id"] == told["node_id"] if node["id"] in owners else {node["id"], node["hostname"]} & names)
    ]


# --- removal -------------------------------------------------------------------------------------------------------------


def _removal(name, told, entries):
    well = _is_well(told, entries)
    manager = any(node["manager_addr"] for node in entries)
    return {
        "name": name,
        "host": name if told["state"] else "",
        # one that was heard of a moment ago has tasks; those of one that is down have moved already
        "drain": [node["id"] for node in entries if node["state"] == "ready" and told["state"] != "inactive"],
        "demote": _demotions(entries),
        "leave": told["state"] not in ("", "inactive"),
        "remove": _removals(entries),
        "force": not well and told["state"] != "inactive",
        # dead managers first: each that goes makes the others' majority smaller; the leader last
        "order": (well, manager, any(node["leader"] for node in entries)),
    }


def _known_by_another_name(name, members, nodes, owners):
    """A host must be named as the inventory has it: which manager is relied on was decided by that."""
    hosts = [owners.get(node["id"]) for node in nodes if name in (node["id"], node["hostname"])]
    host = next(filter(None, hosts), None)
    return f"{name} is what the inventory calls {host}: say {host}." if host and name not in members else ""


def _removal_fault(name, answer, told, entries, nodes, members, targeted, force):
    if name in members and name not in targeted:
        return f"{name} is left out of this run by --limit: run without it."
    if name not in members and not entries:
        return (
            f"{name} is neither a host of the inventory's groups nor a node of the swarm, which are {_listed(nodes)}."
        )
    if _is_elsewhere(told, nodes):
        return f"{name} is in another swarm than the one that this inventory's managers make."
    if not entries or force or told["state"] == "inactive" or _is_well(told, entries):
        return ""
    return (
        f"{name} cannot leave the swarm by itself: {_why(name, answer, told, members)}. If it has died or is not to come back, run again "
        f"with -e remove_node_force=true: then its entry goes ({_listed(entries)})."
    )


def _is_well(told, entries):
    return (
        told["state"] == "active" and told["obstacle"] in _WELL and told["node_id"] in {node["id"] for node in entries}
    )


def _is_elsewhere(told, nodes):
    """Whether a member is in another swarm. One that was removed from this one by force goes on knowing its managers."""
    known = {peer["node_id"] for peer in told["remote_managers"]} | {told["node_id"]}
    return told["state"] == "active" and not known & {node["id"] for node in nodes}


def _why(name, answer, told, members):
    if name not in members:
        return "it is no host of the inventory's groups"
    if told["state"]:
        return f"its state is {told['obstacle'] or told['state']}"
    said = str((answer or {}).get("msg") or "no answer").strip().splitlines()[0].rstrip(".")
    return f"it cannot be asked ({said})"


def _quorum_faults(nodes, steps, manager):
    reason = may_lose(
        [_raw(node) for node in nodes], [wish["node"] for step in steps for wish in step["remove"]], removed=True
    )
    if reason:
        return [f"This would cost the swarm its quorum: {reason}."]
    if manager in [step["name"] for step in steps]:
        return [
            f"{manager} is the only manager that could be asked to do it: no other host of the managers' group can change the swarm."
        ]
    return []


def _raw(node):
    """The part of GET /nodes that quorum is worked out from."""
    manager = {"Reachability": node["reachability"]} if node["manager_addr"] else None
    return {"ID": node["id"], "Description": {"Hostname": node["hostname"]}, "ManagerStatus": manager}


def _demotions(nodes):
    """Of those that count as managers, or are asked to be."""
    managers = [node for node in nodes if node["manager_addr"] or node["role"] == "manager"]
    return [{"node": node["id"], "role": "worker"} for node in managers]


def _removals(nodes):
    return [{"node": node["id"], "state": "absent"} for node in nodes]


def _listed(nodes):
    return ", ".join(f"{node['hostname'] or 'a node without a name'} {node['id']} ({node['state']})" for node in nodes)


# --- replacement ---------------------------------------------------------------------------------------------------------


def _replacement(name, told, ghosts, nodes):
    own = next((node["labels"] for node in nodes if node["id"] == told["node_id"]), {})
    labels = {key: text for ghost in ghosts for key, text in ghost["labels"].items()}
    had = labels.pop(REMEMBERED, None)  # before a play took it out, which it did not live to come back from
    return {
        "host": name,
        "demote": _demotions(ghosts),
        "remove": _removals(ghosts),
        "labels": {key: text for key, text in labels.items() if key not in own},
        "availability": had if had in AVAILABILITIES else ghosts[0]["availability"],
    }


def _replacement_fault(name, answer, told, ghosts, nodes, members, targeted):
    up = [ghost for ghost in ghosts if ghost["state"] not in ("down", "disconnected")]
    if name not in members:
        return f"{name} is no host of the inventory's groups."
    if name not in targeted:
        return f"{name} is left out of this run by --limit: run without it."
    if (answer or {}).get("unreachable"):
        return f"{name} is to be built anew first: {_why(name, answer, told, members)}."
    if _is_elsewhere(told, nodes):
        return f"{name} is in another swarm than the one that this inventory's managers make."
    if told["state"] not in ("", "inactive", "active") and told["node_id"]:
        return f"{name} is a node of a swarm already, and its state there is {told['state']}: it is not a new host."
    if up:
        return (
            f"{_listed(up)} still counts as being there, and replace_node.yml is for hosts that have died. If it has died just now, wait half a "
            "minute; one that still works is taken out by remove_node.yml, and a new one joins with site.yml."
        )
    if not ghosts and told["state"] != "active":
        return f"There is no node called {name} in the swarm whose place it could take; a new host joins with site.yml."
    return _disagreement(name, ghosts)


def _disagreement(name, ghosts):
    """Several entries may be left of one name. Which of them is right cannot be told where they differ."""
    for key in sorted({key for ghost in ghosts for key in ghost["labels"]}):
        if len({ghost["labels"][key] for ghost in ghosts if key in ghost["labels"]}) > 1:
            return f"The entries that are left of {name} differ in label {key}: remove those that are wrong (docker node rm) of {_listed(ghosts)}."
    if len({ghost["availability"] for ghost in ghosts}) > 1:
        return f"The entries that are left of {name} differ in availability: remove those that are wrong (docker node rm) of {_listed(ghosts)}."
    return ""
