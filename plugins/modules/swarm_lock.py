#!/usr/bin/python
# Copyright (c) 2026, apiary.swarm maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: swarm_lock
short_description: Keep two plays from working on one Docker Swarm at the same time
version_added: 1.0.0
description:
  - Takes, renews or gives back a lock that the swarm itself keeps, as a config with the name C(io.apiary.lock). Whoever holds it
    may take nodes away; another play is refused until then. Two that ask at the same moment do not both get it.
  - The holder is the run of Ansible. Calling this again in the same run renews the lock, which is its sign of life; one that has
    lost it meanwhile fails.
  - The lock of a run that died is taken over at once where this control host can see that its process is gone, else after
    O(stale_after) without a sign of life.
  - Holding a lock is not a change of the swarm, so it is never reported as one.
author:
  - apiary.swarm maintainers (@apiary-swarm)
extends_documentation_fragment:
  - apiary.swarm.connection
  - apiary.swarm.attributes
attributes:
  check_mode:
    description: Fails where the lock could not be had, and does not take it.
  diff_mode:
    description: The lock is no part of what is declared.
    support: N/A
options:
  state:
    description:
      - V(held) takes the lock, or renews it.
      - V(released) gives it back. What another run holds stays, unless O(force).
    type: str
    choices: [held, released]
    default: held
  purpose:
    description: What it is for, for example the playbook's name, to be told to whoever is refused. Required with O(state=held).
    type: str
  first:
    description: Whether a lock that this run does not hold may be taken. V(false) only renews, and fails if it is lost.
    type: bool
    default: true
  stale_after:
    description: Seconds without a sign of life after which a holder counts as dead. No step of a play may take longer.
    type: int
    default: 1800
  force:
    description: Take the lock, or give it back, whoever holds it. Only if that one has surely died.
    type: bool
    default: false
  holder:
    description: Who holds it. The run of Ansible fills it in, with its host, user and process.
    type: str
  dead_holder:
    description: A holder that is known to have died. The control host fills it in.
    type: str
seealso:
  - module: apiary.swarm.swarm_node
"""

EXAMPLES = r"""
- name: Keep other plays away
  apiary.swarm.swarm_lock:
    purpose: maintenance.yml
  run_once: true

- name: Let them in again
  apiary.swarm.swarm_lock:
    state: released
  run_once: true
"""

RETURN = r"""
lock:
  description: The lock as it is now, V(null) if nobody has it.
  returned: always
  type: dict
  sample: {holder: "ops@control (4711)", purpose: "upgrade.yml", since: "2026-11-23T22:04:37.169387338Z", renewed: "2026-11-23T22:05:01.1Z"}
taken_from:
  description: The holder whose lock was taken over, V(null) if there was none.
  returned: success
  type: str
"""

from ansible_collections.apiary.swarm.plugins.module_utils._connection import connection_spec
from ansible_collections.apiary.swarm.plugins.module_utils._engine import TRANSIENT, retry
from ansible_collections.apiary.swarm.plugins.module_utils._errors import SwarmError
from ansible_collections.apiary.swarm.plugins.module_utils._flow import run
from ansible_collections.apiary.swarm.plugins.module_utils._lock import NAME, decide, lock_of, refused, row, spec_of
from ansible_collections.apiary.swarm.plugins.module_utils._module import Module

# somebody else was quicker, or the managers change their leader: look again
AGAIN = TRANSIENT | {"name_conflict", "out_of_sequence", "not_found"}


def flow(engine, params, check_mode):
    turn = hold if params["state"] == "held" else release
    return retry(lambda: turn(engine, params, check_mode), kinds=AGAIN)


def hold(engine, params, check_mode):
    lock, now = look(engine)
    tried = f"begin {params['purpose']}"
    step = decide(lock, params["holder"], now, params["stale_after"], params["dead_holder"], params["force"])
    if step == "refuse":
        raise refused(lock, now, params["stale_after"], tried, engine.name)
    if step != "renew" and not params["first"]:
        raise lost(lock, params["purpose"], engine.name)
    if check_mode:
        return result(lock, lock.holder if step == "take_over" else None)
    spec = spec_of(params["holder"], params["purpose"], now)
    if step == "renew":
        engine.post(f"/configs/{lock.id}/update", spec, what="renew the lock", version=lock.version)
    else:
        if step == "take_over":
            # by its ID: the lock of somebody who took it over meanwhile has another
            engine.delete(f"/configs/{lock.id}", what="take over the lock")
        engine.post("/configs/create", spec, what="take the lock")
    return result(look(engine)[0], lock.holder if step == "take_over" else None)


def release(engine, params, check_mode):
    lock, _now = look(engine)
    if lock is None or (lock.holder != params["holder"] and not params["force"]):
        return result(lock)
    if not check_mode:
        engine.delete(f"/configs/{lock.id}", what="give back the lock")
    return result(None)


def look(engine):
    configs = engine.get("/configs", what="read the swarm's lock", filters={"name": [NAME]})
    return lock_of(configs), engine.info()["SystemTime"]


def lost(lock, purpose, node):
    now_with = f"{lock.purpose} ({lock.holder}) has it now" if lock else "nobody has it now"
    return SwarmError(
        f"{purpose} has lost the swarm's lock while it worked: {now_with}",
        kind="lock_lost",
        hint="It was silent for too long and was taken for dead, or somebody forced the lock. Nothing more is done; run it again.",
        node=node,
        details={"lock": row(lock)},
    )


def result(lock, taken_from=None):
    return {"changed": False, "lock": row(lock), "taken_from": taken_from}


def main():
    module = Module(
        argument_spec=dict(
            connection_spec(),
            state={"type": "str", "choices": ["held", "released"], "default": "held"},
            purpose={"type": "str"},
            first={"type": "bool", "default": True},
            stale_after={"type": "int", "default": 1800},
            force={"type": "bool", "default": False},
            holder={"type": "str"},
            dead_holder={"type": "str"},
        ),
        required_if=[("state", "held", ("purpose",))],
        supports_check_mode=True,
    )
    try:
        result = run(module, flow)
    except SwarmError as error:
        module.fail_json(**error.result())
    module.exit_json(**result)


if __name__ == "__main__":
    main()
