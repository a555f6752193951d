#!/usr/bin/python
# Copyright (c) 2026, apiary.swarm maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: ask_nodes
short_description: Try many ways to other hosts at once
version_added: 1.0.0
description:
  - Connects to TCP ports, and sends datagrams of which M(apiary.swarm.hear_nodes) on the other side tells whether they came.
  - Does not fail because a way is closed. M(apiary.swarm.show_preflight) does, once all hosts have asked.
  - Talks to no engine and needs no SDK. The playbook C(apiary.swarm.preflight) uses it. ESP needs root.
author:
  - apiary.swarm maintainers (@apiary-swarm)
extends_documentation_fragment:
  - apiary.swarm.attributes.info
options:
  name:
    description: Name of the host that asks, as the others are to know it.
    type: str
    required: true
  token:
    description: The word that M(apiary.swarm.hear_nodes) was given.
    type: str
    required: true
  targets:
    description: Whom to ask for what. Filter P(apiary.swarm.preflight_paths#filter) makes them.
    type: list
    elements: dict
    required: true
    suboptions:
      node:
        description: Name of the other host, for the report.
        type: str
        required: true
      address:
        description: Its address.
        type: str
        required: true
      port:
        description: Its port. Not looked at with ESP.
        type: int
        required: true
      protocol:
        description: TCP is connected to, UDP and ESP are sent to.
        type: str
        choices: [tcp, udp, esp]
        required: true
      sizes:
        description: Sizes of packets to send over UDP that must not be cut in pieces on their way, in bytes.
        type: list
        elements: int
        default: []
  timeout:
    description: Seconds after which a TCP port is taken not to answer.
    type: float
    default: 5
seealso:
  - module: apiary.swarm.hear_nodes
  - module: apiary.swarm.show_preflight
"""

EXAMPLES = r"""
- name: Ask another host
  apiary.swarm.ask_nodes:
    name: manager1
    token: f00d
    targets:
      - {node: worker1, address: 192.0.2.21, port: 7946, protocol: tcp}
      - {node: worker1, address: 192.0.2.21, port: 7946, protocol: udp}
"""

RETURN = r"""
results:
  description: What was found, in the order of the targets.
  returned: success
  type: list
  elements: dict
  contains:
    node:
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
      description: Whether a TCP port took the connection, V(null) for a datagram.
      type: bool
      returned: always
    error:
      description: Why it did not, or why a datagram could not be sent; V(null) if there is nothing to say.
      type: str
      returned: always
"""

from ansible_collections.apiary.swarm.plugins.module_utils._datagrams import send_all
from ansible_collections.apiary.swarm.plugins.module_utils._module import Module
from ansible_collections.apiary.swarm.plugins.module_utils._port_checks import check_all, faults


def ask(targets, name, token, timeout):
    """[(answered, error)] of the targets, in their order."""
    connected = iter(check_all([target for target in targets if target["protocol"] == "tcp"], timeout))
    sent = iter(send_all([target for target in targets if target["protocol"] != "tcp"], token, name))
    found = []
    for target in targets:
        if target["protocol"] == "tcp":
            answer = next(connected)
            found.append((answer["answered"], answer["error"]))
        else:
            found.append((None, next(sent)))
    return found


def more_faults(params):
    """What is wrong with the options for datagrams, whose content has blanks between its parts."""
    found = [
        f"{name} must be without blanks, not {params[name]!r}"
        for name in ("name", "token")
        if params[name].split() != [params[name]]
    ]
    return found + [
        f"targets[{index}].sizes must be from 0 to 65535, not {size}"
        for index, target in enumerate(params["targets"])
        for size in target["sizes"]
        if not 0 <= size <= 65535
    ]


def main():
    target = {
        "node": {"type": "str", "required": True},
        "address": {"type": "str", "required": True},
        "port": {"type": "int", "required": True},
        "protocol": {"type": "str", "choices": ["tcp", "udp", "esp"], "required": True},
        "sizes": {"type": "list", "elements": "int", "default": []},
    }
    module = Module(
        argument_spec={
            "name": {"type": "str", "required": True},
            "token": {"type": "str", "required": True, "no_log": False},
            "targets": {"type": "list", "elements": "dict", "required": True, "options": target},
            "timeout": {"type": "float", "default": 5},
        },
        supports_check_mode=True,
    )
    params = module.params
    wrong = faults(params["targets"], params["timeout"]) + more_faults(params)
    if wrong:
        module.fail_json(msg="\n".join(wrong))
    found = ask(params["targets"], params["name"], params["token"], params["timeout"])
    module.exit_json(
        changed=False,
        results=[
            dict({key: target[key] for key in ("node", "port", "protocol")}, answered=answered, error=error)
            for target, (answered, error) in zip(params["targets"], found)
        ],
    )


if __name__ == "__main__":
    main()
