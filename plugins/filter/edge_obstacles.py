# Copyright (c) 2026, apiary.swarm maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What keeps role edge from running where it should, as a filter."""

from __future__ import annotations

from ..plugin_utils._edge_nodes import obstacles

DOCUMENTATION = r"""
name: edge_obstacles
short_description: Say what keeps the edge from running on its nodes
version_added: 1.0.0
author:
  - apiary.swarm maintainers (@apiary-swarm)
description:
  - No network, no node that fits, or ports that other services or other programs of a host have.
positional: service, network, constraints, ports, hosts
options:
  _input:
    description: Result of M(apiary.swarm.swarm_info) with V(nodes), V(services) and V(networks).
    type: dict
    required: true
  service:
    description: Name of the edge's service, whose ports are its own.
    type: str
    required: true
  network:
    description: Name of the edge's network.
    type: str
    required: true
  constraints:
    description: Where the edge runs.
    type: list
    elements: str
    required: true
  ports:
    description: Ports that it takes there.
    type: list
    elements: int
    required: true
  hosts:
    description: By host, its node ID (C(node)) and the content of C(/proc/net/tcp) and C(/proc/net/tcp6) (C(listening)).
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Refuse what cannot run
  ansible.builtin.assert:
    that: cluster | apiary.swarm.edge_obstacles('edge', 'edge', ['node.labels.edge==true'], [80, 443], {}) | length == 0
"""

RETURN = r"""
_value:
  description: Sentences, none if nothing is in the way.
  type: list
  elements: str
"""


class FilterModule:
    def filters(self):
        return {"edge_obstacles": obstacles}
