#!/usr/bin/python
# Copyright (c) 2026, apiary.swarm maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: check_ports
short_description: Ask many ports from one host, and report which of them answer
version_added: 1.0.0
description:
  - Connects to each target from the host that it runs on, all side by side, and reports what it found.
  - Does not fail because a port does not answer. M(apiary.swarm.show_verdict) does, once all hosts have asked.
  - A TCP port answers if it takes a connection. Where O(targets[].path) is set, it must answer HTTP with one of
    O(targets[].status). A UDP port that nobody listens on is found if its host says so; one that keeps silent cannot be told
    from one behind a firewall.
  - Talks to no engine and needs no SDK.
author:
  - apiary.swarm maintainers (@apiary-swarm)
extends_documentation_fragment:
  - apiary.swarm.attributes.info
options:
  targets:
    description: What to ask. Filter P(apiary.swarm.published_targets#filter) makes them of what a swarm publishes.
    type: list
    elements: dict
    required: true
    suboptions:
      service:
        description: Name of the service, for the report.
        type: str
      node:
        description: Name of the node, for the report.
        type: str
      address:
        description: Address to connect to.
        type: str
        required: true
      port:
        description: Port to connect to.
        type: int
        required: true
      protocol:
        description: Protocol of the port. V(sctp) is reported as one that cannot be told.
        type: str
        choices: [tcp, udp, sctp]
        default: tcp
      scheme:
        description: V(https) does not check the certificate, which is seldom made out for a node's address.
        type: str
        choices: [http, https]
        default: http
      path:
        description: Path to ask for by HTTP, beginning with a slash. If not set, a connection is all that is asked for.
        type: str
      status:
        description: Codes of HTTP that are an answer.
        type: list
        elements: int
        default: [200]
  timeout:
    description: Seconds after which a port is taken not to answer.
    type: float
    default: 5
seealso:
  - module: apiary.swarm.show_verdict
"""

EXAMPLES = r"""
- name: Ask two nodes for a page
  apiary.swarm.check_ports:
    targets:
      - {service: httpd, node: worker1, address: 192.0.2.21, port: 8080, path: /}
      - {service: httpd, node: worker2, address: 192.0.2.22, port: 8080, path: /}
  register: seen
"""

RETURN = r"""
results:
  description: What was found, in the order of the targets.
  returned: success
  type: list
  elements: dict
  contains:
    service:
      description: As given.
      type: str
      returned: always
    node:
      description: As given.
      type: str
      returned: always
    address:
      description: As given.
      type: str
      returned: always
    port:
      description: As given.
      type: int
      returned: always
    protocol:
      description: As given.
      type: str
      returned: always
    answered:
      description: Whether it answered as wanted, V(null) where that cannot be known.
      type: bool
      returned: always
    code:
      description: Code of HTTP, V(null) without one.
      type: int
      returned: always
    latency:
      description: Seconds until the connection was there, or the head of the answer by HTTP.
      type: float
      returned: always
    error:
      description: Why it is not an answer, V(null) if it is.
      type: str
      returned: always
"""

from ansible_collections.apiary.swarm.plugins.module_utils._module import Module
from ansible_collections.apiary.swarm.plugins.module_utils._port_checks import check_all, faults

SHOWN = ("service", "node", "address", "port", "protocol")


def wrong_paths(targets):
    return [
        f"targets[{index}].path must begin with a slash, and '{target['path']}' does not"
        for index, target in enumerate(targets)
        if target["path"] and not target["path"].startswith("/")
    ]


def main():
    target = {
        "service": {"type": "str"},
        "node": {"type": "str"},
        "address": {"type": "str", "required": True},
        "port": {"type": "int", "required": True},
        "protocol": {"type": "str", "choices": ["tcp", "udp", "sctp"], "default": "tcp"},
        "scheme": {"type": "str", "choices": ["http", "https"], "default": "http"},
        "path": {"type": "str"},
        "status": {"type": "list", "elements": "int", "default": [200]},
    }
    module = Module(
        argument_spec={
            "targets": {"type": "list", "elements": "dict", "required": True, "options": target},
            "timeout": {"type": "float", "default": 5},
        },
        supports_check_mode=True,
    )
    targets = module.params["targets"]
    wrong = faults(targets, module.params["timeout"]) + wrong_paths(targets)
    if wrong:
        module.fail_json(msg="\n".join(wrong))
    found = check_all(targets, module.params["timeout"])
    module.exit_json(
        changed=False,
        results=[dict({key: target[key] for key in SHOWN}, **answer) for target, answer in zip(targets, found)],
    )


if __name__ == "__main__":
    main()
