# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Swarm-wide settings: what is declared, what that changes, and that nothing else changes."""

from __future__ import annotations

import json
import pathlib

import pytest
from ansible_collections.apiary.swarm.plugins.module_utils import _swarm_fields as fields
from ansible_collections.apiary.swarm.plugins.module_utils._errors import SwarmError

FIXTURES = pathlib.Path(__file__).parent / "fixtures"


@pytest.fixture
def cluster():
    return json.loads((FIXTURES / "info_leader.json").read_text())["Swarm"]["Cluster"]


def params(**given):
    return dict(dict.fromkeys(fields.argument_spec()), **given)


# option, as a task says it, where it stands in the API, as the API has it
DECLARED = [
    ("autolock_managers", True, ("EncryptionConfig", "AutoLockManagers"), True),
    ("labels", {"env": "prod", "n": 1}, ("Labels",), {"env": "prod", "n": "1"}),
    ("node_cert_expiry", "720h", ("CAConfig", "NodeCertExpiry"), 720 * 3600 * 10**9),
    ("node_cert_expiry", "2592000000000000", ("CAConfig", "NodeCertExpiry"), 720 * 3600 * 10**9),
    (
        "external_cas",
        [{"protocol": "cfssl", "url": "https://ca.example", "options": None, "ca_cert": None}],
        ("CAConfig", "ExternalCAs"),
        [{"Protocol": "cfssl", "URL": "https://ca.example"}],
    ),
    ("dispatcher_heartbeat_period", "7s", ("Dispatcher", "HeartbeatPeriod"), 7 * 10**9),
    ("keep_old_snapshots", 2, ("Raft", "KeepOldSnapshots"), 2),
    ("snapshot_interval", 5000, ("Raft", "SnapshotInterval"), 5000),
    ("log_entries_for_slow_followers", 400, ("Raft", "LogEntriesForSlowFollowers"), 400),
    ("election_tick", 20, ("Raft", "ElectionTick"), 20),
    ("heartbeat_tick", 2, ("Raft", "HeartbeatTick"), 2),
    ("task_history_retention_limit", 0, ("Orchestration", "TaskHistoryRetentionLimit"), 0),
]


def look_up(tree, path):
    for key in path:
        tree = tree[key]
    return tree


def test_every_option_is_tried_here():
    fixed = {option for option, _name, _spec in fields.FIXED}
    assert {entry[0] for entry in DECLARED} == set(fields.argument_spec()) - fixed


@pytest.mark.parametrize(("option", "value", "path", "sent"), DECLARED)
def test_one_declared_setting_changes_one_field_and_keeps_the_others(cluster, option, value, path, sent):
    values = fields.declared(params(**{option: value}))
    assert fields.differences(cluster, values) == [option]
    spec = fields.spec_of(values, cluster["Spec"])
    assert look_up(spec, path) == sent
    others = dict(cluster["Spec"])
    for key in others.keys() | spec.keys():
        if key != path[0]:
            assert spec[key] == others[key]
        elif len(path) > 1:
            rest = {name: item for name, item in others[key].items() if name != path[1]}
            assert {name: item for name, item in spec[key].items() if name != path[1]} == rest
    assert fields.differences(dict(cluster, Spec=spec), values) == []


@pytest.mark.parametrize(("option", "value", "path", "sent"), DECLARED)
def test_what_is_shown_is_what_can_be_declared(cluster, option, value, path, sent):
    spec = fields.spec_of(fields.declared(params(**{option: value})), cluster["Spec"])
    shown = fields.settings(dict(cluster, Spec=spec))[option]
    again = fields.declared(params(**{option: shown}))
    assert again == {option: sent}


def test_nothing_declared_changes_nothing(cluster):
    assert fields.declared(params()) == {}
    assert fields.differences(cluster, {}) == []
    assert fields.spec_of({}, cluster["Spec"]) == cluster["Spec"]
    assert fields.spec_of({}) == {}


def test_the_spec_that_was_read_is_not_written_into(cluster):
    before = json.dumps(cluster)
    fields.spec_of(fields.declared(params(labels={"a": "b"}, election_tick=30)), cluster["Spec"])
    assert json.dumps(cluster) == before


@pytest.mark.parametrize(
    ("given", "word"),
    [
        ({"node_cert_expiry": "5m"}, "node_cert_expiry: 5m is too short, the least is 1h"),
        ({"node_cert_expiry": "soon"}, "node_cert_expiry: 'soon' is not a duration"),
        ({"dispatcher_heartbeat_period": "0s"}, "dispatcher_heartbeat_period"),
        ({"snapshot_interval": 0}, "snapshot_interval: 0 is less than 1"),
        ({"election_tick": 3, "heartbeat_tick": 3}, "election_tick: 3 is not greater than heartbeat_tick"),
        ({"labels": {"a": True}}, "labels: a: put the value in quotes"),
    ],
)
def test_what_the_engine_would_drop_or_refuse_is_refused_by_name(given, word):
    with pytest.raises(SwarmError) as caught:
        fields.declared(params(**given))
    assert word in caught.value.msg


def test_the_least_value_is_enough():
    assert fields.declared(params(node_cert_expiry="1h", dispatcher_heartbeat_period="1s")) == {
        "node_cert_expiry": 3600 * 10**9,
        "dispatcher_heartbeat_period": 10**9,
    }


def test_what_is_fixed_goes_into_the_request_if_it_is_said():
    assert fields.init_fields(params(subnet_size=26)) == {"SubnetSize": 26}
    assert fields.init_fields(params()) == {}


@pytest.mark.parametrize(
    ("given", "fits"),
    [
        ({"data_path_port": 4789}, True),
        ({"data_path_port": 0}, True),
        ({"data_path_port": 5000}, False),
        ({"default_addr_pool": ["10.0.0.0/8"]}, True),
        ({"default_addr_pool": ["10.20.0.0/16"]}, False),
        ({"subnet_size": 24}, True),
        ({"subnet_size": 26}, False),
        ({}, True),
    ],
)
def test_what_is_fixed_when_a_swarm_is_made(cluster, given, fits):
    if fits:
        fields.refuse_fixed(cluster, params(**given))
        return
    with pytest.raises(SwarmError) as caught:
        fields.refuse_fixed(cluster, params(**given))
    ((option, value),) = given.items()
    assert caught.value.kind == "immutable"
    assert (
        f"{option} is {fields.settings(cluster)[option]} in this swarm and cannot be changed to {value}"
        in caught.value.msg
    )


def test_labels_of_the_collection_are_neither_shown_nor_lost(cluster):
    """swarm_rotate keeps there what it has rotated."""
    own = {"io.apiary.rotated.ca": "2027"}
    cluster["Spec"]["Labels"] = {"env": "lab", **own}
    assert fields.settings(cluster)["labels"] == {"env": "lab"}
    assert fields.differences(cluster, fields.declared(params(labels={"env": "lab"}))) == []
    assert fields.spec_of(fields.declared(params(labels={})), cluster["Spec"])["Labels"] == own
