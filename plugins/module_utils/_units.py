# Copyright (c) 2026, apiary.swarm maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What people write and what the engine's API wants: durations, sizes, processors, ports.

PRIVATE to apiary.swarm: no other collection may import it.

Pure. Every function raises ValueError with a sentence about the value; the caller knows the option's name.
The short forms are those of the docker CLI (opts/ and cli/command/service/opts.go).
"""

from __future__ import annotations

import re
from decimal import Decimal

_NANOSECONDS = {
    "ns": 1,
    "us": 1000,
    "µs": 1000,
    "ms": 1000**2,
    "s": 1000**3,
    "m": 60 * 1000**3,
    "h": 3600 * 1000**3,
    "d": 86400 * 1000**3,
}
_DURATION_PART = re.compile(r"([0-9]+(?:\.[0-9]*)?|\.[0-9]+)(ns|us|µs|ms|s|m|h|d)")
_SIZE = re.compile(r"([0-9]+(?:\.[0-9]+)?) ?([kmgtp]?)i?b?", re.IGNORECASE | re.ASCII)
_CPUS = re.compile(r"[0-9]+(\.[0-9]{1,9})?|\.[0-9]{1,9}")
_PORT = re.compile(
    r"(?:(?P<published>\d{1,9})(?:-(?P<published_end>\d{1,9}))?:)?(?P<target>\d{1,9})(?:-(?P<target_end>\d{1,9}))?(?:/(?P<protocol>\w+))?",
    re.ASCII,
)
_MODE = re.compile(r"(?:0o)?([0-7]{1,5})")
# The engine's own numbers have 64 bits.
MOST = 2**63 - 1
# A day; what is far beyond, a socket cannot count.
MOST_SECONDS = 86400


def duration(value):
    """A duration in nanoseconds from text like 1m30s, 1.5h or 0, or from a number of nanoseconds.

    Days are taken as well (engines count them as hours). A bare number below a millisecond is refused: whoever
    writes 10 means seconds, and the engine takes nanoseconds.
    """
    text = str(value).strip()
    if re.fullmatch(r"[0-9]{1,30}", text):
        number = _bounded(int(text), value)
        if 0 < number < 10**6:
            raise ValueError(f"{text} would be nanoseconds: name a unit, for example {text}s")
        return number
    total = Decimal(0)
    position = 0
    while position < len(text):
        part = _DURATION_PART.match(text, position)
        if not part:
            break
        total += Decimal(part.group(1)) * _NANOSECONDS[part.group(2)]
        position = part.end()
    if not text or position < len(text):
        raise ValueError(f"'{value}' is not a duration such as 500ms, 10s, 1m30s or 24h")
    return _bounded(int(total), value)


def duration_text(nanoseconds):
    """Nanoseconds as the shortest text that duration() reads back."""
    rest = int(nanoseconds)
    parts = []
    for unit in ("h", "m", "s", "ms", "us", "ns"):
        count, rest = divmod(rest, _NANOSECONDS[unit])
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts) or "0s"


def size(value):
    """A size in bytes from text like 512M, 1.5g or 64KiB, or from a number of bytes. K is 1024, as in the CLI."""
    match = _SIZE.fullmatch(str(value).strip())
    if not match:
        raise ValueError(f"'{value}' is not a size such as 64K, 512M or 1.5G")
    return _bounded(int(Decimal(match.group(1)) * 1024 ** " kmgtp".index(match.group(2).lower() or " ")), value)


def cpus(value):
    """A number of processors in billionths (NanoCPUs) from 0.5, 2 or the same as text."""
    text = str(value).strip()
    if not _CPUS.fullmatch(text):
        raise ValueError(f"'{value}' is not a number of processors such as 0.5 or 2")
    return _bounded(int(Decimal(text) * 10**9), value)


def swap(value):
    """A size in bytes, or -1 for no limit."""
    return -1 if str(value).strip() == "-1" else size(value)


def capability(value):
    """A capability as the engine names it: CAP_NET_ADMIN for net_admin, NET_ADMIN and CAP_NET_ADMIN; ALL stays."""
    name = str(value).strip().upper()
    return name if name == "ALL" or name.startswith("CAP_") else f"CAP_{name}"


def file_mode(value):
    """Permission bits: text is octal ('1770'), a number is taken as it is (YAML reads 01770 as octal itself)."""
    if isinstance(value, int) and not isinstance(value, bool):
        if not 0 <= value <= 0o7777:
            raise ValueError(f"mode {value:o} is no file mode")
        return value
    match = _MODE.fullmatch(str(value).strip())
    if not match or int(match.group(1), 8) > 0o7777:
        raise ValueError(f"'{value}' is not a file mode such as '0755'")
    return int(match.group(1), 8)


def whole(value):
    """The number that a value's plain digits say, or None: to str.isdigit() a superscript two is a digit, too."""
    text = str(value)
    return int(text) if re.fullmatch(r"[0-9]{1,18}", text) else None


