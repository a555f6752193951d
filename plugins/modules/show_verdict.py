#!/usr/bin/python
# Copyright (c) 2026, apiary.swarm maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: show_verdict
short_description: Print which published ports of a Docker Swarm answer, and fail if one does not
version_added: 1.0.0
description:
  - Prints what M(apiary.swarm.check_ports) found on each host as one table, service by node.
  - Fails if a port did not answer, if no task runs of a service that publishes and is to have some, or if a host could not
    ask. A port of which it cannot be known (UDP, SCTP) is shown as V(?) and is no failure.
  - Runs on the control host and talks to no engine. The playbook C(apiary.swarm.verify) uses it.
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
  seen:
    description: >-
      Result of M(apiary.swarm.swarm_info) with V(nodes), V(services) and V(tasks), of which the targets were made;
      with V(mesh) a failure also tells that the kernel cannot route.
    type: dict
    required: true
  hosts:
    description: The hosts that asked, in the order in which they are shown.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: Name of the host.
        type: str
        required: true
      report:
        description: The registered result of M(apiary.swarm.check_ports) on that host, also one that failed or was unreachable.
        type: dict
        required: true
seealso:
  - module: apiary.swarm.check_ports
"""

EXAMPLES = r"""
- name: Show what answers
  apiary.swarm.show_verdict:
    seen: "{{ cluster }}"
    hosts:
      - name: the control host
        report: "{{ answers }}"
"""

RETURN = r"""
lines:
  description: What was printed.
  returned: success
  type: list
  elements: str
  sample: ["PUBLISHED PORTS", "SERVICE  PORT      NODE     FROM control", "httpd    8080/tcp  worker1  200 3 ms"]
failures:
  description: What does not answer, as sentences, one for what does not answer for the same reason.
  returned: always
  type: list
  elements: str
"""
