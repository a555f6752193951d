# Copyright (c) 2026, apiary.swarm maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""AnsibleModule, with a message that names the option where ansible-core's own would be a traceback or name none.

PRIVATE to apiary.swarm: no other collection may import it.
"""

from __future__ import annotations

import json
import sys

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.common.validation import check_required_if, check_required_one_of

from ._checked import STUMBLES, odd_values, stumbled_over


class Module(AnsibleModule):
    def __init__(self, argument_spec, **rest):
        self.validation_result, self._made = None, False
        try:
            super().__init__(argument_spec, **rest)
            self._made = True
        except STUMBLES as error:
            _fail(
                "; ".join(stumbled_over(argument_spec, getattr(self, "params", {})))
                or f"The options cannot be read: {error}"
            )
        wrong = odd_values(argument_spec, self.params) + list(_lacking(self.params, **rest))
        if wrong:
            self.fail_json(msg="; ".join(wrong))

    def fail_json(self, msg, **rest):
        """Of an argument spec's errors ansible-core tells the first, which may be the one that names no option."""
        errors = self.validation_result.error_messages if self.validation_result else []
        if not self._made:
            # what stands in a place where it does not belong, such as a secret's content under its name, is not known to be secret
            rest["invocation"] = {}
        super().fail_json(msg="; ".join([msg, *(text for text in dict.fromkeys(errors) if text not in msg)]), **rest)


def _lacking(params, required_one_of=None, required_if=None, **_rest):
    """Sentences about what must be there and is null, which ansible-core takes for there."""
    there = {name: value for name, value in params.items() if value is not None}
    for check, terms in ((check_required_one_of, required_one_of), (check_required_if, required_if)):
        try:
            check(terms, there)
        except TypeError as error:
            yield str(error)


def _fail(msg):
    """fail_json of a module that was not made: without the options in the result, for it is not known which are secret."""
    sys.stdout.write(json.dumps({"failed": True, "msg": msg}))
    raise SystemExit(1)
