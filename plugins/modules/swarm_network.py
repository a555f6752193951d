#!/usr/bin/python
# Copyright (c) 2026, apiary.swarm maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: swarm_network
short_description: Create and remove the swarm-wide networks of a Docker Swarm
version_added: 1.0.0
description:
  - Runs on any manager and handles any number of networks in one call.
  - The engine cannot change a network. An option that is declared and differs is an error that names it, unless O(recreate)
    permits to remove the network and make it anew.
  - A network that services use is never removed; the failure names them.
  - The network for published ports, C(ingress), is replaced with another MTU or subnet by O(ingress=true) and O(recreate=true),
    while no service publishes a port in ingress mode. The module waits until the last such task has ended on every node, and
    gives every node its part in the new network. If no node can make anything of the new one, the old one is made again.
author:
  - apiary.swarm maintainers (@apiary-swarm)
extends_documentation_fragment:
  - apiary.swarm.connection
  - apiary.swarm.attributes
  - apiary.swarm.networks
options:
  name:
    description: Name of the one network to handle, as the options beside the list describe it. Needed if O(networks) is not set.
    type: str
  driver:
    description: Driver of the one network. If not set, a new one is an V(overlay) network.
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
    description: Whether the one network is to be there.
    type: str
    choices: [present, absent]
    default: present
  recreate:
    description: Permits to remove the one network and make it anew if a declared option differs.
    type: bool
    default: false
  wait_timeout:
    description:
      - Seconds to wait at most, all networks together, until a removed network's last tasks have ended and a new one has its
        addresses.
    type: int
    default: 300
seealso:
  - module: apiary.swarm.swarm_service
"""

EXAMPLES = r"""
- name: Create two networks in one call
  apiary.swarm.swarm_network:
    networks:
      - name: front
      - name: back
        internal: true
        driver_options:
          encrypted: ""

- name: Create a network with its own subnet
  apiary.swarm.swarm_network:
    name: front
    attachable: true
    ipam_config:
      - subnet: 10.42.0.0/24

- name: Give the network for published ports another MTU and subnet
  apiary.swarm.swarm_network:
    name: ingress
    ingress: true
    driver_options:
      com.docker.network.driver.mtu: 1400
    ipam_config:
      - subnet: 10.11.0.0/16
    recreate: true

- name: Remove a network
  apiary.swarm.swarm_network:
    name: front
    state: absent
"""

RETURN = r"""
networks:
  description: The networks that were named.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: Name of the network.
      type: str
      returned: always
    id:
      description: ID of the network, V(null) if it is not there.
      type: str
      returned: always
    action:
      description:
        - One of V(created), V(recreated), V(removed), V(completed), V(unchanged); in check mode what would be done.
        - V(completed) is for the network with O(ingress=true), if nodes had no part in it, as after a run that was interrupted.
      type: str
      returned: always
    changed:
      description: Whether something was done.
      type: bool
      returned: always
    network:
      description: The network as in RV(apiary.swarm.swarm_info#module:networks), V(null) if it is not there.
      type: dict
      returned: always
"""

from ansible_collections.apiary.swarm.plugins.module_utils._connection import connection_spec
from ansible_collections.apiary.swarm.plugins.module_utils._errors import SwarmError
from ansible_collections.apiary.swarm.plugins.module_utils._flow import run
from ansible_collections.apiary.swarm.plugins.module_utils._module import Module
from ansible_collections.apiary.swarm.plugins.module_utils._network_changes import argument_spec, bring


def flow(engine, params, check_mode):
    return bring(engine, params, check_mode)


def main():
    module = Module(
        argument_spec=dict(connection_spec(), **argument_spec(), wait_timeout={"type": "int", "default": 300}),
        mutually_exclusive=[("networks", "name")],
        required_one_of=[("networks", "name")],
        supports_check_mode=True,
    )
    try:
        result = run(module, flow)
    except SwarmError as error:
        module.fail_json(**error.result())
    module.exit_json(**result)


if __name__ == "__main__":
    main()
