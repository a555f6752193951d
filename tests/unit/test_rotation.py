# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a rotation asks of the engine, when it is refused, and which nodes are behind."""

from __future__ import annotations

import copy
import json
import pathlib

import pytest
from ansible_collections.apiary.swarm.plugins.module_utils import _rotation as rotation
from ansible_collections.apiary.swarm.plugins.module_utils._errors import SwarmError

FIXTURES = pathlib.Path(__file__).parent / "fixtures"
ALL = list(rotation.SECRETS)


@pytest.fixture
def cluster():
    found = json.loads((FIXTURES / "info_leader.json").read_text())["Swarm"]["Cluster"]
    found["Spec"]["Labels"] = {"env": "lab"}
    return found


def node(name, state="ready", reachability=None, tls=None):
    entry = {"ID": f"id-{name}", "Description": {"Hostname": name}, "Status": {"State": state}}
    if reachability:
        entry["ManagerStatus"] = {"Reachability": reachability}
    if tls:
        entry["Description"]["TLSInfo"] = tls
    return entry


def test_one_request_rotates_all_and_keeps_the_rest(cluster):
    before = copy.deepcopy(cluster["Spec"])
    cluster["Spec"]["CAConfig"].update(ForceRotate=3, SigningCACert="old", SigningCAKey="")
    spec, query = rotation.request(cluster["Spec"], ALL, "2027")
    assert query == {"rotateWorkerToken": True, "rotateManagerToken": True, "rotateManagerUnlockKey": True}
    assert spec["CAConfig"] == {**before["CAConfig"], "ForceRotate": 4}
    triggers = {f"io.apiary.rotated.{name}": "2027" for name in ("worker-token", "manager-token", "unlock-key", "ca")}
    assert spec["Labels"] == {"env": "lab", **triggers}
    assert {key: spec[key] for key in before if key not in ("CAConfig", "Labels")} == {
        key: before[key] for key in before if key not in ("CAConfig", "Labels")
    }


def test_tokens_alone_leave_the_ca_and_without_a_trigger_the_labels(cluster):
    spec, query = rotation.request(cluster["Spec"], ["worker_token"])
    assert spec == cluster["Spec"]
    assert query == {"rotateWorkerToken": True}


def test_what_was_rotated_with_the_same_trigger_is_not_due(cluster):
    cluster["Spec"], _query = rotation.request(cluster["Spec"], ["worker_token", "ca"], "2027")
    assert rotation.due(cluster, ["ca", "worker_token"], "2027") == []
    assert rotation.due(cluster, ALL, "2027") == ["manager_token", "unlock_key"]
    assert rotation.due(cluster, ["ca"], "2028") == ["ca"]
    assert rotation.due(cluster, ["ca", "worker_token"]) == ["worker_token", "ca"]


def test_a_rotation_that_goes_on_is_not_begun_anew(cluster):
    cluster["RootRotationInProgress"] = True
    assert rotation.due(cluster, ["ca", "manager_token"]) == ["manager_token"]
    assert rotation.due(cluster, ["ca"], "another") == ["ca"]


def test_there_is_no_unlock_key_without_autolock(cluster):
    cluster["Spec"]["EncryptionConfig"] = {"AutoLockManagers": False}
    with pytest.raises(SwarmError, match="autolock is off"):
        rotation.refuse(cluster, [node("m1")], ["unlock_key"], "m1")
    rotation.refuse(cluster, [node("m1")], ["worker_token", "ca"], "m1")
    cluster["Spec"]["EncryptionConfig"]["AutoLockManagers"] = True
    rotation.refuse(cluster, [node("m1")], ["unlock_key"], "m1")


def test_the_root_is_not_rotated_while_a_node_is_down(cluster):
    nodes = [node("m1"), node("w2", "down"), node("w1", "disconnected"), node("w3", "unknown")]
    with pytest.raises(SwarmError, match=r"w1, w2 cannot be reached") as caught:
        rotation.refuse(cluster, nodes, ["ca"], "m1")
    assert caught.value.kind == "node_down"
    rotation.refuse(cluster, nodes, ["worker_token"], "m1")


def test_who_will_not_hear_of_the_new_unlock_key():
    nodes = [node("m1", reachability="reachable"), node("m2", "down", "unreachable"), node("w1", "down")]
    (text,) = rotation.warnings(nodes, ["unlock_key"])
    assert text.startswith("m2 cannot be reached")
    assert rotation.warnings(nodes, ["ca"]) == rotation.warnings(nodes[:1], ["unlock_key"]) == []


def test_which_nodes_are_behind(cluster):
    new = {"TrustRoot": "new", "CertIssuerSubject": "s", "CertIssuerPublicKey": "k2"}
    both = {**new, "TrustRoot": "oldnew"}
    old = {"TrustRoot": "old", "CertIssuerSubject": "s", "CertIssuerPublicKey": "k1"}
    cluster["TLSInfo"] = new
    nodes = [node("m1", tls=new), node("w2", tls=old), node("w1", tls=both), node("w3")]
    assert rotation.behind(cluster, nodes) == ["w1", "w2", "w3"]
