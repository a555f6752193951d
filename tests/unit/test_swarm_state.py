# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is made of the engine's answers, recorded from real engines in each state."""

from __future__ import annotations

import copy
import json
import pathlib

import pytest
from ansible_collections.apiary.swarm.plugins.module_utils import _swarm_state as state
from ansible_collections.apiary.swarm.plugins.module_utils._problems import problems

FIXTURES = pathlib.Path(__file__).parent / "fixtures"


def recorded(name):
    return json.loads((FIXTURES / f"{name}.json").read_text())


OBSTACLES = [
    ("info_inactive", "inactive"),
    ("info_worker", "worker"),
    ("info_pending", "pending"),
    ("info_locked", "locked"),
    ("info_no_quorum", "no_quorum"),
    ("info_no_quorum_hung", "no_quorum"),
    ("info_no_quorum_restarted", "no_quorum"),
    ("info_leader", None),
]


@pytest.mark.parametrize(("name", "kind"), OBSTACLES)
def test_the_causes_of_not_a_manager_are_told_apart(name, kind):
    assert state.obstacle(recorded(name)) == kind
    assert state.swarm_row(recorded(name))["obstacle"] == kind


@pytest.mark.parametrize(("name", "kind"), [entry for entry in OBSTACLES if entry[1]])
def test_each_cause_has_its_own_failure_with_what_to_do(name, kind):
    error = state.obstacle_error(recorded(name), "do it", "host")
    assert error.kind == kind
    assert "Could not do it on host: " in error.msg
    assert error.hint


def test_a_failure_repeats_what_the_engine_says_if_it_says_something():
    assert "The engine says: Swarm is encrypted" in state.obstacle_error(recorded("info_locked"), "x", "y").msg
    assert "The engine says" not in state.obstacle_error(recorded("info_worker"), "x", "y").msg


def test_a_failure_for_want_of_quorum_names_who_is_missing():
    error = state.no_quorum_error(recorded("nodes_two_managers_lost"), "do it", "host")
    assert "of 3 managers 1 can be reached and 2 are needed; not reachable: manager2, manager3" in error.msg
    assert error.kind == "no_quorum"


def test_a_node_that_is_in_no_swarm_has_no_role_and_no_managers():
    row = state.swarm_row(recorded("info_inactive"))
    assert (row["role"], row["node_id"], row["error"]) == (None, None, None)
    assert row["quorum"] == {"managers": 0, "reachable": 0, "needed": 0, "tolerates": 0}
    assert state.swarm_row(recorded("info_locked"))["role"] is None


def test_a_node_that_is_joining_has_no_role_yet_and_knows_a_manager_without_its_id():
    row = state.swarm_row(recorded("info_pending"))
    assert (row["role"], row["node_id"]) == (None, None)
    assert row["remote_managers"] == [{"node_id": None, "addr": "172.30.94.99:2377"}]
    joined = recorded("info_worker")
    joined["Swarm"]["LocalNodeState"] = "error"
    assert state.swarm_row(joined)["role"] is None


def test_another_manager_is_not_the_leader():
    info = recorded("info_leader")
    info["Swarm"]["NodeID"] = "another"
    assert state.swarm_row(info, recorded("nodes_five"))["is_leader"] is False


NETWORKS = recorded("networks-20.10")["networks"]


def test_network_rows():
    rows = {row["name"]: row for row in map(state.network_row, NETWORKS)}
    assert rows["full"] == {
        "id": rows["full"]["id"],
        "name": "full",
        "driver": "overlay",
        "scope": "swarm",
        "attachable": True,
        "internal": True,
        "ingress": False,
        "enable_ipv6": False,
        "driver_options": rows["full"]["driver_options"],
        "labels": {"a": "b"},
        "subnets": ["10.99.0.0/24"],
    }
    assert rows["full"]["driver_options"]["encrypted"] == ""
    assert rows["ingress"]["ingress"]
    assert (rows["starved"]["subnets"], rows["starved"]["labels"], rows["starved"]["driver_options"]) == ([], {}, {})


