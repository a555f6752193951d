# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

"""What swarm_init does in moments that no engine gives on demand: somebody is quicker, answers fail, a leader is lost."""

from __future__ import annotations

import copy
import json
import pathlib

import pytest
from ansible_collections.apiary.swarm.plugins.module_utils import _new_cluster
from ansible_collections.apiary.swarm.plugins.module_utils._errors import SwarmError
from ansible_collections.apiary.swarm.plugins.modules import swarm_init

FIXTURES = pathlib.Path(__file__).parent / "fixtures"


def recorded(name):
    return json.loads((FIXTURES / f"{name}.json").read_text())


INACTIVE, LEADER, LOST = recorded("info_inactive"), recorded("info_leader"), recorded("info_no_quorum")
NODES = recorded("nodes_five")
SETTINGS = dict.fromkeys(
    [*swarm_init.argument_spec(), *swarm_init.ADDRESS_OPTIONS, "availability", "force_new_cluster"]
)


def refused(text, kind, status=500):
    return SwarmError(f"Could not initialise a swarm: the engine answered: {text}", kind=kind, status=status)


class Engine:
    """Answers info() and swarm() from lists, the last entry again and again; posts end as told by path."""

    name = "manager1"
    api_version = (1, 41)

    def __init__(self, infos, clusters=(), **posts):
        self.answers = {"info": list(infos), "swarm": list(clusters)}
        self.posts = posts
        self.posted = []

    def _next(self, what):
        answers = self.answers[what]
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        if isinstance(answer, SwarmError):
            raise answer
        return answer

    def info(self):
        return self._next("info")

    def swarm(self):
        return self._next("swarm")

    def nodes(self):
        return NODES

    def networks(self, **_filters):
        return ["ingress"]

    def post(self, path, body=None, **query):
        self.posted.append((path, body, query.get("version")))
        error = self.posts.get(path.rpartition("/")[2])
        if error:
            raise error


def run(engine, **options):
    return swarm_init.flow(engine, dict(SETTINGS, docker_host="tcp://h:2376", **options), check_mode=False)


def paths(engine):
    return [path for path, _body, _version in engine.posted]


@pytest.mark.parametrize(
    "error",
    [
        refused("no answer within 60 s", "timeout", status=None),
        refused("Connection aborted", "unreachable", status=None),
        refused("invalid base pool nonsense: invalid CIDR address: nonsense", "engine"),
        refused("could not choose an IP address to advertise", "advertise_addr", 400),
    ],
    ids=lambda error: error.kind,
)
def test_a_swarm_that_this_call_did_not_make_is_never_left(error):
    """By the time one looks, another play may have made a swarm: the info would show it."""
    engine = Engine([INACTIVE, LEADER], init=error)
    with pytest.raises(SwarmError) as caught:
        run(engine)
    assert caught.value is error
    assert paths(engine) == ["/swarm/init"]


def test_who_comes_second_changes_the_settings_of_the_swarm_that_the_first_made():
    member = refused("This node is already part of a swarm.", "member", 503)
    after = copy.deepcopy(LEADER["Swarm"]["Cluster"])
    after["Spec"]["Labels"] = {"a": "b"}
    engine = Engine([INACTIVE, LEADER], [LEADER["Swarm"]["Cluster"], after], init=member)
    result = run(engine, labels={"a": "b"})
    assert paths(engine) == ["/swarm/init", "/swarm/update"]
    assert result["actions"] == ["changed labels from {} to {'a': 'b'}"]
    engine = Engine([INACTIVE, recorded("info_pending"), LEADER], init=member)
    assert run(engine)["changed"] is False, "a swarm that is being made is waited for"
    assert paths(engine) == ["/swarm/init"]


def test_a_swarm_that_is_just_being_made_is_waited_for_but_not_in_check_mode():
    pending = recorded("info_pending")
    engine = Engine([pending, pending, LEADER])
    assert run(engine)["changed"] is False
    assert paths(engine) == []
    with pytest.raises(SwarmError) as caught:
        swarm_init.flow(Engine([pending, LEADER]), dict(SETTINGS, docker_host="tcp://h:2376"), check_mode=True)
    assert caught.value.kind == "pending"


def test_who_comes_second_to_something_else_says_what_is_there(monkeypatch):
    monkeypatch.setattr(swarm_init, "PATIENCE", 0)
    member = refused("This node is already part of a swarm.", "member", 503)
    for info, kind in (
        (recorded("info_worker"), "worker"),
        (recorded("info_pending"), "pending"),
        (INACTIVE, "member"),
    ):
        engine = Engine([INACTIVE, info], init=member)
        with pytest.raises(SwarmError) as caught:
            run(engine)
        assert caught.value.kind == kind
        assert paths(engine) == ["/swarm/init"]


