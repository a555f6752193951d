# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the engine's answers mean. The texts are those of real engines, 20.10 to 28.5."""

from __future__ import annotations

import pytest
from ansible_collections.apiary.swarm.plugins.module_utils._errors import SwarmError, classify

NOT_A_MANAGER = 'This node is not a swarm manager. Use "docker swarm init" or "docker swarm join" to connect this node.'

ANSWERS = [
    (503, NOT_A_MANAGER, "inactive"),
    (503, "This node is not a swarm manager. Worker nodes can't be used to view or modify cluster state.", "worker"),
    (
        503,
        "This node is not a swarm manager. Manager is being prepared or has trouble connecting to the cluster.",
        "pending",
    ),
    (
        503,
        'Swarm is encrypted and needs to be unlocked before it can be used. Please use "docker swarm unlock".',
        "locked",
    ),
    (503, "Swarm certificates have expired. To replace them, leave the swarm and join again.", "certificate_expired"),
    (
        None,
        "error while loading TLS certificate in /var/lib/docker/swarm/certificates/swarm-node.crt: certificate (1 - tmxwag99r) not valid "
        "after Sat, 28 Nov 2026 23:06:55 UTC, and it is currently Sun, 29 Nov 2026 23:07:03 UTC: x509: certificate has expired or is not "
        "yet valid: ",
        "certificate_expired",
    ),
    (
        500,
        "rpc error: code = Unknown desc = The swarm does not have a leader. It's possible that too few managers are online.",
        "no_quorum",
    ),
    (500, "rpc error: code = DeadlineExceeded desc = context deadline exceeded", "no_quorum"),
    (500, "rpc error: code = Unknown desc = update out of sequence", "out_of_sequence"),
    (
        409,
        "rpc error: code = AlreadyExists desc = name conflicts with an existing object: service w already exists",
        "name_conflict",
    ),
    (409, "rpc error: code = AlreadyExists desc = config io.apiary.lock already exists.", "name_conflict"),
    (
        400,
        "rpc error: code = InvalidArgument desc = port '8080' is already in use by service 'a' (x) as an ingress port",
        "port_in_use",
    ),
    (500, "invalid join token", "join_token"),
    (
        400,
        "rpc error: code = InvalidArgument desc = A valid join token is necessary to join this cluster",
        "join_token",
    ),
    (500, "remote CA does not match fingerprint. Expected: 58f3bc7b2bd3a2e6c922bca6f1605866fa", "join_token"),
    (404, "service nope not found", "not_found"),
    (400, "something new", "invalid"),
    (500, "something new", "engine"),
    (None, None, "engine"),
]


@pytest.mark.parametrize(("status", "text", "kind"), ANSWERS)
def test_the_text_decides_what_an_answer_means(status, text, kind):
    assert classify(status, text)[0] == kind


def test_a_failure_says_what_was_tried_where_what_came_back_and_what_to_do():
    error = SwarmError.from_answer("list the nodes", "manager1", 503, NOT_A_MANAGER, "GET /nodes")
    result = error.result()
    assert result["msg"].startswith(f"Could not list the nodes on manager1: the engine answered: {NOT_A_MANAGER}")
    assert result["msg"].endswith(result["failure"]["hint"])
    assert result["failure"] == {
        "kind": "inactive",
        "status": 503,
        "endpoint": "GET /nodes",
        "node": "manager1",
        "hint": "The engine runs, but this node is in no swarm. Run the task on a manager, or initialise the swarm first.",
    }


def test_details_stand_beside_the_message():
    result = SwarmError("no", kind="not_converged", details={"services": [1]}).result()
    assert result["services"] == [1]
    assert result["msg"] == "no."


@pytest.mark.parametrize("secret", ["SWMTKN-1-27t9zlxd64-943tkdgm52du4", "SWMKEY-1-7c37Cc8654o6p38HnroywCi19p"])
def test_a_secret_that_the_engine_quotes_is_not_passed_on(secret):
    error = SwarmError.from_answer("join", "worker1", 400, f"cannot use {secret}.", "POST /swarm/join")
    assert secret not in str(error.result())
    assert "cannot use (hidden)." in error.msg
