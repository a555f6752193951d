# Copyright (c) 2026, apiary.swarm maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The addresses that the inventory declares for a host's part in a swarm, as a filter."""

from __future__ import annotations

from ..plugin_utils._peers import declared_addresses

DOCUMENTATION = r"""
name: declared_addresses
short_description: Say which addresses the inventory declares for a host's part in a swarm
version_added: 1.0.0
author:
  - apiary.swarm maintainers (@apiary-swarm)
description:
  - Says C(swarm_advertise_addr) and C(swarm_data_path_addr) of a host, where they are addresses; for a host that was not looked at.
options:
  _input:
    description: The host's variables.
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: See the addresses
  ansible.builtin.debug:
    msg: "{{ hostvars.manager1 | apiary.swarm.declared_addresses }}"
"""

RETURN = r"""
_value:
  description: The addresses, none if the inventory declares none.
  type: list
  elements: str
"""


class FilterModule:
    def filters(self):
        return {"declared_addresses": declared_addresses}
