# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

"""swarm_node on real engines: labels, roles under the guard of the quorum, removal."""

from __future__ import annotations

import time

import pytest
from harness.lab import eventually


@pytest.fixture(scope="module")
def changing(swarm):
    """The formed swarm; its nodes are not what they were afterwards, so the next file gets new hosts."""
    yield swarm
    swarm.renew()


def node_id(lab, host):
    return lab.docker(host, "info", "--format", "{{.Swarm.NodeID}}")


def spec(lab, host, asked="manager1"):
    return lab.inspect(asked, "node", node_id(lab, host))["Spec"]


def managers(lab, asked="manager1"):
    return {node["Hostname"]: node["ManagerStatus"] for node in lab.rows(asked, "node", "ls") if node["ManagerStatus"]}


def version(lab, host):
    return lab.inspect("manager1", "node", node_id(lab, host))["Version"]["Index"]


def test_labels_of_several_nodes_in_one_call(changing):
    lab = changing
    nodes = [
        {"node": "worker1", "labels": {"disk": "ssd", "zone": 1}},
        {"node": node_id(lab, "worker2"), "labels": {"disk": "hdd"}},
        {"hostname": "manager1"},
    ]
    check = lab.module("manager2", "swarm_node", {"nodes": nodes}, check=True)
    assert check["changed"]
    assert spec(lab, "worker1")["Labels"] == {}
    result = lab.module("manager2", "swarm_node", {"nodes": nodes})
    assert [node["changed"] for node in result["nodes"]] == [True, True, False]
    assert result["diff"] == check["diff"]
    assert result["diff"]["after"]["worker1"]["labels"] == {"disk": "ssd", "zone": "1"}
    assert spec(lab, "worker1")["Labels"] == {"disk": "ssd", "zone": "1"}
    assert spec(lab, "worker2")["Labels"] == {"disk": "hdd"}
    before = version(lab, "worker1")
    assert not lab.module("manager3", "swarm_node", {"nodes": nodes})["changed"]
    assert version(lab, "worker1") == before


def test_labels_are_merged_replaced_and_removed(changing):
    lab = changing
    cases = [
        ({"labels": {"zone": "2"}}, {"disk": "ssd", "zone": "2"}),
        ({"labels_to_remove": ["disk", "nope"]}, {"zone": "2"}),
        ({"labels": {"a": "b"}, "labels_state": "replace"}, {"a": "b"}),
        ({"labels": {}, "labels_state": "replace"}, {}),
    ]
    for options, labels in cases:
        assert lab.module("manager1", "swarm_node", {"node": "worker1", **options})["changed"]
        assert spec(lab, "worker1")["Labels"] == labels


def test_the_name_and_what_others_set_is_kept(changing):
    lab = changing
    lab.docker("manager1", "node", "update", "--availability", "pause", "worker1")
    lab.module("manager1", "swarm_node", {"node": "worker1", "labels": {"x": "y"}})
    assert spec(lab, "worker1") == {"Labels": {"x": "y"}, "Role": "worker", "Availability": "pause"}
    lab.docker("manager1", "node", "update", "--availability", "active", "worker1")


def test_two_changes_at_once_lose_none(changing):
    lab = changing
    loop = "for i in $(seq 30); do until docker node update --label-add n=$i worker1; do :; done; done"
    other = lab.start_ssh("manager2", loop)
    tasks = [
        {"name": f"label {name}", "apiary.swarm.swarm_node": {"node": "worker1", "labels": {name: "1"}}}
        for name in "abc"
    ]
    run = lab.playbook([{"hosts": "manager1", "gather_facts": False, "tasks": tasks}])
    other.communicate(timeout=60)
    assert run.rc == 0, run.output
    labels = spec(lab, "worker1")["Labels"]
    assert {labels.get(name) for name in "abc"} == {"1"}
    assert labels["n"] == "30"


def test_bad_input_is_told(changing):
    bad = [
        ({"node": "worker9", "role": "worker"}, "not_found", "there are manager1, manager2"),
        ({"node": "worker1", "labels": {"a": False}}, "invalid", "put the value in quotes"),
        ({"nodes": [{"node": "worker1"}, {"node": node_id(changing, "worker1")}]}, "invalid", "the same node"),
    ]
    tasks = [
        {"name": f"bad {number}", "apiary.swarm.swarm_node": options, "ignore_errors": True}
        for number, (options, _kind, _words) in enumerate(bad)
    ]
    run = changing.playbook([{"hosts": "manager1", "gather_facts": False, "tasks": tasks}])
    for number, (_options, kind, words) in enumerate(bad):
        result = run.of("manager1", f"bad {number}")
        assert result["failure"]["kind"] == kind
        assert words in result["msg"]


