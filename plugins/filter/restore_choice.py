# Copyright (c) 2026, apiary.swarm maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Choose the host on which a backup of a swarm is put back, as a filter."""

from __future__ import annotations

from ..plugin_utils._recovery import restore_choice

DOCUMENTATION = r"""
name: restore_choice
short_description: Choose the host on which a backup of a swarm is put back
version_added: 1.0.0
author:
  - apiary.swarm maintainers (@apiary-swarm)
description:
  - Takes the manager that has the address in the backup, and refuses where hosts are in a swarm, are silent or have an older engine.
positional: answers, files, facts, managers, hosts
options:
  _input:
    description: What the playbook C(apiary.swarm.backup) wrote beside the archive.
    type: dict
    required: true
  answers:
    description: Registered results of M(apiary.swarm.swarm_info), by host.
    type: dict
    required: true
  files:
    description: Registered results of M(apiary.swarm.swarm_files), by host.
    type: dict
    required: true
  facts:
    description: Facts of each host, with its addresses.
    type: dict
    required: true
  managers:
    description: All managers of the inventory.
    type: list
    elements: str
    required: true
  hosts:
    description: All hosts of the inventory.
    type: list
    elements: str
    required: true
"""

EXAMPLES = r"""
- name: Decide
  ansible.builtin.set_fact:
    choice: "{{ manifest | apiary.swarm.restore_choice(reports, files, facts, groups.swarm_managers, groups.all) }}"
"""

RETURN = r"""
_value:
  description:
    - RV(ignore:refusal), or RV(ignore:host) and whether the archive is still to be put there (RV(ignore:fresh));
      RV(ignore:old) managers that must not answer any more.
  type: dict
"""


class FilterModule:
    def filters(self):
        return {"restore_choice": restore_choice}
