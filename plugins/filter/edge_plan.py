# Copyright (c) 2026, apiary.swarm maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What role edge has to do, as a filter."""

from __future__ import annotations

from ..plugin_utils._edge import plan

DOCUMENTATION = r"""
name: edge_plan
short_description: Put the routes of services in order, and say what cannot be
version_added: 1.0.0
author:
  - apiary.swarm maintainers (@apiary-swarm)
description:
  - Takes the routes that services declare (C(edge)), and makes of them what role C(edge) writes into HAProxy's configuration.
positional: defaults, routes, network, ports, slots
options:
  _input:
    description: Services, as in C(services_list).
    type: list
    elements: dict
    required: true
  defaults:
    description: Options for all services that do not name them.
    type: dict
  routes:
    description: Routes of services that are declared elsewhere, each with C(service) beside what C(edge) may have.
    type: list
    elements: dict
  network:
    description: Network that services with a route must be in.
    type: str
    default: edge
  ports:
    description: Ports that the edge has anyway, by what they are for. V(0) is none.
    type: dict
  slots:
    description: How many tasks of a service at least can get requests.
    type: int
    default: 10
"""

EXAMPLES = r"""
- name: See which routes there are
  ansible.builtin.debug:
    msg: "{{ services_list | apiary.swarm.edge_plan(ports={'HTTP port': 80}) }}"
"""

RETURN = r"""
_value:
  description: RV(ignore:http) and RV(ignore:tcp) routes in order, RV(ignore:ports) of the edge, RV(ignore:faults) as sentences.
  type: dict
"""


class FilterModule:
    def filters(self):
        return {"edge_plan": plan}
