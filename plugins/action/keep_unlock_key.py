# Copyright (c) 2026, apiary.swarm maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Keep a swarm's unlock key in an encrypted file of the control host."""

from __future__ import annotations

from ansible.plugins.action import ActionBase

from ..module_utils._errors import SwarmError
from ..plugin_utils._key_file import KeyFile, renewed


class ActionModule(ActionBase):
    _supports_check_mode = True
    _requires_connection = False

    def run(self, tmp=None, task_vars=None):
        result = super().run(tmp, task_vars)
        del tmp
        _result, options = self.validate_argument_spec(
            {
                "path": {"type": "path", "required": True},
                "key": {"type": "str", "no_log": True},
                "vault_id": {"type": "str"},
            }
        )
        try:
            # ansible-core hands a run's vault secrets to its loader and has no other way to ask for them
            file = KeyFile(options["path"], self._loader._vault.secrets, options["vault_id"])
            wanted = renewed(file.variables, options["key"]) if options["key"] else file.variables
            changed = wanted != file.variables
            if changed and not self._task.check_mode:
                file.write(wanted)
        except SwarmError as error:
            return {**result, "failed": True, **error.result()}
        except Exception as error:  # noqa: BLE001 - its text, which Ansible prints under no_log too, may quote the key
            told = SwarmError(f"keep_unlock_key failed in a way nobody foresaw: {type(error).__name__}", kind="bug")
            return {**result, "failed": True, **told.result()}
        return {**result, "changed": changed, "path": str(file.path)}
