# Copyright (c) 2026, apiary.swarm maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """The list of secrets that swarm_secret and swarm_deploy take."""

    DOCUMENTATION = r"""
options:
  secrets:
    description:
      - The secrets to handle.
    type: list
    elements: dict
    suboptions:
      name:
        description: Name of the secret.
        type: str
        required: true
      data:
        description:
          - The content, as text. Needed for a new one; without it the content stays as it is.
          - What YAML takes for a number, a map or the like is refused, because it would be another text than the one written.
        type: raw
      data_is_b64:
        description: Whether the content is in base64, as it must be if it is no text.
        type: bool
        default: false
      labels:
        description: Labels of the secret. They can be changed at any time.
        type: dict
      template_driver:
        description: Expand templates in the content when a task gets it. Needs API 1.37. A change is one of content.
        type: str
        choices: [golang]
      rolling_versions:
        description:
          - Make versions of it, C(NAME_v1), C(NAME_v2) and so on, a new one whenever the content changes.
          - A service that names C(NAME) gets the newest version when M(apiary.swarm.swarm_service) brings it to what is declared.
          - With O(secrets[].state=absent) all versions are removed.
        type: bool
        default: false
      versions_to_keep:
        description:
          - How many versions to keep with O(secrets[].rolling_versions), the newest among them. V(-1) keeps all.
          - Versions that a service uses, or would use after a rollback, are kept beyond it. They go in a later run, when they are free.
        type: int
        default: 5
      state:
        description: Whether the secret is to be there. One that services use is not removed; the failure names them.
        type: str
        choices: [present, absent]
        default: present
      recreate:
        description: Permits to remove the secret and make it anew if its content changes. One that services use is not removed.
        type: bool
        default: false
"""
