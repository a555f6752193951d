# Copyright (c) 2026, apiary.swarm maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether certificates and keys of role edge can be used, as a filter."""

from __future__ import annotations

from ..plugin_utils._edge_certificates import certificate_faults

DOCUMENTATION = r"""
name: edge_certificate_faults
short_description: Say which certificates and keys cannot be used
version_added: 1.0.0
author:
  - apiary.swarm maintainers (@apiary-swarm)
description:
  - Says which entries are not whole, cannot be read, or have a certificate and a key that do not belong together.
  - Nothing of their content is in the answer.
options:
  _input:
    description: Certificates, each with C(name), C(certificate) and C(key), in PEM.
    type: list
    elements: dict
    required: true
"""

EXAMPLES = r"""
- name: Refuse what cannot be used
  ansible.builtin.assert:
    that: edge_certificates | apiary.swarm.edge_certificate_faults | length == 0
"""

RETURN = r"""
_value:
  description: Sentences, none if all can be used.
  type: list
  elements: str
"""


class FilterModule:
    def filters(self):
        return {"edge_certificate_faults": certificate_faults}
