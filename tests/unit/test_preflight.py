# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

"""What would break a swarm: rules about what hosts tell of themselves."""

from __future__ import annotations

import pytest
from ansible_collections.apiary.swarm.plugins.plugin_utils._preflight import NOTE, STOP, UNTOLD, WARN, look, wishes
from ansible_collections.apiary.swarm.plugins.plugin_utils._preflight_report import report
from ansible_collections.apiary.swarm.plugins.plugin_utils._preflight_rules import of_all, of_host, span

# As a lab's host prints it, but for the kernel, which here has all modules.
GOOD = {
    "os_id": "centos",
    "engine": "28.5.2",
    "running": "yes",
    "swarm": "inactive",
    "control": "false",
    "engine_id": "46638d79-1124-43d9-b377-5c7eec98413e",
    "live_restore": "false",
    "modules": " overlay:builtin br_netfilter:loaded vxlan:loadable ip_vs:loadable esp4:missing",
    "cgroup": "1 cpuset cpu cpuacct blkio memory devices freezer pids ",
    "clock": "1795552311 1795552312",
    "hostname": "manager1",
    "machine": "f39cef8a824b2f85",
    "links": " docker0:1500 eth0:1500",
    "default": "192.0.2.11",
    "addresses": "docker0:172.17.0.1/16 eth0:192.0.2.11/24 eth0:2001:db8::11/64 ",
    "networks": "docker0:172.17.0.0/16 eth0:192.0.2.0/24 ",
}


def row(name="manager1", manager=True, declared=None, **told):
    says = {**GOOD, **told}
    stdout = "".join(f"{key}={value}\r\n" for key, value in says.items() if value is not None)
    return {
        "name": name,
        "manager": manager,
        "probe": {"rc": 0, "stdout": stdout},
        "faults": [],
        "advertise_addr": "",
        "advertise_interface": "",
        "data_path_addr": "",
        "listen_addr": "",
        "live_restore": None,
        "opens_firewalld": True,
        **(declared or {}),
    }


def second(**told):
    """A host that differs from the first in all that must differ."""
    own = {
        "hostname": "worker1",
        "machine": "0" * 16,
        "engine_id": "another",
        "default": "192.0.2.21",
        "addresses": "eth0:192.0.2.21/24",
    }
    return row("worker1", False, **{**own, **told})


def judge(host_row, settings=None, networks=()):
    """[(level, what)] about one host."""
    host = look(host_row)
    return [(finding.level, finding.what) for finding in of_host(host, wishes(settings or {}, networks, [host]))]


def together(*rows):
    return [(finding.level, finding.host, finding.what) for finding in of_all([look(each) for each in rows])]


def test_a_host_with_all_it_needs():
    assert judge(row()) == []
    assert judge(row(engine=None, swarm=None, live_restore=None, running=None)) == [], "one that has no engine yet"
    assert judge(row(cgroup="2 cpuset cpu io memory hugetlb pids")) == []


@pytest.mark.parametrize(
    ("told", "level", "words"),
    [
        ({"modules": "overlay:loaded br_netfilter:loaded vxlan:missing ip_vs:loaded"}, STOP, "no vxlan: overlay"),
        ({"modules": "overlay:loaded br_netfilter:loaded vxlan:loaded ip_vs:missing"}, WARN, "no ip_vs: ports"),
        ({"modules": "overlay:loaded br_netfilter:missing vxlan:loaded ip_vs:loaded"}, WARN, "no br_netfilter"),
        ({"modules": "overlay:missing br_netfilter:loaded vxlan:loaded ip_vs:loaded"}, WARN, "no overlay"),
        ({"modules": "overlay:loaded br_netfilter:loaded vxlan:unknown ip_vs:loaded"}, UNTOLD, "vxlan cannot be told"),
        ({"cgroup": "1 cpuset cpu blkio memory pids"}, STOP, "v1 without the controller devices"),
        ({"cgroup": "1 cpuset cpu blkio devices pids"}, WARN, "v1 without memory: limits"),
        ({"cgroup": "2 cpuset cpu memory"}, WARN, "v2 without io, pids: limits"),
        ({"cgroup": None}, UNTOLD, "cgroups cannot be told"),
        ({"live_restore": "true"}, STOP, "the command line of dockerd sets live-restore"),
        ({"live_restore_file": "yes"}, STOP, "daemon.json sets live-restore: the engine refuses"),
        ({"swarm": "active", "live_restore_file": "yes"}, WARN, "will not start again once it is stopped"),
        ({"links": "eth0:1450"}, WARN, "eth0 has an MTU of 1450, and overlay networks with 1450 need 1500"),
        ({"default": None}, STOP, "no default IPv4 address"),
        ({"ufw": "yes"}, WARN, "ufw is active, and role engine does not open it"),
        (
            {"networks": "eth0:10.0.0.0/16"},
            STOP,
            "10.0.0.0/8 has the host's network 10.0.0.0/16 (eth0) in it, and so has",
        ),
        ({"networks": "docker0:10.0.0.0/16"}, WARN, "10.0.0.0/16 (docker0) in it, and so has"),
        (
            {"networks": "eth0:10.7.0.0/16"},
            WARN,
            "10.0.0.0/8 has the host's network 10.7.0.0/16 (eth0) in it: services",
        ),
        (
            {"networks": "eth0:10.0.0.0/16", "swarm": "active", "pool": "10.0.0.0/8"},
            NOTE,
            "and so has the network ingress",
        ),
    ],
)
def test_what_is_found_on_a_host(told, level, words):
    (found,) = judge(row(**told))
    assert found[0] == level
    assert words in found[1]


