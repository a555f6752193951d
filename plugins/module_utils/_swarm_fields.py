# Copyright (c) 2026, apiary.swarm maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The table of swarm-wide settings: option <-> place in the engine's spec, and what a declaration changes.

PRIVATE to apiary.swarm: no other collection may import it.

Pure. The argument spec of swarm_init, the spec that is sent, the diff and swarm_info's `settings` all come from here.
The engine reads an absent or zero field of an update as "back to default" (moby daemon/cluster/swarm.go Update), so the
whole inspected spec is sent back with the declared fields changed, and a zero that the engine would drop is refused.
Rows and kinds are those of the machinery that services use (_fields, _kinds); a setting has no default to go back to.
"""

from __future__ import annotations

import copy
import ipaddress

from ._errors import SwarmError
from ._fields import OWN_LABELS, Field, Table
from ._kinds import Bool, Kind, Mapping, Number, Unit, scalar_text
from ._units import duration, duration_text

HOUR, SECOND = 3600 * 10**9, 10**9


class Duration(Unit):
    def __init__(self, least):
        super().__init__(duration)
        self.least = least

    def parse(self, value, world):
        nanoseconds = super().parse(value, world)
        if nanoseconds < self.least:
            raise ValueError(f"{duration_text(nanoseconds)} is too short, the least is {duration_text(self.least)}")
        return nanoseconds

    def show(self, value):
        return duration_text(value or 0)


class ExternalCAs(Kind):
    type = "list"
    elements = "dict"
    keys = (("protocol", "Protocol"), ("url", "URL"), ("options", "Options"), ("ca_cert", "CACert"))

    def argument(self):
        return dict(
            super().argument(),
            options={
                "protocol": {"type": "str", "default": "cfssl", "choices": ["cfssl"]},
                "url": {"type": "str", "required": True},
                "options": {"type": "dict"},
                "ca_cert": {"type": "str"},
            },
        )

    def parse(self, value, world):
        authorities = [{key: entry[option] for option, key in self.keys if entry.get(option)} for entry in value]
        for authority in authorities:
            if "Options" in authority:
                authority["Options"] = {key: scalar_text(key, text) for key, text in authority["Options"].items()}
        return authorities

    def normal(self, value):
        return self.show(value)

    def show(self, value):
        return [{option: entry[key] for option, key in self.keys if entry.get(key)} for entry in value or []]


TABLE = Table(
    (
        Field("autolock_managers", Bool(), "EncryptionConfig.AutoLockManagers", "--autolock"),
        Field("labels", Mapping(own=OWN_LABELS), "Labels", None),
        Field("node_cert_expiry", Duration(HOUR), "CAConfig.NodeCertExpiry", "--cert-expiry"),
        Field("external_cas", ExternalCAs(), "CAConfig.ExternalCAs", "--external-ca"),
        Field("dispatcher_heartbeat_period", Duration(SECOND), "Dispatcher.HeartbeatPeriod", "--dispatcher-heartbeat"),
        Field("keep_old_snapshots", Number(), "Raft.KeepOldSnapshots", "--max-snapshots"),
        Field("snapshot_interval", Number(1), "Raft.SnapshotInterval", "--snapshot-interval"),
        Field("log_entries_for_slow_followers", Number(1), "Raft.LogEntriesForSlowFollowers", None),
        Field("election_tick", Number(2), "Raft.ElectionTick", None),
        Field("heartbeat_tick", Number(1), "Raft.HeartbeatTick", None),
        Field(
            "task_history_retention_limit", Number(), "Orchestration.TaskHistoryRetentionLimit", "--task-history-limit"
        ),
    ),
    base={},
)

# Fixed when the swarm is made: option, the name that it has in the init request and in the inspected cluster, argument spec.
FIXED = (
    ("data_path_port", "DataPathPort", {"type": "int"}),
    ("default_addr_pool", "DefaultAddrPool", {"type": "list", "elements": "str"}),
    ("subnet_size", "SubnetSize", {"type": "int"}),
)
DEFAULT_DATA_PATH_PORT = 4789


def argument_spec():
    """The settings' part of swarm_init's argument spec; none has a default, absent means "leave it"."""
    return dict(TABLE.argument_spec(), **{option: dict(spec) for option, _name, spec in FIXED})


def declared(params):
    """{option: value as the API has it} for each setting that the task names. Raises SwarmError (kind invalid)."""
    values, problems = TABLE.parse(TABLE.declared(params), None)
    problems += _fixed_problems(params)
    ticks = values.get("election_tick"), values.get("heartbeat_tick")
    if None not in ticks and ticks[0] <= ticks[1]:
        problems.append(f"election_tick: {ticks[0]} is not greater than heartbeat_tick, which is {ticks[1]}")
    if problems:
        raise SwarmError("; ".join(problems))
    return values


def _fixed_problems(params):
    """What is wrong with the settings that cannot be changed later; the limits are the engine's (moby daemon/cluster/swarm.go)."""
    problems, port, size = [], params["data_path_port"], params["subnet_size"]
    if port is not None and port != 0 and not 1024 <= port <= 49151:
        problems.append(f"data_path_port: {port} is neither 0 nor from 1024 to 49151")
    if size is not None and not 1 <= size <= 32:
        problems.append(f"subnet_size: {size} is not from 1 to 32")
    if params["default_addr_pool"] == []:
        problems.append("default_addr_pool: it is empty: leave it out for the engine's own")
    for pool in params["default_addr_pool"] or ():
        try:
            ipaddress.ip_network(pool, strict=False)
        except ValueError:
            problems.append(f"default_addr_pool: {pool!r} is not a network such as 10.20.0.0/16")
    return problems


def spec_of(values, spec=None):
    """A copy of a swarm spec with the declared values put in; without a spec, one for a new swarm."""
    spec = copy.deepcopy(spec or {})
    for field in TABLE.fields:
        if field.option in values:
            TABLE.write(field, spec, values[field.option])
    return spec


def settings(cluster):
    """What stands in an inspected cluster, under swarm_init's option names."""
    shown = {}
    for field in TABLE.fields:
        show = getattr(field.kind, "show", field.kind.normal)
        shown[field.option] = show(field.read(cluster["Spec"]))
    shown.update({option: cluster.get(name) for option, name, _spec in FIXED})
    return shown


def differences(cluster, values):
    """The options whose declared value is not the one in the inspected cluster."""
    return [
        field.option
        for field in TABLE.fields
        if field.option in values and not field.same(field.read(cluster["Spec"]), values[field.option])
    ]


def refuse_fixed(cluster, params):
    """Raise SwarmError (kind immutable) if the task names another value for what was fixed when the swarm was made."""
    for option, name, _spec in FIXED:
        wanted, present = params[option], cluster.get(name)
        if option == "data_path_port" and wanted == 0:
            wanted = DEFAULT_DATA_PATH_PORT
        if wanted is None or wanted == present:
            continue
        raise SwarmError(
            f"{option} is {present} in this swarm and cannot be changed to {wanted}: it is fixed when a swarm is made",
            kind="immutable",
            hint=f"Leave {option} out, or take every node out of the swarm and make it anew.",
        )


def init_fields(params):
    """The fixed settings that the task names, as fields of the init request."""
    return {name: params[option] for option, name, _spec in FIXED if params[option] is not None}