@pytest.mark.parametrize("prefix", ["", "error updating cluster settings: "], ids=["20.10", "28.5"])
def test_a_swarm_whose_settings_were_refused_is_left_again(prefix):
    text = prefix + "rpc error: code = Unknown desc = raft: raft message is too large and can't be sent"
    engine = Engine([INACTIVE, LEADER], init=refused(text, "engine"))
    with pytest.raises(SwarmError) as caught:
        run(engine)
    assert "has been left again" in caught.value.msg
    assert paths(engine) == ["/swarm/init", "/swarm/leave"]


def test_a_swarm_that_did_not_take_the_settings_is_left_again():
    engine = Engine([INACTIVE, LEADER])
    with pytest.raises(SwarmError) as caught:
        run(engine, labels={"a": "b"})
    assert "has been left again" in caught.value.msg
    assert paths(engine) == ["/swarm/init", "/swarm/leave"]


def test_a_leader_lost_in_the_midst_of_a_change_is_waited_for(monkeypatch):
    """GET /info does not fail then, but has a cluster of zeros; GET /swarm says what the trouble is."""
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    present = LEADER["Swarm"]["Cluster"]
    after = copy.deepcopy(present)
    after["Spec"]["Orchestration"]["TaskHistoryRetentionLimit"] = 7
    electing = SwarmError("no elected cluster leader", kind="electing")
    engine = Engine([LEADER, LOST, LEADER], [electing, present, electing, after])
    assert run(engine, task_history_retention_limit=7)["changed"]
    ((_path, body, version),) = engine.posted
    assert version == present["Version"]["Index"]
    assert body == after["Spec"]
    engine = Engine([LEADER, LOST], [SwarmError("The swarm does not have a leader.", kind="no_quorum")])
    with pytest.raises(SwarmError) as caught:
        run(engine, task_history_retention_limit=7)
    assert caught.value.kind == "no_quorum"
    assert engine.posted == []


# --- going on alone --------------------------------------------------------------------------------------------------------

ALONE = [dict(NODES[0], ManagerStatus={"Leader": True, "Reachability": "reachable", "Addr": "192.0.2.11:2377"})]


@pytest.fixture
def _hasty(monkeypatch):
    monkeypatch.setattr(_new_cluster, "PATIENCE", 0)


class Cut(Engine):
    """A manager whose list of nodes is lost until a new cluster is forced."""

    def nodes(self):
        if self.posted:
            return ALONE
        raise SwarmError("The swarm does not have a leader.", kind="no_quorum")


@pytest.mark.usefixtures("_hasty")
def test_a_manager_without_quorum_is_made_the_only_one_with_the_addresses_that_it_has():
    engine = Cut([LOST, LEADER])
    result = run(engine, force_new_cluster=True, listen_addr="0.0.0.0:2377")
    ((path, body, _version),) = engine.posted
    assert (path, body["ForceNewCluster"], body["ListenAddr"], body["Spec"]) == (
        "/swarm/init",
        True,
        "0.0.0.0:2377",
        {},
    )
    assert result["actions"] == ["made this manager the only one"]
    assert result["diff"]["after"] == {"managers": 1}
    assert "warnings" not in result


@pytest.mark.usefixtures("_hasty")
def test_that_the_engine_begins_a_new_root_with_it_is_told():
    rotating = copy.deepcopy(LEADER)
    rotating["Swarm"]["Cluster"]["RootRotationInProgress"] = True
    (warning,) = run(Cut([LOST, rotating]), force_new_cluster=True)["warnings"]
    assert "begun a new root CA" in warning


def test_no_quorum_for_a_moment_forces_nothing():
    """A slow disk or an election looks the same."""
    engine = Engine([LOST, LOST, LEADER])
    assert run(engine, force_new_cluster=True)["changed"] is False
    assert engine.posted == []


@pytest.mark.usefixtures("_hasty")
def test_check_mode_forces_nothing():
    engine = Cut([LOST])
    params = dict(SETTINGS, docker_host="tcp://h:2376", force_new_cluster=True)
    assert swarm_init.flow(engine, params, check_mode=True)["changed"]
    assert engine.posted == []


def test_where_there_is_a_quorum_nothing_is_forced():
    engine = Engine([LEADER])
    assert run(engine, force_new_cluster=True)["changed"] is False
    assert engine.posted == []


@pytest.mark.parametrize(
    ("info", "kind"), [(INACTIVE, "inactive"), (recorded("info_worker"), "worker"), (recorded("info_locked"), "locked")]
)
def test_what_is_no_manager_is_not_forced(info, kind):
    engine = Engine([info])
    with pytest.raises(SwarmError) as caught:
        run(engine, force_new_cluster=True)
    assert (caught.value.kind, engine.posted) == (kind, [])


@pytest.mark.usefixtures("_hasty")
def test_another_address_than_the_one_it_has_is_refused():
    engine = Cut([LOST])
    with pytest.raises(SwarmError) as caught:
        run(engine, force_new_cluster=True, advertise_addr="192.0.2.99")
    assert (caught.value.kind, engine.posted) == ("immutable", [])
