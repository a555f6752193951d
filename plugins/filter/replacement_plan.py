# Copyright (c) 2026, apiary.swarm maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How hosts that were built anew take the places of dead ones, as a filter."""

from __future__ import annotations

from ..plugin_utils._departures import plan_replacement

DOCUMENTATION = r"""
name: replacement_plan
short_description: Decide how new hosts take the places of dead nodes of a Docker Swarm, or say why they do not
version_added: 1.0.0
author:
  - apiary.swarm maintainers (@apiary-swarm)
description:
  - Takes what M(apiary.swarm.swarm_info) reported on each host, and finds the entries that dead hosts of the same names left in the
    swarm, with the labels and the availability that the new ones take over.
  - Refuses hosts that have not died.
positional: wanted, members, targeted, nodes
options:
  _input:
    description: Registered results of M(apiary.swarm.swarm_info), by host.
    type: dict
    required: true
  wanted:
    description: Hosts that were built anew.
    type: list
    elements: str
    required: true
  members:
    description: Hosts of the inventory's groups of managers and workers.
    type: list
    elements: str
    required: true
  targeted:
    description: All hosts that this run is about.
    type: list
    elements: str
    required: true
  nodes:
    description: RV(apiary.swarm.swarm_info#module:nodes) as a manager that stays has them.
    type: list
    elements: dict
    required: true
"""

EXAMPLES = r"""
- name: Decide
  ansible.builtin.set_fact:
    plan: "{{ reports | apiary.swarm.replacement_plan(['manager2'], groups.all, ansible_play_hosts_all, reports.manager1.nodes) }}"
"""

RETURN = r"""
_value:
  description: RV(ignore:refusal), a text that is empty if there is none, and RV(ignore:steps), one for each host that has a place to take.
  type: dict
"""


class FilterModule:
    def filters(self):
        return {"replacement_plan": plan_replacement}
