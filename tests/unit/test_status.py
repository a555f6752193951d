# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

"""The status report, on answers of the shape that swarm_info gives."""

from __future__ import annotations

import datetime

import pytest
from ansible_collections.apiary.swarm.plugins.plugin_utils import _status

NOW = datetime.datetime(2026, 11, 23, 22, 0, 0, tzinfo=datetime.timezone.utc)


def task(service="web", slot=1, node="worker1", state="running", desired="running", since="21:59:00", **more):
    return {
        "service": service,
        "slot": slot,
        "node": node,
        "state": state,
        "desired_state": desired,
        "error": None,
        "exit_code": None,
        "image": "nginx:1.26",
        "since": f"2026-11-23T{since}.123456789Z",
        "addresses": [],
        **more,
    }


def answer(**more):
    swarm = {
        "state": "active",
        "role": "manager",
        "control_available": True,
        "obstacle": None,
        "is_leader": False,
        "engine_version": "28.5.2",
        "error": None,
    }
    seen = {"nodes": [], "services": [], "tasks": [], "networks": [], "problems": []}
    return {"swarm": {**swarm, **more}, **seen, "mesh": {"ip_vs": True, "source": "/proc/net/ip_vs is there"}}


def host(name, report):
    return {"name": name, "url": f"ssh://{name}", "report": report}


GONE = {"unreachable": True, "msg": "Task failed: Data could not be sent.\nssh: connect to host h port 22: timed out"}
STOPPED = {"msg": "Could not connect to the engine.", "failure": {"kind": "unreachable"}}
NO_SDK = {"msg": "The docker SDK cannot be imported.", "failure": {"kind": "sdk_missing"}}


def rows(hosts):
    """The table of hosts as {name: the words of its row}."""
    lines = _status.report(hosts, NOW)
    end = lines.index("")
    return {line.split()[0]: line.split()[1:] for line in lines[2:end]}


def test_columns_are_aligned_and_lines_have_no_spaces_at_their_ends():
    assert _status.table(("A", "LONG"), [("wide cell", ""), ("b", 1)]) == [
        "A          LONG",
        "wide cell",
        "b          1",
    ]


def test_the_manager_that_answered_is_marked_and_the_leader_named():
    shown = rows(
        [
            host("w", answer(role="worker", control_available=False, obstacle="worker")),
            host("m", answer(is_leader=True)),
        ]
    )
    assert shown["m"] == ["*", "Running", "ssh://m", "manager", "(leader)", "v28.5.2"]
    assert shown["w"][:4] == ["-", "Running", "ssh://w", "worker"]


def test_a_manager_that_cannot_see_the_swarm_is_not_asked_about_it():
    shown = rows([host("m1", answer(obstacle="no_quorum")), host("m2", answer())])
    assert shown["m1"][0] == "-"
    assert "(no_quorum)" in shown["m1"]
    assert shown["m2"][0] == "*"


@pytest.mark.parametrize(
    ("report", "state"),
    [(GONE, "Unreachable"), (STOPPED, "Stopped"), (NO_SDK, "Error")],
    ids=lambda value: str(value)[:12],
)
def test_a_host_that_gives_no_answer_is_a_row_and_a_problem(report, state):
    hosts = [host("dead", report), host("m", answer())]
    assert rows(hosts)["dead"][1] == state
    assert any(line.startswith("dead: ") for line in _status.problems(hosts, hosts[1]))


def test_of_an_unreachable_host_ssh_s_own_words_are_shown():
    assert _status.problems([host("dead", GONE)], None) == ["dead: ssh: connect to host h port 22: timed out"]


def test_without_a_manager_the_report_says_so():
    lines = _status.report(
        [host("a", answer(state="inactive", role=None, control_available=False, obstacle="inactive"))], NOW
    )
    assert lines[-1].startswith("No host is a manager")
    assert "NODES" not in lines


