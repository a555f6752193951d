# Copyright (c) 2026, apiary.swarm maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether a certificate of an engine must be made anew, as a filter."""

from __future__ import annotations

import datetime

from ..plugin_utils._certificates import why_due

DOCUMENTATION = r"""
name: certificate_due
short_description: Say why a certificate must be made anew
version_added: 1.0.0
author:
  - apiary.swarm maintainers (@apiary-swarm)
description:
  - Says why a certificate must be made anew. There is none, or another authority signed it, or a name is not in it, or it is about to end.
options:
  _input:
    description: The certificate as PEM text, empty if there is none.
    type: str
    required: true
  authority:
    description: The certificate of the authority that is to have signed it, as PEM text.
    type: str
    required: true
  names:
    description: Host names and addresses that it must be made out for. More of them do no harm.
    type: list
    elements: str
    required: true
  renew_days:
    description: How many days before its end it is made anew.
    type: int
    required: true
"""

EXAMPLES = r"""
- name: See whether the engine needs another certificate
  ansible.builtin.debug:
    msg: "{{ present | apiary.swarm.certificate_due(authority, ['manager1', '192.0.2.11'], 30) }}"
"""

RETURN = r"""
_value:
  description: The reason, as half a sentence; empty if the certificate can stay.
  type: str
"""


def certificate_due(certificate, authority, names, renew_days):
    return why_due(certificate, authority, list(names), int(renew_days), datetime.datetime.now(datetime.timezone.utc))


class FilterModule:
    def filters(self):
        return {"certificate_due": certificate_due}
