# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Joining and leaving: what each state of a node calls for. The states are recorded from real engines."""

from __future__ import annotations

import json
import pathlib

import pytest
from ansible_collections.apiary.swarm.plugins.module_utils import _join as join
from ansible_collections.apiary.swarm.plugins.module_utils._errors import SwarmError
from ansible_collections.apiary.swarm.plugins.modules import swarm_join

FIXTURES = pathlib.Path(__file__).parent / "fixtures"


def recorded(name, **changes):
    info = json.loads((FIXTURES / f"{name}.json").read_text())
    if changes:
        info["Swarm"].update(changes)
    return info


def kind_of(function, *arguments):
    try:
        function(*arguments)
    except SwarmError as error:
        return error.kind
    return None


@pytest.mark.parametrize(
    ("info", "answer"),
    [
        (recorded("info_inactive"), True),
        (recorded("info_worker"), False),
        (recorded("info_leader"), False),
        (recorded("info_pending"), None),
        (recorded("info_worker", LocalNodeState="pending"), None),
        (recorded("info_inactive", LocalNodeState="error", Error="no manager"), None),
    ],
)
def test_which_nodes_are_to_be_joined(info, answer):
    assert join.must_join(info, "host") is answer


@pytest.mark.parametrize(
    ("info", "kind"),
    [
        (recorded("info_locked"), "locked"),
        (recorded("info_no_quorum"), "no_quorum"),
        (recorded("info_no_quorum_restarted"), "no_quorum"),
        (recorded("info_worker", LocalNodeState="error", Error="address in use"), "error"),
        (
            recorded("info_worker", LocalNodeState="error", Error="Swarm certificates have expired."),
            "certificate_expired",
        ),
    ],
)
def test_which_nodes_must_be_left_alone(info, kind):
    assert kind_of(join.must_join, info, "host") == kind


WORKER_ID = recorded("info_worker")["Swarm"]["NodeID"]


@pytest.mark.parametrize(
    ("node_ids", "remote_addrs", "kind"),
    [
        ([WORKER_ID, "x"], None, None),
        (["x"], None, "other_swarm"),
        (["x"], ["172.30.94.11"], "other_swarm"),
        (None, ["172.30.94.11"], None),
        (None, ["10.0.0.1", "172.30.94.12:2377"], None),
        (None, ["10.0.0.1:2377"], "other_swarm"),
        (None, ["manager1"], None),
        (None, None, None),
    ],
)
def test_another_swarm_is_told_by_ids_or_by_the_managers_addresses(node_ids, remote_addrs, kind):
    assert kind_of(join.refuse_other_swarm, recorded("info_worker"), node_ids, remote_addrs, "host") == kind


def test_a_member_that_the_list_lacks_but_that_knows_its_managers_is_not_sent_away_at_once():
    """A removed worker looks so, and one that another run let join after the list was made."""
    info = recorded("info_worker")
    manager = info["Swarm"]["RemoteManagers"][0]["NodeID"]
    with pytest.raises(SwarmError, match="removed from the swarm, or another run let it join") as caught:
        join.refuse_other_swarm(info, [manager], [], "host")
    assert caught.value.hint.startswith("Run again.")


@pytest.mark.parametrize(
    ("name", "role", "kind"),
    [
        ("info_worker", "worker", None),
        ("info_worker", "manager", "wrong_role"),
        ("info_leader", "manager", None),
        ("info_leader", "worker", "wrong_role"),
    ],
)
def test_the_other_role(name, role, kind):
    assert kind_of(join.refuse_other_role, recorded(name), role, "host") == kind


def test_the_other_role_says_what_to_do():
    with pytest.raises(SwarmError) as caught:
        join.refuse_other_role(recorded("info_worker"), "manager", "host")
    assert "Promote" in caught.value.hint
    assert WORKER_ID in caught.value.hint


def test_another_address_cannot_be_taken():
    assert kind_of(join.refuse_other_address, recorded("info_worker"), "172.30.94.21", "host") is None
    assert kind_of(join.refuse_other_address, recorded("info_worker"), None, "host") is None
    assert kind_of(join.refuse_other_address, recorded("info_worker"), "172.30.94.99", "host") == "immutable"


