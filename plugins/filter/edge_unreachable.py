# Copyright (c) 2026, apiary.swarm maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which services the nodes of the edge do not reach, as a filter."""

from __future__ import annotations

from ..plugin_utils._edge_nodes import unreachable

DOCUMENTATION = r"""
name: edge_unreachable
short_description: Say which services the nodes of the edge do not reach
version_added: 1.0.0
author:
  - apiary.swarm maintainers (@apiary-swarm)
description:
  - Reads the statistics that role C(edge) offers on its admin port, and says of each node what it does not reach and why.
options:
  _input:
    description: The statistics as CSV, by host; empty text where there was no answer.
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Refuse services that do not answer
  ansible.builtin.assert:
    that: "{'worker1': seen.content} | apiary.swarm.edge_unreachable | length == 0"
"""

RETURN = r"""
_value:
  description: Sentences, none if everything is reached.
  type: list
  elements: str
"""


class FilterModule:
    def filters(self):
        return {"edge_unreachable": unreachable}
