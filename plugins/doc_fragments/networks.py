# Copyright (c) 2026, apiary.swarm maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """The list of networks that swarm_network and swarm_deploy take."""

    DOCUMENTATION = r"""
options:
  networks:
    description:
      - The networks to handle.
    type: list
    elements: dict
    suboptions:
      name:
        description: Name of the network.
        type: str
        required: true
      driver:
        description: Driver of the network. If not set, a new one is an V(overlay) network.
        type: str
      attachable:
        description: Whether containers that belong to no service can be attached.
        type: bool
      internal:
        description: Whether the network has no way out.
        type: bool
      ingress:
        description: Whether it is the network for ports published in ingress mode. A swarm has one, from the start.
        type: bool
      enable_ipv6:
        description: Whether it has IPv6 addresses, too.
        type: bool
      driver_options:
        description: Options of the driver, such as C(encrypted) to encrypt the traffic between nodes.
        type: dict
      labels:
        description: Labels of the network.
        type: dict
      ipam_driver:
        description: Driver that gives out addresses.
        type: str
      ipam_driver_options:
        description: Options of that driver.
        type: dict
      ipam_config:
        description: Address pools. If not set, the swarm takes a subnet from its own pool.
        type: list
        elements: dict
        suboptions:
          subnet:
            description: The subnet in CIDR form.
            type: str
            required: true
          iprange:
            description: The part of the subnet that addresses are taken from, in CIDR form.
            type: str
          gateway:
            description: The gateway's address.
            type: str
          aux_addresses:
            description: Refused. The engine drops such addresses of networks of a swarm without a word; use C(iprange) to keep some free.
            type: dict
      state:
        description: Whether the network is to be there.
        type: str
        choices: [present, absent]
        default: present
      recreate:
        description: Permits to remove the network and make it anew if a declared option differs.
        type: bool
        default: false
"""
