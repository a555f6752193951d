#!/usr/bin/python
# Copyright (c) 2026, apiary.swarm maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: hear_nodes
short_description: Listen for a while, and tell which other hosts could be heard
version_added: 1.0.0
description:
  - With O(state=started) a process of its own listens on the host after the task has returned. M(apiary.swarm.ask_nodes) on other
    hosts sends to it. O(state=ended) ends it and returns what it heard; else it ends by itself after O(seconds).
  - Datagrams are heard behind the host's packet filter and on any port, also on one that the engine has. That needs root.
  - Listens on ports only if they are named, so that connections can be made where no engine is in a swarm yet.
  - Talks to no engine and needs no SDK. The playbook C(apiary.swarm.preflight) uses it.
author:
  - apiary.swarm maintainers (@apiary-swarm)
attributes:
  check_mode:
    description: Changes nothing on the host, so it does the same in check mode.
    support: full
  diff_mode:
    description: Changes nothing, so there is no difference to show.
    support: N/A
  idempotent:
    description: Changes nothing.
    support: full
options:
  state:
    description: Whether to begin to listen, or to end and tell what was heard.
    type: str
    choices: [started, ended]
    required: true
  token:
    description: A word that this run alone uses. Other datagrams are not heard.
    type: str
    required: true
  tcp:
    description: TCP ports to listen on.
    type: list
    elements: int
    default: []
  udp:
    description: UDP ports to take, so that it shows whether they are free.
    type: list
    elements: int
    default: []
  esp:
    description: Whether to hear ESP, the protocol of encrypted networks, too.
    type: bool
    default: false
  seconds:
    description: After how many seconds it ends by itself.
    type: int
    default: 60
seealso:
  - module: apiary.swarm.ask_nodes
"""

EXAMPLES = r"""
- name: Listen
  apiary.swarm.hear_nodes: {state: started, token: f00d, tcp: [2377, 7946], udp: [7946, 4789]}

- name: Tell what was heard
  apiary.swarm.hear_nodes: {state: ended, token: f00d}
  register: heard
"""

RETURN = r"""
taken:
  description: Ports that cannot be listened on.
  returned: with O(state=started)
  type: list
  elements: dict
  sample: [{"port": 7946, "protocol": "tcp", "error": "Address already in use"}]
deaf:
  description: Why no datagrams can be heard, V(null) if they can.
  returned: success
  type: str
heard:
  description: The datagrams that came, each once.
  returned: with O(state=ended)
  type: list
  elements: dict
  sample: [{"source": "worker1", "protocol": "udp", "port": 7946, "size": 46}]
"""

from ansible_collections.apiary.swarm.plugins.module_utils._listener import end, start
from ansible_collections.apiary.swarm.plugins.module_utils._module import Module
from ansible_collections.apiary.swarm.plugins.module_utils._units import MOST_SECONDS

# What fits into the name of a socket, with what stands before it there.
LONGEST_TOKEN = 90


def faults(params):
    """What is wrong with the options, as texts."""
    found = [
        f"{protocol}: ports must be from 1 to 65535, and {port} is not"
        for protocol in ("tcp", "udp")
        for port in params[protocol]
        if not 0 < port < 65536
    ]
    if params["token"].split() != [params["token"]] or len(params["token"].encode()) > LONGEST_TOKEN:
        found.append(f"token must be without blanks and of at most {LONGEST_TOKEN} bytes, not {params['token']!r}")
    if not 0 < params["seconds"] <= MOST_SECONDS:
        found.append(f"seconds must be from 1 to {MOST_SECONDS}, not {params['seconds']}")
    return found


def main():
    module = Module(
        argument_spec={
            "state": {"type": "str", "choices": ["started", "ended"], "required": True},
            "token": {"type": "str", "required": True, "no_log": False},
            "tcp": {"type": "list", "elements": "int", "default": []},
            "udp": {"type": "list", "elements": "int", "default": []},
            "esp": {"type": "bool", "default": False},
            "seconds": {"type": "int", "default": 60},
        },
        supports_check_mode=True,
    )
    params = module.params
    wrong = faults(params)
    if wrong:
        module.fail_json(msg="\n".join(wrong))
    try:
        if params["state"] == "started":
            answer = start(params["token"], params["tcp"], params["udp"], params["esp"], params["seconds"])
        else:
            answer = end(params["token"])
    except OSError as trouble:
        doing = (
            "begin to listen" if params["state"] == "started" else "ask the process that listened, which may have ended"
        )
        module.fail_json(msg=f"could not {doing}: {trouble}")
    module.exit_json(changed=False, **answer)


if __name__ == "__main__":
    main()
