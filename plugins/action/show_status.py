# Copyright (c) 2026, apiary.swarm maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Print what swarm_info said on each host as tables, on the control host."""

from __future__ import annotations

import datetime

from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

from ..plugin_utils._status import report

display = Display()


class ActionModule(ActionBase):
    _supports_check_mode = True
    _requires_connection = False

    def run(self, tmp=None, task_vars=None):
        result = super().run(tmp, task_vars)
        del tmp
        _result, options = self.validate_argument_spec(
            {
                "hosts": {
                    "type": "list",
                    "elements": "dict",
                    "required": True,
                    "options": {
                        "name": {"type": "str", "required": True},
                        "url": {"type": "str", "default": "-"},
                        "report": {"type": "dict", "required": True},
                    },
                }
            }
        )
        lines = report(options["hosts"], datetime.datetime.now(datetime.timezone.utc))
        display.display("\n".join(["", *lines]))
        return {**result, "changed": False, "lines": lines}
