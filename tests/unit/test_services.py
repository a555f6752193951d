# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

"""In which order a task's plans are carried out, and what becomes of a service that cannot be made anew.

The engine that refuses is a scripted one; that real ones refuse so is shown in the integration tests.
"""

from __future__ import annotations

import itertools

import pytest
from ansible_collections.apiary.swarm.plugins.module_utils._errors import SwarmError
from ansible_collections.apiary.swarm.plugins.module_utils._plan import Wish, World, plan_service
from ansible_collections.apiary.swarm.plugins.module_utils._service_ports import order_of_work
from ansible_collections.apiary.swarm.plugins.module_utils._services import Services
from ansible_collections.apiary.swarm.plugins.module_utils._watch import Watch

HOST = "published={},target=80,mode=host"


def service(name, *ports, mode="ingress", chosen=()):
    """A service of GET /services that publishes these ports; chosen are those that the engine chose itself."""

    def objects(numbers):
        return [{"Protocol": "tcp", "TargetPort": 80, "PublishedPort": port, "PublishMode": mode} for port in numbers]

    return {
        "ID": f"id-{name}",
        "Version": {"Index": 7},
        "Spec": {
            "Name": name,
            "TaskTemplate": {"ContainerSpec": {"Image": "nginx:latest"}},
            "Mode": {"Replicated": {"Replicas": 1}},
            "EndpointSpec": {"Mode": "vip", "Ports": objects(ports)},
        },
        "Endpoint": {"Ports": objects([*ports, *chosen])},
    }


def plan(name, publish, before=None, **options):
    wish = Wish(name, {"image": "nginx", "publish": publish, **options}, "absent" if publish is None else "present")
    return plan_service(wish, before, World())


def order(*plans):
    return [[plans[index].name for index in group] for group in order_of_work(plans)]


def test_where_no_port_moves_all_go_side_by_side():
    plans = [plan("c", ["80:80"]), plan("a", ["81:80"], service("a", 81)), plan("b", ["83:80"], service("b", 82))]
    assert order(*plans) == [["c", "a", "b"]]


def test_removals_come_first():
    plans = [plan("new", ["80:80"]), plan("other", []), plan("old", None, service("old", 80)), plan("gone", None)]
    assert order(*plans) == [["old"], ["new", "other", "gone"]]


def test_a_port_is_released_before_it_is_taken():
    plans = [
        plan("a", ["80:80"], service("a", 79)),
        plan("b", ["81:80"], service("b", 80)),
        plan("c", ["82:80"], service("c", 81)),
    ]
    for shuffled in itertools.permutations(plans):
        assert order(*shuffled) == [["c"], ["b"], ["a"]]


def test_only_those_wait_that_take_what_another_releases():
    plans = [
        plan("both", ["80:80", "81:80"]),
        plan("a", ["90:80"], service("a", 80)),
        plan("none", ["99:80"]),
        plan("b", None, service("b", 81)),
        plan("later", ["91:80"]),
    ]
    assert order(*plans) == [["b"], ["a", "none", "later"], ["both"]]


def test_a_port_given_from_one_mode_to_the_other_is_released_too():
    plans = [plan("a", [HOST.format(80)]), plan("b", [HOST.format(80)], service("b", 80))]
    assert order(*plans) == [["b"], ["a"]]


def test_ports_of_other_protocols_and_ports_that_the_engine_chooses_are_no_reason():
    assert order(plan("a", ["80:80/udp"]), plan("b", ["81:80"], service("b", 80))) == [["a", "b"]]
    assert order(plan("a", ["80"]), plan("b", ["80"], service("b", 81, chosen=[30000]))) == [["a", "b"]]


def test_a_swap_has_no_order_and_does_not_hang():
    plans = [plan("a", ["81:80"], service("a", 80)), plan("b", ["80:80"], service("b", 81))]
    assert sorted(itertools.chain(*order(*plans))) == ["a", "b"]


