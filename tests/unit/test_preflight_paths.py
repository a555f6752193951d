# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whom each host asks for what, what the answers mean, and the datagrams themselves."""

from __future__ import annotations

import os
import socket
import struct

import pytest
from ansible_collections.apiary.swarm.plugins.module_utils._datagrams import parse, payload
from ansible_collections.apiary.swarm.plugins.module_utils._listener import end, start
from ansible_collections.apiary.swarm.plugins.plugin_utils._preflight import STOP, UNTOLD, WARN, look, wishes
from ansible_collections.apiary.swarm.plugins.plugin_utils._preflight_paths import judge, plan

NAMES = ("m1", "w1", "w2")
TOKEN = f"test-{os.getpid()}"
ENCRYPTED = [{"name": "safe", "driver_options": {"encrypted": "true"}}]


def host(name, declared=None, **told):
    number = NAMES.index(name) + 1
    says = {"addresses": f"eth0:10.9.0.{number}/24", "default": f"10.9.0.{number}", "links": "eth0:1500", **told}
    return look(
        {
            "name": name,
            "manager": name == "m1",
            "probe": {"stdout": "\n".join(f"{key}={value}" for key, value in says.items())},
            "faults": [],
            "advertise_addr": "",
            "advertise_interface": "",
            "data_path_addr": "",
            "listen_addr": "",
            "live_restore": None,
            "opens_firewalld": True,
            **(declared or {}),
        }
    )


def hosts(**of_w2):
    return [host("m1"), host("w1"), host("w2", **of_w2)]


def wants(found, networks=(), **settings):
    return wishes(settings, list(networks), found)


def answers(found, wanted, shut=(), longest=1500):
    """What hosts find where all ways are open, but for shut: (source, node, port, protocol)."""
    planned = plan(found, wanted)
    made = {name: {"started": {"taken": [], "deaf": None}, "ended": {"heard": [], "deaf": None}} for name in planned}
    for name, mine in planned.items():
        results = []
        for target in mine["targets"]:
            key = {name_: target[name_] for name_ in ("node", "port", "protocol")}
            is_open = (name, *key.values()) not in shut
            tcp = target["protocol"] == "tcp"
            results.append(
                {**key, "answered": is_open if tcp else None, "error": "refused" if tcp and not is_open else None}
            )
            if is_open and not tcp:
                made[target["node"]]["ended"]["heard"] += [
                    {"source": name, "port": target["port"], "protocol": target["protocol"], "size": size}
                    for size in [46, *(size for size in target["sizes"] if size <= longest)]
                ]
        made[name]["asked"] = {"results": results}
    return made


def told(found, wanted, given):
    findings, cells = judge(found, wanted, given)
    return [(each.level, each.host, each.what) for each in findings], cells


def test_the_plan():
    found = hosts()
    planned = plan(found, wants(found))
    assert (planned["m1"]["tcp"], planned["m1"]["udp"]) == ([2377, 7946], [7946])
    assert planned["w1"]["tcp"] == [7946]
    assert [(each["node"], each["port"], each["protocol"]) for each in planned["w1"]["targets"]] == [
        ("m1", 2377, "tcp"),
        ("m1", 7946, "tcp"),
        ("m1", 7946, "udp"),
        ("m1", 4789, "udp"),
        ("w2", 7946, "tcp"),
        ("w2", 7946, "udp"),
        ("w2", 4789, "udp"),
    ]
    assert planned["w1"]["targets"][3]["sizes"][0] == 1500


def test_the_plan_follows_what_is_declared_and_what_there_is():
    found = hosts(swarm="active", node_addr="10.9.0.3", control="true")
    found[0] = host("m1", {"listen_addr": "0.0.0.0:2388", "data_path_addr": "10.8.0.1"})
    planned = plan(found, wants(found, ENCRYPTED, data_path_port=7789))
    assert planned["m1"]["tcp"] == [2388, 7946]
    assert planned["w2"]["tcp"] == planned["w2"]["udp"] == [], "the engine listens"
    of_w1 = [(each["address"], each["port"], each["protocol"]) for each in planned["w1"]["targets"]]
    assert ("10.8.0.1", 7789, "udp") in of_w1
    assert ("10.8.0.1", 0, "esp") in of_w1
    assert ("10.9.0.3", 2377, "tcp") in of_w1, "a manager of the swarm that there is, whatever the inventory says"
    for nowhere in ({"default": ""}, {"default": "192.0.2.7"}):
        assert set(plan([*found[:2], host("w2", **nowhere)], wants(found))) == {"m1", "w1"}


def test_all_ways_open():
    found = hosts()
    wanted = wants(found, ENCRYPTED)
    assert told(found, wanted, answers(found, wanted)) == ([], dict.fromkeys(NAMES, "open"))


