# Copyright (c) 2026, apiary.swarm maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Options against their argument spec, where ansible-core alone would stumble, name no option or let anything pass.

PRIVATE to apiary.swarm: no other collection may import it. Pure.
"""

from __future__ import annotations

import json

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ._units import MOST

# What ansible-core up to 2.20 stumbles over: a map that is none (limits: true), wait_timeout: inf, half of a character.
STUMBLES = (TypeError, AttributeError, ValueError, OverflowError)


def checked(validator, options):
    """(options as their argument spec has them, [problems])."""
    spec = validator.argument_spec
    try:
        result = validator.validate(options)
    except STUMBLES as error:
        return {}, list(stumbled_over(spec, options)) or [str(error)]
    problems = list(dict.fromkeys(result.error_messages))
    return result.validated_parameters, problems or odd_values(spec, result.validated_parameters)


def stumbled_over(argument_spec, params):
    """Sentences about the options that ansible-core cannot read. A value may be secret, and is in none."""
    for name, option in sorted(argument_spec.items()):
        if name not in params or name.startswith("_"):
            continue
        try:
            alone = {key: value for key, value in option.items() if key not in ("required", "aliases")}
            ArgumentSpecValidator({name: alone}).validate({name: params[name]})
            _encoded(params[name])
        except STUMBLES as error:
            yield f"{name}: {type(params[name]).__name__} cannot be read as {option.get('type', 'str')}: {_why(error)}"


def odd_values(argument_spec, params, place=""):
    """Sentences about numbers that nobody can mean, texts that are none, and nothing where something must be, in options that ansible-core has read."""
    found = []
    for name, option in sorted(argument_spec.items()):
        value = params.get(name)
        if value is None and option.get("required"):
            found.append(f"{place}{name}: it is null, and must have a value")  # for ansible-core it is there
        if value is None or name.startswith("_"):
            continue
        try:
            _encoded(value)
        except ValueError as error:
            found.append(f"{place}{name}: {_why(error)}")
        entries = value if isinstance(value, list) else [value]
        if option.get("type") == "int" or option.get("elements") == "int":
            if any(abs(number) > MOST for number in entries):
                found.append(f"{place}{name}: a number of more than 64 bits")
        elif option.get("type") == "float" and value in (float("inf"), float("-inf")):
            found.append(f"{place}{name}: there is no end to {value}")
        elif option.get("options"):
            found += [text for entry in entries for text in odd_values(option["options"], entry, f"{place}{name}.")]
    return found


def _encoded(value):
    """Raises ValueError for what cannot be sent: half of a surrogate pair, or an integer of thousands of digits."""
    json.dumps(value, ensure_ascii=False, default=str).encode()


def _why(error):
    if isinstance(error, UnicodeError):
        return "it has half of a character (a surrogate)"
    return str(error) if isinstance(error, (ValueError, OverflowError)) else "it is something else"