def test_candidates_are_the_others_with_a_port():
    addresses = ["198.51.100.1", "198.51.100.2:2378", "198.51.100.1", "127.0.0.1", "manager3", "198.51.100.3:2377"]
    assert join.candidates(addresses, "198.51.100.3", local=True) == [
        "198.51.100.1:2377",
        "198.51.100.2:2378",
        "manager3:2377",
    ]
    assert "127.0.0.1:2377" in join.candidates(addresses, None, local=False)


NODES = json.loads((FIXTURES / "nodes_five.json").read_text())
LOST = json.loads((FIXTURES / "nodes_two_managers_lost.json").read_text())
ALONE = [node for node in NODES if (node.get("ManagerStatus") or {}).get("Leader") or not node.get("ManagerStatus")]


@pytest.mark.parametrize(
    ("info", "nodes", "refused", "warned"),
    [
        (recorded("info_worker"), None, None, False),
        (recorded("info_pending"), None, None, False),
        (recorded("info_leader"), NODES, "wrong_role", False),
        (recorded("info_leader"), LOST, "quorum_guard", True),
        (recorded("info_leader"), ALONE, "quorum_guard", True),
        (recorded("info_no_quorum"), None, "quorum_guard", True),
        (recorded("info_locked"), None, "locked", False),
        (recorded("info_worker", LocalNodeState="pending"), None, "pending", False),
    ],
)
def test_leaving(info, nodes, refused, warned):
    assert kind_of(join.refuse_leave, info, nodes, False, "host") == refused
    assert bool(join.refuse_leave(info, nodes, True, "host")) is warned


def test_what_is_lost_when_a_manager_leaves_by_force_is_told():
    assert join.refuse_leave(recorded("info_leader"), ALONE, True, "host") == (
        "manager1 was the only manager: with it the swarm is gone."
    )
    assert join.refuse_leave(recorded("info_leader"), LOST, True, "host").startswith(
        "The swarm has no quorum without manager1"
    )


@pytest.mark.parametrize("name", ["info_leader", "info_no_quorum"])
def test_a_manager_that_leaves_a_swarm_that_cannot_be_asked_is_warned(name):
    assert join.refuse_leave(recorded(name), None, True, "host") == (
        "Whether the swarm has a quorum without manager1 cannot be told: it could not be asked for its managers."
    )


def test_a_manager_that_may_not_leave_is_told_the_numbers():
    with pytest.raises(SwarmError) as caught:
        join.refuse_leave(recorded("info_leader"), NODES, False, "host")
    assert "one of 3 managers, of which 2 are needed and 2 would be reachable" in caught.value.msg
    assert "role: worker" in caught.value.hint


# --- what no engine does on demand: a scripted one ----------------------------------------------------------------------


class Script:
    """An engine that answers info() and nodes() from lists (the last entry again and again), and joins as told."""

    name = "host"
    api_version = (1, 41)

    def __init__(self, infos=(), nodes=(), joins=()):
        self.answers = {"info": list(infos), "nodes": list(nodes), "join": list(joins)}
        self.posted = []

    def _next(self, what):
        answers = self.answers[what]
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        if isinstance(answer, SwarmError):
            raise answer
        return answer

    def info(self):
        return self._next("info")

    def nodes(self):
        return self._next("nodes")

    def post(self, path, body=None, **_more):
        self.posted.append((path, (body or {}).get("RemoteAddrs")))
        return self._next("join") if path == "/swarm/join" else None


def refused(kind, text="refused"):
    return SwarmError(f"Could not join: the engine answered: {text}", kind=kind)