def test_ufw_on_a_node_of_a_swarm_is_what_it_has_lived_with():
    assert judge(row(ufw="yes", swarm="active", node_addr="192.0.2.11")) == []


def test_live_restore_that_role_engine_is_about_to_take_out():
    assert judge(row(live_restore="true", live_restore_file="yes", declared={"live_restore": False})) == []
    ((level, _what),) = judge(row(live_restore="true", declared={"live_restore": False}))
    assert level == STOP, "the command line is not its to change"


@pytest.mark.parametrize(
    ("declared", "words"),
    [
        ({"advertise_addr": "192.0.2.99"}, "the address 192.0.2.99 that manager1 shall advertise"),
        ({"advertise_interface": "eth9"}, "manager1 has no interface eth9"),
    ],
)
def test_an_address_that_is_not_the_hosts(declared, words):
    ((level, what),) = judge(row(declared=declared))
    assert level == STOP
    assert words in what
    assert judge(row(declared=declared, swarm="active", node_addr="192.0.2.11")) == [], "role swarm looks at members"


def test_the_address_that_is_advertised():
    assert look(row())["address"] == "192.0.2.11"
    assert look(row(declared={"advertise_interface": "docker0"}))["address"] == "172.17.0.1"
    assert look(row(declared={"advertise_addr": "2001:db8::11"}))["link"] == "eth0"
    assert look(row(declared={"data_path_addr": "docker0"}))["data_address"] == "172.17.0.1"


def test_networks_that_are_declared():
    subnet = {"name": "front", "ipam_config": [{"subnet": "192.0.2.128/25"}]}
    ((level, what),) = judge(row(), networks=[subnet])
    assert (level, "front" in what) == (WARN, True)
    assert (
        judge(row(), networks=[{**subnet, "state": "absent"}, {"name": "x", "ipam_config": [{"subnet": "no"}]}]) == []
    )
    encrypted = {"name": "safe", "driver_options": {"encrypted": ""}}
    ((level, what),) = judge(row(), networks=[encrypted])
    assert (level, what) == (WARN, "the kernel has no esp4: encrypted networks (safe) carry no traffic")
    jumbo = {"name": "big", "driver_options": {"com.docker.network.driver.mtu": 8950}}
    ((_level, what),) = judge(row(), networks=[jumbo])
    assert "overlay networks with 8950 need 9000" in what


def test_the_pool_that_is_declared_counts_and_a_formed_swarms_own_before_it():
    settings = {"default_addr_pool": ["192.0.0.0/16"], "subnet_size": 25}
    ((level, what),) = judge(row(), settings)
    assert (level, "192.0.0.0/25" in what) == (WARN, False), "ingress is 192.0.0.0/25, which is not the host's"
    ((level, what),) = judge(row(), {**settings, "subnet_size": 22})
    assert (level, "ingress, 192.0.0.0/22" in what) == (STOP, True)
    assert judge(row(swarm="active", pool="10.1.0.0/16", subnet_size="24"), settings) == []


def test_the_pool_of_a_swarm_of_which_no_manager_is_in_the_run_is_not_guessed():
    assert judge(row(swarm="active", networks="eth0:10.0.0.0/16")) == []


@pytest.mark.parametrize(
    "settings",
    [
        {"default_addr_pool": "nonsense", "subnet_size": "many", "data_path_port": None},
        {"default_addr_pool": ["198.51.100.0/24", 7], "subnet_size": 77},
        {"default_addr_pool": "198.51.100.0/24,203.0.113.0/24", "subnet_size": 0},
    ],
)
def test_settings_that_are_wrong_are_the_modules_to_refuse(settings):
    odd = [{"name": "x", "driver_options": "encrypted", "ipam_config": {"subnet": "192.0.2.0/24"}}, {}]
    assert judge(row(), settings, odd) == []


