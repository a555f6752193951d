# Copyright (c) 2026, apiary.swarm maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a manager's files say of its swarm, without an engine: who it is, and how far its log of the cluster goes.

PRIVATE to apiary.swarm: no other collection may import it.

Pure. The log is etcd's write-ahead log: records with a length before each, in files that are filled up with zeros. The engine encrypts
what the entries hold, but not their terms and numbers, nor how many of them the managers have agreed upon (swarmkit
manager/state/raft/storage/walwrap.go): so it can be told which of several managers knows more, also where no engine runs.
"""

from __future__ import annotations

METADATA, ENTRY, STATE, SNAPSHOT = 1, 2, 3, 5
_LENGTH, _PADDED = 8, 1 << 63


def read_log(files):
    """What the files of a log (bytes, the oldest first) say in the end.

    Returns {raft_id, node_id, addr} of the manager that wrote it, {term, commit} as it last noted them, and {last_term,
    last_index} of its last entry. An unfinished record at the end, as a loss of power leaves it, ends the reading.
    """
    found = {"raft_id": None, "node_id": None, "addr": None, "term": 0, "commit": 0, "last_term": 0, "last_index": 0}
    for content in files:
        for kind, data in records(content):
            try:
                _note(found, kind, fields(data))
            except (IndexError, ValueError):
                break
    return found


def _note(found, kind, values):
    def number(field):
        return _of(values, field, 0)

    if kind == METADATA:
        found.update(
            raft_id=f"{number(1):x}" if number(1) else None,
            node_id=_of(values, 2, b"").decode() or None,
            addr=_of(values, 3, b"").decode() or None,
        )
    elif kind == ENTRY:
        # one that is written again under the same number, by a new leader, takes the place of what was there from it on
        found.update(last_term=number(2), last_index=number(3))
    elif kind == STATE:
        found.update(term=number(1), commit=number(3))
    elif kind == SNAPSHOT and number(1) > found["last_index"]:
        found.update(last_term=number(2), last_index=number(1))


def _of(values, field, absent):
    """A field's value, or what its absence means. Raises ValueError for one of another type, as in a file that is damaged."""
    value = values.get(field, absent)
    if type(value) is not type(absent):
        raise ValueError(f"field {field} is of another type")
    return value


def records(content):
    """(type, data) of each whole record in one file."""
    at = 0
    while at + _LENGTH <= len(content):
        length = int.from_bytes(content[at : at + _LENGTH], "little")
        if not length:
            return
        padding = (length >> 56) & 0x7 if length & _PADDED else 0
        length &= (1 << 56) - 1
        at += _LENGTH
        if at + length > len(content):
            return
        try:
            values = fields(content[at : at + length])
            record = _of(values, 1, 0), _of(values, 3, b"")
        except (IndexError, ValueError):
            return
        yield record
        at += length + padding


def fields(data):
    """{number: value} of a protobuf message: numbers as int, texts and messages as bytes."""
    found, at = {}, 0
    while at < len(data):
        tag, at = _varint(data, at)
        number, kind = tag >> 3, tag & 7
        if kind == 0:
            found[number], at = _varint(data, at)
        elif kind == 2:
            length, at = _varint(data, at)
            if at + length > len(data):
                raise ValueError("a field is longer than its message")
            found[number] = data[at : at + length]
            at += length
        elif kind in (1, 5):
            at += 8 if kind == 1 else 4
        else:
            raise ValueError(f"there is no wire type {kind}")
    return found


def _varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7
        if shift > 63:
            raise ValueError("a number is longer than 64 bits")


def is_locked(key):
    """Whether the text of a manager's key file (PEM) is encrypted with the unlock key: autolock is on."""
    return "ENCRYPTED PRIVATE KEY" in key


def start_options(state):
    """What docker-state.json says of how the node was started, as options of swarm_init."""
    return {
        "advertise_addr": state.get("AdvertiseAddr") or None,
        "listen_addr": state.get("ListenAddr") or None,
        "data_path_addr": state.get("DataPathAddr") or None,
        "data_path_port": state.get("DataPathPort") or None,
        "default_addr_pool": state.get("DefaultAddressPool") or None,
        "subnet_size": state.get("SubnetSize") or None,
    }
