# Copyright (c) 2026, apiary.swarm maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From the options of a swarm_service task to what it wants of each service.

PRIVATE to apiary.swarm: no other collection may import it. Pure.
"""

from __future__ import annotations

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ._checked import checked
from ._errors import SwarmError
from ._plan import Wish
from ._registry import header, host
from ._service_fields import SERVICE

# When to ask the registry, with the two words that community.docker has for it.
RESOLVE = {"always": "always", "changed": "changed", "never": "never", "true": "always", "false": "never"}

# How a service is brought to what is declared, with what holds if nobody says. An entry of services says it for
# itself, else service_defaults says it, else the task.
HOW = {
    "state": "present",
    "undeclared": "keep",
    "merge": (),
    "recreate": False,
    "resolve_image": "changed",
    "resolve_image_failure": "warn",
    "registry_auth": (),
    "with_registry_auth": False,
}
# made once, for it is looked at for each of many services
_ARGUMENTS = SERVICE.argument_spec()


def service_spec():
    """The argument spec of the options of one service, without its name; a fresh dict at each call."""
    return dict(
        SERVICE.argument_spec(),
        state={"type": "str", "choices": ["present", "absent", "rolled_back"]},
        undeclared={"type": "str", "choices": ["keep", "restore", "reset"]},
        merge={"type": "list", "elements": "str", "choices": SERVICE.mergeable()},
        recreate={"type": "bool"},
        resolve_image={"type": "str", "choices": list(RESOLVE)},
        resolve_image_failure={"type": "str", "choices": ["warn", "fail"]},
        registry_auth={
            "type": "list",
            "elements": "dict",
            "options": {
                "registry_url": {"type": "str", "required": True, "aliases": ["registry", "url"]},
                "username": {"type": "str", "required": True},
                "password": {"type": "str", "required": True, "no_log": True},
            },
        },
        with_registry_auth={"type": "bool"},
        env_files={"type": "list", "elements": "path"},
    )


def between_plugin_and_module():
    """The argument spec of what the action plugin tells its module, and nobody else."""
    return {
        # How the plugin waits in slices: for how many seconds, and where the slice before ended.
        "_slice": {"type": "float"},
        "_resume": {"type": "dict"},
        # What it found on the control host, {registry: value of X-Registry-Auth}; and passwords in entries, which
        # ansible-core would not know to hide.
        "_registry_auth": {"type": "dict", "no_log": True},
        "_hidden": {"type": "list", "elements": "str", "no_log": True},
        # Whether the task has no_log: module.no_log is also true where only the host's log is to know nothing.
        "_no_log": {"type": "bool"},
    }


def wishes_of(params):
    """The list of Wishes of a task. Raises SwarmError (kind invalid) with all that is wrong in it."""
    if params["services"] is None:
        return [_wish(params["name"], params, {}, params)]
    problems = []
    for name in sorted([*SERVICE.argument_spec(), "env_files"]):
        if params.get(name) is not None:
            problems.append(f"{name}: with services, put it into service_defaults or into an entry")
    validator = ArgumentSpecValidator(service_spec())
    defaults = _validated(params["service_defaults"] or {}, validator, "service_defaults", problems)
    validator = ArgumentSpecValidator(dict(service_spec(), name={"type": "str", "required": True}))
    entries = [
        _validated(entry, validator, f"services, entry {index} ({entry.get('name')})", problems)
        for index, entry in enumerate(params["services"], 1)
    ]
    names = [entry.get("name") for entry in entries]
    problems += [
        f"services: '{name}' is there twice" for name in sorted({n for n in names if n and names.count(n) > 1})
    ]
    if problems:
        raise SwarmError("; ".join(problems), hint="Nothing was changed.", details={"problems": problems})
    return [_wish(entry["name"], entry, defaults, params) for entry in entries]


def _validated(options, validator, where, problems):
    options, found = checked(validator, options)
    problems += [f"{where}: {message}" for message in found]
    return options


def _wish(name, options, defaults, task):
    def how(key):
        said = (source.get(key) for source in (options, defaults, task))
        return next((value for value in said if value is not None), HOW[key])

    state = how("state")
    if state == "rolled_back":
        defaults = {}  # one that goes back takes no options, and defaults are meant for the others
    found = task.get("_registry_auth") if how("with_registry_auth") else None
    given = [(host(entry["registry_url"]), entry) for entry in how("registry_auth")]
    credentials = {registry: header(registry, entry["username"], entry["password"]) for registry, entry in given}
    env_files = options.get("env_files")
    return Wish(
        name,
        _overlaid(defaults, options),
        state,
        how("undeclared"),
        tuple(how("merge")),
        how("recreate"),
        RESOLVE[how("resolve_image")],
        how("resolve_image_failure"),
        dict(found or {}, **credentials),
        tuple((defaults.get("env_files") if env_files is None else env_files) or ()),
    )


def _overlaid(defaults, options):
    """The options of the table, each from options if they name it, else from defaults; groups option by option."""
    merged = {}
    for key, argument in _ARGUMENTS.items():
        low, high = defaults.get(key), options.get(key)
        if "options" in argument and low and high:
            merged[key] = dict(low, **{name: value for name, value in high.items() if value is not None})
        else:
            merged[key] = low if high is None else high
    return merged