def test_what_an_engine_itself_has_of_the_networks_for_published_ports():
    listed = [network for network in NETWORKS if network["Ingress"]]
    bridge = {"Id": "b", "Name": "docker_gwbridge", "Driver": "bridge", "Scope": "local"}
    (ingress,) = listed
    here = {**ingress, "Containers": {"ingress-sbox": {}}}
    assert state.node_networks([*listed, bridge], here)["ingress"]["name"] == "ingress"
    assert state.node_networks([*listed, bridge], here)["docker_gwbridge"]["id"] == "b"
    assert state.node_networks(listed, ingress) == {"ingress": None, "docker_gwbridge": None}, (
        "a manager lists it anyway"
    )
    assert state.node_networks(listed)["ingress"]["id"] == ingress["Id"], "a worker lists its own"


def test_a_network_row_of_an_engine_that_leaves_fields_out():
    row = state.network_row({"Id": "x", "Name": "n", "Driver": "overlay", "Scope": "swarm"})
    assert [row[key] for key in ("attachable", "internal", "ingress", "enable_ipv6")] == [False] * 4
    assert row["subnets"] == []


@pytest.mark.parametrize(
    ("ports", "meshed"),
    [
        ([{"TargetPort": 80, "PublishMode": "ingress"}], True),
        ([{"TargetPort": 80}], True),
        ([{"TargetPort": 80, "PublishMode": "host"}], False),
        ([], False),
        (None, False),
    ],
)
def test_which_services_use_the_mesh(ports, meshed):
    assert state.publishes_in_mesh({"Endpoint": {"Ports": ports}}) is meshed
    assert not state.publishes_in_mesh({})


def task(**status):
    return {
        "ID": "t",
        "ServiceID": "s",
        "NodeID": "n",
        "Slot": 1,
        "DesiredState": "running",
        "Spec": {"ContainerSpec": {"Image": "web:1@sha256:00"}},
        "Status": {"State": "running", "Timestamp": "2026-11-23T22:04:37Z", **status},
        "NetworksAttachments": [{"Addresses": ["10.0.1.3/24"]}, {"Addresses": None}],
    }


def test_a_task_row():
    row = state.task_row(task(ContainerStatus={"ContainerID": "c", "ExitCode": 0}), {"s": "web"}, {"n": "worker1"})
    assert row == {
        "id": "t",
        "service": "web",
        "slot": 1,
        "node": "worker1",
        "state": "running",
        "desired_state": "running",
        "error": None,
        "exit_code": None,
        "image": "web:1",
        "since": "2026-11-23T22:04:37Z",
        "container_id": "c",
        "addresses": ["10.0.1.3"],
        "published": [],
    }


def test_a_task_row_of_one_that_ended_and_of_one_that_has_no_node():
    ended = task(State="failed", Err="task: non-zero exit (3)", ContainerStatus={"ContainerID": "c", "ExitCode": 3})
    row = state.task_row(ended, {}, {})
    assert (row["error"], row["exit_code"], row["service"], row["node"]) == ("task: non-zero exit (3)", 3, "s", "n")
    waiting = dict(task(State="pending", Err=""), NodeID="")
    row = state.task_row(waiting, {}, {})
    assert (row["node"], row["error"], row["container_id"]) == (None, None, None)


def test_a_node_that_fell_out_of_its_swarm():
    info = recorded("info_worker")
    info["Swarm"].update(LocalNodeState="error", Error="Swarm certificates have expired. To replace them, leave.")
    assert state.obstacle(info) == "certificate_expired"
    info["Swarm"]["Error"] = "something else"
    assert state.obstacle(info) == "error"
    assert "join again" in state.obstacle_error(info, "x", "y").hint


def test_a_leader_that_answers_without_its_followers_has_no_quorum():
    row = state.swarm_row(recorded("info_leader"), recorded("nodes_two_managers_lost"))
    assert row["obstacle"] == "no_quorum"
    assert row["quorum"] == {"managers": 3, "reachable": 1, "needed": 2, "tolerates": 0}


def test_row_of_the_leader():
    row = state.swarm_row(recorded("info_leader"), recorded("nodes_five"), "1.41")
    settings = row.pop("settings")
    assert {**row, "remote_managers": sorted(peer["addr"] for peer in row["remote_managers"])} == {
        "state": "active",
        "obstacle": None,
        "control_available": True,
        "role": "manager",
        "node_id": "tlj06h4zudpbw94dm3kz5hfw2",
        "node_addr": "172.30.94.11",
        "hostname": "manager1",
        "cluster_id": "qw3xqhfn8rjgs10bq28cnuuim",
        "engine_version": "20.10.24",
        "api_version": "1.41",
        "error": None,
        "managers": 3,
        "nodes": 5,
        "remote_managers": ["172.30.94.11:2377", "172.30.94.12:2377", "172.30.94.13:2377"],
        "quorum": {"managers": 3, "reachable": 3, "needed": 2, "tolerates": 1},
        "is_leader": True,
    }
    assert settings["node_cert_expiry"] == "2160h"
    assert settings["data_path_port"] == 4789


