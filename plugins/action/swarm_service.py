# Copyright (c) 2026, apiary.swarm maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Show on the control host how services come up while module swarm_service waits for them.

The module is run once to apply, without waiting, and then in slices of some seconds, until there is news; each tells what it saw, and hands
the clocks of the wait on to the next. Where nobody is to see it, the module does the whole wait in one run.
"""

from __future__ import annotations

from ansible.module_utils.parsing.convert_bool import boolean
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

display = Display()

# Seconds a slice lasts at least; one that has nothing new to tell lasts longer.
SLICE = 2
# With more services than this, only the last line about each is shown.
MANY = 10
LAST_WORDS = ("verify: Service converged", "job complete", "failed: ", "removed")


class ActionModule(ActionBase):
    _supports_check_mode = True
    _supports_async = True

    def run(self, tmp=None, task_vars=None):
        result = super().run(tmp, task_vars)
        del tmp
        arguments = dict(self._task.args)
        if self._unwatched(arguments):
            return {**result, **self._module(arguments, task_vars, wrap_async=self._task.async_val)}

        first = last = self._module({**arguments, "_slice": 0}, task_vars)
        prefix = self._prefix(task_vars)
        pending = last.pop("_pending", None)
        if pending:
            many = len(pending["waiting"]) > MANY
            self._show_changes(first, prefix)
        # Nothing to wait for: what the look said is in the result.
        lines = last.pop("_progress", [])
        warnings = list(first.get("warnings", []))
        while pending:
            self._show(lines, prefix, many)
            last = self._module({**self._without_services(arguments), "_slice": SLICE, "_resume": pending}, task_vars)
            pending, lines = last.pop("_pending", None), last.pop("_progress", [])
            warnings += [text for text in last.get("warnings", []) if text not in warnings]
            first = self._joined(first, last)
            if not pending:
                self._show(lines, prefix, many)
        if warnings:
            first["warnings"] = warnings
        for hidden in ("_slice", "_resume"):
            first.get("invocation", {}).get("module_args", {}).pop(hidden, None)
        return {**result, **first}

    def _module(self, arguments, task_vars, wrap_async=False):
        return self._execute_module(module_args=arguments, task_vars=task_vars, wrap_async=wrap_async)

    def _unwatched(self, arguments):
        """Whether there is nothing to wait for, or nobody to tell."""
        return bool(
            self._task.async_val
            or self._task.no_log
            or self._task.check_mode
            or not boolean(arguments.get("wait", True), strict=False)
        )

    @staticmethod
    def _without_services(arguments):
        """A slice knows what to wait for; of the options it needs those of the connection."""
        kept = {key: value for key, value in arguments.items() if key not in ("services", "service_defaults")}
        return {"name": "any", **kept}

    @staticmethod
    def _joined(first, last):
        """The result of the run that applied, with what a later slice found out and whether it failed."""
        found = {entry["name"]: entry for entry in last.get("services", [])}
        services = []
        for entry in first.get("services", []):
            later = found.get(entry["name"], {})
            known = {key: later[key] for key in ("tasks", "update_status", "failure") if key in later}
            services.append({**entry, **known})
        kept = {key: first[key] for key in ("changed", "diff", "invocation") if key in first}
        return {**last, **kept, "services": services}

    # What people see

    def _prefix(self, task_vars):
        """The host's name, where several hosts may speak at once."""
        several = len(task_vars.get("ansible_play_batch") or ()) > 1 and not self._task.run_once
        return f"{task_vars['inventory_hostname']} | " if several else ""

    def _show_changes(self, result, prefix):
        for entry in result.get("services", []):
            if entry["changed"] and entry["action"] != "removed":
                display.display(f"{prefix}{entry['name']}: {entry['action']}")

    def _show(self, lines, prefix, many):
        for name, text in lines:
            if not many or not name or text.startswith(LAST_WORDS):
                display.display(f"{prefix}{name}: {text}" if name else f"{prefix}{text}")
