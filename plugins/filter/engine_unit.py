# Copyright (c) 2026, apiary.swarm maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The drop-in that adds options to the engine's command line, as a filter."""

from __future__ import annotations

from ..plugin_utils._unit import unit_plan

DOCUMENTATION = r"""
name: engine_unit
short_description: Make a drop-in that adds options to the engine's command line
version_added: 1.0.0
author:
  - apiary.swarm maintainers (@apiary-swarm)
description:
  - Makes the drop-in of C(docker.service) by which role P(apiary.swarm.engine#role) has the engine listen for its API over TLS.
options:
  _input:
    description: What C(systemctl cat docker.service) says.
    type: str
    required: true
  options:
    description: What to add to the engine's command line. An empty list means no drop-in.
    type: list
    elements: str
    required: true
"""

EXAMPLES = r"""
- name: See what would be written
  ansible.builtin.debug:
    msg: "{{ (unit.stdout | apiary.swarm.engine_unit(['--debug'])).wanted }}"
"""

RETURN = r"""
_value:
  description: V(present) and V(wanted), the drop-in's text or empty, and V(fault), why it cannot be made.
  type: dict
"""


class FilterModule:
    def filters(self):
        return {"engine_unit": unit_plan}
