# Copyright (c) 2026, apiary.swarm maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What role services says of ports that something else has, as a filter."""

from __future__ import annotations

from ..plugin_utils._declared_ports import taken

DOCUMENTATION = r"""
name: taken_ports
short_description: Tell which declared ports something else has on which host
version_added: 1.0.0
author:
  - apiary.swarm maintainers (@apiary-swarm)
description:
  - Takes what P(apiary.swarm.declared_ports#filter) gave, and what M(apiary.swarm.swarm_info) found on each host.
positional: reports
options:
  _input:
    description: Ports, as P(apiary.swarm.declared_ports#filter) gives them.
    type: list
    elements: dict
    required: true
  reports:
    description: Results of M(apiary.swarm.swarm_info) with RV(apiary.swarm.swarm_info#module:held_ports), by host.
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Refuse ports that something else has
  ansible.builtin.fail:
    msg: "{{ found.surely | join(' ') }}"
  when: found.surely | length > 0
  vars:
    found: "{{ services | apiary.swarm.declared_ports | apiary.swarm.taken_ports({'worker1': report}) }}"
"""

RETURN = r"""
_value:
  description: Sentences, in RV(ignore:surely) and RV(ignore:perhaps) according to what the ports say.
  type: dict
"""


class FilterModule:
    def filters(self):
        return {"taken_ports": taken}
