# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

"""swarm_service by Ansible on real engines: create, change, leave alone, refuse. Its waiting is in the file beside."""

from __future__ import annotations

import json

import pytest
from harness.lab import HOSTS, eventually

NGINX = "depot:5000/nginx:1.22"
NEWER = "depot:5000/nginx:1.26"
BUSYBOX = "depot:5000/busybox:latest"
FOREVER = {"image": BUSYBOX, "args": ["sleep", "1000000"], "stop_grace_period": "1s"}


@pytest.fixture(autouse=True)
def tidy(swarm):
    yield
    names = swarm.docker("manager1", "service", "ls", "-q").split()
    if names:
        swarm.docker("manager1", "service", "rm", *names)


def service(swarm, *, ok=True, check=False, wait=False, **options):
    """Run the module; most tests here are about what is written, and do not wait for tasks."""
    return swarm.module("manager1", "swarm_service", {"wait": wait, **options}, ok=ok, check=check)


def entry(result):
    (only,) = result["services"]
    return only


def spec(swarm, name):
    return swarm.inspect("manager1", "service", name)["Spec"]


def test_from_nothing_to_five_and_away_again(swarm):
    options = {"name": "httpd", "image": NGINX, "replicas": 2, "update_config": {"parallelism": 0, "monitor": "1s"}}

    planned = service(swarm, check=True, **options)
    assert (planned["changed"], entry(planned)["action"], entry(planned)["id"]) == (True, "created", None)
    assert swarm.rows("manager1", "service", "ls") == [], "check mode applies nothing"

    made = service(swarm, wait=True, **options)
    assert (made["changed"], entry(made)["action"]) == (True, "created")
    assert made["diff"] == planned["diff"], "check mode tells the truth"
    assert len(swarm.running("manager1", "httpd")) == 2, "it returned when the tasks were running"
    assert {task["state"] for task in entry(made)["tasks"]} == {"running"}
    assert entry(made)["image"] == NGINX
    stored = spec(swarm, "httpd")["TaskTemplate"]["ContainerSpec"]["Image"]
    assert stored.startswith(f"{NGINX}@sha256:"), "the registry was asked for the digest, and the tag is readable"

    again = service(swarm, wait=True, **options)
    assert (again["changed"], entry(again)["action"], again["diff"]) == (False, "unchanged", [])

    scaled = service(swarm, wait=True, name="httpd", replicas=5)
    assert entry(scaled)["diff"]["before"] == {"Mode": {"Replicated": {"Replicas": 2}}}
    assert entry(scaled)["diff"]["after"] == {"Mode": {"Replicated": {"Replicas": 5}}}
    assert len(swarm.running("manager1", "httpd")) == 5

    before = spec(swarm, "httpd")
    newer = service(swarm, wait=True, name="httpd", image=NEWER)
    assert (entry(newer)["update_status"], entry(newer)["image"]) == ("completed", NEWER)
    after = spec(swarm, "httpd")
    assert after["TaskTemplate"]["ContainerSpec"]["Image"].startswith(f"{NEWER}@sha256:")
    assert after["Mode"] == before["Mode"]
    assert len(swarm.running("manager1", "httpd")) == 5

    assert service(swarm, check=True, name="httpd", state="absent")["changed"]
    assert swarm.rows("manager1", "service", "ls")
    gone = service(swarm, wait=True, name="httpd", state="absent")
    assert (gone["changed"], entry(gone)["action"], entry(gone)["diff"]["after"]) == (True, "removed", {})
    assert swarm.rows("manager1", "service", "ls") == []
    left = {host: swarm.docker(host, "ps", "-q", "--filter", "name=httpd") for host in HOSTS}
    assert left == dict.fromkeys(HOSTS, ""), "it returned when the containers were gone"
    assert service(swarm, name="httpd", state="absent")["changed"] is False


