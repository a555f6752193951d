# Copyright (c) 2026, apiary.swarm maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The addresses that a host has for its peers, as a filter."""

from __future__ import annotations

from ..plugin_utils._peers import peer_addresses

DOCUMENTATION = r"""
name: peer_addresses
short_description: Say under which addresses the other hosts of a swarm know a host
version_added: 1.0.0
author:
  - apiary.swarm maintainers (@apiary-swarm)
description:
  - Says the address that a host advertises, or would advertise, and that of its data path if it is another.
options:
  _input:
    description: What is known and declared of the host, as role P(apiary.swarm.swarm#role) notes it.
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: See the addresses
  ansible.builtin.debug:
    msg: "{{ __swarm_described | apiary.swarm.peer_addresses }}"
"""

RETURN = r"""
_value:
  description: The addresses, none if the host was not reached and declares none.
  type: list
  elements: str
"""


class FilterModule:
    def filters(self):
        return {"peer_addresses": peer_addresses}