def test_on_a_worker_it_is_told_to_run_on_a_manager(changing):
    result = changing.module("worker1", "swarm_node", {"node": "worker1", "labels": {"q": "1"}}, ok=False)
    assert result["failure"]["kind"] == "worker"


def test_promotion_ends_when_the_manager_is_reachable(changing):
    lab = changing
    check = lab.module("manager1", "swarm_node", {"node": "worker1", "role": "manager"}, check=True)
    assert check["nodes"][0]["actions"] == ["promote to manager"]
    assert "worker1" not in managers(lab)
    lab.module("manager1", "swarm_node", {"node": "worker1", "role": "manager"})
    assert managers(lab)["worker1"] == "Reachable"
    # the managers count it; its own API may need another moment
    eventually(lambda: lab.rows("worker1", "node", "ls"))
    assert not lab.module("manager1", "swarm_node", {"node": "worker1", "role": "manager"})["changed"]


def test_all_managers_cannot_be_demoted(changing):
    lab = changing
    wishes = [{"node": host, "role": "worker"} for host in ("manager1", "manager2", "manager3", "worker1")]
    for check in (True, False):
        result = lab.module("manager1", "swarm_node", {"nodes": wishes}, check=check, ok=False)
        assert result["failure"]["kind"] == "quorum_guard"
        assert "no manager would be left" in result["msg"]
    assert len(managers(lab)) == 4


def test_the_leader_demotes_itself_while_another_takes_its_place(changing):
    lab = changing
    leader = next(host for host, status in managers(lab).items() if status == "Leader")
    wishes = [
        {"node": leader, "role": "worker"},
        {"node": "worker2", "role": "manager"},
        {"node": "worker1", "role": "worker"},
    ]
    result = lab.module(leader, "swarm_node", {"nodes": wishes})
    rows = {row["hostname"]: row for row in result["nodes"]}
    assert rows["worker2"]["reachability"] == "reachable"
    assert (rows[leader]["role"], rows[leader]["reachability"]) == ("worker", None)
    assert lab.docker(leader, "info", "--format", "{{.Swarm.ControlAvailable}}") == "false"
    asked = next(host for host in ("manager1", "manager2", "manager3") if host != leader)
    assert set(managers(lab, asked)) == {"manager1", "manager2", "manager3", "worker2"} - {leader}
    wishes = [{"node": leader, "role": "manager"}, {"node": "worker2", "role": "worker"}]
    lab.module(asked, "swarm_node", {"nodes": wishes})
    assert set(managers(lab, asked)) == {"manager1", "manager2", "manager3"}


def test_a_node_that_runs_is_not_removed(changing):
    lab = changing
    options = {"node": "worker2", "state": "absent", "wait_timeout": 2}
    result = lab.module("manager1", "swarm_node", options, ok=False)
    assert result["failure"]["kind"] == "node_up"
    assert "swarm_join with state: absent" in result["msg"]
    assert "worker2" in {node["Hostname"] for node in lab.rows("manager1", "node", "ls")}


def test_a_node_that_left_is_waited_for_and_removed(changing):
    lab = changing
    lab.docker("worker2", "swarm", "leave")
    result = lab.module("manager1", "swarm_node", {"node": "worker2", "state": "absent"})
    assert result["nodes"][0]["actions"] == ["remove from the swarm"]
    assert "worker2" not in {node["Hostname"] for node in lab.rows("manager1", "node", "ls")}
    again = lab.module("manager1", "swarm_node", {"node": "worker2", "state": "absent"})
    assert (again["changed"], again["nodes"]) == (False, [])


def test_with_one_manager_dead_only_that_one_can_go(changing):
    lab = changing
    dead = next(host for host, status in managers(lab).items() if host != "manager1" and status == "Reachable")
    other = next(host for host in managers(lab) if host not in ("manager1", dead))
    lab.power_off(dead)

    def unreachable():
        assert managers(lab)[dead] == "Unreachable"

    eventually(unreachable)
    began = time.monotonic()
    result = lab.module("manager1", "swarm_node", {"node": other, "role": "worker"}, ok=False)
    assert time.monotonic() - began < 60  # of the 300 it may wait
    assert result["failure"]["kind"] == "quorum_guard"
    assert "of 3 managers 2 can be reached now; without this one it would be 1 of 2, and 2 are needed" in result["msg"]
    assert managers(lab)[other] in ("Leader", "Reachable")
    assert lab.module("manager1", "swarm_node", {"node": dead, "role": "worker"})["changed"]
    assert dead not in managers(lab)

    def down():
        assert next(node for node in lab.rows("manager1", "node", "ls") if node["Hostname"] == dead)["Status"] == "Down"

    eventually(down)
    result = lab.module("manager1", "swarm_node", {"node": dead, "role": "manager"}, ok=False)
    assert result["failure"]["kind"] == "node_down"
