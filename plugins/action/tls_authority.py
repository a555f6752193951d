# Copyright (c) 2026, apiary.swarm maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Keep an authority and a client's certificate in a folder of the control host."""

from __future__ import annotations

import datetime
import os

from ansible.plugins.action import ActionBase

from ..plugin_utils._authority import AuthorityError, keep, refuse_odd
from ..plugin_utils._certificates import Pair

SPEC = {
    "directory": {"type": "str", "default": ""},
    "days": {"type": "int", "default": 365},
    "renew_days": {"type": "int", "default": 30},
    "ca_certificate": {"type": "str", "default": ""},
    "ca_key": {"type": "str", "default": "", "no_log": True},
}


def given(options):
    """The operator's own authority, if the task has one."""
    return Pair(options["ca_certificate"], options["ca_key"]) if options["ca_certificate"] else None


def place(options):
    """The folder, with ~ resolved; an empty text if there is none."""
    return os.path.expanduser(options["directory"])


class ActionModule(ActionBase):
    _supports_check_mode = True
    _requires_connection = False

    def run(self, tmp=None, task_vars=None):
        result = super().run(tmp, task_vars)
        del tmp
        _result, options = self.validate_argument_spec(SPEC)
        now, write = datetime.datetime.now(datetime.timezone.utc), not self._task.check_mode
        try:
            refuse_odd(options)
            authority, done = keep(
                place(options), given(options), options["days"], options["renew_days"], now, write=write
            )
        except AuthorityError as error:
            return {**result, "failed": True, "msg": str(error)}
        return {**result, "changed": bool(done), "ca_certificate": authority.strip() + "\n", "actions": done}