def test_what_others_made_by_hand_survives(swarm):
    service(swarm, name="web", **FOREVER, env={"A": "1"}, labels={"team": "x"}, limits={"memory": "64M"})
    swarm.docker(
        *("manager1", "service", "update", "--detach", "--replicas", "3", "--env-add", "X=1", "--limit-cpu", ".5"),
        *("--constraint-add", "node.role==worker", "--container-label-add", "hand=made", "--update-parallelism", "3"),
        "web",
    )
    by_hand = spec(swarm, "web")

    # a label more, and nothing else: the case in which community.docker deletes limit, constraint and container label
    changed = service(swarm, name="web", labels={"team": "y"})
    assert list(entry(changed)["diff"]["after"]) == ["Labels"]
    after = spec(swarm, "web")
    assert after["Labels"]["team"] == "y"
    for part in ("TaskTemplate", "Mode", "UpdateConfig", "EndpointSpec"):
        assert after[part] == by_hand[part], part

    # a variable is enforced whole, as it is declared; the rest stays
    service(swarm, name="web", env={"A": "2"})
    after = spec(swarm, "web")
    assert after["TaskTemplate"]["ContainerSpec"]["Env"] == ["A=2"]
    assert after["TaskTemplate"]["Placement"]["Constraints"] == ["node.role==worker"]
    assert after["TaskTemplate"]["Resources"]["Limits"]["NanoCPUs"] == 500_000_000
    assert after["Mode"]["Replicated"]["Replicas"] == 3

    # restore: what this collection declared and no longer does goes back, what was made by hand stays
    service(swarm, name="web", **FOREVER, undeclared="restore")
    after = spec(swarm, "web")["TaskTemplate"]
    assert "Env" not in after["ContainerSpec"]
    assert "MemoryBytes" not in after["Resources"]["Limits"]
    assert after["Resources"]["Limits"]["NanoCPUs"] == 500_000_000
    assert after["ContainerSpec"]["Labels"] == {"hand": "made"}
    assert spec(swarm, "web")["Mode"]["Replicated"]["Replicas"] == 3
    assert not service(swarm, name="web", **FOREVER, undeclared="restore")["changed"]

    # reset: a service as a new one would be
    service(swarm, name="web", **FOREVER, undeclared="reset")
    after = spec(swarm, "web")
    assert after["Mode"]["Replicated"]["Replicas"] == 1
    assert "Constraints" not in after["TaskTemplate"]["Placement"]
    assert after["TaskTemplate"]["ContainerSpec"].get("Labels") is None
    assert not service(swarm, name="web", **FOREVER, undeclared="reset")["changed"]


def test_many_services_in_one_task(swarm):
    swarm.docker("manager1", "network", "create", "--driver", "overlay", "front")
    task = {
        "undeclared": "restore",
        "service_defaults": {**FOREVER, "networks": ["front"], "env": {"COMMON": "1"}},
        "services": [
            {"name": "one", "replicas": 2},
            {"name": "two", "mode": "global", "env": {"OWN": "2"}},
            {"name": "three", "state": "absent"},
        ],
    }
    made = service(swarm, wait=True, **task)
    assert [(item["name"], item["action"]) for item in made["services"]] == [
        ("one", "created"),
        ("two", "created"),
        ("three", "unchanged"),
    ]
    assert len(swarm.running("manager1", "one")) == 2
    assert len(swarm.running("manager1", "two")) == 5
    assert spec(swarm, "two")["TaskTemplate"]["ContainerSpec"]["Env"] == ["OWN=2"]
    assert not service(swarm, **task)["changed"]

    task["services"][0]["replicas"] = 1
    changed = service(swarm, **task)
    assert [item["changed"] for item in changed["services"]] == [True, False, False]
    assert [item["before_header"] for item in changed["diff"]] == ["service one"]


def test_nothing_is_changed_if_one_service_of_the_task_is_wrong(swarm):
    task = {"services": [{"name": "good", **FOREVER}, {"name": "bad", **FOREVER, "limits": {"memory": "lots"}}]}
    for check in (True, False):
        refused = service(swarm, ok=False, check=check, **task)
        assert "Service bad: limits.memory: 'lots' is not a size" in refused["msg"]
        assert swarm.rows("manager1", "service", "ls") == []


def test_what_community_docker_never_finds_idempotent(swarm):
    """And its traps: partial objects are sent as the CLI would, not with zeros for the rest."""
    options = {
        "name": "traps",
        **FOREVER,
        "update_config": {"delay": "0s", "parallelism": 2},
        "restart_config": {"max_attempts": 3},
        "rollback_config": {"order": "start-first"},
        "limits": {"memory": "0", "cpus": 0.5},
        "cap_add": ["NET_ADMIN"],
        "networks": ["host"],
        "env": {"B": "2", "A": "1"},
    }
    service(swarm, **options)
    made = spec(swarm, "traps")
    assert made["TaskTemplate"]["RestartPolicy"] == {"Condition": "any", "Delay": 5 * 10**9, "MaxAttempts": 3}
    assert made["UpdateConfig"] == {
        "Parallelism": 2,
        "FailureAction": "pause",
        "Monitor": 5 * 10**9,
        "MaxFailureRatio": 0,
        "Order": "stop-first",
    }
    assert made["RollbackConfig"]["Parallelism"] == 1
    assert made["RollbackConfig"]["Order"] == "start-first"
    version = swarm.inspect("manager1", "service", "traps")["Version"]
    for spelled in ({}, {"cap_add": ["CAP_NET_ADMIN"], "env": ["A=1", "B=2"]}):
        assert not service(swarm, **{**options, **spelled})["changed"]
    assert swarm.inspect("manager1", "service", "traps")["Version"] == version, "nothing was written"


