# Copyright (c) 2026, apiary.swarm maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Print what check_ports found on each host as a table, on the control host."""

from __future__ import annotations

from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

from ..plugin_utils._published import verdict

display = Display()

# As many as a person reads; the table has them all.
SHOWN = 10


class ActionModule(ActionBase):
    _supports_check_mode = True
    _requires_connection = False

    def run(self, tmp=None, task_vars=None):
        result = super().run(tmp, task_vars)
        del tmp
        _result, options = self.validate_argument_spec(
            {
                "seen": {"type": "dict", "required": True},
                "hosts": {
                    "type": "list",
                    "elements": "dict",
                    "required": True,
                    "options": {
                        "name": {"type": "str", "required": True},
                        "report": {"type": "dict", "required": True},
                    },
                },
            }
        )
        hosts = {host["name"]: host["report"] for host in options["hosts"]}
        answers = {name: report["results"] for name, report in hosts.items() if "results" in report}
        unseen = {name: report for name, report in hosts.items() if name not in answers}
        lines, failures = verdict(answers, options["seen"], unseen)
        display.display("\n".join(["", *lines]))
        result.update(changed=False, failures=failures)
        if failures:
            more = [f"and {len(failures) - SHOWN} more"] if len(failures) > SHOWN else []
            result.update(failed=True, msg="\n".join([*failures[:SHOWN], *more]))
        else:
            result.update(lines=lines)  # Ansible prints all of a failed result, and the table stands above already
        return result
