# Copyright (c) 2026, apiary.swarm maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Print what would break a swarm, on the control host."""

from __future__ import annotations

from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

from ..plugin_utils._preflight_report import report

display = Display()

ROW = {
    "name": {"type": "str", "required": True},
    "manager": {"type": "bool", "required": True},
    "probe": {"type": "dict", "required": True},
    "faults": {"type": "list", "elements": "str", "default": []},
    "advertise_addr": {"type": "str", "default": ""},
    "advertise_interface": {"type": "str", "default": ""},
    "data_path_addr": {"type": "str", "default": ""},
    "listen_addr": {"type": "str", "default": ""},
    "live_restore": {"type": "bool"},
    "opens_firewalld": {"type": "bool", "default": False},
}


class ActionModule(ActionBase):
    _supports_check_mode = True
    _requires_connection = False

    def run(self, tmp=None, task_vars=None):
        result = super().run(tmp, task_vars)
        del tmp
        _result, options = self.validate_argument_spec(
            {
                "hosts": {"type": "list", "elements": "dict", "required": True, "options": ROW},
                "settings": {"type": "dict", "default": {}},
                "networks": {"type": "list", "elements": "dict", "default": []},
                "answers": {"type": "dict"},
                "brief": {"type": "bool", "default": False},
            }
        )
        brief = options["brief"]
        lines, stops = report(
            options["hosts"], options["settings"], options["networks"], options["answers"], brief=brief
        )
        if lines:
            display.display("\n".join(["", *lines]))
        result.update(changed=False, lines=lines, stops=stops)
        return result
