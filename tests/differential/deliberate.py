# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where the service that swarm_service makes differs from the CLI's on purpose, and what no engine or no CLI here knows.

An entry that no case needs is an error of the run: what no longer differs must not be forgiven.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from ansible_collections.apiary.swarm.plugins.module_utils._kinds import prune

# Stands for a field where the CLI makes a service and the module refuses to.
REFUSED = "refused"


class Deliberate(NamedTuple):
    """flag: one that the state has or the one before it had, * for any, 'update --x' where that command was given it;
    field: path in the spec of what differs or of the object around it; holds(theirs, ours): what of the difference is
    forgiven, None is absent."""

    flag: str
    field: str
    why: str
    holds: Any


class Unjudged(NamedTuple):
    """A flag, or an option without one, that cannot be compared."""

    flag: str
    field: str
    why: str


def same_in_any_order(theirs, ours):
    return sorted(map(repr, theirs or ())) == sorted(map(repr, ours or ()))


def same_when_filled(defaults, no_zero=()):
    """Whether two objects say the same, once what is absent is the engine's default."""

    def filled(value):
        return {**defaults, **{key: item for key, item in (value or {}).items() if item or key not in no_zero}}

    return lambda theirs, ours: filled(theirs) == filled(ours)


_SECOND = 10**9
_ROLLOUT = {
    "Parallelism": 1,
    "Delay": 0,
    "FailureAction": "pause",
    "Monitor": 5 * _SECOND,
    "MaxFailureRatio": 0,
    "Order": "stop-first",
}
_RESTART = {"Condition": "any", "Delay": 5 * _SECOND, "MaxAttempts": 0, "Window": 0}

_DEFAULT = "a default that is declared is no difference from one that is not there: nothing is sent for it"
_ORDER = "its order means nothing, so that another one is no difference to an update"
_FORGOTTEN = "the CLI takes the flag for an update and does nothing with it"
_CONTAINER = "TaskTemplate.ContainerSpec."

DELIBERATE = [
    Deliberate("*", "Labels.io.apiary.declared", "remembers what was declared", lambda theirs, ours: theirs is None),
    Deliberate(
        "--force", "Labels.io.apiary.force-update", "remembers the last text", lambda theirs, ours: theirs is None
    ),
    Deliberate(
        "--mode",
        "Mode.*",
        "a mode cannot be changed: one that is no longer declared stays",
        # of the mode that stays, and of the new service's
        lambda theirs, ours: ours is None or theirs is None,
    ),
    Deliberate("--update-*", "UpdateConfig", _DEFAULT, same_when_filled(_ROLLOUT, no_zero=("Monitor",))),
    Deliberate("--rollback-*", "RollbackConfig", _DEFAULT, same_when_filled(_ROLLOUT, no_zero=("Monitor",))),
    Deliberate("--restart-*", "TaskTemplate.RestartPolicy", _DEFAULT, same_when_filled(_RESTART)),
    Deliberate("--health-*", f"{_CONTAINER}Healthcheck", _DEFAULT, lambda theirs, ours: not theirs and not ours),
    Deliberate(
        "--stop-grace-period",
        f"{_CONTAINER}StopGracePeriod",
        _DEFAULT,
        lambda theirs, ours: {theirs, ours} == {None, 10 * _SECOND},
    ),
    Deliberate("update --mount-add", f"{_CONTAINER}Mounts", _ORDER, same_in_any_order),
    Deliberate(
        "--mount",
        f"{_CONTAINER}Mounts",
        "for a subpath the CLI sends a driver that has neither name nor options",
        lambda theirs, ours: same_in_any_order(map(prune, theirs or ()), map(prune, ours or ())),
    ),
    Deliberate(
        "--cap-drop",
        f"{_CONTAINER}CapabilityDrop",
        "of a capability that is added as well the CLI drops the drop; the engine adds it either way",
        lambda theirs, ours: set(theirs or ()) < set(ours),
    ),
    Deliberate(
        "--mount",
        REFUSED,
        "the CLI sends an engine what it is too old for, and that forgets it without a word",
        lambda theirs, ours: "needs API" in ours,
    ),
    Deliberate(
        "--stop-signal",
        f"{_CONTAINER}StopSignal",
        "another spelling of the same signal is no difference to an update",
        lambda theirs, ours: {theirs, ours} == {"TERM", "SIGTERM"},
    ),
    Deliberate("--secret", f"{_CONTAINER}Secrets", _ORDER, same_in_any_order),
    Deliberate("--config", f"{_CONTAINER}Configs", _ORDER, same_in_any_order),
    Deliberate("--group", f"{_CONTAINER}Groups", _ORDER, same_in_any_order),
    Deliberate("--publish", "EndpointSpec.Ports", _ORDER, same_in_any_order),
    Deliberate("--generic-resource", "TaskTemplate.Resources.Reservations.GenericResources", _ORDER, same_in_any_order),
    Deliberate(
        "update --max-concurrent", "Mode.ReplicatedJob.MaxConcurrent", _FORGOTTEN, lambda theirs, ours: ours == 1
    ),
    Deliberate(
        "update --health-start-interval",
        f"{_CONTAINER}Healthcheck.StartInterval",
        _FORGOTTEN,
        lambda theirs, ours: ours == 5 * _SECOND,
    ),
]

_NO_ENGINE = "it needs API 1.52, which no engine here speaks, and the CLI does not know it"
_NO_FLAG = "the CLI has no flag for it"
_PRIVILEGES = f"{_CONTAINER}Privileges."

UNJUDGED = [
    Unjudged("--memory-swap", "TaskTemplate.Resources.SwapBytes", _NO_ENGINE),
    Unjudged("--memory-swappiness", "TaskTemplate.Resources.MemorySwappiness", _NO_ENGINE),
    Unjudged(None, f"{_PRIVILEGES}Seccomp", _NO_FLAG),
    Unjudged(None, f"{_PRIVILEGES}AppArmor", _NO_FLAG),
    Unjudged(None, f"{_PRIVILEGES}NoNewPrivileges", _NO_FLAG),
    Unjudged(None, f"{_PRIVILEGES}SELinuxContext", _NO_FLAG),
    Unjudged(
        "--env-file",
        f"{_CONTAINER}Env",
        "env_files reads on the host, tested in tests/integration/test_swarm_service_env_files.py",
    ),
    Unjudged("--with-registry-auth", "a header", "tested in tests/integration/test_swarm_service_images.py"),
    Unjudged(
        "--rollback", "a query", "it is state: rolled_back, tested in tests/integration/test_swarm_service_again.py"
    ),
]
