# Copyright (c) 2026, apiary.swarm maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which nodes role edge works on, as a filter."""

from __future__ import annotations

from ..plugin_utils._edge_nodes import edge_nodes

DOCUMENTATION = r"""
name: edge_nodes
short_description: Choose the nodes that fit placement constraints
version_added: 1.0.0
author:
  - apiary.swarm maintainers (@apiary-swarm)
description:
  - Nodes that are ready and active and fit all constraints. Only constraints about labels, role, host name and ID can be judged.
positional: constraints
options:
  _input:
    description: Nodes as M(apiary.swarm.swarm_info) reports them.
    type: list
    elements: dict
    required: true
  constraints:
    description: Constraints, for example V(node.labels.edge==true).
    type: list
    elements: str
    required: true
"""

EXAMPLES = r"""
- name: Name the nodes of the edge
  ansible.builtin.debug:
    msg: "{{ cluster.nodes | apiary.swarm.edge_nodes(['node.labels.edge==true']) | map(attribute='hostname') }}"
"""

RETURN = r"""
_value:
  description: Those that fit.
  type: list
  elements: dict
"""


class FilterModule:
    def filters(self):
        return {"edge_nodes": edge_nodes}
