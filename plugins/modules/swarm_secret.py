#!/usr/bin/python
# Copyright (c) 2026, apiary.swarm maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: swarm_secret
short_description: Create, renew and remove the secrets of a Docker Swarm
version_added: 1.0.0
description:
  - Runs on any manager and handles any number of secrets in one call.
  - The engine can change the labels of a secret, and nothing else. New content is an error, unless O(rolling_versions) has a new
    version made of it, or O(recreate) permits to remove the secret and make it anew.
  - The engine never tells the content of a secret. To tell whether it changed, a secret made here has the label
    C(io.apiary.content) with a salted hash (PBKDF2) of the content, from which nobody reads it, though one who may read labels
    can try guesses, slowly. The label C(ansible_key) of C(community.docker) is understood.
  - A secret made by other means has no such label. Its content is left as it is, with a warning, unless O(recreate)
    permits to make it anew.
  - The content is in no result, diff, message or log of this module. A C(loop) over it shows each item, however; hand many
    over as O(secrets).
author:
  - apiary.swarm maintainers (@apiary-swarm)
extends_documentation_fragment:
  - apiary.swarm.connection
  - apiary.swarm.attributes
  - apiary.swarm.secrets
  - apiary.swarm.content
options:
  name:
    description: Name of the one secret to handle, as the options beside the list describe it. Needed if O(secrets) is not set.
    type: str
seealso:
  - module: apiary.swarm.swarm_service
  - module: apiary.swarm.swarm_config
"""

EXAMPLES = r"""
- name: Create a secret
  apiary.swarm.swarm_secret:
    name: db_password
    data: "{{ vault_db_password }}"

- name: Have a new version made whenever the content changes, and the service use the newest
  apiary.swarm.swarm_secret:
    name: db_password
    data: "{{ vault_db_password }}"
    rolling_versions: true
    versions_to_keep: 2

- name: Use it; a new version gives the service new tasks
  apiary.swarm.swarm_service:
    name: app
    image: nginx:1.26
    secrets: [db_password]

- name: Handle two in one call, one of them from a file of the control host
  apiary.swarm.swarm_secret:
    secrets:
      - name: one
        data: "{{ lookup('ansible.builtin.file', 'one.txt', rstrip=false) }}"
      - name: old
        state: absent
"""

RETURN = r"""
secrets:
  description: The secrets that were named, without their content.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: Name of the secret, as the task has it.
      type: str
      returned: always
    full_name:
      description: Its name in the swarm, of versions the newest one's. V(null) if it is not to be there.
      type: str
      returned: always
    id:
      description: ID of it, V(null) if it is not there.
      type: str
      returned: always
    action:
      description:
        - One of V(created), V(updated), V(recreated), V(removed), V(unchanged); in check mode what would be done.
        - A new version is V(created). If only old versions were removed it is V(updated).
      type: str
      returned: always
    changed:
      description: Whether something was done.
      type: bool
      returned: always
    removed_versions:
      description: Names of the old versions that were removed.
      type: list
      elements: str
      returned: always
secret_id:
  description: ID of the one secret.
  returned: success, if O(name) is set
  type: str
secret_name:
  description: Name of the one secret in the swarm.
  returned: success, if O(name) is set
  type: str
"""

from ansible_collections.apiary.swarm.plugins.module_utils._connection import connection_spec
from ansible_collections.apiary.swarm.plugins.module_utils._content_changes import argument_spec, bring
from ansible_collections.apiary.swarm.plugins.module_utils._contents import SECRET
from ansible_collections.apiary.swarm.plugins.module_utils._errors import SwarmError
from ansible_collections.apiary.swarm.plugins.module_utils._flow import run
from ansible_collections.apiary.swarm.plugins.module_utils._module import Module


def flow(engine, params, check_mode):
    return bring(engine, SECRET, params, check_mode)


def main():
    module = Module(
        argument_spec=dict(connection_spec(), **argument_spec(SECRET)),
        mutually_exclusive=[("secrets", "name")],
        required_one_of=[("secrets", "name")],
        supports_check_mode=True,
    )
    try:
        result = run(module, flow)
    except SwarmError as error:
        module.fail_json(**error.result())
    module.exit_json(**result)


if __name__ == "__main__":
    main()
