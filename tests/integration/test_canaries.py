# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every module with secrets, once as it should be and failing, at -vvvv and with --diff: none of them is seen anywhere.

The playbooks, which take longer, are those of `make canaries`.
"""

from __future__ import annotations

from canaries.canary import Canaries
from canaries.judge import MODULES, every_module
from canaries.vault import Vault


def test_no_module_shows_a_secret(swarm, tmp_path):
    canaries = Canaries()
    done, seen = every_module(swarm, canaries, Vault(canaries, tmp_path))
    assert done.unlike_their_names() == []
    assert {(one["canary"], one["module"], one["place"]) for one in seen} == set()
    lacking = [name for name in MODULES for wanted in ("ok", "failed") if not done.ended(name, wanted)]
    assert lacking == [], "give them tasks in tests/canaries/modules.py"
