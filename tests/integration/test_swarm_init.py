# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

"""swarm_init on real engines: a new swarm, its settings, and what it must never do."""

from __future__ import annotations

import json

import pytest
from harness.lab import eventually

SETTINGS = {
    "autolock_managers": True,
    "labels": {"env": "lab", "owner": "ops"},
    "node_cert_expiry": "2000h",
    "dispatcher_heartbeat_period": "7s",
    "snapshot_interval": 5000,
    "keep_old_snapshots": 1,
    "log_entries_for_slow_followers": 400,
    "election_tick": 20,
    "heartbeat_tick": 2,
    "default_addr_pool": ["10.20.0.0/16"],
    "subnet_size": 26,
    "data_path_port": 5789,
}


@pytest.fixture(scope="module")
def made(blank):
    """A swarm of manager1 alone, made by the module with settings of its own."""
    address = blank.address("manager1")
    result = blank.module("manager1", "swarm_init", {"advertise_addr": address, **SETTINGS})
    yield blank, result
    blank.docker("manager1", "swarm", "leave", "--force", ok=False)


def spec(lab):
    """The swarm's spec as the CLI shows it."""
    return json.loads(lab.docker("manager1", "info", "--format", "{{json .Swarm.Cluster}}"))


BAD = [
    ({"advertise_addr": "198.51.100.9"}, "advertise_addr", "neither an address nor an interface of manager1"),
    ({"advertise_addr": "nope0"}, "advertise_addr", "neither an address nor an interface of manager1"),
    ({"node_cert_expiry": "5m"}, "invalid", "node_cert_expiry: 5m is too short"),
    ({"labels": {"a": True}}, "invalid", "labels: a: put the value in quotes"),
    ({"data_path_port": 80}, "invalid", "data_path_port: 80 is neither 0 nor from 1024 to 49151"),
    ({"default_addr_pool": ["nonsense"]}, "invalid", "default_addr_pool: 'nonsense' is not a network"),
    ({"docker_host": "unix:///nowhere.sock"}, "unreachable", "/nowhere.sock"),
]


def test_bad_input_is_told_and_changes_nothing(blank):
    tasks = [
        {"name": f"bad {number}", "apiary.swarm.swarm_init": options, "ignore_errors": True}
        for number, (options, _kind, _words) in enumerate(BAD)
    ]
    run = blank.playbook([{"hosts": "manager1", "gather_facts": False, "tasks": tasks}])
    for number, (options, kind, words) in enumerate(BAD):
        result = run.of("manager1", f"bad {number}")
        assert result["failure"]["kind"] == kind, (options, result)
        assert words in result["msg"]
        assert not result["changed"]
    assert blank.swarm_state("manager1") == "inactive"


def test_settings_that_the_engine_refuses_leave_no_half_made_swarm(blank):
    """The engine looks at settings only after it has made the swarm, and keeps that: here a label beyond its limit."""
    huge = {"advertise_addr": "eth0", "labels": {"huge": "x" * 2_000_000}}
    result = blank.module("manager1", "swarm_init", huge, ok=False)
    assert "has been left again" in result["msg"], result["msg"][:2000]
    assert blank.swarm_state("manager1") == "inactive"


def test_check_mode_says_what_would_be_done(blank):
    result = blank.module("manager1", "swarm_init", {"advertise_addr": "eth0", "labels": {"a": "b"}}, check=True)
    assert result["changed"]
    assert result["actions"] == [f"would initialise a swarm that advertises {blank.address('manager1')}"]
    assert result["diff"]["after"] == {"advertise_addr": "eth0", "labels": {"a": "b"}}
    assert blank.swarm_state("manager1") == "inactive"


def test_init_makes_one_swarm_as_declared(made):
    lab, result = made
    assert result["changed"]
    assert result["swarm"]["state"] == "active"
    assert result["swarm"]["is_leader"]
    assert result["swarm"]["node_addr"] == lab.address("manager1")
    assert {key: result["swarm"]["settings"][key] for key in SETTINGS} == SETTINGS
    cluster = spec(lab)
    assert cluster["Spec"]["CAConfig"]["NodeCertExpiry"] == 2000 * 3600 * 10**9
    assert cluster["DefaultAddrPool"] == ["10.20.0.0/16"]
    assert cluster["DataPathPort"] == 5789
    assert lab.inspect("manager1", "network", "ingress")["IPAM"]["Config"][0]["Subnet"] == "10.20.0.0/26", "of the pool"
    eventually(lambda: lab.ssh("manager1", "ss -lnu sport = :5789 | grep 5789"))
    (node,) = lab.rows("manager1", "node", "ls")
    assert node["ManagerStatus"] == "Leader"


def test_no_secret_is_returned(made):
    _lab, result = made
    assert not {"tokens", "JoinTokens", "UnlockKey"} & set(result)
    assert "SWM" not in str(result)


def test_the_same_again_changes_nothing(made):
    lab, _result = made
    before = spec(lab)["Version"]
    for check in (False, True):
        again = lab.module("manager1", "swarm_init", {"advertise_addr": "eth0", **SETTINGS}, check=check)
        assert not again["changed"]
        assert again["actions"] == []
    assert spec(lab)["Version"] == before


