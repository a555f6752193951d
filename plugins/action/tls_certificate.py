# Copyright (c) 2026, apiary.swarm maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Issue a certificate for an engine, on the control host. Its key is in the result and in no file."""

from __future__ import annotations

import datetime

from ansible.plugins.action import ActionBase

from ..plugin_utils._authority import AuthorityError, refuse_odd, signer
from ..plugin_utils._certificates import SERVER, issue
from .tls_authority import SPEC, given, place


class ActionModule(ActionBase):
    _supports_check_mode = True
    _requires_connection = False

    def run(self, tmp=None, task_vars=None):
        result = super().run(tmp, task_vars)
        del tmp
        own = {
            "name": {"type": "str", "required": True},
            "names": {"type": "list", "elements": "str", "required": True},
        }
        wanted = {name: option for name, option in SPEC.items() if name != "renew_days"}
        _result, options = self.validate_argument_spec({**wanted, **own})
        now = datetime.datetime.now(datetime.timezone.utc)
        try:
            refuse_odd(options)
            if self._task.check_mode:
                return {**result, "changed": True}
            authority = signer(place(options), given(options))
            made = issue(authority, options["name"], options["names"], SERVER, options["days"], now)
        except AuthorityError as error:
            return {**result, "failed": True, "msg": str(error)}
        return {**result, "changed": True, "certificate": made.certificate, "key": made.key}
