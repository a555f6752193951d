# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026, apiary.swarm maintainers
"""go_version.py FILE OLD NEW: shorten a version string that Go's linker put into an x86_64 binary; NEW begins OLD.

Debian's engines call themselves "20.10.24+dfsg1"; upstream's packages, and whoever compares versions, say "20.10.24".
A Go string is a pointer and a length side by side, so it is enough to rewrite the length wherever the pointer points at
OLD. The pointer stands in the data itself, or, in a position-independent binary, in the addend of a relocation.
"""

from __future__ import annotations

import struct
import sys
from typing import NamedTuple

PT_LOAD = 1
SHT_RELA = 4
R_X86_64_RELATIVE = 8


class Segment(NamedTuple):
    offset: int
    address: int
    size: int


class Binary:
    """The little of an ELF file that is needed: where file offsets lie in memory, and the relocations."""

    def __init__(self, data: bytearray) -> None:
        self.data = data
        program_headers, section_headers = struct.unpack_from("<QQ", data, 32)
        count, _, sections = struct.unpack_from("<HHH", data, 56)
        self.segments = []
        for number in range(count):
            kind, _, offset, address, _, size, _, _ = struct.unpack_from(
                "<IIQQQQQQ", data, program_headers + 56 * number
            )
            if kind == PT_LOAD:
                self.segments.append(Segment(offset, address, size))
        self.relocation_tables = []
        for number in range(sections):
            header = struct.unpack_from("<IIQQQQIIQQ", data, section_headers + 64 * number)
            if header[1] == SHT_RELA:
                self.relocation_tables.append((header[4], header[5]))

    def address(self, offset: int) -> int | None:
        return next((s.address + offset - s.offset for s in self.segments if 0 <= offset - s.offset < s.size), None)

    def offset(self, address: int) -> int | None:
        return next((s.offset + address - s.address for s in self.segments if 0 <= address - s.address < s.size), None)

    def relative_relocations(self):
        for start, size in self.relocation_tables:
            for place, info, addend in struct.iter_unpack("<QQq", self.data[start : start + size - size % 24]):
                if info & 0xFFFFFFFF == R_X86_64_RELATIVE:
                    yield place, addend


def find_all(data: bytearray, wanted: bytes):
    at = data.find(wanted)
    while at >= 0:
        yield at
        at = data.find(wanted, at + 1)


def shorten(data: bytearray, old: bytes, new: bytes) -> int:
    """Change data in place; return how many strings were shortened."""
    binary = Binary(data)
    texts = {binary.address(at) for at in find_all(data, old)} - {None}
    old_length, new_length = struct.pack("<Q", len(old)), struct.pack("<Q", len(new))
    lengths = {
        at for at in find_all(data, old_length) if at % 8 == 0 and struct.unpack_from("<Q", data, at - 8)[0] in texts
    }
    for place, addend in binary.relative_relocations():
        if addend in texts:
            at = binary.offset(place) + 8
            if data[at : at + 8] == old_length:
                lengths.add(at)
    for at in lengths:
        data[at : at + 8] = new_length
    return len(lengths)


def main() -> None:
    path, old, new = sys.argv[1:]
    if not old.startswith(new):
        sys.exit(f"{new} is not the beginning of {old}")
    with open(path, "rb") as file:
        data = bytearray(file.read())
    count = shorten(data, old.encode(), new.encode())
    if not count:
        sys.exit(f"{path}: no string {old} in it")
    with open(path, "wb") as file:
        file.write(data)
    print(f"{path}: {old} is now {new} in {count} places")


if __name__ == "__main__":
    main()