def test_ways_that_are_shut():
    found = hosts()
    wanted = wants(found, ENCRYPTED)
    shut = [("w1", "m1", 2377, "tcp"), ("m1", "w2", 7946, "udp"), ("w1", "w2", 7946, "udp"), ("m1", "w1", 0, "esp")]
    findings, cells = told(found, wanted, answers(found, wanted, shut))
    assert findings == [
        (STOP, "m1", "2377/tcp cannot be reached from w1: refused; without it nodes cannot join or be managed"),
        (
            WARN,
            "w1",
            "ESP (IP protocol 50) cannot be reached from m1: nothing came; without it encrypted networks carry no traffic",
        ),
        (
            STOP,
            "w2",
            "7946/udp cannot be reached from any of the 2 others: nothing came; without it networks are not made known to the node",
        ),
    ]
    assert cells == {"m1": "1 blocked", "w1": "1 blocked", "w2": "2 blocked"}


def test_firewalld_that_role_engine_is_yet_to_open():
    shut = [("m1", "w2", 7946, "tcp")]
    found = hosts(firewalld="yes")
    findings, _cells = judge(found, wants(found), answers(found, wants(found), shut))
    assert [(each.level, "by role engine" in each.do) for each in findings] == [(WARN, True)]
    found = hosts(firewalld="yes", swarm="active", node_addr="10.9.0.3")
    findings, _cells = judge(found, wants(found), answers(found, wants(found), shut))
    assert [each.level for each in findings] == [STOP], "in a swarm it has been opened, or never will be"


def test_ufw_that_is_for_people_to_open():
    found = hosts(ufw="yes")
    findings, _cells = judge(found, wants(found), answers(found, wants(found), [("m1", "w2", 7946, "tcp")]))
    assert [(each.level, "ufw allow from" in each.do) for each in findings] == [(STOP, True)]


def test_a_path_that_takes_shorter_packets_than_its_ends():
    found = hosts(links="eth0:1400")
    wanted = wants(found)
    findings, _cells = told(found, wanted, answers(found, wanted, longest=1420))
    assert findings == [
        (WARN, "m1", "packets of more than 1420 bytes do not get here from w1, and overlay networks send 1500"),
        (WARN, "w1", "packets of more than 1420 bytes do not get here from m1, and overlay networks send 1500"),
    ], "w2's own link is what is short there"


def test_ports_that_something_else_has():
    found = hosts()
    given = answers(found, wants(found))
    given["m1"]["started"]["taken"] = [{"port": 2377, "protocol": "tcp", "error": "Address already in use"}]
    findings, cells = told(found, wants(found), given)
    assert [(level, name) for level, name, _what in findings] == [(STOP, "m1")]
    assert findings[0][2].startswith("2377/tcp is not free (Address already in use)")
    assert cells["m1"] == "1 taken"


def test_what_cannot_be_told_is_said():
    found = hosts()
    given = answers(found, wants(found), [("m1", "w1", 7946, "tcp")])
    given["w1"]["started"] = {"msg": "no listener", "failed": True}
    given["w1"]["ended"] = {"msg": "could not ask the process", "failed": True}
    given["m1"]["ended"] = {"heard": [], "deaf": "Operation not permitted"}
    given["w2"]["asked"] = {"unreachable": True, "msg": "gone"}
    findings, cells = told(found, wants(found), given)
    assert {level for level, _name, _what in findings} == {UNTOLD}
    texts = [what for _level, _name, what in findings]
    assert any("it could not be listened there (could not ask the process)" in text for text in texts)
    assert any(
        "7946/tcp can be reached from m1 cannot be told: it could not be listened there (no" in text for text in texts
    )
    assert any("it could not be listened there (Operation not permitted)" in text for text in texts)
    assert any("from w2 cannot be told: it could not be asked from there (gone)" in text for text in texts)
    assert "?" in cells["w1"]


# --- the datagrams


def packet(body, protocol=17, port=7946):
    udp = struct.pack("!HHHH", 40000, port, 8 + len(body), 0) if protocol == 17 else b""
    return struct.pack("!BBHHHBBH4s4s", 0x45, 0, 0, 0, 0, 64, protocol, 0, b"abcd", b"efgh") + udp + body


@pytest.mark.parametrize(("protocol", "name", "port"), [(17, "udp", 7946), (50, "esp", 0)])
def test_a_datagram_says_who_sent_it(protocol, name, port):
    found = parse(packet(payload("f00d", "m1", 100), protocol), "f00d")
    assert found == {"source": "m1", "protocol": name, "port": port, "size": 20 + (8 if protocol == 17 else 0) + 100}


def test_other_datagrams_are_nothing():
    for body in (b"", b"apia", payload("other", "m1"), b"x" * 50):
        assert parse(packet(body), "f00d") is None


def test_a_listener_tells_which_ports_are_taken_and_ends_when_it_is_asked():
    with socket.create_server(("127.0.0.1", 0)) as other:
        number = other.getsockname()[1]
        started = start(TOKEN, [number], [], False, 20)
    assert started["taken"] == [{"port": number, "protocol": "tcp", "error": "Address already in use"}]
    assert end(TOKEN)["heard"] == []
    with pytest.raises(OSError, match="refused|reset"):
        end(TOKEN)
