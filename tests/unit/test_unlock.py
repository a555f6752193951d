# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which managers are unlocked, with which of the keys, and what is said if none fits."""

from __future__ import annotations

import pytest
from ansible_collections.apiary.swarm.plugins.module_utils import _unlock
from ansible_collections.apiary.swarm.plugins.module_utils._errors import SwarmError, classify


class Locked:
    """An engine that knows one key. late: it has answered nothing when the client's patience is at its end."""

    name = "m1"

    def __init__(self, key, late=False):
        self.key, self.late, self.asked, self.state = key, late, [], "locked"

    def info(self):
        return {"Swarm": {"LocalNodeState": self.state}}

    def post(self, path, body, what, timeout):
        assert path == "/swarm/unlock"
        self.asked.append(body["UnlockKey"])
        if body["UnlockKey"] != self.key:
            raise SwarmError("no", kind="unlock_key")
        self.state = "pending" if self.late else "active"
        if self.late:
            raise SwarmError("no answer", kind="timeout")


@pytest.mark.parametrize("late", [False, True])
def test_former_keys_are_tried_after_the_key(late):
    engine = Locked("b", late)
    assert _unlock.unlock(engine, ["a", "b", "c"]) == 1
    assert engine.asked == ["a", "b"]


def test_no_key_fits():
    with pytest.raises(SwarmError, match="none of the 2 keys that were given is its own") as caught:
        _unlock.unlock(Locked("x"), ["a", "b"])
    assert caught.value.kind == "unlock_key"
    with pytest.raises(SwarmError, match="the key that was given is not its own"):
        _unlock.unlock(Locked("x"), ["a"])


def test_an_engine_that_does_not_answer_and_stays_locked_is_an_error():
    engine = Locked("a", late=True)
    engine.info = lambda: {"Swarm": {"LocalNodeState": "locked"}}
    with pytest.raises(SwarmError, match="no answer"):
        _unlock.unlock(engine, ["a"])


def swarm(state, control=False, error=""):
    return {"Swarm": {"LocalNodeState": state, "ControlAvailable": control, "Error": error, "NodeID": "n1"}}


@pytest.mark.parametrize(
    ("info", "must"),
    [
        (swarm("locked"), True),
        (swarm("active", True), False),
        (swarm("active"), False),
        (swarm("pending"), False),
        (swarm("active", True, "The swarm does not have a leader."), False),
    ],
)
def test_who_is_unlocked(info, must):
    assert _unlock.must_unlock(info, "m1") is must


def test_who_is_in_no_swarm_hears_it():
    with pytest.raises(SwarmError, match="it is in no swarm") as caught:
        _unlock.must_unlock(swarm("inactive"), "m1")
    assert caught.value.kind == "inactive"


def test_the_engines_words():
    assert classify(401, "swarm could not be unlocked: invalid key provided")[0] == "unlock_key"
    assert classify(400, "invalid key string")[0] == "unlock_key"
    assert classify(409, "swarm is not locked")[0] == "not_locked"