def test_row_of_a_worker_says_what_it_cannot_know():
    row = state.swarm_row(recorded("info_worker"))
    assert (row["role"], row["managers"], row["nodes"], row["cluster_id"]) == ("worker", 3, 0, None)
    assert row["quorum"] == {"managers": 3, "reachable": None, "needed": 2, "tolerates": None}
    assert row["settings"] == {}


def test_row_without_quorum_tells_what_the_engine_has_heard():
    row = state.swarm_row(recorded("info_no_quorum"))
    assert (row["state"], row["role"]) == ("active", "manager")
    assert row["quorum"] == {"managers": 3, "reachable": 0, "needed": 2, "tolerates": 0}
    assert "does not have a leader" in row["error"]


def test_settings_are_not_made_up_from_a_cluster_of_zeros():
    """What GET /info has where the leader is lost."""
    assert state.swarm_row(recorded("info_no_quorum"))["settings"] == {}


def test_node_rows():
    rows = {row["hostname"]: row for row in map(state.node_row, recorded("nodes_five"))}
    assert rows["manager1"]["leader"]
    assert not rows["manager2"]["leader"]
    assert rows["worker1"]["reachability"] is None
    assert rows["worker1"]["addr"] == "172.30.94.21"


def test_a_node_that_never_joined_and_a_leader_without_address():
    ghost = {"ID": "x", "Spec": {"Role": "manager", "Availability": "active"}, "Description": {}}
    row = state.node_row(dict(ghost, Status={"State": "unknown"}))
    assert (row["hostname"], row["addr"], row["engine_version"], row["labels"]) == (None, None, None, {})
    leader = copy.deepcopy(next(node for node in recorded("nodes_five") if node.get("ManagerStatus")))
    leader["Status"]["Addr"] = "0.0.0.0"
    assert state.node_row(leader)["addr"] == leader["ManagerStatus"]["Addr"].partition(":")[0]


def row_of(running, desired, mode="Replicated", completed=0, update=None):
    service = {
        "ID": "s",
        "Spec": {"Name": "web", "Mode": {mode: {}}, "TaskTemplate": {"ContainerSpec": {"Image": "web:1@sha256:00"}}},
        "ServiceStatus": {"RunningTasks": 99, "DesiredTasks": desired, "CompletedTasks": completed},
        "Endpoint": {
            "Ports": [
                {"Protocol": "tcp", "TargetPort": 80, "PublishedPort": 8080, "PublishMode": "ingress"},
                {"Protocol": "udp", "TargetPort": 53, "PublishedPort": 53, "PublishMode": "host"},
            ]
        },
    }
    if update:
        service["UpdateStatus"] = {"State": update}
    return state.service_row(service, running)


@pytest.mark.parametrize(
    ("case", "converged"),
    [
        ({"running": 3, "desired": 3}, True),
        ({"running": 2, "desired": 3}, False),
        ({"running": 4, "desired": 3}, False),
        ({"running": 0, "desired": 0, "mode": "Global"}, True),
        ({"running": 3, "desired": 3, "update": "updating"}, False),
        ({"running": 3, "desired": 3, "update": "paused"}, False),
        ({"running": 3, "desired": 3, "update": "completed"}, True),
        ({"running": 0, "desired": 0, "completed": 2, "mode": "ReplicatedJob"}, True),
        ({"running": 1, "desired": 1, "completed": 1, "mode": "GlobalJob"}, False),
    ],
)
def test_when_a_service_counts_as_converged(case, converged):
    assert row_of(**case)["converged"] is converged


def test_service_row_is_for_people():
    row = row_of(3, 3)
    assert (row["mode"], row["image"]) == ("replicated", "web:1")
    assert row["ports"] == ["8080->80/tcp", "53->53/udp (host)"]


