# Copyright (c) 2026, apiary.swarm maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The order of role maintenance, and whether the swarm can spare the nodes, as a filter."""

from __future__ import annotations

from ..plugin_utils._maintenance import plan

DOCUMENTATION = r"""
name: maintenance_plan
short_description: Decide in which order nodes of a Docker Swarm are taken out for a while, and whether it can spare them
version_added: 1.0.0
author:
  - apiary.swarm maintainers (@apiary-swarm)
description:
  - Those that an interrupted run left out of work come back first; then workers, batch by batch; then the managers one by one, the
    leader last.
  - Refuses what would cost the swarm its quorum, with the arithmetic.
positional: swarm, batch, allow_outage, unlocks
options:
  _input:
    description: What is to be done, by host, each a dictionary with C(node_id) and C(wish); an empty wish means nothing.
    type: dict
    required: true
  swarm:
    description: Result of M(apiary.swarm.swarm_info) with nodes, on a manager.
    type: dict
    required: true
  batch:
    description: How many workers are taken out at the same time.
    type: int
    default: 1
  allow_outage:
    description: Whether a swarm of one or two managers may be without quorum for a while.
    type: bool
    default: false
  unlocks:
    description: Whether there is the key for managers that come back locked.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Plan
  ansible.builtin.set_fact:
    plan: "{{ {'worker1': {'node_id': 'tlj06h4zudpbw94dm3kz5hfw2', 'wish': 'reboot'}} | apiary.swarm.maintenance_plan(cluster) }}"
"""

RETURN = r"""
_value:
  description:
    - RV(ignore:turns), lists of the hosts whose turn it is together; RV(ignore:returning), those that only come back;
      RV(ignore:lines), the same for people; RV(ignore:refusal), why none of it may begin, empty if it may.
  type: dict
"""


class FilterModule:
    def filters(self):
        return {"maintenance_plan": plan}
