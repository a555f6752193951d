# Copyright (c) 2026, apiary.swarm maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What services refer to by name, read once for all of them: networks, secrets and configs.

PRIVATE to apiary.swarm: no other collection may import it.

Nothing is asked that no service names.
"""

from __future__ import annotations

from urllib.parse import quote

from ._contents import directory
from ._errors import SwarmError
from ._service_fields import SERVICE
from ._service_files import Files


def networks(engine, wishes):
    """{name or ID: ID} of the swarm's networks, if a service names one.

    The predefined ones (host, bridge) are in the swarm too, but no list shows them.
    """
    named = set()
    for wish in wishes:
        for item in wish.options.get("networks") or ():
            named.add(str(item.get("name") or item.get("id") or "") if isinstance(item, dict) else str(item))
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


def files(engine, wishes):
    """{word: {name, ID or base name of versions: (ID, name)}} of secrets and configs, one call for each that is named."""
    found = {}
    for field in SERVICE.fields:
        if isinstance(field.kind, Files):
            things = _things(engine, field, [wish for wish in wishes if wish.state != "absent"])
            if things is not None:
                found[field.kind.sort.word] = directory(things)
    return found


def _things(engine, field, wishes):
    named = [field.kind.named(wish.options.get(field.option)) for wish in wishes]
    names = set().union(*(names for names, _ids in named))
    ids = set().union(*(ids for _names, ids in named))
    if not names and not ids:
        return None
    # the content of configs comes along, so ask for those that are named; the beginning of a name finds all its versions
    filters = None if ids else {"name": sorted(names)}
    many = field.kind.sort.many
    return engine.get(f"/{many}", what=f"list the {many}", filters=filters) or []
