#!/usr/bin/python
# Copyright (c) 2026, apiary.swarm maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: swarm_deploy
short_description: Bring networks, secrets, configs and services of a Docker Swarm to what is declared, in one call
version_added: 1.0.0
description:
  - Does what M(apiary.swarm.swarm_network), M(apiary.swarm.swarm_secret), M(apiary.swarm.swarm_config) and
    M(apiary.swarm.swarm_service) do one after the other, in one call on any manager.
  - All of it is read and validated before anything is changed. Networks, secrets and configs are made before the services, and
    what is to be absent is removed when the services run, so that a whole application can be declared, and declared absent, at once.
  - A service gets the newest version of the secrets and configs that it names, also in check mode, whose diff shows it. Old versions
    that no service uses any more, nor would use after a rollback, are removed when the services run.
  - If a service fails, nothing is removed.
author:
  - apiary.swarm maintainers (@apiary-swarm)
extends_documentation_fragment:
  - apiary.swarm.connection
  - apiary.swarm.attributes
  - apiary.swarm.watched
  - apiary.swarm.networks
  - apiary.swarm.secrets
  - apiary.swarm.configs
options:
  services:
    description: The services to handle, each with the options of M(apiary.swarm.swarm_service).
    type: list
    elements: dict
  service_defaults:
    description: Options for all of O(services) that do not name them.
    type: dict
  undeclared:
    description:
      - What becomes of options of a service that are not declared.
      - V(keep) leaves them as they are, V(restore) takes those back to the engine's default that an earlier run declared, V(reset)
        takes all of them back.
    type: str
    choices: [keep, restore, reset]
    default: keep
  wait:
    description: Whether to wait until the services run.
    type: bool
    default: true
  wait_timeout:
    description: Seconds to wait at most, for all of it together.
    type: int
    default: 300
seealso:
  - module: apiary.swarm.swarm_service
  - module: apiary.swarm.swarm_network
  - module: apiary.swarm.swarm_secret
  - module: apiary.swarm.swarm_config
"""

EXAMPLES = r"""
- name: Deploy an application
  apiary.swarm.swarm_deploy:
    networks:
      - name: backend
    secrets:
      - name: db_password
        data: "{{ vault_db_password }}"
        rolling_versions: true
    services:
      - name: db
        image: postgres:17
        networks: [backend]
        secrets: [db_password]
      - name: app
        image: registry.example.com/app:4.2
        replicas: 3
        networks: [backend]
        secrets: [db_password]
        publish: ["8080:80"]

- name: Take it away again, in the order that it needs
  apiary.swarm.swarm_deploy:
    services:
      - {name: app, state: absent}
      - {name: db, state: absent}
    secrets:
      - {name: db_password, rolling_versions: true, state: absent}
    networks:
      - {name: backend, state: absent}
"""

RETURN = r"""
networks:
  description: The networks that were named, as in RV(apiary.swarm.swarm_network#module:networks).
  returned: success, and failure after something was changed
  type: list
  elements: dict
secrets:
  description: The secrets that were named, as in RV(apiary.swarm.swarm_secret#module:secrets).
  returned: success, and failure after something was changed
  type: list
  elements: dict
configs:
  description: The configs that were named, as in RV(apiary.swarm.swarm_config#module:configs).
  returned: success, and failure after something was changed
  type: list
  elements: dict
services:
  description: The services that were named, as in RV(apiary.swarm.swarm_service#module:services).
  returned: success, and failure after something was changed
  type: list
  elements: dict
"""

from ansible_collections.apiary.swarm.plugins.module_utils import _content_changes as contents
from ansible_collections.apiary.swarm.plugins.module_utils import _network_changes as networks
from ansible_collections.apiary.swarm.plugins.module_utils._connection import connection_spec
from ansible_collections.apiary.swarm.plugins.module_utils._deployment import SORTS, continue_deployment, deploy
from ansible_collections.apiary.swarm.plugins.module_utils._errors import SwarmError
from ansible_collections.apiary.swarm.plugins.module_utils._flow import run
from ansible_collections.apiary.swarm.plugins.module_utils._module import Module
from ansible_collections.apiary.swarm.plugins.module_utils._wishes import between_plugin_and_module


def argument_spec():
    return dict(
        connection_spec(),
        networks=networks.argument_spec()["networks"],
        **{sort.many: contents.argument_spec(sort)[sort.many] for sort in SORTS},
        services={"type": "list", "elements": "dict"},
        service_defaults={"type": "dict"},
        undeclared={"type": "str", "choices": ["keep", "restore", "reset"], "default": "keep"},
        wait={"type": "bool", "default": True},
        wait_timeout={"type": "int", "default": 300},
        **between_plugin_and_module(),
    )


def flow(engine, params, check_mode):
    if params["_resume"]:
        return continue_deployment(engine, params["_resume"], params["_slice"])
    return deploy(engine, params, check_mode)


def forget_contents(module):
    """Take the contents out of the options, and out of what ansible-core hides in the result, which has none of them.

    It hides a text wherever it stands: a secret that reads "web" would be cut out of the name of each service.
    """
    shown = set(module.params["_hidden"] or ())
    for sort in SORTS:
        for entry in module.params[sort.many] or ():
            if entry["data"] is not None and entry["data"] not in shown:
                module.no_log_values.discard(entry["data"])
                entry["data"] = "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"


def main():
    module = Module(argument_spec=argument_spec(), supports_check_mode=True)
    try:
        result = run(module, flow)
    except SwarmError as error:
        module.fail_json(**error.result())
    forget_contents(module)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