def test_problems_are_told_once_those_of_the_asked_manager_first():
    first, second = host("a", {**answer(), "problems": ["x", "y"]}), host("b", {**answer(), "problems": ["y", "z"]})
    assert _status.problems([second, first], first) == ["x", "y", "z"]


def test_the_kernel_without_ip_vs_is_told_plainly_host_by_host():
    hosts = [
        host("a", {**answer(), "mesh": {"ip_vs": False, "source": "no module"}}),
        host("b", answer()),
        host("c", GONE),
    ]
    lines = _status.report(hosts, NOW)
    mesh = lines[lines.index("MESH") + 2 : lines.index("PROBLEMS") - 1]
    assert [line.split()[:2] for line in mesh] == [["a", "NO:"], ["b", "yes"], ["c", "unknown"]]


def test_of_a_slot_the_wanted_task_is_shown_and_its_past_only_if_that_does_not_run():
    ended = task(state="failed", desired="shutdown", since="21:00:00", error="exit 1", exit_code=1, node="worker2")
    older = task(state="failed", desired="shutdown", since="20:00:00", error="exit 1")
    assert _status.telling_tasks([older, ended, task()]) == [task()]
    starting = task(state="starting")
    assert _status.telling_tasks([older, ended, starting]) == [starting, ended]


def test_a_global_service_has_one_row_a_node():
    tasks = [task(slot=None, node="worker1"), task(slot=None, node="worker2")]
    assert len(_status.telling_tasks(tasks)) == 2


@pytest.mark.parametrize(
    ("since", "text"),
    [
        ("2026-11-23T21:59:18.5Z", "42s"),
        ("2026-11-23T21:50:00Z", "10m"),
        ("2026-11-23T12:00:00.123456789Z", "10h"),
        ("2026-11-13T12:00:00Z", "10d"),
        ("2026-11-23T22:00:09Z", "0s"),
    ],
)
def test_age_is_one_number_and_one_unit(since, text):
    assert _status.age(since, NOW) == text


def own(network_id, **more):
    row = {"name": "ingress", "id": network_id, "driver": "overlay", "scope": "swarm", "ingress": True}
    return {"ingress": {**row, "subnets": ["10.0.0.0/24"], "driver_options": {}, **more}, "docker_gwbridge": None}


def test_each_hosts_own_networks_and_those_that_lack_the_swarms():
    seen = answer()
    ingress = {**own("new")["ingress"], "attachable": False, "internal": False}
    mtu = {"driver_options": {"com.docker.network.driver.mtu": "1400"}}
    hosts = [
        host("m", {**seen, "networks": [ingress], "node_networks": own("new", **mtu)}),
        host("stale", {**seen, "node_networks": own("old")}),
        host("without", {**seen, "node_networks": {"ingress": None, "docker_gwbridge": None}}),
        host("gone", GONE),
    ]
    lines = _status.report(hosts, NOW)
    begin = lines.index("NETWORKS OF EACH HOST")
    assert [line.split() for line in lines[begin + 2 : begin + 6]] == [
        ["m", "overlay,", "swarm,", "10.0.0.0/24,", "mtu", "1400", "none"],
        ["stale", "overlay,", "swarm,", "10.0.0.0/24", "none"],
        ["without", "none", "none"],
        ["gone", "-", "-"],
    ]
    told = [line for line in lines[lines.index("PROBLEMS") :] if "network ingress" in line]
    assert [line.split()[0] for line in told] == ["stale", "without"]
    assert "kept a network ingress that the swarm no longer has" in told[0]


def test_the_same_problem_of_several_hosts_is_one_sentence():
    hosts = []
    for name in ("m1", "m2", "m3"):
        seen = answer(hostname=name)
        hosts.append(
            host(name, {**seen, "problems": [f"{name}: no IP_VS.", "Node w is down."] if name != "m3" else []})
        )
    assert _status.problems(hosts, hosts[1]) == ["m2, m1: no IP_VS.", "Node w is down."]
