# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Recorded answers of engines, with parts missing, in another order, and with what engines to come may add."""

from __future__ import annotations

import copy
import datetime

import pytest
from ansible_collections.apiary.swarm.plugins.module_utils import _networks, _nodes
from ansible_collections.apiary.swarm.plugins.module_utils._converge import first_look, judge, progress_lines
from ansible_collections.apiary.swarm.plugins.module_utils._errors import SwarmError
from ansible_collections.apiary.swarm.plugins.module_utils._plan import NOTHING, Wish, World, plan_service
from ansible_collections.apiary.swarm.plugins.module_utils._quorum import quorum
from ansible_collections.apiary.swarm.plugins.module_utils._task_states import seconds
from ansible_collections.apiary.swarm.plugins.plugin_utils._status import report
from harness import hostile
from harness.fake_engine import FakeEngine, recorded, run_module
from hypothesis import given
from hypothesis import strategies as st

SITUATIONS = {
    f"{file}: {name}": situation
    for file in ("situations-20.10", "jobs-28.5", "leader-lost-28.5")
    for name, situation in recorded(f"{file}.json").items()
}
SERVICES = recorded("services-20.10.json")
NETWORKS = recorded("networks-20.10.json")["networks"]
# What the API leaves out where it has nothing to say (omitempty), or gives as null.
OPTIONAL = (
    *(
        "Addr",
        "Aliases",
        "Attachable",
        "Config",
        "ConfigOnly",
        "Configs",
        "ContainerStatus",
        "Containers",
        "DNSConfig",
    ),
    *(
        "EnableIPv6",
        "Endpoint",
        "EndpointSpec",
        "Engine",
        "Env",
        "Err",
        "ExitCode",
        "ForceUpdate",
        "Healthcheck",
        "Hostname",
    ),
    *(
        "Ingress",
        "Internal",
        "JobStatus",
        "Labels",
        "Leader",
        "LogDriver",
        "ManagerStatus",
        "Message",
        "Mounts",
        "Networks",
    ),
    *(
        "NetworksAttachments",
        "NodeID",
        "Options",
        "Peers",
        "Placement",
        "PortStatus",
        "Ports",
        "PreviousSpec",
        "RemoteManagers",
    ),
    *(
        "Resources",
        "RestartPolicy",
        "RollbackConfig",
        "Secrets",
        "ServiceStatus",
        "Slot",
        "UpdateConfig",
        "UpdateStatus",
        "VirtualIPs",
    ),
)
# Maps of people's own words, to which nobody adds a field.
OWN = ("Labels", "Options", "Mode", "DriverOpts", "Sysctls", "AuxiliaryAddresses")
NEW = ("hibernating", "", "rollback_frozen")
STATES = (
    "State",
    "Availability",
    "Reachability",
    "DesiredState",
    "PublishMode",
    "Protocol",
    "FailureAction",
    "Condition",
    "Order",
)


def mutated(answer, random, drop=OPTIONAL, add=True, states=True):
    """An answer as another engine might give it; lists at their places, see shuffled()."""
    if isinstance(answer, list):
        return [mutated(item, random, drop, add, states) for item in answer]
    if not isinstance(answer, dict):
        return answer
    changed = {}
    for key, value in answer.items():
        if key in drop and random.random() < 0.1:
            if random.random() < 0.5:
                changed[key] = None
        elif states and key in STATES and isinstance(value, str) and random.random() < 0.05:
            changed[key] = random.choice(NEW)
        else:
            changed[key] = value if key in OWN else mutated(value, random, drop, add, states)
    if add and random.random() < 0.3:
        changed["ToCome"] = random.choice([None, {"A": [1]}, [{"B": ""}], "text", 5])
    return changed


def shuffled(items, random):
    items = list(items)
    random.shuffle(items)
    return items


def look(situation, tasks=None, nodes=None, service=None, written=True):
    wall = seconds(situation["now"]) if "now" in situation else 0
    return judge(
        service or situation["service"],
        situation["tasks"] if tasks is None else tasks,
        situation["nodes"] if nodes is None else nodes,
        first_look(written),
        100.0,
        wall,
    )


def planned(wish, observed):
    """The plan, or the SwarmError that there is instead."""
    try:
        return plan_service(wish, observed, World(lenient=True), (1, 52))
    except SwarmError as error:
        return error


@pytest.mark.parametrize("name", SITUATIONS)
def test_the_order_of_an_answer_changes_no_verdict(name):
    situation = SITUATIONS[name]

    @hostile.differently(name)
    @hostile.times(2)
    @given(random=st.randoms(use_true_random=False), written=st.booleans())
    def tried(random, written):
        plain = look(situation, written=written)
        other = look(
            situation,
            shuffled(situation["tasks"], random),
            shuffled(situation["nodes"], random),
            written=written,
        )
        assert other._replace(tasks=(), memory={}) == plain._replace(tasks=(), memory={})
        assert {task["ID"] for task in other.tasks} == {task["ID"] for task in plain.tasks}

    tried()


