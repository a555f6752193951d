# Copyright (c) 2026, apiary.swarm maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What playbook verify.yml asks for, as a filter."""

from __future__ import annotations

from ..plugin_utils._published import targets

DOCUMENTATION = r"""
name: published_targets
short_description: List the ports of a Docker Swarm that must answer, node by node
version_added: 1.0.0
author:
  - apiary.swarm maintainers (@apiary-swarm)
description:
  - Takes what M(apiary.swarm.swarm_info) reported on a manager, and makes targets for M(apiary.swarm.check_ports) of it.
  - A port published in ingress mode must answer on each node that is ready, also on a drained one; a port in host mode on the
    nodes where a task of the service runs, by the number that the task has there if the engine chose it.
positional: http
options:
  _input:
    description: Result of M(apiary.swarm.swarm_info) with V(nodes), V(services) and V(tasks).
    type: dict
    required: true
  http:
    description:
      - Services whose TCP ports are asked by HTTP, by name. The others are only connected to.
      - Keys are C(port) (a published one; all TCP ports of the service if not set), C(path), C(status) (a code, or a list of them)
        and C(scheme).
    type: dict
"""

EXAMPLES = r"""
- name: Ask everything that is published
  apiary.swarm.check_ports:
    targets: "{{ cluster | apiary.swarm.published_targets({'httpd': {'path': '/health'}}) }}"
"""

RETURN = r"""
_value:
  description: Targets.
  type: list
  elements: dict
"""


class FilterModule:
    def filters(self):
        return {"published_targets": targets}
