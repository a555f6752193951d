# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

"""state rolled_back: once to the spec before, and never forward again."""

from __future__ import annotations

import copy

import pytest
from ansible_collections.apiary.swarm.plugins.module_utils._errors import SwarmError
from ansible_collections.apiary.swarm.plugins.module_utils._plan import NOTHING, ROLL_BACK, Wish, World, plan_service
from ansible_collections.apiary.swarm.plugins.module_utils._services import Services
from ansible_collections.apiary.swarm.plugins.module_utils._wishes import service_spec, wishes_of

SPEC = {
    "Name": "web",
    "Labels": {"io.apiary.declared": "image"},
    "TaskTemplate": {"ContainerSpec": {"Image": "nginx:2"}},
    "Mode": {"Replicated": {"Replicas": 1}},
}


def service(image="nginx:1", update="completed", mode=None):
    before = copy.deepcopy(SPEC)
    before["TaskTemplate"]["ContainerSpec"]["Image"] = image
    made = {"ID": "s", "Version": {"Index": 7}, "Spec": copy.deepcopy(SPEC), "PreviousSpec": before}
    if update:
        made["UpdateStatus"] = {"State": update}
    return made


def plan(observed, **options):
    return plan_service(Wish("web", options, "rolled_back"), observed, World())


@pytest.mark.parametrize("update", [None, "completed", "updating", "paused"])
def test_it_goes_to_the_spec_before_and_shows_it(update):
    back = plan(service(update=update))
    assert (back.action, back.spec["TaskTemplate"]["ContainerSpec"]["Image"]) == (ROLL_BACK, "nginx:1")
    assert back.diff["before"] == {"TaskTemplate": {"ContainerSpec": {"Image": "nginx:2"}}}
    assert back.diff["after"] == {"TaskTemplate": {"ContainerSpec": {"Image": "nginx:1"}}}
    assert back.concerns_tasks


@pytest.mark.parametrize("update", ["rollback_started", "rollback_completed", "rollback_paused"])
def test_what_went_back_does_not_go_forward_again(update):
    assert plan(service(update=update)).action == NOTHING
    by_itself = service(update=update)
    del by_itself["PreviousSpec"]
    assert plan(by_itself).action == NOTHING


def test_the_same_spec_is_no_change():
    assert plan(service(image="nginx:2")).action == NOTHING


def test_where_it_cannot_go():
    never_updated = service(update=None)
    del never_updated["PreviousSpec"]
    with pytest.raises(SwarmError, match="Service web: the engine has no spec before the present one to go back to"):
        plan(never_updated)
    with pytest.raises(SwarmError, match="there is no such service to roll back"):
        plan(None)


def test_options_beside_it_are_refused_by_name():
    with pytest.raises(SwarmError) as caught:
        plan(service(), image="nginx:3", limits={"cpus": 1})
    assert caught.value.details["problems"] == [
        "image: state rolled_back takes no option of the service",
        "limits.cpus: state rolled_back takes no option of the service",
    ]


def test_defaults_are_for_the_other_entries():
    params = dict.fromkeys([*service_spec(), "name", "services", "service_defaults"])
    params.update(services=[{"name": "web", "state": "rolled_back"}, {"name": "b"}], service_defaults={"image": "x"})
    back, other = wishes_of(params)
    assert (back.options["image"], other.options["image"]) == (None, "x")


def test_a_job_that_goes_back_runs_again():
    job = service(update=None)
    for spec in ("Spec", "PreviousSpec"):
        job[spec]["Mode"] = {"ReplicatedJob": {"MaxConcurrent": 1, "TotalCompletions": 1}}
    assert plan(job).runs_job_again


class Engine:
    """Has one service; somebody else changes it before the first update arrives."""

    name = "manager1"
    api_version = (1, 41)

    def __init__(self, *answers, later=None):
        self.answers = list(answers)
        self.later = later
        self.sent = []

    def nodes(self):
        return [{"ID": "n", "ManagerStatus": {"Reachability": "reachable"}, "Description": {}}]

    def services(self, **_filters):
        return [self.later if self.sent and self.later else service()]

    def tasks(self, **_filters):
        return []

    def post(self, path, body=None, what=None, **query):
        self.sent.append((path, body["TaskTemplate"]["ContainerSpec"]["Image"], query))
        answer = self.answers.pop(0)
        if isinstance(answer, SwarmError):
            raise answer
        return answer


def run(engine):
    services = Services(engine, [Wish("web", {}, "rolled_back")], docker_host="tcp://h")
    services.apply()
    return services.entries["web"]


def test_what_is_sent():
    engine = Engine({})
    entry = run(engine)
    assert engine.sent == [("/services/s/update", "nginx:2", {"version": 7, "rollback": "previous"})]
    assert (entry["action"], entry["changed"], entry["image"]) == ("rolled_back", True, "nginx:1")


def test_a_rollback_whose_answer_was_lost_is_not_asked_for_twice(monkeypatch):
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    refused = SwarmError("update out of sequence", kind="out_of_sequence", status=500)
    engine = Engine(refused, later=service(update="rollback_completed"))
    entry = run(engine)
    assert len(engine.sent) == 1
    assert entry["action"] == "unchanged"
