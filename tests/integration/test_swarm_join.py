# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

"""swarm_join on real engines: managers and workers, what may go wrong on the way, and leaving."""

from __future__ import annotations

import json

import pytest
from harness.lab import HOSTS, eventually


def dead(lab):
    """An address in the lab's network that nobody has."""
    return lab.address("manager1").rpartition(".")[0] + ".99"


@pytest.fixture(scope="module")
def first(blank):
    """manager1 as a swarm of its own, made by the CLI."""
    blank.docker("manager1", "swarm", "init", "--advertise-addr", blank.address("manager1"))
    yield blank
    for host in reversed(HOSTS):
        blank.docker(host, "swarm", "leave", "--force", ok=False)


def token(lab, role):
    return lab.docker("manager1", "swarm", "join-token", "-q", role)


def joining(lab, host, role, **more):
    options = {"role": role, "join_token": token(lab, role), "remote_addrs": [lab.address("manager1")]}
    return {**options, "advertise_addr": lab.address(host), **more}


def members(lab):
    return {node["Hostname"]: node["ManagerStatus"] for node in lab.rows("manager1", "node", "ls")}


def node_id(lab, host):
    return lab.docker(host, "info", "--format", "{{.Swarm.NodeID}}")


def test_check_mode_joins_nothing_and_refuses_what_could_not_be_done(first):
    refused = first.module("worker1", "swarm_join", {"role": "worker"}, check=True, ok=False)
    assert "join_token is needed" in refused["msg"]
    result = first.module("worker1", "swarm_join", joining(first, "worker1", "worker"), check=True)
    assert result["actions"] == ["would join the swarm as a worker"]
    assert first.swarm_state("worker1") == "inactive"


def test_a_worker_joins_past_itself_and_a_dead_manager(first):
    addresses = [first.address("worker1"), dead(first), first.address("worker2"), first.address("manager1")]
    result = first.module("worker1", "swarm_join", joining(first, "worker1", "worker", remote_addrs=addresses))
    assert result["changed"]
    assert result["actions"] == [f"joined the swarm as a worker through {first.address('manager1')}:2377"]
    assert (result["swarm"]["role"], result["swarm"]["node_addr"]) == ("worker", first.address("worker1"))
    assert first.inspect("manager1", "node", node_id(first, "worker1"))["Status"]["State"] == "ready"


def test_a_second_run_changes_nothing(first):
    options = joining(first, "worker1", "worker", cluster_node_ids=[node_id(first, "worker1")])
    for check in (False, True):
        result = first.module("worker1", "swarm_join", options, check=check)
        assert not result["changed"]
        assert result["actions"] == []


def test_managers_join_and_are_reachable_when_the_task_ends(first):
    for host in ("manager2", "manager3"):
        result = first.module(host, "swarm_join", joining(first, host, "manager", availability="drain"))
        assert result["changed"]
        assert result["swarm"]["control_available"]
        assert members(first)[host] == "Reachable"
        assert first.inspect("manager1", "node", host)["Spec"]["Availability"] == "drain"
    assert result["swarm"]["quorum"] == {"managers": 3, "reachable": 3, "needed": 2, "tolerates": 1}


def test_no_token_is_shown(first):
    secret = token(first, "worker")
    run = first.playbook(
        [
            {
                "hosts": "worker2",
                "gather_facts": False,
                "tasks": [{"apiary.swarm.swarm_join": joining(first, "worker2", "worker", remote_addrs=[dead(first)])}],
            }
        ],
        "-vvv",
    )
    assert run.rc != 0
    assert secret.rpartition("-")[2] not in run.output


BAD = [
    ({"join_token": None}, "invalid", "join_token is needed"),
    ({"remote_addrs": []}, "invalid", "remote_addrs must name a manager"),
    ({"join_token": "nonsense"}, "join_token", "mistyped"),
    ({"advertise_addr": "198.51.100.7"}, "advertise_addr", "neither an address nor an interface of worker2"),
    ({"advertise_addr": "nope0"}, "advertise_addr", "neither an address nor an interface of worker2"),
    ({"remote_addrs": ["198.51.100.99"]}, "no_manager", "198.51.100.99:2377: "),
]


def test_bad_input_is_told_and_changes_nothing(first):
    tasks = [
        {
            "name": f"bad {number}",
            "apiary.swarm.swarm_join": {
                k: v for k, v in joining(first, "worker2", "worker", **options).items() if v is not None
            },
            "ignore_errors": True,
        }
        for number, (options, _kind, _words) in enumerate(BAD)
    ]
    run = first.playbook([{"hosts": "worker2", "gather_facts": False, "tasks": tasks}])
    for number, (options, kind, words) in enumerate(BAD):
        result = run.of("worker2", f"bad {number}")
        assert result["failure"]["kind"] == kind, (options, result)
        assert words in result["msg"]
        assert not result["changed"]
    assert first.swarm_state("worker2") == "inactive"


