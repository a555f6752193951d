#!/usr/bin/python
# Copyright (c) 2026, apiary.swarm maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: swarm_files
short_description: Tell from a host's files what it has of a Docker Swarm, whether or not its engine runs
version_added: 1.0.0
description:
  - Reads the directory in which an engine keeps its part of a swarm, and tells who the node is and, of a manager, how far its log of
    the cluster goes. Of several managers that have lost their quorum, the one with the greatest RV(files.log.commit) knows most.
  - Neither keys nor what is in the log are shown. Needs root, but no engine and no SDK.
  - The playbooks C(apiary.swarm.backup), C(apiary.swarm.restore) and C(apiary.swarm.recover) use it.
author:
  - apiary.swarm maintainers (@apiary-swarm)
extends_documentation_fragment:
  - apiary.swarm.attributes.info
options:
  path:
    description:
      - The directory. If not set, C(swarm) in the C(data-root) that C(/etc/docker/daemon.json) names, else C(/var/lib/docker/swarm).
    type: path
seealso:
  - module: apiary.swarm.swarm_init
"""

EXAMPLES = r"""
- name: See which manager knows most
  apiary.swarm.swarm_files:
  register: seen
"""

RETURN = r"""
files:
  description: What was found.
  returned: success
  type: dict
  contains:
    path:
      description: The directory.
      type: str
      returned: always
    member:
      description: Whether the host has a part in a swarm. If not, all that follows is V(null).
      type: bool
      returned: always
    authority:
      description: Fingerprint of the certificate of the swarm's authority, by which two swarms are told from each other.
      type: str
      returned: always
    locked:
      description: Whether the node's key is encrypted with the unlock key (autolock).
      type: bool
      returned: always
    restored:
      description: Checksum of the archive that the playbook C(apiary.swarm.restore) put here, V(null) if it did not.
      type: str
      returned: always
    start:
      description: Addresses and address pools that the node was started with, as options of M(apiary.swarm.swarm_init).
      type: dict
      returned: always
    log:
      description: Of a manager, who it is in the log of the cluster and how far its copy goes. V(null) on a worker.
      type: dict
      returned: always
      sample: {"raft_id": "1b2c", "node_id": "x1y2", "addr": "192.0.2.11:2377", "term": 3, "commit": 712, "last_term": 3, "last_index": 713}
      contains:
        raft_id:
          description: The manager's number in the log, in hexadecimal.
          type: str
          returned: always
        node_id:
          description: Its node ID.
          type: str
          returned: always
        addr:
          description: The address and port that it advertised.
          type: str
          returned: always
        term:
          description: The last election that it knows of.
          type: int
          returned: always
        commit:
          description: Number of the entry up to which the managers had agreed, as far as this one knows.
          type: int
          returned: always
        last_term:
          description: The election after which its last entry was written.
          type: int
          returned: always
        last_index:
          description: Number of its last entry.
          type: int
          returned: always
"""

import hashlib
import json
import os

from ansible_collections.apiary.swarm.plugins.module_utils._module import Module
from ansible_collections.apiary.swarm.plugins.module_utils._raft_log import is_locked, read_log, start_options

WAL = "raft/wal-v3-encrypted"
RESTORED = "apiary-restored"


def directory(daemon_json="/etc/docker/daemon.json"):
    try:
        with open(daemon_json, encoding="utf-8") as file:
            return os.path.join(json.load(file).get("data-root") or "/var/lib/docker", "swarm")
    except (OSError, ValueError, AttributeError, TypeError):  # the last two: JSON, but no map of texts
        return "/var/lib/docker/swarm"


def look(path):
    """The files below path as the dict `files` of the result. Raises OSError or ValueError for what cannot be read."""
    found = dict.fromkeys(("authority", "locked", "restored", "start", "log"))
    state = os.path.join(path, "docker-state.json")
    if not os.path.exists(state):
        return dict(found, path=path, member=False)
    certificates = os.path.join(path, "certificates")
    with open(state, encoding="utf-8") as file:
        state = json.load(file)
        if not isinstance(state, dict):
            raise ValueError("docker-state.json is not a map")
        found["start"] = start_options(state)
    with open(os.path.join(certificates, "swarm-root-ca.crt"), "rb") as file:
        found["authority"] = hashlib.sha256(file.read()).hexdigest()
    with open(os.path.join(certificates, "swarm-node.key"), encoding="utf-8") as file:
        found["locked"] = is_locked(file.read())
    if os.path.exists(os.path.join(path, RESTORED)):
        found["restored"] = content(os.path.join(path, RESTORED)).decode().strip()
    logs = os.path.join(path, WAL)
    names = sorted(name for name in os.listdir(logs) if name.endswith(".wal")) if os.path.isdir(logs) else []
    if names:
        found["log"] = read_log(content(os.path.join(logs, name)) for name in names)
    return dict(found, path=path, member=True)


def content(path):
    with open(path, "rb") as file:
        return file.read()


def main():
    module = Module(argument_spec={"path": {"type": "path"}}, supports_check_mode=True)
    path = module.params["path"] or directory()
    try:
        files = look(path)
    except (OSError, ValueError) as error:
        module.fail_json(
            msg=f"Could not read what this host has of a swarm in {path}: {error}. Is become missing, or were files lost?"
        )
    module.exit_json(changed=False, files=files)


if __name__ == "__main__":
    main()
