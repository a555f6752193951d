# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.apiary.swarm.plugins.module_utils import _units as units

SECOND = 10**9


@pytest.mark.parametrize(
    ("text", "nanoseconds"),
    [
        ("10s", 10 * SECOND),
        ("1m30s", 90 * SECOND),
        ("1h2m3s4ms5us6ns", 3723 * SECOND + 4_005_006),
        ("1.5s", 1_500_000_000),
        (".5s", 500_000_000),
        ("2160h0m0s", 2160 * 3600 * SECOND),
        ("90d", 90 * 24 * 3600 * SECOND),
        ("0", 0),
        ("0s", 0),
        (0, 0),
        (5_000_000_000, 5 * SECOND),
        ("5000000000", 5 * SECOND),
    ],
)
def test_duration(text, nanoseconds):
    assert units.duration(text) == nanoseconds


@pytest.mark.parametrize("text", ["", "ten", "10", 10, "10 s", "1s2", "-5s", "1x", "s", None])
def test_duration_refuses(text):
    with pytest.raises(ValueError, match="unit|duration"):
        units.duration(text)


@pytest.mark.parametrize("text", ["0s", "1ms", "1m30s", "24h", "500ms", "1h1s", "7us3ns"])
def test_duration_text_is_read_back(text):
    assert units.duration_text(units.duration(text)) == text


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("512M", 512 * 1024**2),
        ("512m", 512 * 1024**2),
        ("512MB", 512 * 1024**2),
        ("512MiB", 512 * 1024**2),
        ("1.5g", 1536 * 1024**2),
        ("64 k", 65536),
        ("100b", 100),
        ("4194304", 4194304),
        (4194304, 4194304),
        (0, 0),
        ("1T", 1024**4),
        ("1P", 1024**5),
    ],
)
def test_size(text, size):
    assert units.size(text) == size


@pytest.mark.parametrize("text", ["", "M", "-1", "5X", "1..5G", "5 MB x", None])
def test_size_refuses(text):
    with pytest.raises(ValueError, match="size"):
        units.size(text)


def test_swap():
    assert (units.swap("-1"), units.swap(-1), units.swap(0), units.swap("1G")) == (-1, -1, 0, 1024**3)
    with pytest.raises(ValueError, match="size"):
        units.swap("-2")


@pytest.mark.parametrize(
    ("text", "nano"),
    [(0.5, 500_000_000), ("1.5", 1_500_000_000), (2, 2 * SECOND), (".1", 10**8), (0, 0), (0.3, 3 * 10**8)],
)
def test_cpus(text, nano):
    assert units.cpus(text) == nano


@pytest.mark.parametrize("text", ["-1", "half", "", "1e3", "0.0000000001"])
def test_cpus_refuses(text):
    with pytest.raises(ValueError, match="processors"):
        units.cpus(text)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("net_admin", "CAP_NET_ADMIN"),
        ("NET_ADMIN", "CAP_NET_ADMIN"),
        ("cap_net_admin", "CAP_NET_ADMIN"),
        ("all", "ALL"),
    ],
)
def test_capability(text, name):
    assert units.capability(text) == name


@pytest.mark.parametrize(("value", "bits"), [("1770", 0o1770), ("0755", 0o755), (0o700, 0o700), ("0o644", 0o644)])
def test_file_mode(value, bits):
    assert units.file_mode(value) == bits


def test_file_mode_refuses():
    with pytest.raises(ValueError, match="file mode"):
        units.file_mode("rwx")


def port(target, published=None, protocol="tcp", mode="ingress"):
    entry = {"target_port": target, "protocol": protocol, "mode": mode}
    if published is not None:
        entry["published_port"] = published
    return entry


@pytest.mark.parametrize(
    ("text", "entries"),
    [
        ("80", [port(80)]),
        ("8080:80", [port(80, 8080)]),
        ("53:53/udp", [port(53, 53, "udp")]),
        ("8000-8001:80-81", [port(80, 8000), port(81, 8001)]),
        ("8000-8001:80", [port(80, 8000), port(80, 8001)]),
        ("8000-8010:80-90", [port(80 + index, 8000 + index) for index in range(11)]),
        ("80-81", [port(80), port(81)]),
        ("5000-5001:5000-5001/SCTP", [port(5000, 5000, "sctp"), port(5001, 5001, "sctp")]),
        ("published=8080,target=80", [port("80", "8080")]),
        ("target=80,mode=host,protocol=udp", [port("80", None, "udp", "host")]),
        ("published=90-91,target=80-81,mode=host", [port(80, 90, mode="host"), port(81, 91, mode="host")]),
        ("published=90-91,target=80,protocol=udp", [port(80, 90, "udp"), port(80, 91, "udp")]),
        ("target=80-81,mode=host", [port(80, mode="host"), port(81, mode="host")]),
        ("Mode=HOST,target=80", [port("80", mode="host")]),
    ],
)
def test_ports(text, entries):
    assert units.ports(text) == entries


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a:b",
        "1-3:1-2",
        "9-8:1",
        "1-99999999:80",
        "8000-8010:80-99",
        "-1:80",
        "80/",
        "nonsense=1,target=2",
        "127.0.0.1:80:80",
        "target",
        "published=80-81,target=x",
        "published=x,target=80-81",
        "published=80-81",
        "published=80-81,target=80-82,mode=host",
    ],
)
def test_ports_refuses(text):
    with pytest.raises(ValueError, match="port|published|there is no"):
        units.ports(text)
