# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

"""How far a manager's log goes, read without an engine: made by hand, and the beginning of a real one."""

from __future__ import annotations

import pathlib

from ansible_collections.apiary.swarm.plugins.module_utils._raft_log import is_locked, read_log, start_options

# the first 6000 bytes of the log of the manager that made a swarm (engine 28.5.2); they end within a record
REAL = (pathlib.Path(__file__).parent / "fixtures/raft-28.5.wal").read_bytes()


def number(value):
    out = b""
    while value > 0x7F:
        out, value = out + bytes([value & 0x7F | 0x80]), value >> 7
    return out + bytes([value])


def message(**values):
    """protobuf of f1=…, f2=…: ints and bytes"""
    out = b""
    for name, value in values.items():
        key = int(name[1:]) << 3
        out += number(key | 2) + number(len(value)) + value if isinstance(value, bytes) else number(key) + number(value)
    return out


def record(kind, **values):
    body = message(f1=kind, f2=4711, f3=message(**values))
    padding = -len(body) % 8
    length = len(body) | ((0x80 | padding) << 56 if padding else 0)
    return length.to_bytes(8, "little") + body + b"\0" * padding


def entry(term, index):
    return record(2, f1=0, f2=term, f3=index, f4=b"encrypted")


WHO = record(1, f1=0xABC, f2=b"node", f3=b"192.0.2.11:2377")
EMPTY = b"\0" * 64


def test_who_wrote_it_and_how_far_it_goes():
    log = read_log([WHO + entry(1, 1) + entry(2, 300) + record(3, f1=3, f2=9, f3=299) + EMPTY])
    assert log == {
        "raft_id": "abc",
        "node_id": "node",
        "addr": "192.0.2.11:2377",
        "term": 3,
        "commit": 299,
        "last_term": 2,
        "last_index": 300,
    }


def test_later_files_go_on_and_one_without_entries_takes_nothing_away():
    first, second = WHO + entry(1, 1) + record(3, f1=1, f3=1), WHO + record(3, f1=1, f3=1) + EMPTY
    assert read_log([first, second])["last_index"] == 1
    assert read_log([first, second + EMPTY, WHO + entry(1, 2) + record(3, f1=1, f3=2)])["commit"] == 2


def test_an_entry_that_a_new_leader_wrote_again_ends_what_was_after_it():
    log = read_log([entry(1, 7) + entry(1, 8) + entry(2, 7)])
    assert (log["last_term"], log["last_index"]) == (2, 7)


def test_a_snapshot_stands_for_the_entries_before_it():
    log = read_log([record(5, f1=10000, f2=4) + record(3, f1=4, f3=10000)])
    assert (log["last_term"], log["last_index"], log["commit"]) == (4, 10000, 10000)


def test_what_a_loss_of_power_left_unfinished_ends_the_reading():
    whole = entry(1, 1)
    for torn in (whole[:5], whole[:20], whole[:8] + b"\xff" * (len(whole) - 8)):
        assert read_log([whole + torn])["last_index"] == 1
    assert read_log([])["last_index"] == 0


def test_a_real_log():
    log = read_log([REAL])
    assert log["node_id"] == "1e8y37vma70mppps8ak1uitx8"
    assert log["addr"] == "172.30.104.11:2377"
    assert (log["term"], log["last_term"], log["last_index"], log["commit"]) == (2, 2, 9, 9)


def test_autolock_is_seen_by_the_key():
    assert is_locked("-----BEGIN ENCRYPTED PRIVATE KEY-----\n")
    assert not is_locked("-----BEGIN PRIVATE KEY-----\nkek-version: 0\n")


def test_how_the_node_was_started():
    state = {"ListenAddr": "0.0.0.0:2377", "AdvertiseAddr": "192.0.2.11:2377", "DataPathPort": 4789, "SubnetSize": 0}
    wanted = {"listen_addr": "0.0.0.0:2377", "advertise_addr": "192.0.2.11:2377", "data_path_port": 4789}
    assert {key: value for key, value in start_options(state).items() if value is not None} == wanted
