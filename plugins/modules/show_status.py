#!/usr/bin/python
# Copyright (c) 2026, apiary.swarm maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: show_status
short_description: Print the state of a Docker Swarm as tables
version_added: 1.0.0
description:
  - Prints what M(apiary.swarm.swarm_info) said on each host, as tables that are readable in a terminal and in a job log.
  - Runs on the control host and talks to no engine. The playbook C(apiary.swarm.status) uses it.
author:
  - apiary.swarm maintainers (@apiary-swarm)
attributes:
  check_mode:
    description: Prints only, so it does the same in check mode.
    support: full
  diff_mode:
    description: Prints only, so there is no difference to show.
    support: N/A
  idempotent:
    description: Prints only.
    support: full
options:
  hosts:
    description: The hosts, in the order in which they are shown.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: Name of the host.
        type: str
        required: true
      url:
        description: How the host is reached.
        type: str
        default: "-"
      report:
        description:
          - The registered result of M(apiary.swarm.swarm_info) on that host, also one that failed or was unreachable.
          - A manager's needs V(nodes), V(services), V(tasks) and V(networks) in O(apiary.swarm.swarm_info#module:include).
        type: dict
        required: true
seealso:
  - module: apiary.swarm.swarm_info
"""

EXAMPLES = r"""
- name: Ask each host
  apiary.swarm.swarm_info:
    include: [nodes, services, tasks, networks, mesh]
  register: status
  ignore_unreachable: true
  failed_when: false

- name: Show the answers
  apiary.swarm.show_status:
    hosts:
      - name: "{{ inventory_hostname }}"
        url: "ssh://{{ ansible_host }}"
        report: "{{ status }}"
"""

RETURN = r"""
lines:
  description: What was printed.
  returned: success
  type: list
  elements: str
  sample: ["HOSTS", "NAME      ACTIVE  STATE", "manager1  *       Running"]
"""
