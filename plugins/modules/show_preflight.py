#!/usr/bin/python
# Copyright (c) 2026, apiary.swarm maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: show_preflight
short_description: Print what would break a Docker Swarm on these hosts
version_added: 1.0.0
description:
  - Judges what the look of role C(engine) saw on each host, and what M(apiary.swarm.ask_nodes) and M(apiary.swarm.hear_nodes) found
    between them, and prints it as a table host by host, with what to do about each finding.
  - Does not fail because of a finding. RV(stops) says which hosts cannot be in a swarm.
  - Runs on the control host and talks to no engine. Role C(swarm) and the playbook C(apiary.swarm.preflight) use it.
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
      manager:
        description: Whether it is to be a manager.
        type: bool
        required: true
      probe:
        description: The registered result of role engine's look at the host, also one that failed or was unreachable.
        type: dict
        required: true
      faults:
        description: What role engine refuses the host for, as sentences.
        type: list
        elements: str
        default: []
      advertise_addr:
        description: The address that it shall advertise.
        type: str
        default: ""
      advertise_interface:
        description: The interface whose address it shall advertise.
        type: str
        default: ""
      data_path_addr:
        description: The address for the traffic of overlay networks.
        type: str
        default: ""
      listen_addr:
        description: Where a manager listens. Its port is what others must reach.
        type: str
        default: ""
      live_restore:
        description: What C(engine_daemon) says of live-restore.
        type: bool
      opens_firewalld:
        description: Whether role engine lets the swarm's ports through firewalld.
        type: bool
        default: false
  settings:
    description: Settings declared for the swarm, options of M(apiary.swarm.swarm_init).
    type: dict
    default: {}
  networks:
    description: Networks declared for the swarm, options of M(apiary.swarm.swarm_network).
    type: list
    elements: dict
    default: []
  answers:
    description:
      - What was found between the hosts. For each host C(started), C(asked) and C(ended), the registered results of
        M(apiary.swarm.hear_nodes), M(apiary.swarm.ask_nodes) and again M(apiary.swarm.hear_nodes).
      - If not set, the hosts did not ask each other.
    type: dict
  brief:
    description: Prints no table, and only what stops a swarm or hinders it.
    type: bool
    default: false
seealso:
  - module: apiary.swarm.hear_nodes
  - module: apiary.swarm.ask_nodes
"""

EXAMPLES = r"""
- name: Show what would break a swarm
  apiary.swarm.show_preflight:
    hosts: "{{ ansible_play_hosts_all | map('extract', hostvars, 'preflight_row') }}"
    settings: "{{ swarm_settings }}"
"""

RETURN = r"""
lines:
  description: What was printed.
  returned: always
  type: list
  elements: str
stops:
  description: Why a host cannot be in a swarm, as sentences, for the hosts that cannot.
  returned: always
  type: dict
  sample: {"worker1": ["daemon.json sets live-restore: the engine refuses to be in a swarm."]}
"""