class Engine:
    """Has one service, and answers each creation with the next of answers (an error or a service's ID)."""

    name = "manager1"
    api_version = (1, 41)
    calls = 0

    def __init__(self, *answers, has=None):
        self.service = has or service("web")
        self.answers = list(answers)
        self.sent = []

    def nodes(self):
        return [{"ID": "n", "ManagerStatus": {"Reachability": "reachable"}, "Description": {}}]

    def services(self, **_filters):
        return [self.service]

    def tasks(self, **_filters):
        return []

    def twin(self):
        return self

    def close(self):
        pass

    def delete(self, path, **_more):
        self.sent.append(path)

    def post(self, path, body=None, **_more):
        self.sent.append((path, body))
        if not path.endswith("/create"):
            return {}
        answer = self.answers.pop(0)
        if isinstance(answer, SwarmError):
            raise answer
        return {"ID": answer}


def test_a_port_that_was_just_released_is_waited_for(monkeypatch):
    """The engine's managers let go of it a moment after they have taken the change."""
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    in_use = [refused("port '80' is already in use by service 'web'", kind="port_in_use") for _ in range(3)]
    new = Wish("new", {"image": "nginx", "publish": ["80:80"]}, resolve_image="never")
    move = [new, Wish("web", {"publish": ["81:80"]})]
    engine = Engine(*in_use, "id-new", has=service("web", 80))
    services = Services(engine, move, docker_host="tcp://h")
    services.apply()
    assert [path for path, _body in engine.sent] == ["/services/id-web/update", *["/services/create"] * 4]
    assert [entry["name"] for entry in services.report()["services"]] == ["new", "web"], "as the task has them"
    engine = Engine(in_use[0], has=service("web", 79))
    services = Services(engine, move, docker_host="tcp://h")
    services.apply()
    assert services.entries["new"]["failure"]["kind"] == "port_in_use"
    assert len(engine.sent) == 2, "nobody released it, so nothing is waited for"


def recreate(engine):
    wish = Wish("web", {"mode": "global"}, recreate=True)
    services = Services(engine, [wish], docker_host="tcp://h")
    services.apply()
    with pytest.raises(SwarmError) as caught:
        services.result(True, 60)
    return caught.value


def refused(text="duplicate mount point", status=400, kind="invalid"):
    return SwarmError(f"Could not create service web: {text}", kind=kind, status=status)


def test_a_service_that_cannot_be_made_anew_is_made_again_as_it_was():
    engine = Engine(refused(), "new-id")
    error = recreate(engine)
    (entry,) = error.details["services"]
    assert engine.sent[0] == "/services/id-web"
    assert [path for path, _body in engine.sent[1:]] == ["/services/create"] * 2
    assert "Global" in engine.sent[1][1]["Mode"]
    assert engine.sent[2][1] == service("web")["Spec"]
    assert error.kind == "invalid"
    assert error.msg == (
        "Service web was removed, to be made anew, and could not be: Could not create service web: duplicate mount point. "
        "The service was made again as it was"
    )
    assert (entry["action"], entry["changed"], entry["id"]) == ("recreated", True, "new-id")


def test_a_service_that_is_lost_is_told_with_both_reasons():
    error = recreate(Engine(refused(), refused("port '80' is in use")))
    assert "duplicate mount point. Could not create service web: port '80' is in use" in error.msg
    assert error.details["services"][0]["action"] == "removed"


def test_nothing_is_made_again_where_the_engine_does_not_answer():
    engine = Engine(refused("no answer within 60 s", status=None, kind="timeout"))
    wish = Wish("web", {"mode": "global"}, recreate=True)
    services = Services(engine, [wish], docker_host="tcp://h")
    with pytest.raises(SwarmError) as caught:
        services.apply()
    assert len(engine.sent) == 2
    assert caught.value.msg.startswith("Service web was removed, to be made anew, and could not be: ")
    assert caught.value.details["services"][0]["action"] == "removed"


class Remade(Engine):
    """Forgets its service when it is removed, and has another as soon as a creation was asked for, whatever it answers."""

    made = True

    def __init__(self, *answers, has=None):
        super().__init__(*answers, has=has)
        self.present = [self.service] if has else []

    def services(self, **_filters):
        return self.present

    def delete(self, path, **_more):
        super().delete(path)
        self.present = []

    def post(self, path, body=None, **_more):
        if self.made and path.endswith("/create"):
            self.present = [dict(service("web"), ID="id-made", Spec=body)]
        return super().post(path, body)


def applied(engine, **options):
    services = Services(engine, [Wish("web", resolve_image="never", **options)], docker_host="tcp://h")
    services.apply()
    return services.entries["web"]


