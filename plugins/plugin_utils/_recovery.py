# Copyright (c) 2026, apiary.swarm maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where a swarm goes on after a disaster: from which manager, from which host for a backup, and what is left of what was lost.

PRIVATE to apiary.swarm: no other collection may import it. Runs on the control host. Pure.
"""

from __future__ import annotations

from ..module_utils._nodes import REMEMBERED
from ._choice import can_change


def recover_choice(answers, files, managers, confirmed=False):
    """From which manager to go on after a loss of quorum.

    answers is {host: result of swarm_info (with nodes)}, files {host: result of swarm_files}, of the managers that were asked;
    managers are all of the inventory.
    refusal  why nothing may be done, else empty
    host     the manager to go on with: the one that knows most of what was agreed
    forced   whether it is to be made the only manager; False if an interrupted run has done so, and only remnants are left
    others   hosts that still have the old swarm, and must leave it
    known    what each has, as sentences
    """
    choice = {"refusal": "", "host": "", "forced": True, "others": [], "known": []}
    healthy = [host for host in managers if answers.get(host, {}).get("swarm") and can_change(answers[host])]
    has = {host: files[host]["files"] for host in managers if (files.get(host) or {}).get("files", {}).get("log")}
    choice["known"] = [_known(host, has.get(host), answers.get(host, {})) for host in managers]
    if healthy:
        return _after(choice, healthy[0], answers, has)
    swarms = {entry["authority"] for entry in has.values()}
    running = {host: entry for host, entry in has.items() if answers.get(host, {}).get("swarm")}
    silent = [host for host in managers if host not in running and not _blank(answers.get(host, {}))]
    told = " ".join(choice["known"])
    if not has:
        choice["refusal"] = f"No manager that answers has anything of a swarm: restore a backup (restore.yml). {told}"
    elif any(entry["locked"] for entry in has.values()):
        choice["refusal"] = (
            "The swarm's managers are locked when they start (autolock), and the engine cannot go on with one of them alone then (moby issue "
            f"36852). Bring so many managers back that there is a quorum, and unlock them. {told}"
        )
    elif len(swarms) > 1:
        choice["refusal"] = (
            f"The managers belong to {len(swarms)} different swarms. Take those out of the inventory that are not meant. {told}"
        )
    elif _best(has) not in running:
        choice["refusal"] = f"{_best(has)} knows most, and its engine does not answer. Start it first. {told}"
    elif silent and not confirmed:
        choice["refusal"] = (
            f"{', '.join(silent)} did not answer and may know more than those that did: what it alone knows would be lost; and if the silent "
            "managers still work together somewhere, there would be two swarms. Bring them back if that can be. If they are "
            f"lost, or it is known that nothing was changed since, run it again with -e recover_confirm=yes. {told}"
        )
    elif len(running) > len(managers) // 2 and not confirmed:
        choice["refusal"] = (
            f"{', '.join(running)} run, which is a majority: they do not reach each other (2377/tcp, 7946/tcp and udp), or are only starting. "
            "Repair that and wait a minute. If it cannot be repaired, run it again with -e recover_confirm=yes: the others are told "
            f"to follow the one that knows most. {told}"
        )
    if not choice["refusal"]:
        choice["host"] = _best(has)
        choice["others"] = [host for host in has if host != choice["host"]]
    return choice


def _after(choice, host, answers, has):
    """There is a quorum: nothing to recover, unless a run that made it so was interrupted."""
    nodes = answers[host]["nodes"]
    members = {node["id"] for node in nodes if node["reachability"]}
    swarm = (has.get(host) or {}).get("authority")
    stale = [other for other in has if has[other]["log"]["node_id"] not in members and has[other]["authority"] == swarm]
    if not stale and not remnants(nodes, [], lost_managers=True)["remove"]:
        quorum = answers[host]["swarm"]["quorum"]
        choice["refusal"] = (
            f"There is nothing to recover: {quorum['reachable']} of {quorum['managers']} managers can be reached and {quorum['needed']} are "
            "needed. A manager that is lost is replaced by replace_node.yml or removed by remove_node.yml."
        )
        return choice
    return dict(choice, host=host, forced=False, others=stale)


def _best(has):
    def rank(host):
        log = has[host]["log"]
        return log["commit"], log["last_term"], log["last_index"]

    return max(has, key=rank)  # the first of those that are equal


def _blank(answer):
    """It answered, and is in no swarm: then it has nothing that could be lost."""
    return bool(answer.get("swarm")) and answer["swarm"]["state"] == "inactive"


def _known(host, entry, answer):
    if entry:
        log = entry["log"]
        return f"{host}: agreed up to entry {log['commit']}, last entry {log['last_index']} of term {log['last_term']}."
    if _blank(answer):
        return f"{host}: in no swarm."
    return f"{host}: no answer."


def remnants(nodes, members, lost_managers=False):
    """What is left in the list of nodes of those that are gone, once the hosts that live are in the swarm again.

    nodes are rows of swarm_info, members the node IDs of the hosts. An entry is a remnant if it is down and no member; with
    lost_managers only if it is that of a manager that has no part in the managers' agreement any more.
    remove        for swarm_node, the entries that are to go
    labels        for swarm_node, what hosts of the same name get of their labels, as far as they have none of that name
    availability  {drain or pause: IDs of hosts of the same name that are to be that again}
    """
    gone = [
        node
        for node in nodes
        if node["id"] not in members
        and node["state"] != "ready"
        and not node["reachability"]
        and (not lost_managers or node["role"] == "manager")
    ]
    found = {"remove": [{"node": node["id"], "state": "absent"} for node in gone], "labels": [], "availability": {}}
    for node in nodes:
        before = [entry for entry in gone if entry["hostname"] == node["hostname"]]
        if node["id"] not in members or not before:
            continue
        labels = {key: text for entry in before for key, text in entry["labels"].items()}
        availability = labels.pop(REMEMBERED, "") or before[-1]["availability"]
        labels = {key: text for key, text in labels.items() if key not in node["labels"]}
        if labels:
            found["labels"].append({"node": node["id"], "labels": labels})
        if availability != "active" and node["availability"] == "active":
            found["availability"].setdefault(availability, []).append(node["id"])
    return found


def restore_choice(manifest, answers, files, facts, managers, hosts):
    """On which host a backup is put back.

    manifest is what backup.yml wrote beside the archive, answers {host: result of swarm_info}, files {host: result of swarm_files} and
    facts {host: its facts, with addresses} of hosts, which are all of the inventory; managers are those that shall be managers.
    refusal  why nothing may be done, else empty
    host     the manager that has the address which the manager in the archive advertised
    fresh    whether the archive is to be put there; False if an interrupted run has done so
    old      addresses and ports of the managers that were, which must not answer
    """
    choice = {"refusal": "", "host": "", "fresh": True, "old": list(map(_peer, manifest["managers"]))}
    silent = [host for host in hosts if not answers.get(host, {}).get("swarm")]
    host = next((name for name in managers if manifest["address"] in _addresses(facts.get(name, {}))), "")
    done = bool(host) and files.get(host, {}).get("files", {}).get("restored") == manifest["sha256"]
    members = [name for name in hosts if name not in silent and answers[name]["swarm"]["state"] != "inactive"]
    if manifest["autolock"]:
        choice["refusal"] = (
            "The backup is of a swarm whose managers are locked when they start (autolock), and the engine cannot go on with one of them alone "
            "then (moby issue 36852)."
        )
    elif silent:
        told = "; ".join(f"{name}: {answers.get(name, {}).get('msg', 'no answer')}" for name in silent)
        choice["refusal"] = (
            f"{', '.join(silent)} did not answer, and may still be in the swarm that is to be restored: bring it back, or take it out of the "
            f"inventory. {told}."
        )
    elif not host:
        choice["refusal"] = (
            f"None of {', '.join(managers)} has the address {manifest['address']}, which the manager of this backup ({manifest['host']}) "
            "advertised. The engine goes on with that address and no other: give it to the host that is to be the first manager."
        )
    elif members and not done:
        choice["refusal"] = (
            f"{', '.join(members)} is in a swarm already. A backup is put back on hosts that are in none: run reset.yml first, if what is there may go."
        )
    elif _minor(answers[host]["swarm"]["engine_version"]) < _minor(manifest["engine_version"]):
        choice["refusal"] = (
            f"{host} has engine {answers[host]['swarm']['engine_version']}, and the backup is of engine {manifest['engine_version']}: "
            "an older engine may not understand it. Install the same version or a newer one."
        )
    if not choice["refusal"]:
        choice.update(host=host, fresh=not done)
    return choice


def _minor(version):
    return tuple(int(part) for part in version.split(".")[:2])


def _addresses(facts):
    return [*facts.get("all_ipv4_addresses", ()), *facts.get("all_ipv6_addresses", ())]


def _peer(manager):
    address, _colon, port = manager.rpartition(":")
    return {"address": address.strip("[]"), "port": int(port)}