def test_one_setting_changes_and_no_other_is_wiped(made):
    """What `docker swarm update --task-history-limit` does; docker_swarm turned autolock off and dropped the labels."""
    lab, _result = made
    before = spec(lab)["Spec"]
    check = lab.module("manager1", "swarm_init", {"task_history_retention_limit": 7}, check=True)
    assert check["changed"]
    assert spec(lab)["Spec"] == before
    result = lab.module("manager1", "swarm_init", {"task_history_retention_limit": 7})
    assert result["changed"]
    assert result["actions"] == ["changed task_history_retention_limit from 5 to 7"]
    assert check["diff"] == result["diff"]
    assert {
        key for key in result["diff"]["after"] if result["diff"]["after"][key] != result["diff"]["before"][key]
    } == {"task_history_retention_limit"}
    ours = spec(lab)["Spec"]
    lab.docker("manager1", "swarm", "update", "--task-history-limit", "5")
    assert spec(lab)["Spec"] == before
    lab.docker("manager1", "swarm", "update", "--task-history-limit", "7")
    assert spec(lab)["Spec"] == ours


def test_an_empty_dictionary_removes_the_labels(made):
    lab, _result = made
    assert lab.module("manager1", "swarm_init", {"labels": {}})["changed"]
    assert spec(lab)["Spec"]["Labels"] == {}
    assert lab.module("manager1", "swarm_init", {"labels": SETTINGS["labels"]})["changed"]
    assert spec(lab)["Spec"]["Labels"] == SETTINGS["labels"]


FIXED = [
    ({"data_path_port": 4789}, "data_path_port is 5789 in this swarm and cannot be changed to 4789"),
    ({"default_addr_pool": ["10.30.0.0/16"]}, "default_addr_pool is ['10.20.0.0/16']"),
    ({"subnet_size": 24}, "subnet_size is 26"),
    ({"advertise_addr": "lo"}, "advertise_addr is "),
]


def test_what_is_fixed_at_init_is_an_error_that_names_it(made):
    lab, _result = made
    tasks = [
        {"name": f"fixed {number}", "apiary.swarm.swarm_init": options, "ignore_errors": True}
        for number, (options, _words) in enumerate(FIXED)
    ]
    run = lab.playbook([{"hosts": "manager1", "gather_facts": False, "tasks": tasks}])
    for number, (_options, words) in enumerate(FIXED):
        result = run.of("manager1", f"fixed {number}")
        assert result["failure"]["kind"] == "immutable"
        assert words in result["msg"]


def test_two_changes_at_once_lose_none(made):
    """Ten labels' worth of conflicts: each retries on what the other one wrote."""
    lab, _result = made
    update = "docker swarm update --snapshot-interval $((6000 + i)) >/dev/null"
    loop = f"for i in $(seq 30); do until {update}; do :; done; done"
    other = lab.start_ssh("manager1", loop)
    plays = [
        {
            "hosts": "manager1",
            "gather_facts": False,
            "tasks": [
                {"name": f"limit {limit}", "apiary.swarm.swarm_init": {"task_history_retention_limit": limit}}
                for limit in (11, 12, 13)
            ],
        }
    ]
    run = lab.playbook(plays)
    other.communicate(timeout=60)
    assert run.rc == 0, run.output
    assert spec(lab)["Spec"]["Orchestration"]["TaskHistoryRetentionLimit"] == 13
    assert spec(lab)["Spec"]["Raft"]["SnapshotInterval"] == 6030


def test_a_locked_manager_is_left_alone_and_told(made):
    lab, _result = made
    key = lab.docker("manager1", "swarm", "unlock-key", "-q")
    lab.ssh("manager1", "systemctl restart docker")

    def locked():
        assert lab.swarm_state("manager1") == "locked"

    eventually(locked)
    run = lab.playbook(
        [
            {
                "hosts": "manager1",
                "gather_facts": False,
                "tasks": [
                    {"name": f"locked {module}", f"apiary.swarm.{module}": options, "ignore_errors": True}
                    for module, options in (
                        ("swarm_init", {"advertise_addr": "eth0"}),
                        ("swarm_join", {"role": "manager", "join_token": "x", "remote_addrs": ["198.51.100.1"]}),
                        ("swarm_join", {"state": "absent"}),
                        ("swarm_node", {"node": "manager1", "labels": {"a": "b"}}),
                        ("node_availability", {"nodes": ["manager1"], "availability": "drain"}),
                        ("swarm_network", {"name": "front"}),
                    )
                ],
            }
        ]
    )
    failures = [result for result in run.results if result.task.startswith("locked")]
    assert len(failures) == 6
    for result in failures:
        assert result.data["failure"]["kind"] == "locked", result
        assert "unlock" in result.data["msg"]
    info = lab.module("manager1", "swarm_info")
    assert info["swarm"]["obstacle"] == "locked"
    assert len(info["problems"]) == 1
    lab.ssh("manager1", f"echo {key} | docker swarm unlock")
    assert lab.module("manager1", "swarm_info")["swarm"]["obstacle"] is None
