#!/usr/bin/python
# Copyright (c) 2026, apiary.swarm maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: swarm_rotate
short_description: Renew the join tokens, the unlock key or the root CA of a Docker Swarm
version_added: 1.0.0
description:
  - Runs on any manager. Members of the swarm and their services stay as they are; who wants to join needs the new token.
  - No token, key or certificate is returned. Join tokens are read by M(apiary.swarm.swarm_info), the unlock key is kept by
    M(apiary.swarm.keep_unlock_key).
  - A new root CA makes new join tokens as well, because they name the CA.
author:
  - apiary.swarm maintainers (@apiary-swarm)
extends_documentation_fragment:
  - apiary.swarm.connection
  - apiary.swarm.attributes
attributes:
  diff_mode:
    description: Shows what is renewed, and nothing of what it is.
  idempotent:
    description: With O(trigger). Without it each run rotates.
    support: partial
options:
  rotate:
    description:
      - What to renew, by one request.
      - V(unlock_key) needs autolock; the managers that can be reached take it over at once, another one is unlocked with the old
        key when it comes back.
      - V(ca) has the managers make a new root CA and gives every node a certificate of it. Refused while a node is down, because
        it would not end.
    type: list
    elements: str
    choices: [worker_token, manager_token, unlock_key, ca]
    required: true
  trigger:
    description:
      - A text that is kept in the swarm's labels. What was last rotated with the same text is not rotated again, so that a run
        can be repeated.
      - If not set, each run rotates.
    type: str
  wait:
    description: Whether to wait until every node has a certificate of the new root CA and trusts no other.
    type: bool
    default: true
  wait_timeout:
    description: Seconds to wait at most.
    type: int
    default: 300
seealso:
  - module: apiary.swarm.keep_unlock_key
  - module: apiary.swarm.swarm_unlock
  - module: apiary.swarm.swarm_init
"""

EXAMPLES = r"""
- name: Make join tokens that somebody may have seen worthless
  apiary.swarm.swarm_rotate:
    rotate: [worker_token, manager_token]

- name: A new root CA each year, however often this is run
  apiary.swarm.swarm_rotate:
    rotate: [ca]
    trigger: "2027"
"""

RETURN = r"""
rotated:
  description: What was renewed, or in check mode would be.
  returned: success
  type: list
  elements: str
  sample: [worker_token, manager_token]
actions:
  description: What was done, or in check mode would be done, as sentences.
  returned: success
  type: list
  elements: str
  sample: ["rotated the join token of workers"]
"""

from ansible_collections.apiary.swarm.plugins.module_utils._cluster import Clock, read_nodes
from ansible_collections.apiary.swarm.plugins.module_utils._connection import connection_spec
from ansible_collections.apiary.swarm.plugins.module_utils._engine import TRANSIENT, noting, retry
from ansible_collections.apiary.swarm.plugins.module_utils._errors import SwarmError
from ansible_collections.apiary.swarm.plugins.module_utils._flow import run
from ansible_collections.apiary.swarm.plugins.module_utils._module import Module
from ansible_collections.apiary.swarm.plugins.module_utils._rotation import (
    CA,
    KEY,
    MANAGER,
    SECRETS,
    WORKER,
    behind,
    due,
    in_progress,
    in_words,
    refuse,
    request,
    warnings,
)

# what the managers answer for a moment while they take new certificates themselves
UNSETTLED = TRANSIENT | {"no_quorum", "timeout", "unreachable"}


def flow(engine, params, check_mode):
    secrets, trigger = params["rotate"], params["trigger"]
    if trigger == "":
        raise SwarmError(
            "trigger: it is empty, and would rotate at each run: give a text, or leave it out",
            hint="Nothing was rotated.",
        )
    nodes = read_nodes(engine, f"rotate {in_words(secrets)}")
    cluster = retry(engine.swarm)
    rotating = due(cluster, secrets, trigger)
    refuse(cluster, nodes, rotating + ([CA] if CA in secrets and in_progress(cluster) else []), engine.name)
    notes = warnings(nodes, rotating)
    if not check_mode:
        before = contents(engine, cluster, rotating)
        if rotating:
            rotating = write(engine, secrets, trigger)
            verify(engine, before, rotating)
        if CA in secrets and params["wait"]:
            await_root(engine, Clock(params["wait_timeout"]))
    return result(rotating, check_mode, notes)


def write(engine, secrets, trigger):
    """Rotate what is due; returns that."""
    unsure = []

    def once():
        present = engine.swarm()
        rotating = due(present, secrets, trigger)
        if rotating:
            spec, flags = request(present["Spec"], rotating, trigger)
            what = f"rotate {in_words(rotating)}"
            with noting(unsure, rotating):
                engine.post("/swarm/update", spec, what=what, version=present["Version"]["Index"], **flags)
        return [secret for secret in SECRETS if secret in rotating or any(secret in earlier for earlier in unsure)]

    return retry(once, kinds=TRANSIENT | {"out_of_sequence"})


def contents(engine, cluster, secrets):
    """{name: what it is now} of tokens and unlock key: to see that they change, and never to be shown."""
    found = {WORKER: cluster["JoinTokens"]["Worker"], MANAGER: cluster["JoinTokens"]["Manager"]}
    if KEY in secrets:
        found[KEY] = retry(lambda: engine.get("/swarm/unlockkey", what="read the unlock key"))["UnlockKey"]
    return {name: found[name] for name in secrets if name in found}


def verify(engine, before, rotated):
    """A follower may lag behind the leader for a moment."""
    clock = Clock(10)
    while True:
        now = contents(engine, retry(engine.swarm), rotated)
        same = [name for name in before if name in now and now[name] == before[name]]
        if not same:
            return
        if not clock.pause():
            raise SwarmError(
                f"{engine.name} took the request to rotate {in_words(same)}, but it is the same as before",
                kind="engine",
                hint="Look at the journal of the leader's engine, and run again.",
                node=engine.name,
            )


def await_root(engine, clock):
    """Wait until the rotation of the root CA has ended and every node has its certificate."""
    while True:
        try:
            cluster, nodes = engine.swarm(), engine.nodes()
            late = behind(cluster, nodes)
            if not late and not in_progress(cluster):
                return
            seen = f"{', '.join(late) or 'no node'} is without a new certificate"
        except SwarmError as error:
            if error.kind not in UNSETTLED:
                raise
            seen = error.msg
        if not clock.pause():
            raise SwarmError(
                f"The rotation of the root CA has not ended in time on {engine.name}: {seen}",
                kind="not_rotated",
                hint=(
                    "The managers go on with it by themselves. Bring nodes that are down back or remove them, and run again: "
                    "a rotation that is going on is waited for, and not begun anew."
                ),
                node=engine.name,
            )


def result(rotated, check_mode, notes):
    verb = "would rotate" if check_mode else "rotated"
    return {
        "changed": bool(rotated),
        "rotated": rotated,
        "actions": [f"{verb} {in_words([secret])}" for secret in rotated],
        "diff": {"before": dict.fromkeys(rotated, "the old one"), "after": dict.fromkeys(rotated, "a new one")},
        "warnings": notes,
    }


def main():
    module = Module(
        argument_spec=dict(
            connection_spec(),
            rotate={"type": "list", "elements": "str", "choices": list(SECRETS), "required": True},
            trigger={"type": "str"},
            wait={"type": "bool", "default": True},
            wait_timeout={"type": "int", "default": 300},
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
