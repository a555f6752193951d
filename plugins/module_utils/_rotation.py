# Copyright (c) 2026, apiary.swarm maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rotation of join tokens, unlock key and root CA: what is due, what is sent for it, and which nodes are behind.

PRIVATE to apiary.swarm: no other collection may import it.

Pure. The trigger of the last rotation of each stands in the swarm's own labels: it is written by the request that
rotates, so that a run which dies leaves neither a rotation without its trigger nor a trigger without its rotation.
"""

from __future__ import annotations

import copy

from ._errors import SwarmError
from ._fields import OWN_LABELS
from ._quorum import is_reachable, managers_of

WORKER, MANAGER, KEY, CA = SECRETS = ("worker_token", "manager_token", "unlock_key", "ca")
_FLAGS = {WORKER: "rotateWorkerToken", MANAGER: "rotateManagerToken", KEY: "rotateManagerUnlockKey"}
_WORDS = {
    WORKER: "the join token of workers",
    MANAGER: "the join token of managers",
    KEY: "the unlock key",
    CA: "the root CA",
}


def label(secret):
    return f"{OWN_LABELS}rotated.{secret.replace('_', '-')}"


def due(cluster, secrets, trigger=None):
    """Those of secrets that are to be rotated now, in the order of SECRETS.

    With a trigger: what was not rotated by that one. Without: all of them, but a rotation of the root CA that is still
    going on, as after a run that died while it waited, is the one that is asked for.
    """
    labels = cluster["Spec"].get("Labels") or {}
    found = [secret for secret in SECRETS if secret in secrets]
    if trigger:
        return [secret for secret in found if labels.get(label(secret)) != trigger]
    return [secret for secret in found if secret != CA or not in_progress(cluster)]


def request(spec, secrets, trigger=None):
    """(body, query) of POST /swarm/update that rotates these; all else of the spec stays."""
    spec = copy.deepcopy(spec)
    if trigger:
        labels = {label(secret): trigger for secret in secrets}
        spec["Labels"] = dict(spec.get("Labels") or {}, **labels)
    if CA in secrets:
        # as 'docker swarm ca --rotate' has it: a certificate that somebody once gave would be taken again
        config = spec.setdefault("CAConfig", {})
        config["ForceRotate"] = config.get("ForceRotate", 0) + 1
        config.pop("SigningCACert", None)
        config.pop("SigningCAKey", None)
    return spec, {_FLAGS[secret]: True for secret in secrets if secret in _FLAGS}


def refuse(cluster, nodes, secrets, node):
    """Raise SwarmError for a rotation that cannot be done, or would not end."""
    if KEY in secrets and not autolocked(cluster):
        raise SwarmError(
            f"Could not rotate the unlock key on {node}: the swarm has none, because autolock is off",
            hint="Switch it on first: swarm_init with autolock_managers: true. Nothing was rotated.",
            node=node,
        )
    down = sorted(_name(entry) for entry in nodes if entry["Status"]["State"] in ("down", "disconnected"))
    if CA in secrets and down:
        raise SwarmError(
            f"Could not rotate the root CA on {node}: {', '.join(down)} cannot be reached, and the rotation does not end before "
            "every node of the swarm has a new certificate",
            kind="node_down",
            hint="Bring the node back, or remove it from the swarm, and run again. Nothing was rotated.",
            node=node,
        )


def warnings(nodes, secrets):
    """What a person should know before something is rotated, as sentences."""
    away = sorted(_name(entry) for entry in managers_of(nodes) if not is_reachable(entry))
    if KEY not in secrets or not away:
        return []
    return [
        f"{', '.join(away)} cannot be reached and will not hear of the new unlock key: with autolock on, a manager that comes back "
        "after a restart is unlocked with the key that it knew last. Keep the old key until then."
    ]


def autolocked(cluster):
    return bool((cluster["Spec"].get("EncryptionConfig") or {}).get("AutoLockManagers"))


def in_progress(cluster):
    return bool(cluster.get("RootRotationInProgress"))


def behind(cluster, nodes):
    """Names of the nodes that do not have the certificate, or the trust, of the cluster's root CA yet."""
    wanted = cluster["TLSInfo"]
    return sorted(_name(entry) for entry in nodes if (entry["Description"].get("TLSInfo") or {}) != wanted)


def in_words(secrets):
    return " and ".join(_WORDS[secret] for secret in secrets)


def _name(entry):
    return entry["Description"].get("Hostname") or entry["ID"]
