# Copyright (c) 2026, apiary.swarm maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run module swarm_lock as this run of Ansible, and pass over a holder whose process here is gone."""

from __future__ import annotations

from ansible.plugins.action import ActionBase

from ..plugin_utils._holder import has_died, this_run


class ActionModule(ActionBase):
    _supports_check_mode = True

    def run(self, tmp=None, task_vars=None):
        result = super().run(tmp, task_vars)
        del tmp
        options = {"holder": this_run(), **self._task.args}
        answer = self._execute_module(module_args=options, task_vars=task_vars)
        holder = (answer.get("lock") or {}).get("holder", "")
        if (answer.get("failure") or {}).get("kind") == "locked_by_play" and has_died(holder):
            answer = self._execute_module(module_args={**options, "dead_holder": holder}, task_vars=task_vars)
        return {**result, **answer}
