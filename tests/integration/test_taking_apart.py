# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the playbooks that take nodes away refuse, before anything is changed. What they do is in tests/lifecycle/nodes.py."""

from __future__ import annotations

import pytest
from harness.lab import MANAGERS


@pytest.mark.parametrize(
    ("name", "words", "extra"),
    [
        ("remove_node", "no manager would be left", {"remove_node_hosts": MANAGERS}),
        ("replace_node", "worker7 is no host of the inventory's groups", {"replace_node_hosts": "worker7"}),
        ("reset", "-e confirm=yes", {}),
    ],
)
def test_refused(swarm, name, words, extra):
    run = swarm.playbook(f"{name}.yml", extra_vars=extra)
    assert run.rc != 0, run.output
    assert words in "\n".join(run.messages().values()), run.output
    assert run.changed() == set(), run.output
    assert swarm.docker("manager1", "config", "ls", "-q") == "", "the lock was kept"
    swarm.check_swarm()
