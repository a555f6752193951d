# Copyright (c) 2026, apiary.swarm maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What in a list is no address and no network, as a filter."""

from __future__ import annotations

from ..plugin_utils._peers import not_networks

DOCUMENTATION = r"""
name: not_networks
short_description: Say what in a list is neither an address nor a network
version_added: 1.0.0
author:
  - apiary.swarm maintainers (@apiary-swarm)
description:
  - Says which texts of a list are neither an address nor a network, IPv4 or IPv6.
options:
  _input:
    description: The texts.
    type: list
    elements: str
    required: true
"""

EXAMPLES = r"""
- name: Refuse what a firewall cannot take
  ansible.builtin.assert:
    that: engine_tls_allow | apiary.swarm.not_networks | length == 0
"""

RETURN = r"""
_value:
  description: Those that are neither.
  type: list
  elements: str
"""


class FilterModule:
    def filters(self):
        return {"not_networks": not_networks}
