#!/usr/bin/python
# Copyright (c) 2026, apiary.swarm maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: tls_authority
short_description: Keep an authority for the engines' API over TLS, and a certificate for its clients
version_added: 1.0.0
description:
  - Keeps a folder on the control host with C(ca.pem), C(ca-key.pem), C(cert.pem) and C(key.pem), which the docker CLI takes as
    E(DOCKER_CERT_PATH). What is missing or about to end is made; keys are for their owner's eyes alone.
  - An authority that would end before a certificate that it signs is prolonged with the same key, so that what it signed stays good.
  - Runs on the control host and talks to no engine. Role P(apiary.swarm.engine#role) uses it.
author:
  - apiary.swarm maintainers (@apiary-swarm)
attributes:
  check_mode:
    description: Tells what it would make, and makes nothing.
    support: full
  diff_mode:
    description: Keys are nobody's to see.
    support: none
  idempotent:
    description: A second run with the same options changes nothing and says so.
    support: full
options:
  directory:
    description: The folder on the control host. It is made if it is not there. May be left out with O(ca_certificate).
    type: str
    default: ""
  days:
    description: For how many days a certificate is issued.
    type: int
    default: 365
  renew_days:
    description: How many days before its end a certificate is made anew.
    type: int
    default: 30
  ca_certificate:
    description: The certificate of an authority of your own in place of the folder's, as PEM text.
    type: str
    default: ""
  ca_key:
    description: The key to O(ca_certificate) without a passphrase, as PEM text; for example from a vault.
    type: str
    default: ""
seealso:
  - module: apiary.swarm.tls_certificate
"""

EXAMPLES = r"""
- name: Have an authority and a certificate for the client
  apiary.swarm.tls_authority:
    directory: ~/swarm-tls
  run_once: true
"""

RETURN = r"""
ca_certificate:
  description: The authority's certificate, as PEM text.
  returned: success
  type: str
actions:
  description: What was made, and why.
  returned: success
  type: list
  elements: str
  sample: ["made a certificate for the client, because it ends on 2027-01-01"]
"""
