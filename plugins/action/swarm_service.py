# Copyright (c) 2026, apiary.swarm maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Show on the control host how services come up while module swarm_service waits for them.

Credentials that are wanted of the control host are looked up here, and given to the run that applies alone.
The module is run once to apply, without waiting, and then in slices of some seconds, until there is news; each tells what it saw, and hands
the clocks of the wait on to the next. Where nobody is to see it, the module does the whole wait in one run.
"""

from __future__ import annotations

from ansible.module_utils.parsing.convert_bool import boolean
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

from ..module_utils._connection import connection_spec
from ..module_utils._errors import SwarmError
from ..plugin_utils._credentials import from_docker_config, passwords, registries
from ..plugin_utils._unlogged import unlogged

display = Display()

# Seconds a slice lasts at least; one that has nothing new to tell lasts longer. Each is a process more on a host that
# is busy starting tasks, so it lasts longer, too, the more services are waited for.
SLICE = 2
SERVICES_A_SECOND = 20
# With more services than this, only the last line about each is shown.
MANY = 10
LAST_WORDS = ("verify: Service converged", "job complete", "failed: ", "removed")


class ActionModule(ActionBase):
    _supports_check_mode = True
    _supports_async = True

    # What a slice is told instead of the options that it does not need, though the module wants one of them.
    ANY = {"name": "any"}

    def run(self, tmp=None, task_vars=None):
        result = super().run(tmp, task_vars)
        del tmp
        arguments = dict(self._task.args)
        try:
            arguments, applying_vars = self._with_credentials(arguments, task_vars)
        except SwarmError as error:
            return {**result, "failed": True, **error.result()}
        if self._unwatched(arguments):
            return {**result, **self._tidy(self._module(arguments, applying_vars, wrap_async=self._task.async_val))}

        first = last = self._module({**arguments, "_slice": 0}, applying_vars)
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
            slice_ = SLICE + len(pending["waiting"]) / SERVICES_A_SECOND
            known = {"_slice": slice_, "_resume": pending, "api_version": pending["api_version"]}
            last = self._module({**self._of_connection(arguments), **known}, task_vars)
            pending, lines = last.pop("_pending", None), last.pop("_progress", [])
            warnings += [text for text in last.get("warnings", []) if text not in warnings]
            first = self._joined(first, last)
            if not pending:
                self._show(lines, prefix, many)
        if warnings:
            first["warnings"] = warnings
        return {**result, **self._tidy(first)}

    def _module(self, arguments, task_vars, wrap_async=False):
        arguments = {**arguments, "_no_log": bool(self._task.no_log)}
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
    def _with_credentials(arguments, task_vars):
        """Arguments and variables for a task that may carry credentials, or want those of the control host."""
        found = from_docker_config(registries(arguments))
        hidden = passwords(arguments)
        if found:
            arguments["_registry_auth"] = found
        if hidden:
            arguments["_hidden"] = hidden
        if found or hidden or arguments.get("registry_auth"):
            task_vars = unlogged(task_vars)
        return arguments, task_vars

    def _of_connection(self, arguments):
        """A slice knows what to wait for; of the options it needs those of the connection, and no credentials."""
        spec = connection_spec()
        names = set(spec).union(*(option.get("aliases", ()) for option in spec.values()))
        names -= {"api_version", *spec["api_version"].get("aliases", ())}  # a slice is told the one in use
        return {**self.ANY, **{key: value for key, value in arguments.items() if key in names}}

    @staticmethod
    def _tidy(result):
        """A result without the options that are between the plugin and its module."""
        shown = result.get("invocation", {}).get("module_args", {})
        for option in [option for option in shown if option.startswith("_")]:
            del shown[option]
        return result

    @staticmethod
    def _joined(first, last):
        """The result of the run that applied, with what a later slice found out and whether it failed."""
        found = {entry["name"]: entry for entry in last.get("services", [])}
        services = []
        for entry in first.get("services", []):
            later = found.get(entry["name"], {})
            known = {key: later[key] for key in ("tasks", "update_status", "failure") if key in later}
            services.append({**entry, **known})
        kept = {"invocation": first["invocation"]} if "invocation" in first else {}
        whole = {
            "changed": first.get("changed", False) or last.get("changed", False),
            "diff": [*last.get("diff", []), *first.get("diff", [])],
        }
        return {**last, **kept, **whole, "services": services}

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
