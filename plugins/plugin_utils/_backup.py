# Copyright (c) 2026, apiary.swarm maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which manager a backup is taken of: one that the swarm can spare while its engine is stopped.

PRIVATE to apiary.swarm: no other collection may import it. Runs on the control host. Pure.
"""

from __future__ import annotations

from ..module_utils._nodes import REMEMBERED
from ..module_utils._quorum import majority


def backup_choice(nodes, answers, present, allow_outage=False, wanted=""):
    """A dict of host, node_id and witness, and what to do about tasks; or why not, in refusal.

    nodes are rows of swarm_info, answers {host: its result of swarm_info}, present the managers of this run, in the inventory's
    order. wanted is a host that the operator asks for.
    refusal       why nothing may be stopped, else empty
    host, node_id the manager to stop
    witness       the manager to ask meanwhile: another one where there is one
    drain         whether its tasks are to be moved first
    """
    chosen = dict.fromkeys(("refusal", "host", "node_id", "witness"), "")
    managers = [node for node in nodes if node["reachability"]]
    reachable = [node for node in managers if node["reachability"] == "reachable"]
    chosen["refusal"] = _shortage(len(managers), len(reachable), allow_outage)
    if chosen["refusal"]:
        return chosen
    hosts = {host: answers[host]["swarm"]["node_id"] for host in present if answers.get(host, {}).get("swarm")}
    ids = {node["id"]: node for node in reachable}
    present = [host for host in hosts if hosts[host] in ids]
    left = next((node for node in reachable if node["leader"] and REMEMBERED in node["labels"]), None)
    if left and len(managers) > 1:
        chosen["refusal"] = (
            f"{left['hostname']} was left drained by a play that was interrupted, and leads by now. Give back what it had: docker node update "
            f"--availability {left['labels'][REMEMBERED]} --label-rm {REMEMBERED} {left['id']}"
        )
        return chosen
    candidates = [host for host in present if not ids[hosts[host]]["leader"] or len(managers) == 1]
    if wanted and wanted not in candidates:
        chosen["refusal"] = _unfit(wanted, hosts, ids, candidates)
        return chosen
    if not candidates:
        chosen["refusal"] = (
            "None of the managers in this run can be spared: each is the leader or cannot be reached. Run without --limit."
        )
        return chosen
    host = wanted or min(candidates, key=lambda host: _rank(ids[hosts[host]], host, candidates))
    node = ids[hosts[host]]
    others = [other for other in nodes if other["id"] != node["id"] and _takes_tasks(other)]
    chosen.update(
        host=host,
        node_id=node["id"],
        witness=next((other for other in present if other != host), host),
        drain=node["availability"] != "drain" and bool(others),
    )
    return chosen


def _shortage(managers, reachable, allow_outage):
    needed = majority(managers)
    if reachable - 1 >= needed:
        return ""
    told = f"{reachable} of {managers} managers can be reached and {needed} {'is' if needed == 1 else 'are'} needed"
    if managers > 2 or reachable < managers:
        return f"{told}, so stopping one more would stop the swarm. Bring the missing managers back first."
    if allow_outage:
        return ""
    return (
        f"{told}, so while the engine of one is stopped nothing in the swarm could be changed, and no task would be replaced. Have three "
        "managers; or run it again with -e backup_allow_outage=true: it takes some seconds, tasks on other nodes run on."
    )


def _unfit(wanted, hosts, ids, candidates):
    why = "is not a manager of this run"
    if wanted in hosts:
        why = "is the leader" if hosts[wanted] in ids else "cannot be reached by the other managers"
    return f"{wanted} (backup_host) {why}. These can be taken: {', '.join(candidates) or 'none'}."


def _rank(node, host, candidates):
    """What an interrupted run left drained comes first, then what is drained anyway, then the last in the inventory."""
    return REMEMBERED not in node["labels"], node["availability"] != "drain", -candidates.index(host)


def _takes_tasks(node):
    return node["availability"] == "active" and node["state"] == "ready"
