# Copyright (c) 2026, apiary.swarm maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The table of services: every option of swarm_service, where the API keeps it, and what its absence means.

PRIVATE to apiary.swarm: no other collection may import it. Pure.

Defaults are those of the CLI and of swarmkit (api/defaults/service.go). A new flag is a new row here and its text in
the module's DOCUMENTATION; a test compares the two.
"""

from __future__ import annotations

import re

from . import _units
from ._fields import NEVER, ON_RESET, OWN_LABELS, STACK_LABELS, Field, Table, look_up
from ._kinds import Bool, Mapping, Number, Pairs, Ratio, Text, Texts, Unit, Words
from ._service_files import configs, rewire_credential_spec, secrets, twice
from ._service_kinds import (
    HealthTest,
    Image,
    Mode,
    Preferences,
    Trigger,
    constraint,
    folded_constraint,
    folded_signal,
    host_entry,
    is_job,
    networks,
    normal_port,
    ports,
)
from ._service_limits import Capabilities, CredentialSpec, GenericResources, Ulimits, apparmor, seccomp, selinux_context
from ._service_mounts import mounts

# The force_update that was declared last.
FORCED_LABEL = OWN_LABELS + "force-update"

_CONTAINER = "TaskTemplate.ContainerSpec"
_SECOND = 10**9


def _replicas(spec):
    mode = "ReplicatedJob" if "ReplicatedJob" in spec["Mode"] else "Replicated"
    return ("Mode", mode, "TotalCompletions" if mode == "ReplicatedJob" else "Replicas")


def _duration():
    return Unit(_units.duration)


def _cpus():
    return Unit(_units.cpus, type="float")


def _update_config(group, path, flag, actions, api=None):
    """The same rows for update_config and rollback_config; the engine knew some parts of the first before the second."""
    return [
        Field(f"{group}.parallelism", Number(), f"{path}.Parallelism", f"--{flag}-parallelism", default=1, api=api),
        Field(f"{group}.delay", _duration(), f"{path}.Delay", f"--{flag}-delay", api=api),
        Field(
            f"{group}.failure_action",
            Text(choices=actions),
            f"{path}.FailureAction",
            f"--{flag}-failure-action",
            default="pause",
            api=api,
        ),
        Field(
            f"{group}.monitor",
            _duration(),
            f"{path}.Monitor",
            f"--{flag}-monitor",
            default=5 * _SECOND,
            drops_zero=True,
            api=api or (1, 25),
        ),
        Field(
            f"{group}.max_failure_ratio",
            Ratio(),
            f"{path}.MaxFailureRatio",
            f"--{flag}-max-failure-ratio",
            default=0,
            api=api or (1, 25),
        ),
        Field(
            f"{group}.order",
            Text(choices=["stop-first", "start-first"]),
            f"{path}.Order",
            f"--{flag}-order",
            default="stop-first",
            api=(1, 29),
        ),
    ]


_RESOURCES = "TaskTemplate.Resources"
_PLACEMENT = "TaskTemplate.Placement"
_RESTART = "TaskTemplate.RestartPolicy"
_HEALTH = f"{_CONTAINER}.Healthcheck"
_PRIVILEGES = f"{_CONTAINER}.Privileges"

SERVICE = Table(
    [
        Field("image", Image(), f"{_CONTAINER}.Image", "--image", back=NEVER),
        # mode stands before replicas: where the number of replicas lives depends on it
        Field("mode", Mode(), "Mode", "--mode", back=NEVER, immutable=True),
        Field("replicas", Number(), _replicas, "--replicas", default=1, back=ON_RESET, leave=-1, fresh=1),
        # absence means as many as replicas: tidy() sees to it
        Field("max_concurrent", Number(least=1), "Mode.ReplicatedJob.MaxConcurrent", "--max-concurrent", api=(1, 41)),
        Field("command", Words(type="raw"), f"{_CONTAINER}.Command", "--entrypoint", aliases=["entrypoint"]),
        Field("args", Words(), f"{_CONTAINER}.Args", "--args"),
        Field(
            "env",
            Pairs(split=lambda text: text.partition("=")[::2], join=lambda key, item: f"{key}={item}"),
            f"{_CONTAINER}.Env",
            "--env",
        ),
        Field("labels", Mapping(own=OWN_LABELS, foreign=STACK_LABELS), "Labels", "--label"),
        Field("container_labels", Mapping(foreign=STACK_LABELS), f"{_CONTAINER}.Labels", "--container-label"),
        Field("publish", ports(), "EndpointSpec.Ports", "--publish"),
        Field("endpoint_mode", Text(choices=["vip", "dnsrr"]), "EndpointSpec.Mode", "--endpoint-mode", default="vip"),
        Field("networks", networks(), "TaskTemplate.Networks", "--network"),
        Field("mounts", mounts(), f"{_CONTAINER}.Mounts", "--mount"),
        Field("secrets", secrets(), f"{_CONTAINER}.Secrets", "--secret", api=(1, 25)),
        Field("configs", configs(), f"{_CONTAINER}.Configs", "--config", api=(1, 30)),
        Field(
            "placement.constraints",
            Texts(read=constraint, fold=folded_constraint),
            f"{_PLACEMENT}.Constraints",
            "--constraint",
        ),
        Field("placement.preferences", Preferences(), f"{_PLACEMENT}.Preferences", "--placement-pref", api=(1, 28)),
        Field(
            "placement.replicas_max_per_node",
            Number(),
            f"{_PLACEMENT}.MaxReplicas",
            "--replicas-max-per-node",
            api=(1, 40),
        ),
        Field("limits.cpus", _cpus(), f"{_RESOURCES}.Limits.NanoCPUs", "--limit-cpu"),
        Field("limits.memory", Unit(_units.size), f"{_RESOURCES}.Limits.MemoryBytes", "--limit-memory"),
        Field("limits.pids", Number(), f"{_RESOURCES}.Limits.Pids", "--limit-pids", api=(1, 41)),
        Field(
            "limits.memory_swap",
            Unit(_units.swap, absent_differs=True),
            f"{_RESOURCES}.SwapBytes",
            "--memory-swap",
            api=(1, 52),
        ),
        Field(
            "limits.memory_swappiness",
            Number(least=-1, most=100),
            f"{_RESOURCES}.MemorySwappiness",
            "--memory-swappiness",
            default=-1,
            api=(1, 52),
        ),
        Field("reservations.cpus", _cpus(), f"{_RESOURCES}.Reservations.NanoCPUs", "--reserve-cpu"),
        Field("reservations.memory", Unit(_units.size), f"{_RESOURCES}.Reservations.MemoryBytes", "--reserve-memory"),
        Field(
            "reservations.generic_resources",
            GenericResources(),
            f"{_RESOURCES}.Reservations.GenericResources",
            "--generic-resource",
            api=(1, 32),
        ),
        *_update_config("update_config", "UpdateConfig", "update", ["continue", "pause", "rollback"]),
        *_update_config("rollback_config", "RollbackConfig", "rollback", ["continue", "pause"], api=(1, 28)),
        Field(
            "restart_config.condition",
            Text(choices=["none", "on-failure", "any"]),
            f"{_RESTART}.Condition",
            "--restart-condition",
            default="any",
        ),
        Field("restart_config.delay", _duration(), f"{_RESTART}.Delay", "--restart-delay", default=5 * _SECOND),
        Field("restart_config.max_attempts", Number(), f"{_RESTART}.MaxAttempts", "--restart-max-attempts", default=0),
        Field("restart_config.window", _duration(), f"{_RESTART}.Window", "--restart-window"),
        Field("healthcheck.test", HealthTest(), f"{_HEALTH}.Test", "--health-cmd", api=(1, 25)),
        Field("healthcheck.interval", _duration(), f"{_HEALTH}.Interval", "--health-interval", api=(1, 25)),
        Field("healthcheck.timeout", _duration(), f"{_HEALTH}.Timeout", "--health-timeout", api=(1, 25)),
        Field("healthcheck.retries", Number(), f"{_HEALTH}.Retries", "--health-retries", api=(1, 25)),
        Field("healthcheck.start_period", _duration(), f"{_HEALTH}.StartPeriod", "--health-start-period", api=(1, 29)),
        Field(
            "healthcheck.start_interval",
            _duration(),
            f"{_HEALTH}.StartInterval",
            "--health-start-interval",
            api=(1, 44),
        ),
        Field("user", Text(), f"{_CONTAINER}.User", "--user"),
        Field("working_dir", Text(), f"{_CONTAINER}.Dir", "--workdir"),
        Field("hostname", Text(), f"{_CONTAINER}.Hostname", "--hostname", api=(1, 25)),
        Field("groups", Texts(), f"{_CONTAINER}.Groups", "--group", api=(1, 25)),
        Field("init", Bool(absent_differs=True), f"{_CONTAINER}.Init", "--init", api=(1, 37)),
        Field("tty", Bool(), f"{_CONTAINER}.TTY", "--tty", api=(1, 25)),
        Field("read_only", Bool(), f"{_CONTAINER}.ReadOnly", "--read-only", api=(1, 28)),
        Field("stop_signal", Text(fold=folded_signal), f"{_CONTAINER}.StopSignal", "--stop-signal", api=(1, 28)),
        Field(
            "stop_grace_period",
            _duration(),
            f"{_CONTAINER}.StopGracePeriod",
            "--stop-grace-period",
            default=10 * _SECOND,
        ),
        Field("cap_add", Capabilities(), f"{_CONTAINER}.CapabilityAdd", "--cap-add", api=(1, 41)),
        Field("cap_drop", Capabilities(), f"{_CONTAINER}.CapabilityDrop", "--cap-drop", api=(1, 41)),
        Field("dns", Texts(ordered=True), f"{_CONTAINER}.DNSConfig.Nameservers", "--dns", api=(1, 25)),
        Field("dns_search", Texts(ordered=True), f"{_CONTAINER}.DNSConfig.Search", "--dns-search", api=(1, 25)),
        Field("dns_options", Texts(), f"{_CONTAINER}.DNSConfig.Options", "--dns-option", api=(1, 25)),
        Field(
            "hosts",
            Pairs(split=lambda text: (text, ""), join=lambda name, address: f"{address} {name}", read=host_entry),
            f"{_CONTAINER}.Hosts",
            "--host",
            api=(1, 25),
        ),
        Field("sysctls", Mapping(), f"{_CONTAINER}.Sysctls", "--sysctl", api=(1, 40)),
        Field("ulimits", Ulimits(), f"{_CONTAINER}.Ulimits", "--ulimit", api=(1, 41)),
        Field(
            "oom_score_adj", Number(least=-1000, most=1000), f"{_CONTAINER}.OomScoreAdj", "--oom-score-adj", api=(1, 46)
        ),
        Field(
            "isolation",
            Text(choices=["default", "process", "hyperv"]),
            f"{_CONTAINER}.Isolation",
            "--isolation",
            default="default",
            api=(1, 35),
        ),
        Field("credential_spec", CredentialSpec(), f"{_PRIVILEGES}.CredentialSpec", "--credential-spec", api=(1, 29)),
        Field("privileges.seccomp", seccomp(), f"{_PRIVILEGES}.Seccomp", None, api=(1, 44)),
        Field("privileges.apparmor", apparmor(), f"{_PRIVILEGES}.AppArmor", None, api=(1, 44)),
        Field("privileges.no_new_privileges", Bool(), f"{_PRIVILEGES}.NoNewPrivileges", None, api=(1, 44)),
        Field("privileges.selinux_context", selinux_context(), f"{_PRIVILEGES}.SELinuxContext", None, api=(1, 29)),
        Field("logging.driver", Text(), "TaskTemplate.LogDriver.Name", "--log-driver"),
        Field("logging.options", Mapping(), "TaskTemplate.LogDriver.Options", "--log-opt"),
        # The number that the engine knows (TaskTemplate.ForceUpdate) is raised by _plan.py when this differs. It stays
        # when nobody declares it any more, so that the same text again forces nothing.
        Field(
            "force_update",
            Trigger(),
            lambda spec: ("Labels", FORCED_LABEL),
            "--force",
            back=NEVER,
            api=(1, 25),
            leave=False,
        ),
    ],
    # What the CLI sends for 'docker service create IMAGE'.
    base={
        "Labels": {},
        "TaskTemplate": {
            "ContainerSpec": {"Init": False, "DNSConfig": {}},
            "Resources": {"Limits": {}, "Reservations": {}},
            "Placement": {},
        },
        "Mode": {"Replicated": {"Replicas": 1}},
        "EndpointSpec": {"Mode": "vip"},
    },
    filled=("TaskTemplate.RestartPolicy", "UpdateConfig", "RollbackConfig"),
)

# never two ways to read the same: a name such as this one with a dot behind it took hours
_NAME = re.compile(r"[a-zA-Z0-9]+(?:[-_]+[a-zA-Z0-9]+)*")


def name_problems(name):
    """What is wrong with a service's name, as a list of sentences (the engine's rule for DNS labels)."""
    if not _NAME.fullmatch(name) or len(name) > 63:
        return [f"name: '{name}' is not a service's name: letters, digits, - and _, at most 63"]
    return []


def spec_problems(spec, declared):
    """Combinations in a whole service spec that the engine refuses, or that say two things at once."""
    problems = []
    mode = next(iter(spec["Mode"]))
    container = spec["TaskTemplate"].get("ContainerSpec") or {}
    if not container.get("Image"):
        problems.append("image: a new service needs one")
    if mode in ("Global", "GlobalJob"):
        for option in ("replicas", "placement.replicas_max_per_node"):
            if option in declared:
                word = "global" if mode == "Global" else "global-job"
                problems.append(f"{option}: a service in mode {word} has one task on each node that fits")
    if mode not in Mode.MODES.values() and "replicas" in declared:
        problems.append(f"replicas: the service is in mode {mode}, of which it is not known here what it has")
    if mode != "ReplicatedJob" and "max_concurrent" in declared:
        problems.append("max_concurrent: only a service in mode replicated-job has it")
    if is_job(spec):
        more = sorted(name for name in declared if name.startswith(("update_config.", "rollback_config.")))
        problems.extend(
            f"{name}: a job is run again as a whole, it is neither updated nor rolled back" for name in more
        )
    endpoint = spec.get("EndpointSpec") or {}
    ports = [normal_port(port) for port in endpoint.get("Ports") or ()]
    if endpoint.get("Mode") == "dnsrr" and any(port[3] == "ingress" for port in ports):
        problems.append("publish: endpoint_mode dnsrr goes with ports published in mode host, not ingress")
    published = [(port[0], port[2]) for port in ports if port[0]]
    for number, protocol in sorted({port for port in published if published.count(port) > 1}):
        problems.append(f"publish: {number}/{protocol} is published twice")
    log_driver = spec["TaskTemplate"].get("LogDriver") or {}
    if log_driver.get("Options") and not log_driver.get("Name"):
        problems.append("logging.options: they need logging.driver")
    resources = spec["TaskTemplate"].get("Resources") or {}
    if resources.get("SwapBytes") is not None and not (resources.get("Limits") or {}).get("MemoryBytes"):
        problems.append("limits.memory_swap: it needs limits.memory")
    targets = [mount.get("Target") for mount in container.get("Mounts") or ()]
    for target in sorted({target for target in targets if targets.count(target) > 1}):
        problems.append(f"mounts: {target} is there twice")
    problems.extend(twice(container))
    if (container.get("Healthcheck") or {}).get("Test") == ["NONE"]:
        more = sorted(name for name in declared if name.startswith("healthcheck.") and name != "healthcheck.test")
        problems.extend(f"{name}: the check is switched off (healthcheck.test is NONE)" for name in more)
    return problems


def tidy(spec, before, world):
    """Last touches to a service spec that its fields cannot know of each other; before is the engine's, {} if there is none."""
    container = spec["TaskTemplate"].get("ContainerSpec") or {}
    rewire_credential_spec(look_up(before, ("TaskTemplate", "ContainerSpec")), container, world)
    health = container.get("Healthcheck") or {}
    if (health.get("Test") or [""])[0] == "NONE":
        container["Healthcheck"] = {"Test": ["NONE"]}
    if is_job(spec):
        spec.pop("UpdateConfig", None)  # of a service that is made anew as a job; the engine takes none
    job = spec["Mode"].get("ReplicatedJob")
    if job and not job.get("MaxConcurrent"):
        # as the CLI; absent would mean 1 to the engine, and 0, of a job that had no tasks to run, none for ever
        job["MaxConcurrent"] = job["TotalCompletions"]
