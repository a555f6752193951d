# Copyright (c) 2026, apiary.swarm maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run module swarm_deploy as swarm_service is run, and so that no content comes into the host's log."""

from __future__ import annotations

from ..plugin_utils._unlogged import unlogged
from .swarm_service import ActionModule as WatchedServices


class ActionModule(WatchedServices):
    ANY = {"services": []}

    def run(self, tmp=None, task_vars=None):
        return super().run(tmp, unlogged(task_vars))
