#!/usr/bin/python
# Copyright (c) 2026, apiary.swarm maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: keep_unlock_key
short_description: Keep the unlock key of a Docker Swarm in an encrypted file of the control host
version_added: 1.0.0
description:
  - Runs on the control host and talks to no engine. Writes a file of variables that is encrypted with a vault password of this run,
    as C(ansible-vault) does it, and that only its owner can read. A plain text is never on disk.
  - The variables are C(swarm_unlock_key) and C(swarm_unlock_former_keys), the three keys before it, newest first. Other variables in
    the file stay. Without a vault password it fails.
author:
  - apiary.swarm maintainers (@apiary-swarm)
attributes:
  check_mode:
    description: Checks that the file can be read and written, and writes nothing.
    support: full
  diff_mode:
    description: The content is secret.
    support: none
  idempotent:
    description: A file that has the key is left as it is.
    support: full
options:
  path:
    description: The file on the control host. One that is relative starts at the directory that Ansible was started in.
    type: path
    required: true
  key:
    description: The unlock key. If not set, it is only checked that a key could be kept.
    type: str
  vault_id:
    description:
      - Label of the vault password to encrypt with.
      - If not set, the one that opens the file, and for a new file the first of this run.
    type: str
seealso:
  - module: apiary.swarm.swarm_info
  - module: apiary.swarm.swarm_unlock
"""

EXAMPLES = r"""
- name: Read the unlock key
  apiary.swarm.swarm_info:
    include: [unlock_key]
  register: cluster
  no_log: true

- name: Keep it
  apiary.swarm.keep_unlock_key:
    path: secrets/unlock-key.yml
    key: "{{ cluster.unlock_key }}"
  no_log: true
"""

RETURN = r"""
path:
  description: The file, as an absolute path.
  returned: success
  type: str
  sample: /srv/swarm/secrets/unlock-key.yml
"""
