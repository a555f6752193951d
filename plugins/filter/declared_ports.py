# Copyright (c) 2026, apiary.swarm maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which ports role services looks at before it deploys, as a filter."""

from __future__ import annotations

from ..plugin_utils._declared_ports import declared

DOCUMENTATION = r"""
name: declared_ports
short_description: List the ports that services are to publish
version_added: 1.0.0
author:
  - apiary.swarm maintainers (@apiary-swarm)
description:
  - Takes options of M(apiary.swarm.swarm_service), and gives the ports with a number that they publish.
positional: defaults
options:
  _input:
    description: Services, each with the options of M(apiary.swarm.swarm_service).
    type: list
    elements: dict
    required: true
  defaults:
    description: Options for all services that do not name them.
    type: dict
"""

EXAMPLES = r"""
- name: Show the ports that the services are to publish
  ansible.builtin.debug:
    msg: "{{ services | apiary.swarm.declared_ports }}"
"""

RETURN = r"""
_value:
  description:
    - Ports, each with RV(ignore:service), RV(ignore:port), RV(ignore:protocol), and RV(ignore:surely) where no choice of nodes
      would help if something else had the port.
  type: list
  elements: dict
"""


class FilterModule:
    def filters(self):
        return {"declared_ports": declared}