@pytest.mark.parametrize("name", SITUATIONS)
def test_an_engine_to_come_is_judged_all_the_same(name):
    situation = SITUATIONS[name]

    @hostile.differently(name)
    @hostile.times(2)
    @given(random=st.randoms(use_true_random=False), written=st.booleans())
    def tried(random, written):
        verdict = look(
            situation,
            mutated(situation["tasks"], random),
            mutated(situation["nodes"], random),
            mutated(situation["service"], random),
            written,
        )
        assert verdict.state in ("converged", "progress", "failed")
        assert progress_lines(verdict)

    tried()


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_of_an_engine_to_come_can_be_changed_and_keeps_what_is_not_known(name):
    @hostile.differently(name)
    @hostile.times(2)
    @given(random=st.randoms(use_true_random=False), undeclared=st.sampled_from(["keep", "restore"]))
    def tried(random, undeclared):
        observed = mutated(SERVICES[name], random)
        options = {"labels": {"a": "1"}, "env": {"A": "1"}, "limits": {"memory": "64M"}, "publish": ["8080:80"]}
        wish = Wish(observed["Spec"]["Name"], options, undeclared=undeclared)
        before = copy.deepcopy(observed)
        plan = planned(wish, observed)
        if isinstance(plan, SwarmError):
            assert "publish" in plan.msg, "an ingress port beside endpoint mode dnsrr, or one that is there"
            return
        assert observed == before, "what was read is not written into"
        assert plan.spec.get("ToCome") == observed["Spec"].get("ToCome")
        assert plan.spec["TaskTemplate"].get("ToCome") == observed["Spec"]["TaskTemplate"].get("ToCome")
        again = plan_service(wish, dict(observed, Spec=plan.spec), World(lenient=True), (1, 52))
        assert again.action == NOTHING, again.diff

    tried()


@pytest.mark.parametrize("option", [{"replicas": 3}, {"max_concurrent": 2}, {"mode": "global"}, {"env": {"A": "1"}}])
def test_a_mode_to_come_is_kept_or_refused_by_the_option_s_name(option):
    observed = copy.deepcopy(SERVICES["minimal"])
    observed["Spec"]["Mode"] = {"Swarmlet": {"Legs": 6}}
    plan = planned(Wish(observed["Spec"]["Name"], option), observed)
    if isinstance(plan, SwarmError):
        assert next(iter(option)) in plan.msg
    else:
        assert plan.spec["Mode"] == {"Swarmlet": {"Legs": 6}}


@hostile.times(4)
@given(random=st.randoms(use_true_random=False))
def test_networks_of_an_engine_to_come_are_planned(random):
    networks = shuffled(mutated(NETWORKS, random), random)
    there = [network["Name"] for network in networks if network["Scope"] == "swarm"]
    for state in ("present", "absent"):
        wish = dict.fromkeys([field.option for field in _networks.NETWORK.fields])
        wish.update(name=random.choice([*there, "other"]), state=state, recreate=True, attachable=True)
        plan = _networks.plan(wish, networks)
        assert plan.action in ("created", "recreated", "removed", "unchanged", "lingering")
    _networks.users([one["service"] for one in SITUATIONS.values()], networks[0])


@pytest.mark.parametrize("file", ["nodes_five.json", "nodes_two_managers_lost.json"])
def test_nodes_of_an_engine_to_come_are_planned_in_any_order(file):
    @hostile.differently(file)
    @hostile.times(2)
    @given(random=st.randoms(use_true_random=False))
    def tried(random):
        nodes = recorded(file)
        assert quorum(shuffled(nodes, random)) == quorum(nodes)
        for node in mutated(nodes, random):
            for wish in ({"labels": {"a": "1"}}, {"availability": "drain"}, {"role": "worker"}):
                plan = _nodes.plan(node, wish)
                assert _nodes.plan(dict(node, Spec=plan.spec), wish).actions == ()
            _nodes.find(mutated(nodes, random), node["ID"], "look")

    tried()


@pytest.mark.parametrize("info", ["leader", "worker", "locked", "no_quorum", "pending", "inactive"])
def test_swarm_info_and_the_tables_have_an_answer_to_any_engine(info):
    @hostile.differently(info)
    @hostile.times(1)
    @given(random=st.randoms(use_true_random=False))
    def tried(random):
        engine = FakeEngine(info)
        always = ("NodeID", "Addr")  # of this answer
        engine.info = mutated(engine.info, random, [key for key in OPTIONAL if key not in always], states=False)
        situation = random.choice(list(SITUATIONS.values()))
        engine.nodes = shuffled(mutated(engine.nodes, random), random)
        engine.services = shuffled(mutated([*engine.services, situation["service"]], random), random)
        tasks = [{"Spec": {}, **task} for task in situation["tasks"]]  # some were cut to what judge() reads
        engine.tasks = shuffled(mutated(tasks, random), random)
        engine.networks = shuffled(mutated(engine.networks, random), random)
        told = run_module("swarm_info", {"include": ["nodes", "services", "tasks", "networks", "mesh"]}, engine)
        assert (told.get("failure") or {}).get("kind") != "bug", told["msg"]
        if not told["failed"]:
            now = datetime.datetime.now(datetime.timezone.utc)
            lines = report([{"name": "one", "url": "-", "report": told}], now)
            assert "PROBLEMS" in lines

    tried()