def _bounded(number, value):
    if number > MOST:
        raise ValueError(f"'{value!s:.40}' is more than 64 bits hold")
    return number


def ports(value):
    """Port options from the CLI's --publish text: 8080:80, 80, 53:53/udp, 8000-8002:80-82, published=8080,target=80.

    The long form takes ranges, too, which the CLI does not: it is the only one for mode host. Returns a list of dicts with
    published_port (absent: the engine chooses), target_port, protocol, mode.
    """
    text = str(value).strip()
    if "=" in text:
        return _long_ports(text)
    match = _PORT.fullmatch(text)
    if not match:
        raise ValueError(f"'{value}' is not a port such as 8080:80, 53:53/udp or published=8080,target=80,mode=host")
    targets = _range(match.group("target"), match.group("target_end"))
    published = _range(match.group("published"), match.group("published_end"))
    entry = {"protocol": (match.group("protocol") or "tcp").lower(), "mode": "ingress"}
    return _one_by_one(value, entry, targets, published)


def _one_by_one(value, entry, targets, published):
    """The entry for each of the target ports, with the published port that goes with it."""
    if published and len(targets) == 1:
        targets = targets * len(published)
    if published and len(published) != len(targets):
        raise ValueError(f"'{value}': {len(published)} published ports do not fit {len(targets)} target ports")
    if not published:
        return [dict(entry, target_port=target) for target in targets]
    return [dict(entry, target_port=target, published_port=port) for target, port in zip(targets, published)]


def _range(first, last):
    if first is None:
        return []
    low, high = int(first), int(last or first)
    if high < low:
        raise ValueError(f"the port range {low}-{high} runs backwards")
    if high > 65535:
        raise ValueError(f"there is no port {high}")
    return list(range(low, high + 1))


_RANGE = re.compile(r"(?P<first>[0-9]{1,9})(?:-(?P<last>[0-9]{1,9}))?")
_PORT_KEYS = {"published": "published_port", "target": "target_port", "protocol": "protocol", "mode": "mode"}


def _long_ports(text):
    entry = {"protocol": "tcp", "mode": "ingress"}
    for key, value in pairs(text):
        if key not in _PORT_KEYS:
            raise ValueError(f"'{text}': there is no {key}; there are {', '.join(_PORT_KEYS)}")
        if value is None:
            raise ValueError(f"'{text}': {key} needs a value")
        entry[_PORT_KEYS[key]] = value.lower()
    ranges = {key: _RANGE.fullmatch(entry.get(key, "")) for key in ("target_port", "published_port")}
    if not any(found and found.group("last") for found in ranges.values()):
        return [entry]
    for key, found in ranges.items():
        if key in entry and not found:
            raise ValueError(f"'{text}': {entry[key]} is neither a port nor a range of ports")
    targets, published = ([] if found is None else _range(*found.groups()) for found in ranges.values())
    return _one_by_one(text, {key: entry[key] for key in ("protocol", "mode")}, targets, published)


def pairs(text):
    """(key in lower case, value or None) of comma-separated key=value text; a field in double quotes may hold commas."""
    if text.count('"') % 2:
        raise ValueError(f"'{text}' has a double quote that is not closed")
    for field in re.findall(r'(?:"[^"]*"|[^,"])+', text):
        key, equals, value = field.strip().strip('"').partition("=")
        yield key.lower(), value if equals else None
