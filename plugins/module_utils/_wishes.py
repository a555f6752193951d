# Copyright (c) 2026, apiary.swarm maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From the options of a swarm_service task to what it wants of each service.

PRIVATE to apiary.swarm: no other collection may import it. Pure.
"""

from __future__ import annotations

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ._errors import SwarmError
from ._plan import Wish
from ._service_fields import SERVICE

# How a service is brought to what is declared, with what holds if nobody says. An entry of services says it for
# itself, else service_defaults says it, else the task.
HOW = {"state": "present", "undeclared": "keep", "merge": (), "recreate": False, "resolve_image": "changed"}


def service_spec():
    """The argument spec of the options of one service, without its name; a fresh dict at each call."""
    return dict(
        SERVICE.argument_spec(),
        state={"type": "str", "choices": ["present", "absent", "rolled_back"]},
        undeclared={"type": "str", "choices": ["keep", "restore", "reset"]},
        merge={"type": "list", "elements": "str", "choices": SERVICE.mergeable()},
        recreate={"type": "bool"},
        resolve_image={"type": "str", "choices": ["always", "changed", "never"]},
    )


def wishes_of(params):
    """The list of Wishes of a task. Raises SwarmError (kind invalid) with all that is wrong in it."""
    if params["services"] is None:
        return [_wish(params["name"], params, {}, {})]
    problems = []
    for name in sorted(SERVICE.argument_spec()):
        if params[name] is not None:
            problems.append(f"{name}: with services, put it into service_defaults or into an entry")
    defaults = _validated(params["service_defaults"] or {}, service_spec(), "service_defaults", problems)
    entry_spec = dict(service_spec(), name={"type": "str", "required": True})
    entries = [
        _validated(entry, entry_spec, f"services, entry {index} ({entry.get('name')})", problems)
        for index, entry in enumerate(params["services"], 1)
    ]
    names = [entry.get("name") for entry in entries]
    problems += [
        f"services: '{name}' is there twice" for name in sorted({n for n in names if n and names.count(n) > 1})
    ]
    if problems:
        raise SwarmError("; ".join(problems), hint="Nothing was changed.", details={"problems": problems})
    return [_wish(entry["name"], entry, defaults, params) for entry in entries]


def _validated(options, spec, where, problems):
    result = ArgumentSpecValidator(spec).validate(options)
    problems += [f"{where}: {message}" for message in result.error_messages]
    return result.validated_parameters


def _wish(name, options, defaults, task):
    def how(key):
        said = (source.get(key) for source in (options, defaults, task))
        return next((value for value in said if value is not None), HOW[key])

    state = how("state")
    # one that goes back takes no options, and defaults are meant for the others
    return Wish(
        name,
        _overlaid({} if state == "rolled_back" else defaults, options),
        state,
        how("undeclared"),
        tuple(how("merge")),
        how("recreate"),
        how("resolve_image"),
    )


def _overlaid(defaults, options):
    """The options of the table, each from options if they name it, else from defaults; groups option by option."""
    merged = {}
    for key, argument in SERVICE.argument_spec().items():
        low, high = defaults.get(key), options.get(key)
        if "options" in argument and low and high:
            merged[key] = dict(low, **{name: value for name, value in high.items() if value is not None})
        else:
            merged[key] = low if high is None else high
    return merged
