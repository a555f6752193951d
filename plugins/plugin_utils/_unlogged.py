# Copyright (c) 2026, apiary.swarm maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tasks whose options are not to be written into the host's log.

PRIVATE to apiary.swarm: no other collection may import it. Runs on the control host.

ansible-core writes a task's options there, a list as Python would write it. What is to be hidden is looked for as it is: a
text with a newline, a backslash or both quotes, such as a private key, is not found and stands there to be read.
"""

from __future__ import annotations

from ansible.plugins.action import ActionBase


def unlogged(task_vars):
    """The variables of a task, with the one of ansible-core that keeps its options out of the host's log."""
    return {**(task_vars or {}), "ansible_no_target_syslog": True}


class UnloggedModule(ActionBase):
    """The module of the same name, and nothing else."""

    _supports_check_mode = True
    _supports_async = True

    def run(self, tmp=None, task_vars=None):
        result = super().run(tmp, task_vars)
        del tmp
        return {**result, **self._execute_module(task_vars=unlogged(task_vars), wrap_async=self._task.async_val)}