@pytest.fixture
def clock(monkeypatch):
    """A clock that runs only while somebody sleeps."""
    now = [0.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    monkeypatch.setattr("time.sleep", lambda seconds: now.__setitem__(0, now[0] + seconds))
    return lambda seconds=300: join.Clock(seconds)


def through(engine, clock, addresses=("a:2377", "b:2377")):
    return join.join_through_any(engine, {"JoinToken": "x"}, list(addresses), clock, local=False)


def test_the_next_manager_is_tried_when_one_does_not_answer(clock):
    engine = Script(joins=[refused("engine", "connection refused"), None])
    assert through(engine, clock()) == "b:2377"
    assert engine.posted == [("/swarm/join", ["a:2377"]), ("/swarm/join", ["b:2377"])]


def test_every_answer_is_told_when_no_manager_lets_the_node_in(clock):
    engine = Script(joins=[refused("engine", "one"), refused("engine", "two")])
    with pytest.raises(SwarmError) as caught:
        through(engine, clock())
    assert caught.value.kind == "no_manager"
    assert "a:2377: one; b:2377: two" in caught.value.msg


@pytest.mark.parametrize("kind", sorted(join.FINAL))
def test_some_answers_are_the_same_from_every_manager(clock, kind):
    engine = Script(joins=[refused(kind), None])
    assert kind_of(through, engine, clock()) == kind
    assert len(engine.posted) == 1


def test_a_manager_that_is_cut_off_is_not_the_last_word(clock):
    engine = Script(joins=[refused("no_quorum"), None])
    assert through(engine, clock()) == "b:2377"


@pytest.mark.parametrize(
    ("joins", "kind"),
    [
        ([refused("no_quorum", "one"), refused("no_quorum", "two")], "no_quorum"),
        ([refused("no_quorum", "one"), refused("engine", "two")], "no_manager"),
    ],
)
def test_that_there_is_no_quorum_all_must_say(clock, joins, kind):
    with pytest.raises(SwarmError) as caught:
        through(Script(joins=joins), clock())
    assert caught.value.kind == kind
    assert "a:2377: one; b:2377: two" in caught.value.msg


def test_a_manager_that_does_not_answer_says_nothing_of_the_quorum(clock, monkeypatch):
    monkeypatch.setattr(join, "answers", lambda address: "no answer" if address == "a:2377" else None)
    engine = Script(joins=[refused("no_quorum", "two")])
    with pytest.raises(SwarmError) as caught:
        join.join_through_any(engine, {}, ["a:2377", "b:2377"], clock(), local=True)
    assert (caught.value.kind, "a:2377: no answer; b:2377: two" in caught.value.msg) == ("no_quorum", True)


def test_an_election_is_waited_for(clock):
    engine = Script(joins=[refused("electing"), refused("electing"), None])
    assert through(engine, clock()) == "a:2377"


@pytest.mark.parametrize("kind", ["join_timeout", "timeout"])
def test_a_join_that_goes_on_in_the_background_is_waited_for(clock, kind):
    pending, member = recorded("info_pending"), recorded("info_worker")
    engine = Script(infos=[pending, pending, member], joins=[refused(kind)])
    assert through(engine, clock()) == "a:2377"
    assert [path for path, _body in engine.posted] == ["/swarm/join"]


def test_a_join_that_does_not_end_is_given_up_before_the_next_is_tried(clock):
    engine = Script(infos=[recorded("info_pending")], joins=[refused("join_timeout"), None])
    patience = clock(300)
    assert through(engine, patience) == "b:2377"
    assert 300 - patience.left == pytest.approx(join.ROLE_TIMEOUT, abs=2.1)
    assert [path for path, _body in engine.posted] == ["/swarm/join", "/swarm/leave", "/swarm/join"]


def test_a_join_that_the_engine_itself_has_given_up_needs_no_leave(clock):
    engine = Script(infos=[recorded("info_inactive", Error="no luck")], joins=[refused("join_timeout"), None])
    assert through(engine, clock()) == "b:2377"
    assert "/swarm/leave" not in [path for path, _body in engine.posted]
    engine = Script(infos=[recorded("info_inactive", Error="no luck")], joins=[refused("join_timeout")])
    with pytest.raises(SwarmError, match="a:2377: no luck; b:2377: no luck"):
        through(engine, clock())


def test_the_last_manager_gets_the_rest_of_the_time(clock):
    engine = Script(infos=[recorded("info_pending")], joins=[refused("join_timeout")])
    began = clock(300)
    assert kind_of(through, engine, began) == "no_manager"
    assert began.left == 0


def test_a_manager_is_usable_when_it_is_listed_as_reachable(clock):
    info = recorded("info_leader")
    unlisted = [node for node in NODES if node["ID"] != info["Swarm"]["NodeID"]]
    engine = Script(infos=[info], nodes=[refused("electing"), refused("no_quorum"), unlisted, NODES])
    assert join.await_member(engine, "manager", clock()) == (info, NODES)
    engine = Script(infos=[info], nodes=[refused("forbidden")])
    assert kind_of(join.await_member, engine, "manager", clock()) == "forbidden"


def test_a_worker_is_usable_when_it_is_active(clock):
    worker = recorded("info_worker")
    engine = Script(infos=[recorded("info_pending"), worker])
    assert join.await_member(engine, "worker", clock()) == (worker, None)


def test_what_was_just_read_is_not_read_again(clock):
    info = recorded("info_leader")
    assert join.await_member(Script(), "manager", clock(), info, NODES) == (info, NODES)


@pytest.mark.parametrize(
    ("info", "role", "kind", "seconds"),
    [
        (recorded("info_inactive"), "worker", "inactive", 0),
        (recorded("info_locked"), "manager", "locked", 0),
        (recorded("info_leader"), "worker", "wrong_role", 0),
        (recorded("info_worker"), "manager", "wrong_role", join.ROLE_TIMEOUT),
        (recorded("info_pending"), "worker", "join_timeout", 300),
    ],
)
def test_a_node_that_becomes_something_else(clock, info, role, kind, seconds):
    patience = clock(300)
    assert kind_of(join.await_member, Script(infos=[info]), role, patience) == kind
    assert 300 - patience.left == pytest.approx(seconds, abs=2.1)


# the module's own flow, as far as it decides


def run(engine, check_mode=True, **options):
    params = dict.fromkeys(("join_token", "remote_addrs", "cluster_node_ids", "advertise_addr", "listen_addr"))
    params.update(data_path_addr=None, availability=None, docker_host="tcp://h:2376", wait=True, wait_timeout=30)
    return swarm_join.flow(
        engine, {**params, "role": "worker", "state": "present", "force": False, **options}, check_mode
    )


COMPLETE = {"join_token": "x", "remote_addrs": ["a"]}


def test_check_mode_refuses_what_could_not_be_done():
    blank = Script(infos=[recorded("info_inactive")])
    assert run(blank, **COMPLETE)["actions"] == ["would join the swarm as a worker"]
    for missing in COMPLETE:
        with pytest.raises(SwarmError) as caught:
            run(blank, **dict(COMPLETE, **{missing: None}))
        assert missing in caught.value.msg
    assert blank.posted == []


def test_check_mode_does_not_promise_that_a_member_without_contact_joins():
    with pytest.raises(SwarmError) as caught:
        run(Script(infos=[recorded("info_worker", LocalNodeState="pending")]), **COMPLETE)
    assert caught.value.kind == "pending"
    assert run(Script(infos=[recorded("info_pending")]), **COMPLETE)["changed"], "that one was never let in"


def test_force_leaves_also_where_the_list_of_nodes_cannot_be_read(clock):
    def engine():
        infos = [recorded("info_leader"), recorded("info_inactive")]
        return Script(infos=infos, nodes=[refused("no_quorum")])

    left = run(engine(), check_mode=False, state="absent", force=True)
    assert (left["actions"], len(left["warnings"])) == (["left the swarm"], 1)
    assert kind_of(lambda: run(engine(), check_mode=False, state="absent")) == "no_quorum"


def test_a_manager_that_is_never_listed_is_told(clock):
    engine = Script(infos=[recorded("info_leader")], nodes=[refused("electing", "no leader yet")])
    with pytest.raises(SwarmError) as caught:
        join.await_member(engine, "manager", clock(10))
    assert caught.value.kind == "join_timeout"
    assert "no leader yet" in caught.value.msg
