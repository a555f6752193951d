#!/usr/bin/python
# Copyright (c) 2026, apiary.swarm maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: swarm_unlock
short_description: Unlock a manager of a Docker Swarm that was restarted under autolock
version_added: 1.0.0
description:
  - Runs on the manager that is locked; each one is unlocked by itself. A manager that is not locked, and a worker, are left alone.
  - On a manager that works it tells whether O(key) is the swarm's present one, so that this is known before an engine is restarted.
author:
  - apiary.swarm maintainers (@apiary-swarm)
extends_documentation_fragment:
  - apiary.swarm.connection
  - apiary.swarm.attributes
attributes:
  check_mode:
    description: Tells whether the manager would be unlocked. Whether the key fits is only seen by trying it.
  diff_mode:
    description: Shows the state of the node before and after.
options:
  key:
    description: The unlock key. Needed where the manager is locked.
    type: str
  former_keys:
    description: Keys from before a rotation, tried after O(key), for a manager that was away when the key was rotated.
    type: list
    elements: str
    default: []
  wait:
    description:
      - Whether to wait until the manager is Reachable.
      - Where most managers are locked, unlock all of them with V(false) first, and wait then, because none is Reachable without the others.
    type: bool
    default: true
  wait_timeout:
    description: Seconds to wait at most.
    type: int
    default: 120
seealso:
  - module: apiary.swarm.keep_unlock_key
  - module: apiary.swarm.swarm_rotate
"""

EXAMPLES = r"""
- name: Unlock this manager
  apiary.swarm.swarm_unlock:
    key: "{{ swarm_unlock_key }}"
  no_log: true
"""

RETURN = r"""
state:
  description: State of the node afterwards, in the engine's word; in check mode as it is.
  returned: success
  type: str
  sample: active
by_former_key:
  description: Whether one of O(former_keys) unlocked the manager, which then takes over the present key by itself.
  returned: success
  type: bool
key_is_current:
  description:
    - Whether O(key) is the swarm's present unlock key.
    - V(null) without a key, without autolock, and where this engine cannot tell.
  returned: success
  type: bool
"""

from ansible_collections.apiary.swarm.plugins.module_utils._cluster import Clock
from ansible_collections.apiary.swarm.plugins.module_utils._connection import connection_spec
from ansible_collections.apiary.swarm.plugins.module_utils._engine import retry
from ansible_collections.apiary.swarm.plugins.module_utils._errors import SwarmError, meaning_of
from ansible_collections.apiary.swarm.plugins.module_utils._flow import run
from ansible_collections.apiary.swarm.plugins.module_utils._module import Module
from ansible_collections.apiary.swarm.plugins.module_utils._swarm_state import obstacle
from ansible_collections.apiary.swarm.plugins.module_utils._unlock import await_manager, must_unlock, unlock

TRIED = "use the manager"


def flow(engine, params, check_mode):
    info = engine.info()
    locked, former = must_unlock(info, engine.name), False
    if locked and not params["key"]:
        raise SwarmError(
            f"{engine.name} is locked, and no key was given", kind="locked", hint=meaning_of("locked"), node=engine.name
        )
    if locked and not check_mode:
        former = unlock(engine, [params["key"], *params["former_keys"]]) > 0
    if params["wait"] and not check_mode:
        await_manager(engine, Clock(params["wait_timeout"]), TRIED)
    return result(engine, info, params["key"], locked, former)


def result(engine, before, key, changed, former):
    after = engine.info()
    states = [entry["Swarm"]["LocalNodeState"] for entry in (before, after)]
    return {
        "changed": changed,
        "state": states[1],
        "by_former_key": former,
        "key_is_current": is_current(engine, after, key),
        "diff": {"before": {"state": states[0]}, "after": {"state": states[1]}},
    }


def is_current(engine, info, key):
    if not key or obstacle(info):
        return None
    try:
        present = retry(lambda: engine.get("/swarm/unlockkey", what="read the unlock key"))["UnlockKey"]
    except SwarmError:
        return None
    return present == key if present else None


def main():
    module = Module(
        argument_spec=dict(
            connection_spec(),
            key={"type": "str", "no_log": True},
            former_keys={"type": "list", "elements": "str", "default": [], "no_log": True},
            wait={"type": "bool", "default": True},
            wait_timeout={"type": "int", "default": 120},
        ),
        supports_check_mode=True,
    )
    try:
        result = run(module, flow)
    except SwarmError as error:
        module.fail_json(**error.result())
    module.exit_json(**result)


if __name__ == "__main__":
    main()
