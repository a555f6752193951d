# Copyright (c) 2026, apiary.swarm maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Choose the manager from which a swarm without quorum goes on, as a filter."""

from __future__ import annotations

from ..plugin_utils._recovery import recover_choice

DOCUMENTATION = r"""
name: recover_choice
short_description: Choose the manager from which a swarm without quorum goes on
version_added: 1.0.0
author:
  - apiary.swarm maintainers (@apiary-swarm)
description:
  - Takes the one that knows most of what the managers had agreed upon, and refuses where there is a quorum or one that is silent may know more.
positional: files, managers
options:
  _input:
    description: Registered results of M(apiary.swarm.swarm_info), by host.
    type: dict
    required: true
  files:
    description: Registered results of M(apiary.swarm.swarm_files), by host.
    type: dict
    required: true
  managers:
    description: All managers of the inventory.
    type: list
    elements: str
    required: true
  confirmed:
    description: Go on although managers are silent.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Decide
  ansible.builtin.set_fact:
    choice: "{{ reports | apiary.swarm.recover_choice(files, groups.swarm_managers) }}"
"""

RETURN = r"""
_value:
  description:
    - RV(ignore:refusal), or RV(ignore:host), whether it must be RV(ignore:forced), RV(ignore:others) that must leave, and what is RV(ignore:known).
  type: dict
"""


class FilterModule:
    def filters(self):
        return {"recover_choice": recover_choice}
