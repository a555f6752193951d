# Copyright (c) 2026, apiary.swarm maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What services refer to by name, read once for all of them: networks, secrets and configs.

PRIVATE to apiary.swarm: no other collection may import it.

Nothing is asked that no service names.
"""

from __future__ import annotations

from urllib.parse import quote

from ._contents import CONFIG, SECRET, directory
from ._errors import SwarmError
from ._service_fields import SERVICE
from ._service_kinds import network_entry


def networks(engine, wishes):
    """{name or ID: ID} of the swarm's networks, if a service names one.

    The predefined ones (host, bridge) are in the swarm too, but no list shows them.
    """
    named = set()
    for wish in wishes:
        for item in wish.options.get("networks") or ():
            named.add(_network_name(item))
    if not named:
        return {}
    found = {}
    for network in engine.networks(scope=["swarm"]):
        found[network["Name"]] = found[network["Id"]] = network["Id"]
    for name in sorted(named - set(found) - {""}):
        try:
            one = engine.get(f"/networks/{quote(name, safe='')}", what=f"look for network {name}", scope="swarm")
            found[name] = one["Id"]
        except SwarmError as error:
            if error.kind != "not_found":
                raise
    return found


def _network_name(item):
    if not isinstance(item, dict):
        try:
            item = network_entry(item)
        except ValueError:
            return ""  # the plan will say so, with what else is wrong
    return str(item.get("name") or item.get("id") or "")


def files(engine, wishes):
    """{word: {name, ID or base name of versions: (ID, name)}} of secrets and configs, one call for each that is named."""
    found = {}
    for sort in (SECRET, CONFIG):
        things = _things(engine, sort, [wish for wish in wishes if wish.state != "absent"])
        if things is not None:
            found[sort.word] = directory(things)
    return found


def _things(engine, sort, wishes):
    declared = [SERVICE.declared(wish.options) for wish in wishes]
    named = [
        field.kind.named(sort, options[field.option])
        for options in declared
        for field in SERVICE.fields
        if field.option in options
    ]
    names = set().union(*(names for names, _ids in named))
    ids = set().union(*(ids for _names, ids in named))
    if not names and not ids:
        return None
    # the content of configs comes along, so ask for those that are named; the beginning of a name finds all its versions
    filters = None if ids else {"name": sorted(names)}
    return engine.get(f"/{sort.many}", what=f"list the {sort.many}", filters=filters) or []
