# Copyright (c) 2026, apiary.swarm maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The table of swarm-wide settings: option <-> place in the engine's spec, and what a declaration changes.

PRIVATE to apiary.swarm: no other collection may import it.

Pure. The argument spec of swarm_init, the spec that is sent, the diff and swarm_info's `settings` all come from here.
The engine reads an absent or zero field of an update as "back to default" (moby daemon/cluster/swarm.go Update), so the
whole inspected spec is sent back with the declared fields changed, and a zero that the engine would drop is refused.
"""

from __future__ import annotations

import copy

from ._errors import SwarmError
from ._units import duration, duration_text


class Field:
    """A plain setting: a whole number, a switch or a dictionary of strings, the same in the task and in the API."""

    def __init__(self, option, *path, **spec):
        self.option = option
        self.path = path
        self.minimum = spec.pop("minimum", None)
        self.spec = spec

    def parse(self, value):
        if self.minimum is not None and value < self.minimum:
            raise SwarmError(f"{self.option}: {self.show(value)} is too small, the least is {self.show(self.minimum)}")
        return value

    def show(self, value):
        return value


class Labels(Field):
    def parse(self, value):
        return {str(key): "" if text is None else str(text) for key, text in value.items()}

    def show(self, value):
        return value or {}


class Duration(Field):
    def parse(self, value):
        try:
            return super().parse(duration(value))
        except ValueError as error:
            raise SwarmError(f"{self.option}: {error}")

    def show(self, value):
        return duration_text(value or 0)


class ExternalCAs(Field):
    _KEYS = (("protocol", "Protocol"), ("url", "URL"), ("options", "Options"), ("ca_cert", "CACert"))

    def parse(self, value):
        return [{key: authority[option] for option, key in self._KEYS if authority.get(option)} for authority in value]

    def show(self, value):
        return [
            {option: authority[key] for option, key in self._KEYS if authority.get(key)} for authority in value or []
        ]


FIELDS = (
    Field("autolock_managers", "EncryptionConfig", "AutoLockManagers", type="bool"),
    Labels("labels", "Labels", type="dict"),
    Duration("node_cert_expiry", "CAConfig", "NodeCertExpiry", type="str", minimum=3600 * 10**9),
    ExternalCAs(
        "external_cas",
        "CAConfig",
        "ExternalCAs",
        type="list",
        elements="dict",
        options={
            "protocol": {"type": "str", "default": "cfssl", "choices": ["cfssl"]},
            "url": {"type": "str", "required": True},
            "options": {"type": "dict"},
            "ca_cert": {"type": "str"},
        },
    ),
    Duration("dispatcher_heartbeat_period", "Dispatcher", "HeartbeatPeriod", type="str", minimum=10**9),
    Field("keep_old_snapshots", "Raft", "KeepOldSnapshots", type="int", minimum=0),
    Field("snapshot_interval", "Raft", "SnapshotInterval", type="int", minimum=1),
    Field("log_entries_for_slow_followers", "Raft", "LogEntriesForSlowFollowers", type="int", minimum=1),
    Field("election_tick", "Raft", "ElectionTick", type="int", minimum=2),
    Field("heartbeat_tick", "Raft", "HeartbeatTick", type="int", minimum=1),
    Field("task_history_retention_limit", "Orchestration", "TaskHistoryRetentionLimit", type="int", minimum=0),
)

# Fixed when the swarm is made. The name in the init request is also the one in the inspected cluster.
FIXED = (
    Field("data_path_port", "DataPathPort", type="int"),
    Field("default_addr_pool", "DefaultAddrPool", type="list", elements="str"),
    Field("subnet_size", "SubnetSize", type="int"),
)


def argument_spec():
    """The settings' part of swarm_init's argument spec; none has a default, absent means "leave it"."""
    return {field.option: dict(field.spec) for field in FIELDS + FIXED}


def declared(params):
    """{option: value as the API has it} for each setting that the task names. Raises SwarmError (kind invalid)."""
    values = {field.option: field.parse(params[field.option]) for field in FIELDS if params[field.option] is not None}
    if (
        values.get("heartbeat_tick")
        and values.get("election_tick", values["heartbeat_tick"] + 1) <= values["heartbeat_tick"]
    ):
        raise SwarmError("election_tick must be greater than heartbeat_tick")
    return values


def spec_of(values, spec=None):
    """A copy of a swarm spec with the declared values put in; without a spec, one for a new swarm."""
    spec = copy.deepcopy(spec) if spec else {}
    for field in FIELDS:
        if field.option in values:
            place = spec
            for key in field.path[:-1]:
                place = place.setdefault(key, {})
            place[field.path[-1]] = values[field.option]
    return spec


def settings(cluster):
    """What stands in an inspected cluster, under swarm_init's option names."""
    shown = {field.option: field.show(_get(cluster["Spec"], field.path)) for field in FIELDS}
    shown.update({field.option: cluster.get(field.path[0]) for field in FIXED})
    return shown


def differences(cluster, values):
    """The options whose declared value is not the one in the inspected cluster."""
    shown = {field.option: field.show(values[field.option]) for field in FIELDS if field.option in values}
    present = settings(cluster)
    return [option for option, value in shown.items() if value != present[option]]


def refuse_fixed(cluster, params):
    """Raise SwarmError (kind immutable) if the task names another value for what was fixed when the swarm was made."""
    for field in FIXED:
        wanted, present = params[field.option], cluster.get(field.path[0])
        if wanted is None or wanted == present or (field.option == "data_path_port" and (wanted or 4789) == present):
            continue
        raise SwarmError(
            f"{field.option} is {present} in this swarm and cannot be changed to {wanted}: it is fixed when a swarm is made",
            kind="immutable",
            hint=f"Leave {field.option} out, or take every node out of the swarm and make it anew.",
        )


def init_fields(params):
    """The fixed settings that the task names, as fields of the init request."""
    return {field.path[0]: params[field.option] for field in FIXED if params[field.option] is not None}


def _get(spec, path):
    for key in path:
        spec = (spec or {}).get(key)
    return spec