def test_a_task_on_a_lost_node_does_not_run():
    nodes = [{"ID": "a", "Status": {"State": "ready"}}, {"ID": "b", "Status": {"State": "down"}}]

    def task(node, desired="running", observed="running"):
        return {"ServiceID": "s", "NodeID": node, "DesiredState": desired, "Status": {"State": observed}}

    lost = [task("b"), task("b", desired="shutdown")]
    assert state.running_tasks([task("a"), task("a", observed="starting"), *lost], nodes) == {"s": 1}


def test_services_of_a_real_engine():
    for service in recorded("services-20.10").values():
        assert state.service_row(service, 0)["name"] == service["Spec"]["Name"]


def test_tasks_of_real_engines():
    for situation in recorded("situations-20.10").values():
        if not isinstance(situation, dict):
            continue
        names = state.names_of_nodes(situation["nodes"])
        services = {situation["service"]["ID"]: "web"}
        for task in situation["tasks"]:
            row = state.task_row(task, services, names)
            assert row["service"] == "web"
            assert row["state"]
            assert (row["exit_code"] is None) or row["state"] in state.ENDED


# --- problems ----------------------------------------------------------------------------------------------------------


def told(swarm, nodes=None, **more):
    rows = [state.node_row(node) for node in nodes or []]
    return problems(state.swarm_row(swarm, nodes), rows, **more)


def test_a_whole_swarm_has_no_problem():
    assert told(recorded("info_leader"), recorded("nodes_five")) == []


@pytest.mark.parametrize("name", ["info_inactive", "info_worker"])
def test_being_no_manager_is_no_problem(name):
    assert told(recorded(name)) == []


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("info_locked", "manager3 is locked: Swarm is encrypted"),
        ("info_pending", "worker2 is pending. This node is joining"),
        ("info_no_quorum", "No quorum among 3 managers. Fewer than half"),
    ],
)
def test_a_state_that_needs_a_person_is_one(name, words):
    (text,) = told(recorded(name))
    assert text.startswith(words)
    assert text.endswith(".")


def test_lost_managers_are_named_and_the_quorum_counted():
    first, *others = told(recorded("info_leader"), recorded("nodes_two_managers_lost"))
    assert first.startswith("No quorum: 1 of 3 managers can be reached, 2 are needed. ")
    assert others == ["Manager manager2 is unreachable.", "Manager manager3 is unreachable."]


def test_even_numbers_and_single_managers_are_told():
    nodes = [node for node in recorded("nodes_five") if node["Description"]["Hostname"] != "manager3"]
    texts = told(recorded("info_leader"), nodes)
    assert [text.split(":")[0] for text in texts] == [
        "No fault tolerance",
        "An even number of managers (2) tolerates no more failures than 1 do",
    ]
    assert (
        len(told(recorded("info_leader"), [node for node in nodes if node["Description"]["Hostname"] != "manager2"]))
        == 1
    )


def test_nodes_that_are_down_or_never_joined_or_never_promoted():
    nodes = recorded("nodes_five")
    by_name = {node["Description"]["Hostname"]: node for node in nodes}
    by_name["worker1"]["Status"]["State"] = "down"
    by_name["worker2"]["Spec"]["Role"] = "manager"
    ghost = copy.deepcopy(by_name["worker1"])
    ghost.update(ID="ghost", Description={}, Status={"State": "unknown"})
    assert sorted(told(recorded("info_leader"), [*nodes, ghost])) == [
        "Node ghost never finished joining; remove it.",
        "Node worker1 is down.",
        "Node worker2 is to be a manager, but has not become one.",
    ]


def test_services_and_the_mesh():
    swarm, nodes = recorded("info_leader"), recorded("nodes_five")
    no = {"ip_vs": False, "source": "looked"}
    texts = told(
        swarm, nodes, services=[row_of(1, 3), row_of(3, 3, update="rollback_completed")], mesh=no, meshed=["web"]
    )
    assert texts[0] == "Service web: 1 of 3 tasks run."
    assert texts[1] == "Service web: its last update failed and was rolled back."
    assert texts[2].startswith("manager1: the kernel has no IP_VS (looked), so ports published in ingress mode (web)")
    assert told(swarm, nodes, services=[row_of(3, 3), row_of(3, 3, update="completed")], mesh=no) == []
    assert told(swarm, nodes, mesh={"ip_vs": None, "source": ""}, meshed=["web"]) == []
