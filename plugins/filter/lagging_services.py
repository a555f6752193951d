# Copyright (c) 2026, apiary.swarm maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which services are not yet as they were, as a filter."""

from __future__ import annotations

from ..plugin_utils._maintenance import lagging

DOCUMENTATION = r"""
name: lagging_services
short_description: Tell which services of a Docker Swarm had converged before and have not again
version_added: 1.0.0
author:
  - apiary.swarm maintainers (@apiary-swarm)
description:
  - Compares two answers of M(apiary.swarm.swarm_info). A service that was removed meanwhile is not among them.
positional: after
options:
  _input:
    description: C(services) of M(apiary.swarm.swarm_info) before.
    type: list
    elements: dict
    required: true
  after:
    description: The same now.
    type: list
    elements: dict
    required: true
"""

EXAMPLES = r"""
- name: Wait until the services are as they were
  apiary.swarm.swarm_info:
    include: [services]
  register: now
  until: before.services | apiary.swarm.lagging_services(now.services) | length == 0
"""

RETURN = r"""
_value:
  description: Names of the services.
  type: list
  elements: str
"""


class FilterModule:
    def filters(self):
        return {"lagging_services": lagging}
