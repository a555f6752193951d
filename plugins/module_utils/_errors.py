# Copyright (c) 2026, apiary.swarm maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The one exception of the collection, and what the engine's answers mean.

PRIVATE to apiary.swarm: no other collection may import it.

The engine answers many different troubles with the same status code (moby maps every Unknown, Aborted and
DeadlineExceeded to 500), so the text decides. The texts are those of moby daemon/cluster/{cluster,errors,swarm}.go
and swarmkit manager/{controlapi,state/raft}; engines from 20.10 to 29 use the same ones.
"""

from __future__ import annotations

import re

# (part of the engine's text in lower case, kind, what it means and what to do). First match wins.
_MEANINGS = (
    (
        "worker nodes can't be used",
        "worker",
        "This node is a worker; only a manager can see or change the cluster. Run the task on a manager.",
    ),
    (
        "manager is being prepared",
        "pending",
        (
            "This node is joining, or has lost contact with the other managers. Wait until it is Reachable, or check that "
            "ports 2377/tcp and 7946/tcp+udp are open between the managers."
        ),
    ),
    (
        "is encrypted and needs to be unlocked",
        "locked",
        "The manager was restarted with autolock on. Run unlock.yml, or 'docker swarm unlock' there, with the unlock key.",
    ),
    (
        "invalid key provided",
        "unlock_key",
        "The key is not that of this manager. One that was away when the key was rotated wants the key from before.",
    ),
    ("invalid key string", "unlock_key", "That is no unlock key; one begins with SWMKEY-1-."),
    ("swarm is not locked", "not_locked", "The manager was unlocked by somebody else meanwhile."),
    (
        "swarm certificates have expired",
        "certificate_expired",
        "The node was away for longer than its certificate lives. It must leave the swarm and join again.",
    ),
    (
        # of one that has expired while the engine was stopped; no words of a registry's certificate
        ") not valid after",
        "certificate_expired",
        "The node was away for longer than its certificate lives. It must leave the swarm and join again.",
    ),
    (
        "this node is not a swarm manager",
        "inactive",
        "The engine runs, but this node is in no swarm. Run the task on a manager, or initialise the swarm first.",
    ),
    (
        "does not have a leader",
        "no_quorum",
        (
            "Fewer than half of the managers can be reached, so nothing can be changed. Bring the missing managers back; "
            "do not initialise a new swarm."
        ),
    ),
    (
        "context deadline exceeded",
        "no_quorum",
        (
            "The managers did not agree in time; usually fewer than half of them can be reached. Bring the missing "
            "managers back and run again."
        ),
    ),
    ("no elected cluster leader", "electing", "The managers are choosing a new leader. Run again in half a minute."),
    ("node lost leader status", "electing", "The managers are choosing a new leader. Run again in half a minute."),
    (
        "not yet part of a raft cluster",
        "electing",
        "The manager has not finished joining. Run again in half a minute.",
    ),
    (
        "update out of sequence",
        "out_of_sequence",
        "Somebody else changed the same object at the same time. Run again.",
    ),
    # of a service "name conflicts with an existing object", of a config or secret "config NAME already exists"
    ("code = alreadyexists", "name_conflict", "An object of this name was made at the same time."),
    (
        "is already in use by service",
        "port_in_use",
        "Another service publishes this port. Publish another port, or remove it from the other service first.",
    ),
    ("already part of a swarm", "member", "The node must leave its swarm before it can join or initialise another."),
    (
        "timeout was reached before node joined",
        "join_timeout",
        "The engine goes on trying in the background. Check that 2377/tcp of the managers can be reached from here.",
    ),
    (
        "invalid join token",
        "join_token",
        "The token is mistyped, was rotated, or belongs to another swarm. Fetch the present one from a manager.",
    ),
    (
        "a valid join token is necessary",
        "join_token",
        "The token was rotated, or is mistyped. Fetch the present one from a manager.",
    ),
    (
        "remote ca does not match fingerprint",
        "join_token",
        "The manager at that address belongs to another swarm than the token. Check the addresses and fetch the token anew.",
    ),
    (
        "could not connect to prospective new cluster member",
        "advertise_addr",
        "The managers cannot reach this node at the address it advertises. Check advertise_addr and 2377/tcp.",
    ),
    (
        "could not choose an ip address",
        "advertise_addr",
        "This host has several addresses. Name one with advertise_addr.",
    ),
    (
        "must specify a listening address",
        "advertise_addr",
        "advertise_addr must be an address or an interface of this host.",
    ),
    (
        "loss of quorum",
        "quorum_guard",
        "Without this manager fewer than half would be reachable. Bring the missing managers back first.",
    ),
    ("is in use by service", "in_use", "Remove what uses it, or take it out of there, first."),
    ("is in use by task", "in_use", "A task that is being stopped still uses it. Wait until it has ended."),
    ("last manager of the swarm", "quorum_guard", "A swarm needs a manager. Promote another node first."),
    ("is ambiguous", "ambiguous", "Several nodes carry this name. Address the node by its ID ('docker node ls')."),
)

# join tokens and unlock keys, wherever the engine may quote one
_SECRET = re.compile(r"SWM(?:TKN|KEY)-[\w-]+")

_STATUS_KINDS = {400: "invalid", 401: "unauthorized", 403: "forbidden", 404: "not_found", 409: "conflict"}


def classify(status, text):
    """What an answer of the engine means.

    Takes the HTTP status (int or None) and the engine's message; returns (kind, meaning), where meaning is a
    sentence for people or an empty string.
    """
    lowered = (text or "").lower()
    for part, kind, meaning in _MEANINGS:
        if part in lowered:
            return kind, meaning
    return _STATUS_KINDS.get(status, "engine"), ""


def meaning_of(kind):
    """The sentence that goes with a kind, or an empty string: for what was noticed before the engine refused it."""
    return next((meaning for _part, known, meaning in _MEANINGS if known == kind), "")


class SwarmError(Exception):
    """A failure to be told to a person: what was tried, where, what came back, what it means, what to do.

    kind is a stable word for programs (see docs/errors.md); details are merged into the module's result.
    """

    def __init__(self, msg, kind="invalid", hint=None, status=None, endpoint=None, node=None, details=None):
        super().__init__(msg)
        self.msg = msg
        self.kind = kind
        self.hint = hint
        self.status = status
        self.endpoint = endpoint
        self.node = node
        self.details = details or {}

    @classmethod
    def from_answer(cls, tried, node, status, text, endpoint):
        """The error for an answer of the engine, classified by its text."""
        kind, meaning = classify(status, text)
        answer = _SECRET.sub("(hidden)", (text or "nothing").strip())
        return cls(
            f"Could not {tried} on {node}: the engine answered: {answer}",
            kind=kind,
            hint=meaning or None,
            status=status,
            endpoint=endpoint,
            node=node,
        )

    def result(self):
        """Keyword arguments for fail_json."""
        msg = self.msg if self.msg.endswith((".", "!", "?")) else self.msg + "."
        failure = {
            "kind": self.kind,
            "status": self.status,
            "endpoint": self.endpoint,
            "node": self.node,
            "hint": self.hint,
        }
        return dict(self.details, msg=" ".join(filter(None, (msg, self.hint))), failure=failure)
