# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.apiary.swarm.plugins.module_utils._mesh import ip_vs_support

NET = {"proc/net/dev": ""}


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"proc/net/ip_vs": "", "proc/modules": ""}, True),
        ({**NET, "proc/modules": "nf_conntrack 1 2\nip_vs 155648 8 ip_vs_rr, Live\n"}, True),
        (
            {**NET, "proc/modules": "ip_vs_ftp_like_name 1 2\n", "lib/modules/6.1/modules.dep": "kernel/fs/ext4.ko:\n"},
            False,
        ),
        (
            {**NET, "proc/modules": "", "lib/modules/6.1/modules.dep": "kernel/net/netfilter/ipvs/ip_vs.ko.xz: a b\n"},
            True,
        ),
        (
            {**NET, "proc/modules": "", "lib/modules/6.1/modules.dep": "kernel/x/y.ko: kernel/net/ipvs/ip_vs.ko\n"},
            False,
        ),
        ({**NET, "proc/modules": "", "lib/modules/6.1/modules.builtin": "kernel/net/netfilter/ipvs/ip_vs.ko\n"}, True),
        ({**NET}, False),
        ({**NET, "proc/modules": ""}, None),
    ],
)
def test_the_kernel_is_asked_in_every_place_that_knows(tmp_path, files, expected):
    for name, content in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    found = ip_vs_support(root=str(tmp_path), release="6.1")
    assert found["ip_vs"] is expected
    assert found["source"]
