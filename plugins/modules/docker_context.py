#!/usr/bin/python
# Copyright (c) 2026, apiary.swarm maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: docker_context
short_description: Keep contexts of the docker CLI for engines with an API over TLS
version_added: 1.0.0
description:
  - Has the docker CLI of the machine that it runs on know engines by name, so that C(docker --context NAME) reaches them.
  - The CLI keeps copies of the certificates; they are renewed when the files in O(directory) are.
  - Runs where contexts are wanted, usually on the control host as the user who works there. Talks to no engine and needs no SDK.
author:
  - apiary.swarm maintainers (@apiary-swarm)
attributes:
  check_mode:
    description: Computes and validates the same plan as a real run, and applies nothing.
    support: full
  diff_mode:
    description: Shows names and addresses before and after.
    support: full
  idempotent:
    description: A second run with the same options changes nothing and says so.
    support: full
options:
  contexts:
    description: Names of contexts and the address of the engine of each, for example C(tcp://192.0.2.11:2376).
    type: dict
    default: {}
  directory:
    description:
      - The folder with C(ca.pem), C(cert.pem) and C(key.pem), as M(apiary.swarm.tls_authority) keeps it.
      - Needed with O(state=present).
    type: path
  owner:
    description:
      - The description that the contexts get, and by which they are known later. A context of the same name with another description
        is an error.
    type: str
    default: apiary.swarm
  exclusive:
    description: Whether to remove contexts of this O(owner) that are not in O(contexts).
    type: bool
    default: false
  state:
    description: V(absent) removes all contexts of this O(owner).
    type: str
    choices: [present, absent]
    default: present
requirements:
  - docker CLI 19.03 or newer
seealso:
  - module: apiary.swarm.tls_authority
"""

EXAMPLES = r"""
- name: Know two engines by name
  apiary.swarm.docker_context:
    directory: ~/swarm-tls
    contexts:
      manager1: tcp://192.0.2.11:2376
      manager2: tcp://192.0.2.12:2376
  delegate_to: localhost
  become: false
  run_once: true
"""

RETURN = r"""
contexts:
  description: What was done, one entry for each context that was made, changed or removed.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: Name of the context.
      type: str
      returned: always
    host:
      description: Address of its engine.
      type: str
      returned: always
    action:
      description: V(create), V(update) or V(remove).
      type: str
      returned: always
"""

from ansible_collections.apiary.swarm.plugins.module_utils._contexts import Contexts, materials, plan
from ansible_collections.apiary.swarm.plugins.module_utils._errors import SwarmError
from ansible_collections.apiary.swarm.plugins.module_utils._module import Module


def flow(cli, params, check_mode):
    absent = params["state"] == "absent"
    files = {} if absent else materials(params["directory"])
    there = cli.read()
    planned = plan(there, params["contexts"], files, params["owner"], params["exclusive"], absent)
    if not check_mode:
        cli.apply(planned, params["directory"], params["owner"])
    return result(there, planned)


def result(there, planned):
    before = {name: there[name]["host"] for _action, name, _host in planned if name in there}
    after = {name: host for action, name, host in planned if action != "remove"}
    return {
        "changed": bool(planned),
        "contexts": [{"name": name, "host": host, "action": action} for action, name, host in planned],
        "diff": {"before": before, "after": after},
    }


def cli_of(module):
    path = module.get_bin_path("docker")
    if not path:
        raise SwarmError(
            "There is no docker CLI in PATH on this machine, and contexts are its own",
            kind="docker_cli_missing",
            hint="Install one (package docker-ce-cli or docker-cli; no engine is needed), or leave contexts.yml out: modules reach the engines "
            "without it.",
        )
    return Contexts(lambda words: module.run_command([path, *words]))


def main():
    module = Module(
        argument_spec={
            "contexts": {"type": "dict", "default": {}},
            "directory": {"type": "path"},
            "owner": {"type": "str", "default": "apiary.swarm"},
            "exclusive": {"type": "bool", "default": False},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        },
        required_if=[("state", "present", ["directory"])],
        supports_check_mode=True,
    )
    try:
        done = flow(cli_of(module), module.params, module.check_mode)
    except SwarmError as error:
        module.fail_json(**error.result())
    module.exit_json(**done)


if __name__ == "__main__":
    main()
