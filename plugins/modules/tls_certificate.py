#!/usr/bin/python
# Copyright (c) 2026, apiary.swarm maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: tls_certificate
short_description: Issue a certificate for an engine's API over TLS
version_added: 1.0.0
description:
  - Makes a key and has the authority of M(apiary.swarm.tls_authority) sign a certificate for it, at each call.
    Filter P(apiary.swarm.certificate_due#filter) says when one is needed.
  - The key is in the result and in no file, so give the task C(no_log).
  - Runs on the control host and talks to no engine. Role P(apiary.swarm.engine#role) uses it.
author:
  - apiary.swarm maintainers (@apiary-swarm)
attributes:
  check_mode:
    description: Says that it would issue one.
    support: full
  diff_mode:
    description: Keys are nobody's to see.
    support: none
  idempotent:
    description: Issues another one at each call.
    support: none
options:
  directory:
    description: The authority's folder on the control host. Not looked at with O(ca_certificate).
    type: str
    default: ""
  days:
    description: For how many days the certificate is issued.
    type: int
    default: 365
  ca_certificate:
    description: The certificate of an authority of your own in place of the folder's, as PEM text.
    type: str
    default: ""
  ca_key:
    description: The key to O(ca_certificate) without a passphrase, as PEM text.
    type: str
    default: ""
  name:
    description: The name that the certificate bears.
    type: str
    required: true
  names:
    description: Host names and addresses under which the engine is reached.
    type: list
    elements: str
    required: true
seealso:
  - module: apiary.swarm.tls_authority
"""

EXAMPLES = r"""
- name: Issue a certificate for this host
  apiary.swarm.tls_certificate:
    directory: ~/swarm-tls
    name: "{{ inventory_hostname }}"
    names: ["{{ inventory_hostname }}", "{{ ansible_host }}"]
  register: issued
  no_log: true
"""

RETURN = r"""
certificate:
  description: The certificate, as PEM text.
  returned: success, not in check mode
  type: str
key:
  description: Its key, as PEM text.
  returned: success, not in check mode
  type: str
"""