_LOST = {"text": "node lost leader status", "status": 503, "kind": "electing"}
_THERE = {"text": "name conflicts with an existing object", "status": 409, "kind": "name_conflict"}


def test_a_service_that_was_made_although_the_leader_was_lost_counts_as_made(monkeypatch):
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    entry = applied(Remade(refused(**_LOST), refused(**_THERE)), options={"image": "nginx"})
    assert (entry["action"], entry["changed"], entry["id"]) == ("created", True, "id-made")
    engine = Remade(refused(**_LOST), refused(**_THERE), has=service("web"))
    entry = applied(engine, options={"mode": "global"}, recreate=True)
    assert (entry["action"], entry["changed"], entry["id"]) == ("recreated", True, "id-made")


def test_a_service_that_somebody_else_made_meanwhile_is_waited_for(monkeypatch):
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    entry = applied(Remade(refused(**_THERE)), options={"image": "nginx"})
    assert (entry["changed"], entry["id"]) == (False, "id-made")


def test_the_look_at_one_that_somebody_else_made_is_not_at_the_list_from_before(monkeypatch):
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    known = []
    monkeypatch.setattr(Watch, "show", lambda _watch, _note, services, nodes: known.append(services))
    for engine in (Remade(refused(**_THERE)), Remade(has=service("web"))):
        services = Services(
            engine, [Wish("web", {"image": "nginx:latest"}, resolve_image="never")], docker_host="tcp://h"
        )
        services.apply()
        assert not services.result(False, 60)["changed"]
    assert known == [None, [service("web")]]


def test_a_service_that_was_removed_is_made_anew_with_what_it_had(monkeypatch):
    """The engine may refuse for a moment: what the task does not name must not be lost by planning without a service."""
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    engine = Remade(refused("network front not found", status=404, kind="not_found"), "id-new", has=service("web"))
    engine.made = False
    entry = applied(engine, options={"mode": "global"}, recreate=True)
    assert (entry["action"], entry["id"]) == ("recreated", "id-new")
    body = engine.sent[-1][1]
    assert (body["TaskTemplate"]["ContainerSpec"]["Image"], set(body["Mode"])) == ("nginx:latest", {"Global"})


def test_an_engine_that_does_not_answer_ends_it_and_hides_no_refusal():
    silent = refused("no answer within 60 s", status=None, kind="timeout")
    wishes = [
        Wish("a", {"image": "nginx", "publish": ["81:80"]}, resolve_image="never"),
        Wish(
            "b", {"image": "nginx", "publish": ["80:80"]}, resolve_image="never"
        ),  # after web, which releases the port
        Wish("web", {"publish": ["82:80"]}),
    ]
    engine = Engine(refused("duplicate mount point"), silent, has=service("web", 80))
    services = Services(engine, wishes, docker_host="tcp://h")
    with pytest.raises(SwarmError) as caught:
        services.apply()
    assert caught.value.kind == "timeout"
    assert "duplicate mount point" in caught.value.msg
    entries = {entry["name"]: entry for entry in caught.value.details["services"]}
    assert [name for name in entries if entries[name]["changed"]] == ["web"]
    assert entries["a"]["failure"]["kind"] == "invalid"


def test_a_digest_asked_for_by_one_service_is_not_the_others():
    """Of three services with one image the first asks the registry; the others keep to their tag, and to their digest."""
    digest = "sha256:" + "1" * 64
    has = service("web")
    has["Spec"]["TaskTemplate"]["ContainerSpec"]["Image"] = kept = "nginx:1@sha256:" + "0" * 64

    class Asked(Engine):
        def get(self, path, **_more):
            assert path == "/distribution/nginx:1/json"
            return {"Descriptor": {"digest": digest}, "Platforms": [{"architecture": "amd64", "os": "linux"}]}

    wishes = [
        Wish("new", {"image": "nginx:1"}),
        Wish("loose", {"image": "nginx:1"}, resolve_image="never"),
        Wish("web", {"image": "nginx:1"}),
    ]
    services = Services(Asked("id-new", "id-loose", has=has), wishes, docker_host="tcp://h")
    services.apply()
    images = [plan.spec["TaskTemplate"]["ContainerSpec"]["Image"] for plan in services.plans]
    assert images == [f"nginx:1@{digest}", "nginx:1", kept]
    assert not services.entries["web"]["changed"]
