# Copyright (c) 2026, apiary.swarm maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How hosts are taken out of a swarm, as a filter."""

from __future__ import annotations

from ..plugin_utils._departures import plan_removal

DOCUMENTATION = r"""
name: removal_plan
short_description: Decide how hosts are taken out of a Docker Swarm, or say why they are not
version_added: 1.0.0
author:
  - apiary.swarm maintainers (@apiary-swarm)
description:
  - Takes what M(apiary.swarm.swarm_info) reported on each host, and finds which nodes of the swarm are those of the named hosts,
    what is to be done to each, and in which order.
  - Refuses what would cost the swarm its quorum, and hosts that cannot leave by themselves.
positional: wanted, members, targeted, nodes, manager
options:
  _input:
    description: Registered results of M(apiary.swarm.swarm_info), by host.
    type: dict
    required: true
  wanted:
    description: Hosts of the inventory, or nodes by ID or host name.
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
  manager:
    description: The host that this manager is.
    type: str
    required: true
  force:
    description: Remove hosts that cannot leave by themselves as well.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Decide
  ansible.builtin.set_fact:
    plan: "{{ reports | apiary.swarm.removal_plan(['worker2'], groups.all, ansible_play_hosts_all, reports.manager1.nodes, 'manager1') }}"
"""

RETURN = r"""
_value:
  description: RV(ignore:refusal), a text that is empty if there is none, RV(ignore:steps) in their order, and names that are RV(ignore:gone).
  type: dict
"""


class FilterModule:
    def filters(self):
        return {"removal_plan": plan_removal}
