# Copyright (c) 2026, apiary.swarm maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""In which order nodes are taken out of a swarm for a while, whether it can spare them, and what is not yet as it was.

PRIVATE to apiary.swarm: no other collection may import it. Runs on the control host. Pure.
"""

from __future__ import annotations

from ..module_utils._nodes import REMEMBERED
from ..module_utils._quorum import is_reachable, managers_of, may_lose

_OUTAGE = (
    "One or two managers cannot be spared for a moment: until it is back, nothing in the swarm can be changed and no task that fails is "
    "replaced, while containers run on. maintenance_allow_outage=true accepts that; three managers would do without."
)
_MISSING = "Bring the missing managers back first."
_AUTOLOCK = (
    "The swarm's managers are locked when they start (autolock), and {managers} would not come back without the unlock key, which is "
    "not given, or is not the present one. Give it as swarm_unlock_key, for example with -e @FILE of the file that swarm_unlock_key_file "
    "names; or switch autolock off (swarm_settings with autolock_managers false) while this is run."
)


def plan(hosts, swarm, batch=1, allow_outage=False, unlocks=False):
    """What maintenance of these hosts comes to.

    hosts   {host: {node_id, wish}}: wish says what is to be done to it, empty for nothing
    swarm   result of swarm_info with nodes, as a manager sees them
    unlocks whether there is the key for managers that come back locked

    Returns a dict of
    turns     [[hosts whose turn it is together], ...]: those that only come back; then workers, batch by batch; then the managers
              one by one, the leader last
    returning hosts that an interrupted run left out of work, with nothing else to be done
    lines     the same for people
    refusal   why none of it may begin, or an empty text
    """
    rows = {row["id"]: row for row in swarm["nodes"]}
    foreign = [host for host, one in hosts.items() if one["wish"] and one["node_id"] not in rows]
    known = {host: rows[one["node_id"]] for host, one in hosts.items() if one["node_id"] in rows}
    due = [host for host in known if hosts[host]["wish"]]
    returning = [host for host in known if host not in due and REMEMBERED in known[host]["labels"]]
    # whoever was left out of work comes first: it carries nothing at present
    due.sort(key=lambda host: REMEMBERED not in known[host]["labels"])
    managers = sorted((host for host in due if _is_manager(known[host])), key=lambda host: known[host]["leader"])
    workers = [host for host in due if host not in managers]
    turns = [returning] if returning else []
    step = max(batch, 1)
    turns += [workers[first : first + step] for first in range(0, len(workers), step)]
    turns += [[host] for host in managers]
    return {
        "turns": turns,
        "returning": returning,
        "lines": [_line(host, hosts[host]["wish"], known[host]) for turn in turns for host in turn],
        "refusal": _refusal(foreign, [] if unlocks else managers, swarm)
        or _shortage(managers, known, swarm, allow_outage)
        or _nowhere(turns, hosts, swarm, allow_outage),
    }


def _is_manager(row):
    return row["reachability"] is not None


def _line(host, wish, row):
    part = "leader" if row["leader"] else "manager" if _is_manager(row) else "worker"
    return f"{host} ({part}): {wish or 'comes back from ' + row['availability']}"


def _refusal(foreign, locking, swarm):
    if foreign:
        return f"{', '.join(foreign)}: in no swarm, or in another one than the rest. site.yml brings a host in; leave it out of this run."
    if locking and (swarm["swarm"].get("settings") or {}).get("autolock_managers"):
        return _AUTOLOCK.format(managers=", ".join(locking))
    return ""


def _shortage(managers, known, swarm, allow_outage):
    """Why the swarm cannot spare one of these managers, with the arithmetic, or an empty text."""
    nodes = [_node(row) for row in swarm["nodes"]]
    count = len(managers_of(nodes))
    if allow_outage and count < 3:
        return ""
    for host in managers:
        reason = may_lose(nodes, [known[host]["id"]])
        if reason:
            missing = [node["Description"]["Hostname"] for node in managers_of(nodes) if not is_reachable(node)]
            told = f" Not reachable: {', '.join(missing)}." if missing else ""
            return f"{reason}.{told} {_MISSING if missing else _OUTAGE}"
    return ""


def _nowhere(turns, hosts, swarm, allow_outage):
    """Why a turn would leave no node that takes tasks, or an empty text."""
    taking = {row["id"] for row in swarm["nodes"] if row["availability"] == "active" and row["state"] == "ready"}
    for turn in turns:
        away = {hosts[host]["node_id"] for host in turn if hosts[host]["wish"]}
        if taking and not allow_outage and taking <= away:
            return (
                f"Without {', '.join(turn)} no node would be left that takes tasks. Take fewer at the same time, activate another node, or accept "
                "it with maintenance_allow_outage=true."
            )
    return ""


def _node(row):
    """A row of swarm_info as GET /nodes has it, as far as the arithmetic looks at it."""
    manager = {"Reachability": row["reachability"]} if _is_manager(row) else None
    return {"ID": row["id"], "Description": {"Hostname": row["hostname"]}, "ManagerStatus": manager}


def lagging(before, after):
    """Names of services that had converged before and have not again, of services of swarm_info. What is no more is not waited for."""
    now = {row["id"]: row for row in after}
    return [row["name"] for row in before if row["converged"] and row["id"] in now and not now[row["id"]]["converged"]]
