# Copyright (c) 2026, apiary.swarm maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Preflight: all findings, as a table and as lines for a terminal or a job log.

PRIVATE to apiary.swarm: no other collection may import it. Runs on the control host. Pure.
"""

from __future__ import annotations

from ._preflight import NOTE, STOP, UNTOLD, WARN, Finding, look, wishes
from ._preflight_paths import judge, plan
from ._preflight_rules import MODULES, of_all, of_host
from ._status import table

COLUMNS = ("HOST", "SWARM", "ADDRESS", "KERNEL", "CGROUP", "MTU", "CLOCK", "PORTS", "VERDICT")
ORDER = (STOP, WARN, NOTE, UNTOLD)
VERDICTS = {STOP: "STOP", WARN: "warn", NOTE: "ok", UNTOLD: "ok, not all told", None: "ok"}


def paths(rows, settings, networks):
    """What each host is to listen on and whom it is to ask: see _preflight_paths.plan. For the other arguments see report."""
    hosts = [look(row) for row in rows]
    return plan(hosts, wishes(settings, networks, hosts))


def report(rows, settings, networks, answers=None, brief=False):
    """(lines of text, stops: {host: sentences}).

    rows describe the hosts (see _preflight.look), settings is swarm_settings, networks services_networks, answers what was
    found between the hosts (see _preflight_paths.judge), None if they were not asked. brief: no table, and nothing that
    asks nobody to do something.
    """
    hosts = [look(row) for row in rows]
    wanted = wishes(settings, networks, hosts)
    found, cells = [], {}
    for host in hosts:
        found += of_host(host, wanted) if host["reached"] else [_unreached(host)]
    found += of_all(hosts)
    if answers is not None:
        between, cells = judge(hosts, wanted, answers)
        found += between
    stops = {}
    for finding in found:
        if finding.level == STOP:
            stops.setdefault(finding.host, []).append(_sentence(finding))
    if brief:
        return _lines([finding for finding in found if finding.level in (STOP, WARN)], len(hosts)), stops
    shown = table(COLUMNS, [_row(host, found, cells, wanted) for host in hosts])
    return ["PREFLIGHT", *shown, "", "FINDINGS", *(_lines(found, len(hosts)) or ["none"])], stops


def _unreached(host):
    return Finding(
        STOP, host["name"], f"could not be looked at: {host['why']}", "Mend how it is reached, and run again."
    )


def _sentence(finding):
    return " ".join(text for text in (_ended(finding.what), finding.do) if text)


def _ended(text):
    return text if text.endswith((".", "!", "?")) else f"{text}."


def _lines(found, count):
    """One finding of several hosts is told once, with what to do below it."""
    grouped = {}
    for finding in found:
        hosts = grouped.setdefault((ORDER.index(finding.level), finding.what, finding.do), [])
        if finding.host not in hosts:
            hosts.append(finding.host)
    lines = []
    # sorted is stable: within a level they stay in the order of the hosts
    for (level, what, do), hosts in sorted(grouped.items(), key=lambda item: item[0][0]):
        names = f"all {count} hosts" if len(hosts) == count > 1 else ", ".join(hosts)
        lines.append(f"{ORDER[level]:4}  {names}: {_ended(what)}")
        if do:
            lines.append(f"      {do}")
    return lines


def _row(host, found, cells, wanted):
    mine = [finding.level for finding in found if finding.host == host["name"]]
    verdict = VERDICTS[min(mine, key=ORDER.index) if mine else None]
    if not host["reached"]:
        return (host["name"], *["-"] * (len(COLUMNS) - 2), verdict)
    needed = [*MODULES, *(["esp4"] if wanted["encrypted"] else [])]
    missing = [name for name in needed if host["modules"].get(name) == "missing"]
    mtu, ahead = host["links"].get(host["link"]), host["ahead"]
    return (
        host["name"],
        host["says"].get("swarm", "no engine" if "engine" not in host["says"] else "inactive"),
        host["address"] or "-",
        f"no {', '.join(missing)}" if missing else "ok" if host["modules"] else "?",
        f"v{host['cgroup']}" if host["cgroup"] else "?",
        mtu or "?",
        "?" if ahead is None else f"{ahead:+} s",
        cells.get(host["name"], "-"),
        verdict,
    )
