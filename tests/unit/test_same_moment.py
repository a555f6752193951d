# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

"""A leader that is lost after it has taken a change, and another run that was quicker: what modules then say, on an engine of recorded answers."""

from __future__ import annotations

import copy

import pytest
from harness.fake_engine import FakeEngine, Refusal, recorded, run_module

LOST = Refusal(503, "rpc error: code = Unavailable desc = node lost leader status")
BEHIND = Refusal(500, "rpc error: code = Unknown desc = update out of sequence")
THERE = Refusal(409, "rpc error: code = AlreadyExists desc = secret x already exists")
NETWORK_THERE = Refusal(409, "network with name x already exists")


class LosesItsLeader(FakeEngine):
    """It takes the first change, and the answer is lost with the leader. A second one with the version of before is refused."""

    lost = False

    def _answer(self, method, parts, body, params):
        if method == "GET":
            return super()._answer(method, parts, body, params)
        changed = self.cluster if parts[0] == "swarm" else None
        if parts[-1] == "update":
            changed = changed or self._one(parts[0], parts[1])
            if int(params["version"]) != changed["Version"]["Index"]:
                raise BEHIND
        if parts[-1] == "create" and any(
            one.get("Name", one.get("Spec", {}).get("Name")) == body["Name"] for one in self._all(parts[0])
        ):
            raise NETWORK_THERE if parts[0] == "networks" else THERE
        answer = super()._answer(method, parts, body, params)
        if changed:
            changed["Version"]["Index"] += 1
        if not self.lost:
            self.lost = True
            raise LOST
        return answer


class Taken(FakeEngine):
    """Another run makes what we are about to make, with this body laid over ours."""

    over = {}
    taken = False

    def _answer(self, method, parts, body, params):
        if parts[-1] == "create" and method == "POST" and not self.taken:
            self.taken = True
            super()._answer(method, parts, {**copy.deepcopy(body), **self.over}, params)
            raise NETWORK_THERE if parts[0] == "networks" else THERE
        return super()._answer(method, parts, body, params)


SERVICE = sorted(recorded("services-20.10.json"))[0]
NAME = recorded("services-20.10.json")[SERVICE]["Spec"]["Name"]
SECRET = {"name": "x", "data": "a word"}


@pytest.mark.parametrize(
    ("module", "options", "told"),
    [
        ("swarm_service", {"name": "new", "image": "nginx", "wait": False}, {"action": "created"}),
        ("swarm_service", {"name": NAME, "labels": {"a": "b"}, "wait": False}, {"action": "updated"}),
        ("swarm_service", {"name": NAME, "state": "absent", "wait": False}, {"action": "removed"}),
        ("swarm_secret", SECRET, {"action": "created"}),
        ("swarm_config", SECRET, {"action": "created"}),
        ("swarm_network", {"name": "x"}, {"action": "created"}),
        ("swarm_init", {"task_history_retention_limit": 9}, {}),
        ("swarm_rotate", {"rotate": ["worker_token"], "trigger": "today", "wait": False}, {}),
    ],
)
def test_a_change_whose_answer_was_lost_is_told(module, options, told):
    engine = LosesItsLeader()
    result = run_module(module, options, engine)
    assert not result["failed"], result
    assert engine.lost
    assert result["changed"] is True, result
    rows = next((result[many] for many in ("services", "secrets", "configs", "networks") if many in result), [{}])
    assert {key: rows[0].get(key) for key in told} == told
    assert result["diff"] or result["actions"]
    assert not run_module(module, options, engine)["changed"], "the next run finds all as it should be"


def test_all_that_was_rotated_is_told_though_the_second_attempt_rotates_less():
    class Rotating(LosesItsLeader):
        def _swarm(self, action, body, params):
            self.cluster["RootRotationInProgress"] = True
            return super()._swarm(action, body, params)

    options = {"rotate": ["worker_token", "ca"], "wait": False}
    assert run_module("swarm_rotate", options, Rotating())["rotated"] == ["worker_token", "ca"]


@pytest.mark.parametrize("module", ["swarm_secret", "swarm_config", "swarm_network"])
def test_what_another_run_has_just_made_is_as_good(module):
    options = {"name": "x"} if module == "swarm_network" else SECRET
    result = run_module(module, options, Taken())
    assert not result["failed"], result
    assert result["changed"] is False
    assert result[f"{module.partition('_')[2]}s"][0]["id"]


@pytest.mark.parametrize(
    ("module", "options", "over"),
    [
        ("swarm_config", SECRET, {"Data": "b3RoZXI="}),
        ("swarm_network", {"name": "x", "attachable": False}, {"Attachable": True}),
    ],
)
def test_what_another_run_has_just_made_otherwise_is_told(module, options, over):
    engine = Taken()
    engine.over = over
    result = run_module(module, options, engine)
    assert result["failed"]
    assert result["failure"]["kind"] == "immutable", result


class JoinsMeanwhile(FakeEngine):
    """Another run lets the node join between our question and our request."""

    def _answer(self, method, parts, body, params):
        if (method, parts) == ("POST", ["swarm", "join"]):
            super()._answer(method, parts, body, params)
            raise Refusal(
                503,
                'This node is already part of a swarm. Use "docker swarm leave" to leave this swarm and join another one.',
            )
        return super()._answer(method, parts, body, params)


def test_a_node_that_another_run_lets_join_is_a_member():
    options = {"join_token": "SWMTKN-1-x", "remote_addrs": ["172.30.94.11"], "docker_host": "tcp://x:1"}
    engine = JoinsMeanwhile("inactive")
    result = run_module("swarm_join", options, engine)
    assert not result["failed"], result
    assert result["changed"] is False
    assert result["swarm"]["state"] == "active"
    wrong = run_module("swarm_join", {**options, "role": "manager"}, JoinsMeanwhile("inactive"))
    assert wrong["failure"]["kind"] == "wrong_role", wrong


def test_no_node_is_named_and_none_is_waited_for():
    engine = FakeEngine()
    engine.tasks = [{"ID": "t", "ServiceID": "id0", "NodeID": engine.nodes[0]["ID"], "DesiredState": "running"}]
    result = run_module("node_availability", {"nodes": [], "availability": "drain"}, engine)
    assert (result["failed"], result["changed"], result["moved"]) == (False, False, [])


def test_a_deployment_goes_on_with_what_another_run_has_made():
    engine = Taken()
    service = {"name": "new", "image": "nginx", "networks": ["x"]}
    result = run_module("swarm_deploy", {"networks": [{"name": "x"}], "services": [service], "wait": False}, engine)
    assert not result["failed"], result
    assert [row["action"] for row in result["networks"] + result["services"]] == ["unchanged", "created"]
    made = next(one for one in engine.services if one["Spec"]["Name"] == "new")
    assert made["Spec"]["TaskTemplate"]["Networks"][0]["Target"] == result["networks"][0]["id"]
