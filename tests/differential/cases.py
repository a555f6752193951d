# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

"""The cases: chains of states, and how the CLI and the module are told of a state.

A chain is a service and the states it goes through, {option: value} each: made in the first one, changed to the next.
"""

from __future__ import annotations

import random
import shlex
from typing import NamedTuple

from ansible_collections.apiary.swarm.plugins.module_utils._service_fields import SERVICE

from .values import IDLE, IMAGE, LISTS, NEEDED, NOWHERE, VALUES, WITH, Said

SEED = 4
PAIRS = 200


class Chain(NamedTuple):
    """name: the service's; states and what each of them is called, as a case; update: words of `docker service update` by
    which the CLI comes to the second state, where it shall not make a new service; resolve: both ask the registry."""

    name: str
    states: list
    stages: tuple
    update: tuple = ()
    resolve: bool = False


SET, CHANGED, REMOVED = "set", "changed", "removed"


def chains(api, pairs=PAIRS):
    """All chains for an engine of this API version."""
    made = [*_of_options(), *(_pair(number, api) for number in range(pairs)), *_updates(api), *_MORE]
    # a block of ports for each: two services cannot publish the same
    return [_with_ports(chain, 5000 + 10 * index) for index, chain in enumerate(made)]


def _of_options():
    """Each option set, changed and removed; all of its values are used."""
    for field in SERVICE.fields:
        values = VALUES.get(field.option, [])
        for start in range(0, len(values), 2):
            first, second = values[start], values[(start + 1) % len(values)]
            base = WITH.get(field.option, IDLE)
            states = [{**base, field.option: first}, {**base, field.option: second}, dict(base)]
            if field.option in NEEDED:
                states.pop()
            yield Chain(f"{field.flag[2:]}-{start // 2 + 1}", states, (SET, CHANGED, REMOVED))


JOB_MODES = ("replicated-job", "global-job")


def _pair(number, api):
    """Two states that share some options, from the seed and the number alone."""
    dice = random.Random(f"{SEED} {number}")
    names = [field.option for field in SERVICE.fields if field.option in VALUES and _known(field, api)]
    names = [name for name in names if name not in ("mode", "replicas", "max_concurrent")]
    mode = dice.choices(["replicated", "global", *JOB_MODES], [12, 3, 3, 1])[0]
    first = {name: _choice(dice, name, api) for name in dice.sample(names, dice.randint(1, 9))}
    second = {}
    for name, value in first.items():
        fate = dice.random()
        if fate < 0.7:
            second[name] = value if fate < 0.35 else _choice(dice, name, api)
    second |= {name: _choice(dice, name, api) for name in dice.sample(names, dice.randint(0, 4))}
    other_mode = dice.choice(["replicated", "global", *JOB_MODES]) if dice.random() < 0.1 else mode
    states = [_sensible(first, mode, dice), _sensible(second, other_mode, dice)]
    return Chain(f"pair-{number:03}", states, ("create", "update"))


def _choice(dice, name, api):
    return dice.choice([value for value in VALUES[name] if getattr(value, "api", (1, 41)) <= api])


def _known(field, api):
    return field.flag and (field.api or (1, 25)) <= api


def _sensible(state, mode, dice):
    """A state without what the engine and the CLI refuse beside something else in it."""
    state = {"mode": mode, **state}
    if mode.startswith("replicated"):
        state["replicas"] = dice.choice([0, 0, 2])
    if mode == "replicated-job" and dice.random() < 0.5:
        state["max_concurrent"] = 1
    if mode != "replicated" or state["replicas"]:
        state.setdefault("placement.constraints", NOWHERE)
    unfit = []
    if mode in JOB_MODES:
        unfit += [name for name in state if name.startswith(("update_config.", "rollback_config."))]
        state["restart_config.condition"] = dice.choice(["none", "on-failure"])
    if not mode.startswith("replicated"):
        unfit.append("placement.replicas_max_per_node")
    if "logging.driver" not in state:
        unfit.append("logging.options")
    if state.get("healthcheck.test") == "NONE":
        unfit += [name for name in state if name.startswith("healthcheck.") and name != "healthcheck.test"]
    if state.get("endpoint_mode") == "dnsrr" or state.get("networks") == ["host"]:
        unfit.append("publish")
    if state.get("networks") == ["host"]:
        unfit.append("endpoint_mode")
    return {name: value for name, value in state.items() if name not in unfit}


def _updates(api):
    """The CLI's other command: what it makes of a service by a flag, and the module by the option."""
    for field in SERVICE.fields:
        if field.option == "mode" or field.option not in {**VALUES, **LISTS} or not _known(field, api):
            continue
        base = WITH.get(field.option, IDLE)
        if field.option in LISTS:
            before, words, after = LISTS[field.option]
        else:
            before, after = VALUES[field.option][:2]
            words = ["--args=" + shlex.join(after)] if field.option == "args" else _flag_words(field.option, after)
        first = {**base, field.option: before} if before is not None else dict(base)
        yield Chain(f"update-{field.flag[2:]}", [first, {**base, field.option: after}], ("before", "update"), words)


_MORE = [
    Chain(
        "image-resolved",
        [{**IDLE, "image": "depot:5000/nginx:1.22"}, {**IDLE, "image": "depot:5000/nginx:1.26"}],
        (SET, CHANGED),
        resolve=True,
    ),
    Chain(
        "update-no-healthcheck",
        [{**IDLE, "healthcheck.test": "true"}, {**IDLE, "healthcheck.test": "NONE"}],
        ("before", "update"),
        ("--no-healthcheck",),
    ),
]


def _with_ports(chain, port):
    def filled(state):
        return {name: value(port) if callable(value) else value for name, value in state.items()}

    update = chain.update(port) if callable(chain.update) else chain.update
    return chain._replace(states=[filled(state) for state in chain.states], update=tuple(update))


# --- how the two are told ----------------------------------------------------------------------------------------------

_FLAGS = {field.option: field.flag for field in SERVICE.fields}


def flags_of(state):
    """The CLI's flags that a state takes, without the values."""
    return {_FLAGS[name] for name in state}


def cli_words(name, state, resolve=False):
    """The words after `docker service create`."""
    words = ["--detach", "--quiet", "--name", name] + ([] if resolve else ["--no-resolve-image"])
    for option, value in state.items():
        if option not in ("image", "args"):
            words += _flag_words(option, value.cli if isinstance(value, Said) else value)
    return [*words, _cli(state.get("image", IMAGE)), *_cli(state.get("args", []))]


def _cli(value):
    return value.cli if isinstance(value, Said) else value


def _flag_words(option, value):
    flag = _FLAGS[option]
    if option == "healthcheck.test" and value == "NONE":
        return ["--no-healthcheck"]
    if isinstance(value, dict):
        return [f"{flag}={key}={item}" for key, item in value.items()]
    if isinstance(value, list):
        return [f"{flag}={item}" for item in value]
    if isinstance(value, bool):
        return [f"{flag}={str(value).lower()}"]
    return [f"{flag}={value}"]


def update_words(chain):
    """The words after `docker service update`."""
    return ["--detach", "--quiet", "--no-resolve-image", *chain.update, chain.name]


def task_options(state, resolve=False):
    """The same as options of swarm_service."""
    options = {"image": IMAGE, "resolve_image": "changed" if resolve else "never"}
    for name, value in state.items():
        group, _dot, short = name.rpartition(".")
        place = options.setdefault(group, {}) if group else options
        place[short] = value.task if isinstance(value, Said) else value
    return options
