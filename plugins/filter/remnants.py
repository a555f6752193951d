# Copyright (c) 2026, apiary.swarm maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tell what is left in the list of nodes of those that are gone, as a filter."""

from __future__ import annotations

from ..plugin_utils._recovery import remnants

DOCUMENTATION = r"""
name: remnants
short_description: Tell what is left in the list of nodes of those that are gone
version_added: 1.0.0
author:
  - apiary.swarm maintainers (@apiary-swarm)
description:
  - For a swarm that was recovered or restored, once the hosts that live are in it again.
positional: members
options:
  _input:
    description: Rows RV(apiary.swarm.swarm_info#module:nodes) of M(apiary.swarm.swarm_info).
    type: list
    elements: dict
    required: true
  members:
    description: Node IDs of the hosts.
    type: list
    elements: str
    required: true
  lost_managers:
    description: Only entries of managers that have no part in the agreement any more.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Decide
  ansible.builtin.set_fact:
    choice: "{{ seen.nodes | apiary.swarm.remnants(ids) }}"
"""

RETURN = r"""
_value:
  description:
    - Entries to RV(ignore:remove), and RV(ignore:labels) and RV(ignore:availability) that hosts of the same name get of them.
  type: dict
"""


class FilterModule:
    def filters(self):
        return {"remnants": remnants}