def test_mode_changes_only_with_permission(swarm):
    service(swarm, name="one", **FOREVER, labels={"kept": "yes"})
    first = swarm.inspect("manager1", "service", "one")
    refused = service(swarm, ok=False, name="one", mode="global")
    assert refused["failure"]["kind"] == "immutable"
    assert "recreate: true" in refused["msg"]
    assert service(swarm, check=True, name="one", mode="global", recreate=True)["changed"]
    assert swarm.inspect("manager1", "service", "one") == first
    made = service(swarm, wait=True, name="one", mode="global", recreate=True)
    assert entry(made)["action"] == "recreated"
    second = swarm.inspect("manager1", "service", "one")
    assert second["ID"] != first["ID"]
    assert second["Spec"]["Mode"] == {"Global": {}}
    assert second["Spec"]["Labels"]["kept"] == "yes", "what is not named is kept over the recreation too"
    assert len(swarm.running("manager1", "one")) == 5


@pytest.mark.parametrize("check", [True, False])
def test_a_port_that_another_service_has(swarm, check):
    swarm.docker("manager1", "service", "create", "--detach", "--name", "first", "-p", "8080:80", NGINX)
    refused = service(swarm, ok=False, check=check, name="second", image=NGINX, publish=["8080:80"])
    assert refused["failure"]["kind"] == "port_in_use"
    assert "8080/tcp" in refused["msg"]
    assert "first" in refused["msg"]
    assert [item["Name"] for item in swarm.rows("manager1", "service", "ls")] == ["first"]


def test_a_port_moves_between_services_of_one_task(swarm):
    """Against the order of the task: each takes what a later one releases, the last one by being removed."""
    port = 8090
    names = ["first", "second", "third"]
    before = [{"name": name, **FOREVER, "publish": [f"{port + n}:80"]} for n, name in enumerate(names)]
    service(swarm, services=before)
    after = [
        {"name": "new", **FOREVER, "publish": [f"{port}:80"]},
        {"name": "first", "publish": [f"{port + 1}:80"]},
        {"name": "second", "publish": [f"{port + 2}:80"]},
        {"name": "third", "state": "absent"},
    ]
    assert service(swarm, check=True, services=after)["changed"]
    moved = service(swarm, services=after)
    assert [(item["name"], item["action"]) for item in moved["services"]] == [
        ("new", "created"),
        ("first", "updated"),
        ("second", "updated"),
        ("third", "removed"),
    ]
    found = {
        name: [item["PublishedPort"] for item in spec(swarm, name)["EndpointSpec"]["Ports"]]
        for name in ("new", "first", "second")
    }
    assert found == {"new": [port], "first": [port + 1], "second": [port + 2]}


def test_a_service_that_the_engine_refuses_to_make_anew_is_there_as_before(swarm):
    service(swarm, name="one", **FOREVER, labels={"kept": "yes"}, replicas=2)
    first = swarm.inspect("manager1", "service", "one")
    # a template that only the engine reads; Ansible makes {{.Nope}} of it
    refused = service(swarm, ok=False, name="one", mode="global", hostname="{{ '{{.Nope}}' }}", recreate=True)
    assert "Nope" in refused["msg"]
    assert "The service was made again as it was" in refused["msg"]
    second = swarm.inspect("manager1", "service", "one")
    assert second["Spec"] == first["Spec"]
    assert (entry(refused)["action"], entry(refused)["id"]) == ("recreated", second["ID"])
    assert refused["changed"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, "image: a new service needs one"),
        ({"image": NGINX, "networks": ["nowhere"]}, "there is no network 'nowhere'"),
        ({"image": NGINX, "mode": "global", "replicas": 2}, "mode global has one task on each node"),
        ({"image": NGINX, "replicas": "many"}, "replicas"),
        ({"image": NGINX, "update_config": {"delay": 10}}, "name a unit, for example 10s"),
        ({"image": NGINX, "colour": "red"}, "colour"),
    ],
    ids=str,
)
def test_refusals(swarm, options, words):
    refused = service(swarm, ok=False, name="web", **options)
    assert words in refused["msg"]
    assert swarm.rows("manager1", "service", "ls") == []