def test_a_rotated_token_is_told(first):
    stale = token(first, "worker")
    first.docker("manager1", "swarm", "join-token", "--rotate", "-q", "worker")
    result = first.module("worker2", "swarm_join", joining(first, "worker2", "worker", join_token=stale), ok=False)
    assert result["failure"]["kind"] == "join_token"
    assert "rotated" in result["msg"]
    assert first.swarm_state("worker2") == "inactive"


def test_the_token_of_the_other_role_is_told(first):
    options = dict(joining(first, "worker2", "worker"), join_token=token(first, "manager"))
    result = first.module("worker2", "swarm_join", options, ok=False)
    assert result["failure"]["kind"] == "wrong_role"
    assert "as a manager, and is declared to be a worker" in result["msg"]
    # it is what the message says: a manager; that is undone as the message advises
    first.docker("manager1", "node", "demote", node_id(first, "worker2"))
    eventually(lambda: first.docker("worker2", "swarm", "leave"))


def test_a_member_with_the_other_role_is_told(first):
    result = first.module("worker1", "swarm_join", joining(first, "worker1", "manager"), ok=False)
    assert result["failure"]["kind"] == "wrong_role"
    assert f"swarm_node with node: {node_id(first, 'worker1')} and role: manager" in result["msg"]
    assert members(first)["worker1"] == ""


def test_a_member_of_another_swarm_is_told_and_left_alone(first):
    first.docker("worker2", "swarm", "init", "--advertise-addr", first.address("worker2"))
    try:
        ids = [node["ID"] for node in first.rows("manager1", "node", "ls")]
        for more in ({"cluster_node_ids": ids}, {}):
            result = first.module("worker2", "swarm_join", joining(first, "worker2", "manager", **more), ok=False)
            assert result["failure"]["kind"] == "other_swarm"
        assert first.swarm_state("worker2") == "active"
        # a swarm_init on a worker makes no swarm either
        result = first.module("worker1", "swarm_init", {"advertise_addr": first.address("worker1")}, ok=False)
        assert result["failure"]["kind"] == "worker"
    finally:
        first.docker("worker2", "swarm", "leave", "--force")


def test_another_address_of_a_member_is_told(first):
    result = first.module("worker1", "swarm_join", joining(first, "worker1", "worker", advertise_addr="lo"), ok=False)
    assert result["failure"]["kind"] == "immutable"


def test_a_join_that_an_earlier_run_left_hanging_is_given_up_and_begun_anew(first):
    command = f"timeout 3 docker swarm join --token {token(first, 'worker')} {dead(first)}:2377"
    first.ssh("worker2", command, ok=False)
    assert first.swarm_state("worker2") == "pending"
    info = first.module("worker2", "swarm_info")
    assert info["swarm"]["obstacle"] == "pending"
    result = first.module("worker2", "swarm_init", {"advertise_addr": first.address("worker2")}, ok=False)
    assert result["failure"]["kind"] == "pending"
    result = first.module("worker2", "swarm_join", joining(first, "worker2", "worker"))
    assert result["actions"][0] == "gave up an earlier attempt to join that did not end"
    assert first.swarm_state("worker2") == "active"


def test_a_worker_leaves(first):
    check = first.module("worker2", "swarm_join", {"state": "absent"}, check=True)
    assert check["changed"]
    assert first.swarm_state("worker2") == "active"
    result = first.module("worker2", "swarm_join", {"state": "absent"})
    assert result["actions"] == ["left the swarm"]
    assert first.swarm_state("worker2") == "inactive"
    assert not first.module("worker2", "swarm_join", {"state": "absent"})["changed"]


def test_a_manager_leaves_only_by_force(first):
    for check in (True, False):
        result = first.module("manager3", "swarm_join", {"state": "absent"}, check=check, ok=False)
        assert result["failure"]["kind"] == "wrong_role"
        assert "one of 3 managers, of which 2 are needed and 2 would be reachable" in result["msg"]
    assert members(first)["manager3"] == "Reachable"
    result = first.module("manager3", "swarm_join", {"state": "absent", "force": True})
    assert result["changed"]
    assert "warnings" not in result

    def gone():
        assert members(first)["manager3"] == "Unreachable"

    eventually(gone)
    # now two of three are there, and none more can go
    result = first.module("manager2", "swarm_join", {"state": "absent"}, ok=False)
    assert result["failure"]["kind"] == "quorum_guard"
    assert "it would be 1 of 3, and 2 are needed" in result["msg"]


def test_the_gap_that_a_dead_manager_left_is_closed(first):
    """It counts until it is demoted and removed; then it joins again under a new ID."""
    (old,) = [node["ID"] for node in first.rows("manager1", "node", "ls") if node["Hostname"] == "manager3"]
    result = first.module("manager1", "swarm_node", {"node": old, "state": "absent"}, ok=False)
    assert result["failure"]["kind"] == "wrong_role"
    assert first.module("manager1", "swarm_node", {"node": old, "state": "absent", "force": True})["changed"]
    assert "manager3" not in members(first)
    assert first.module("manager3", "swarm_join", joining(first, "manager3", "manager"))["changed"]
    assert members(first)["manager3"] == "Reachable"
    assert json.loads(first.docker("manager1", "info", "--format", "{{json .Swarm.Managers}}")) == 3
