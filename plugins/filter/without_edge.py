# Copyright (c) 2026, apiary.swarm maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What role services hands to swarm_service of services that have routes, as a filter."""

from __future__ import annotations

from ..plugin_utils._edge import without_edge

DOCUMENTATION = r"""
name: without_edge
short_description: Take the routes out of a list of services
version_added: 1.0.0
author:
  - apiary.swarm maintainers (@apiary-swarm)
description:
  - Routes (C(edge)) stand with the services that they lead to, and are read by role C(edge). Module
    M(apiary.swarm.swarm_service) gets the services without them.
options:
  _input:
    description: Services, as in C(services_list).
    type: list
    elements: dict
    required: true
"""

EXAMPLES = r"""
- name: Bring services that have routes to what is declared
  apiary.swarm.swarm_service:
    services: "{{ services_list | apiary.swarm.without_edge }}"
"""

RETURN = r"""
_value:
  description: The same services without C(edge).
  type: list
  elements: dict
"""


class FilterModule:
    def filters(self):
        return {"without_edge": without_edge}
