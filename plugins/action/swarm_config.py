# Copyright (c) 2026, apiary.swarm maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run module swarm_config so that no content comes into the host's log."""

from __future__ import annotations

from ..plugin_utils._unlogged import UnloggedModule


class ActionModule(UnloggedModule):
    pass
