# Copyright (c) 2026, apiary.swarm maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rules for nftables that let only peers reach a swarm's ports, as a filter."""

from __future__ import annotations

from ..plugin_utils._peers import peer_rules

DOCUMENTATION = r"""
name: peer_rules
short_description: Make the rules that let only peers reach the ports of a swarm
version_added: 1.0.0
author:
  - apiary.swarm maintainers (@apiary-swarm)
description:
  - Makes the file of rules for nftables that role P(apiary.swarm.engine#role) puts on each host with C(engine_firewall=peers).
  - An address that this run does not know is taken from the file that an earlier run wrote.
options:
  _input:
    description: The file as it is, empty if there is none.
    type: str
    required: true
  described:
    description: What is known and declared of the hosts of this run, by name, as role P(apiary.swarm.swarm#role) notes it.
    type: dict
    required: true
  declared:
    description: Addresses that the inventory's variables declare, by name, of all hosts.
    type: dict
    required: true
  more:
    description: Addresses and networks that count as peers.
    type: list
    elements: str
  settings:
    description: Settings of the swarm, for the port of its data path.
    type: dict
  api_port:
    description: Port of the engine's API over TLS. If not set, there is none.
    type: int
  api_allow:
    description: Addresses and networks that may come to that port, beside the peers.
    type: list
    elements: str
"""

EXAMPLES = r"""
- name: See the rules
  ansible.builtin.debug:
    msg: "{{ ('' | apiary.swarm.peer_rules({}, {'manager1': ['192.0.2.11']})).text }}"
"""

RETURN = r"""
_value:
  description: The file's C(text), and C(missing), the names of hosts whose address is not known.
  type: dict
"""


class FilterModule:
    def filters(self):
        return {"peer_rules": peer_rules}
