# Copyright (c) 2026, apiary.swarm maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Choose the manager that a backup is taken of, as a filter."""

from __future__ import annotations

from ..plugin_utils._backup import backup_choice

DOCUMENTATION = r"""
name: backup_choice
short_description: Choose the manager that a backup is taken of
version_added: 1.0.0
author:
  - apiary.swarm maintainers (@apiary-swarm)
description:
  - Takes a follower that can be reached, and refuses, with the arithmetic, where the swarm cannot spare one.
positional: answers, present
options:
  _input:
    description: Rows RV(apiary.swarm.swarm_info#module:nodes) of M(apiary.swarm.swarm_info).
    type: list
    elements: dict
    required: true
  answers:
    description: Registered results of M(apiary.swarm.swarm_info), by host.
    type: dict
    required: true
  present:
    description: Managers of this run, in order.
    type: list
    elements: str
    required: true
  allow_outage:
    description: Take the only manager too, or one of two.
    type: bool
    default: false
  wanted:
    description: The host that is asked for.
    type: str
    default: ""
"""

EXAMPLES = r"""
- name: Decide
  ansible.builtin.set_fact:
    choice: "{{ seen.nodes | apiary.swarm.backup_choice(reports, ansible_play_hosts) }}"
"""

RETURN = r"""
_value:
  description:
    - RV(ignore:refusal), or RV(ignore:host), RV(ignore:node_id), RV(ignore:witness) to ask meanwhile, and whether to RV(ignore:drain).
  type: dict
"""


class FilterModule:
    def filters(self):
        return {"backup_choice": backup_choice}