def test_hosts_that_must_differ():
    assert together(row(), second()) == []
    same = together(row(), second(machine=GOOD["machine"], engine_id=GOOD["engine_id"], hostname="manager1"))
    assert [(level, host) for level, host, _what in same] == [(WARN, "manager1"), (WARN, "worker1")] * 3
    assert all(what.startswith("manager1, worker1 have the same") for _level, _host, what in same)
    assert "(manager1)" in same[-1][2]
    assert GOOD["machine"] not in str(same)
    twice = together(row(), second(default="192.0.2.11", addresses="eth0:192.0.2.11/24"))
    assert twice[0] == (STOP, "manager1", "manager1, worker1 have the same address to advertise (192.0.2.11)")
    cloned = together(row(node_id="x", swarm="active"), second(node_id="x", swarm="active"))
    assert {(level, "ID as nodes" in what) for level, _host, what in cloned} == {(STOP, True)}


@pytest.mark.parametrize(
    ("clock", "found"),
    [
        ("1795552311 1795552319", None),
        ("1795552311 1795552211", (WARN, "the clock is 1 min 41 s behind the other hosts'")),
        ("1795552311 1795559511", (STOP, "the clock is 1 h 59 min ahead of the other hosts': certificates")),
        ("garbage", None),
    ],
)
def test_clocks(clock, found):
    third = {**second(clock=clock), "name": "worker2"}
    told = [finding for finding in together(row(), second(), third) if "clock" in finding[2]]
    if not found:
        assert told == []
    else:
        ((level, host, what),) = told
        assert (level, host) == (found[0], "worker2")
        assert what.startswith(found[1])


def test_spans():
    assert [span(seconds) for seconds in (-5, 61, 7300)] == ["5 s", "1 min 1 s", "2 h 1 min"]


def test_the_report():
    gone = {**second(), "name": "worker2", "probe": {"unreachable": True, "msg": "ssh: connect to host: No\nroute"}}
    lines, stops = report([row(), second(live_restore_file="yes", networks="x:10.1.0.0/16"), gone], {}, [])
    assert lines == [
        "PREFLIGHT",
        "HOST      SWARM     ADDRESS     KERNEL  CGROUP  MTU   CLOCK  PORTS  VERDICT",
        "manager1  inactive  192.0.2.11  ok      v1      1500  +1 s   -      ok",
        "worker1   inactive  192.0.2.21  ok      v1      1500  +1 s   -      STOP",
        "worker2   -         -           -       -       -     -      -      STOP",
        "",
        "FINDINGS",
        "STOP  worker1: daemon.json sets live-restore: the engine refuses to be in a swarm.",
        "      Set engine_daemon: {live-restore: false}.",
        "STOP  worker2: could not be looked at: ssh: connect to host: No route.",
        "      Mend how it is reached, and run again.",
        "warn  worker1: the swarm's address pool 10.0.0.0/8 has the host's network 10.1.0.0/16 (x) in it: services on a network that"
        " overlaps do not reach that one, nor it them.",
        "      Set swarm_settings: {default_addr_pool: [...]} to networks that no host uses; it is fixed once the swarm is made.",
    ]
    assert stops == {
        "worker1": [
            "daemon.json sets live-restore: the engine refuses to be in a swarm. Set engine_daemon: {live-restore: false}."
        ],
        "worker2": ["could not be looked at: ssh: connect to host: No route. Mend how it is reached, and run again."],
    }


def test_what_all_hosts_have_is_told_once_and_what_is_brief():
    bare = {"modules": "overlay:loaded br_netfilter:loaded vxlan:unknown ip_vs:missing"}
    lines, stops = report([row(**bare), second(**bare)], {}, [], brief=True)
    assert stops == {}
    assert len(lines) == 2
    assert lines[0].startswith("warn  all 2 hosts: the kernel has no ip_vs")
    assert report([row(), second()], {}, [], brief=True) == ([], {})
    overlap = {"swarm": "active", "node_addr": "192.0.2.11", "pool": "192.0.2.0/24"}
    assert report([row(**overlap)], {}, [], brief=True) == ([], {}), "nobody can do anything about it any more"
    assert report([row(**overlap)], {}, [])[0][-2].startswith("note  manager1: the swarm's address pool")
    assert report([row(), second()], {}, [])[0][-2:] == ["FINDINGS", "none"]
