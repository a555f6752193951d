# Copyright (c) 2026, apiary.swarm maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The decisions of role swarm that concern all hosts at once, as a filter."""

from __future__ import annotations

from ..plugin_utils._choice import choose

DOCUMENTATION = r"""
name: choose_manager
short_description: Decide from the hosts' own reports which manager of a Docker Swarm to rely on
version_added: 1.0.0
author:
  - apiary.swarm maintainers (@apiary-swarm)
description:
  - Takes what M(apiary.swarm.swarm_info) reported on each host, and decides which manager to ask for everything that concerns
    the whole swarm, or where a swarm is to be initialised.
  - A swarm is to be initialised only if every manager answered that it is in none and no other host is in one.
positional: managers, workers, present, targeted
options:
  _input:
    description: Registered results of M(apiary.swarm.swarm_info), by host.
    type: dict
    required: true
  managers:
    description: Hosts that shall be managers.
    type: list
    elements: str
    required: true
  workers:
    description: Hosts that shall be workers.
    type: list
    elements: str
    required: true
  present:
    description: Hosts of this run that have not failed so far.
    type: list
    elements: str
    required: true
  targeted:
    description: All hosts that this run is about. Only one outside of it, left out by C(--limit), may be in a swarm unasked.
    type: list
    elements: str
    required: true
  allow_init:
    description: Initialise a swarm although a host did not answer or a worker is in a swarm.
    type: bool
    default: false
  looks:
    description: What role engine saw on each host, for hosts that cannot report in check mode.
    type: dict
  avoid:
    description: Hosts that are to be taken away. They are relied on only if there is no other manager.
    type: list
    elements: str
    default: []
  allow_demotion:
    description: A manager among O(workers) is no fault, because it will be demoted.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Choose a manager
  ansible.builtin.set_fact:
    choice: "{{ reports | apiary.swarm.choose_manager(groups.swarm_managers, groups.swarm_workers, ansible_play_hosts, ansible_play_hosts_all) }}"
"""

RETURN = r"""
_value:
  description:
    - RV(ignore:manager) to rely on, RV(ignore:init_host) where to initialise a swarm, RV(ignore:nodes) of the swarm with their
      availability, RV(ignore:refusal) to initialise one, RV(ignore:faults) of hosts, RV(ignore:untold) hosts.
  type: dict
"""


class FilterModule:
    def filters(self):
        return {"choose_manager": choose}
