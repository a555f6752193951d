# Copyright (c) 2026, apiary.swarm maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """What the action plugins of swarm_service and swarm_deploy tell their modules."""

    DOCUMENTATION = r"""
options:
  _slice:
    description: How many seconds to wait in this call. For the action plugin of the module, which shows progress; not for tasks.
    type: float
  _resume:
    description: Where the call before this one ended. For the action plugin of the module, which shows progress; not for tasks.
    type: dict
  _registry_auth:
    description: Credentials found on the control host. For the action plugin of the module; not for tasks.
    type: dict
  _hidden:
    description: What is to be hidden in the result. For the action plugin of the module; not for tasks.
    type: list
    elements: str
  _no_log:
    description: Whether the task has C(no_log). For the action plugin of the module; not for tasks.
    type: bool
"""