def test_in_check_mode_a_network_may_be_still_to_come(swarm):
    planned = service(swarm, check=True, name="web", image=NGINX, networks=["soon"])
    assert planned["changed"]
    assert any("'soon'" in text for text in planned["warnings"])


def test_a_port_in_ingress_mode_warns_where_the_kernel_cannot_route_it(swarm):
    has_ip_vs = swarm.ssh("manager1", "modprobe -q ip_vs; test -e /proc/net/ip_vs && echo yes", ok=False) == "yes"
    for _run in range(2):
        made = service(swarm, name="web", image=NGINX, publish=["8080:80"])
        warned = [text for text in entry(made)["warnings"] if "IP_VS" in text]
        assert bool(warned) is not has_ip_vs
        assert (warned[0] in made["warnings"]) if warned else True
    quiet = service(swarm, name="quiet", image=NGINX, publish=["published=8081,target=80,mode=host"])
    assert entry(quiet)["warnings"] == []


def test_a_registry_that_does_not_know_the_image_is_a_warning(swarm):
    made = service(swarm, name="web", image="depot:5000/nginx:unknown")
    assert any("not pinned" in text for text in made["warnings"])
    assert spec(swarm, "web")["TaskTemplate"]["ContainerSpec"]["Image"] == "depot:5000/nginx:unknown"
    never = service(swarm, name="other", image=NGINX, resolve_image="never")
    assert "warnings" not in never
    assert spec(swarm, "other")["TaskTemplate"]["ContainerSpec"]["Image"] == NGINX
    assert not service(swarm, name="other", image=NGINX)["changed"], "the tag is the same"
    assert service(swarm, name="other", image=NGINX, resolve_image="always")["changed"]


def test_two_tasks_at_once_lose_no_edit(swarm):
    service(swarm, name="shared", **FOREVER)
    # two managers, each adding to the same service at the same time
    keys = [f"k{n}" for n in range(8)]
    plays = [
        {
            "hosts": "manager1,manager2",
            "gather_facts": False,
            "strategy": "free",
            "tasks": [
                {
                    "name": f"add {key}",
                    "apiary.swarm.swarm_service": {
                        "name": "shared",
                        "labels": f"{{{{ {{'{key}-' ~ inventory_hostname: '1'}} }}}}",
                        "merge": ["labels"],
                        "wait": False,
                    },
                }
                for key in keys
            ],
        }
    ]
    run = swarm.playbook(plays)
    assert run.rc == 0, run.output
    labels = set(spec(swarm, "shared")["Labels"])
    assert {f"{key}-{host}" for key in keys for host in ("manager1", "manager2")} <= labels


def test_two_creations_at_once_are_one_service(swarm):
    for number in range(3):
        task = {"name": "create", "apiary.swarm.swarm_service": {"name": f"race{number}", **FOREVER, "wait": False}}
        run = swarm.playbook([{"hosts": "swarm_managers", "gather_facts": False, "tasks": [task]}])
        assert run.rc == 0, run.output
    assert len(swarm.rows("manager1", "service", "ls")) == 3


def test_a_worker_says_what_it_is(swarm):
    refused = swarm.module("worker1", "swarm_service", {"name": "web", "image": NGINX}, ok=False)
    assert refused["failure"]["kind"] == "worker"
    assert "manager" in refused["msg"]


def test_no_log_shows_neither_values_nor_progress(swarm):
    task = {
        "name": "quiet",
        "apiary.swarm.swarm_service": {"name": "web", **FOREVER, "env": {"TOKEN": "s3cr3t-value"}},
        "no_log": True,
    }
    run = swarm.playbook([{"hosts": "manager1", "gather_facts": False, "tasks": [task]}], "--diff", "-vvv")
    assert run.rc == 0
    assert "s3cr3t-value" not in run.output
    assert "overall progress" not in run.output
    assert "TOKEN=s3cr3t-value" in json.dumps(spec(swarm, "web"))


def test_async_and_wait_false(swarm):
    made = service(swarm, name="slow", **FOREVER)
    assert made["changed"]

    def up():
        assert swarm.running("manager1", "slow")

    eventually(up)
    task = {"name": "later", "apiary.swarm.swarm_service": {"name": "later", **FOREVER}, "async": 60, "poll": 2}
    run = swarm.playbook([{"hosts": "manager1", "gather_facts": False, "tasks": [task]}])
    assert run.rc == 0, run.output
    assert swarm.running("manager1", "later")
