# Copyright (c) 2026, apiary.swarm maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whom each host asks for what in playbook preflight.yml, as a filter."""

from __future__ import annotations

from ..plugin_utils._preflight_report import paths

DOCUMENTATION = r"""
name: preflight_paths
short_description: List the ways between hosts that a Docker Swarm needs
version_added: 1.0.0
author:
  - apiary.swarm maintainers (@apiary-swarm)
description:
  - Takes what M(apiary.swarm.show_preflight) takes as O(apiary.swarm.show_preflight#module:hosts), and says for each host on which
    ports it has to listen and whom it has to ask for what, for M(apiary.swarm.hear_nodes) and M(apiary.swarm.ask_nodes).
  - On a node of a swarm the engine listens, so there nothing else does. A host that was not reached, or that has no address, is left out.
positional: settings, networks
options:
  _input:
    description: The hosts.
    type: list
    elements: dict
    required: true
  settings:
    description: Settings declared for the swarm.
    type: dict
  networks:
    description: Networks declared for the swarm. Hosts ask each other for ESP if one of them is encrypted.
    type: list
    elements: dict
"""

EXAMPLES = r"""
- name: Listen
  apiary.swarm.hear_nodes:
    state: started
    token: f00d
    tcp: "{{ (rows | apiary.swarm.preflight_paths)[inventory_hostname].tcp }}"
"""

RETURN = r"""
_value:
  description: For each host C(tcp) and C(udp), the ports to listen on, C(esp), whether to hear it, and C(targets), whom to ask.
  type: dict
"""


class FilterModule:
    def filters(self):
        return {
            "preflight_paths": lambda rows, settings=None, networks=None: paths(rows, settings or {}, networks or [])
        }
