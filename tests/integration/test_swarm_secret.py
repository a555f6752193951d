# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

"""swarm_secret and swarm_config on real engines, and services that use them; the judge is the engine's own CLI."""

from __future__ import annotations

import base64
import json
import time

import pytest
from ansible_collections.apiary.swarm.plugins.module_utils._plan import Wish
from harness.lab import check, eventually
from harness.services import run, specs

BUSYBOX = "depot:5000/busybox:latest"
KINDS = pytest.mark.parametrize("kind", ["secret", "config"])
PLACES = {"secret": "/run/secrets/", "config": "/"}
OLD, NEW = "the-old-content", "the-new-content"


@pytest.fixture(autouse=True)
def nothing_left(swarm):
    yield
    swarm.clear_services()


def names(lab, kind):
    return sorted(row["Name"] for row in lab.rows("manager1", kind, "ls"))


def row(result, kind):
    (found,) = result[f"{kind}s"]
    return found


def only_says_that_it_changes(lab, kind, args, action):
    """Check mode and the real run announce the same; the run after them does nothing, in check mode too."""
    before = names(lab, kind)
    announced = lab.module("manager2", f"swarm_{kind}", args, check=True)
    assert row(announced, kind)["action"] == action
    assert names(lab, kind) == before
    runs = {"the run": False, "again in check mode": True, "again": False}
    tasks = [{"name": name, f"apiary.swarm.swarm_{kind}": args, "check_mode": check} for name, check in runs.items()]
    done = lab.playbook([{"hosts": "manager1", "gather_facts": False, "tasks": tasks}], "--diff")
    assert done.rc == 0, done.output
    real, checked, again = (result.data for result in done.results)
    assert (row(real, kind)["action"], real["diff"]) == (action, announced["diff"])
    assert (checked["changed"], again["changed"]) == (False, False), done.output
    return real


@KINDS
def test_create_labels_content_absent(swarm, kind):
    args = {"name": "x", "data": OLD, "labels": {"a": "b"}, "template_driver": "golang"}
    made = only_says_that_it_changes(swarm, kind, args, "created")
    there = swarm.inspect("manager1", kind, "x")
    assert there["ID"] == row(made, kind)["id"] == made[f"{kind}_id"]
    assert (there["Spec"]["Labels"]["a"], there["Spec"]["Templating"]["Name"]) == ("b", "golang")
    if kind == "config":
        assert base64.b64decode(there["Spec"]["Data"]).decode() == OLD

    only_says_that_it_changes(swarm, kind, {**args, "labels": {"c": "d"}}, "updated")
    labels = swarm.inspect("manager1", kind, "x")["Spec"]["Labels"]
    assert {key: value for key, value in labels.items() if not key.startswith("io.apiary.")} == {"c": "d"}
    assert not swarm.module("manager1", f"swarm_{kind}", {"name": "x", "data": OLD})["changed"]

    for dry in (True, False):
        refused = swarm.module("manager1", f"swarm_{kind}", {"name": "x", "data": NEW}, check=dry, ok=False)
        assert refused["failure"]["kind"] == "immutable"
    assert swarm.inspect("manager1", kind, "x")["ID"] == there["ID"]
    only_says_that_it_changes(swarm, kind, {"name": "x", "data": NEW, "recreate": True}, "recreated")
    anew = swarm.inspect("manager1", kind, "x")
    assert anew["ID"] != there["ID"]
    assert (anew["Spec"]["Labels"]["c"], anew["Spec"]["Templating"]["Name"]) == ("d", "golang"), "not declared: kept"

    only_says_that_it_changes(swarm, kind, {"name": "x", "state": "absent"}, "removed")
    assert names(swarm, kind) == []


@KINDS
def test_one_made_by_the_cli(swarm, kind):
    swarm.ssh("manager1", f"printf {OLD} | docker {kind} create x -")
    same = swarm.module("manager1", f"swarm_{kind}", {"name": "x", "data": OLD})
    assert not same["changed"]
    assert bool(same.get("warnings")) is (kind == "secret"), "the engine does not tell a secret's content"


@KINDS
def test_a_new_version_rewires_the_service(swarm, kind):
    args = {"name": "x", "data": OLD, "rolling_versions": True, "versions_to_keep": 1}
    used = {
        "name": "web",
        "image": BUSYBOX,
        "args": ["sleep", "100000"],
        f"{kind}s": [{f"{kind}_name": "x", "mode": "0400"}],
        "placement": {"constraints": ["node.hostname==manager1"]},
        "stop_grace_period": "1s",
        "update_config": {"monitor": "1s"},
        "undeclared": "restore",
    }

    def content():
        find = "docker ps -q --filter label=com.docker.swarm.service.name=web"
        return swarm.ssh("manager1", f"docker exec $({find}) cat {PLACES[kind]}x")

    # in check mode neither is there yet
    announced = swarm.module("manager1", "swarm_service", used, check=True)
    assert f"there is no {kind} 'x' yet" in announced["warnings"]
    refused = swarm.module("manager1", "swarm_service", used, ok=False)
    assert f"{kind}s: entry 1: there is no {kind} 'x'" in refused["msg"]

    only_says_that_it_changes(swarm, kind, args, "created")
    assert names(swarm, kind) == ["x_v1"]
    assert swarm.module("manager1", "swarm_service", used)["changed"]
    eventually(lambda: check(content() == OLD))
    assert not swarm.module("manager1", "swarm_service", used)["changed"]

    for state in ({"state": "absent"}, {"state": "absent", "name": "x_v1", "rolling_versions": False}):
        refused = swarm.module("manager1", f"swarm_{kind}", {**args, **state}, ok=False)
        assert refused["failure"]["kind"] == "in_use"
        assert f"{kind} x_v1 is used by web" in refused["msg"]

    only_says_that_it_changes(swarm, kind, {**args, "data": NEW}, "created")
    assert names(swarm, kind) == ["x_v1", "x_v2"], "the old one is in use"
    changed = swarm.module("manager1", "swarm_service", used)
    assert changed["services"][0]["action"] == "updated"
    eventually(lambda: check(content() == NEW))
    assert not swarm.module("manager1", "swarm_service", used)["changed"]

    kept = swarm.module("manager1", f"swarm_{kind}", {**args, "data": NEW})
    assert not kept["changed"], "a rollback would need the old one"
    swarm.ssh("manager1", "timeout 60 docker service update -q --detach --label-add a=b web")
    cleaned = swarm.module("manager1", f"swarm_{kind}", {**args, "data": NEW})
    assert row(cleaned, kind)["removed_versions"] == ["x_v1"]
    assert names(swarm, kind) == ["x_v2"]


def test_the_same_as_the_cli_makes(swarm, engine):
    flags = "--secret s --secret source=t,target=/etc/t,uid=1,gid=2,mode=0400 --config c --config src=d,target=/d.conf"
    options = {
        "image": BUSYBOX,
        "replicas": 0,
        "resolve_image": "never",
        "secrets": ["s", "source=t,target=/etc/t,uid=1,gid=2,mode=0400"],
        "configs": ["c", {"config_name": "d", "filename": "/d.conf"}],
    }
    for kind, called in (("secret", "st"), ("config", "cd")):
        for name in called:
            swarm.ssh("manager1", f"printf {OLD} | docker {kind} create {name} -")
    create = f"docker service create --detach --no-resolve-image --replicas 0 --name cli {flags} {BUSYBOX}"
    swarm.ssh("manager1", f"timeout 60 {create}")
    del options["resolve_image"]
    run(engine, [Wish("ours", options, resolve_image="never")])

    def files(name):
        container = specs(swarm)[name]["TaskTemplate"]["ContainerSpec"]
        return [sorted(container[key], key=json.dumps) for key in ("Secrets", "Configs")]

    assert files("ours") == files("cli")
    for undeclared in ("keep", "restore", "reset"):
        adopted = run(engine, [Wish("cli", options, undeclared=undeclared, resolve_image="never")])
        assert not adopted["cli"]["changed"], undeclared
    run(engine, [Wish("ours", {**options, "secrets": [], "configs": ["d"]}, resolve_image="never")])
    container = specs(swarm)["ours"]["TaskTemplate"]["ContainerSpec"]
    assert not container.get("Secrets")
    assert [entry["File"]["Name"] for entry in container["Configs"]] == ["d"]


def test_the_content_is_in_no_output_no_process_list_and_no_log(swarm):
    """Created, changed, refused, with bad values and by the role, with all that -vvv and --diff show."""
    odd = "BEGIN\n\t'\"\\é {}\nEND\n"  # what Python writes in another way than it is
    words = [f"h{kind}{number}-{time.monotonic_ns()}" for kind in "sc" for number in range(6)]
    tasks = [{"name": "ping", "ansible.builtin.ping": {}}]
    for kind, mine in (("secret", words[:6]), ("config", words[6:])):
        module = f"apiary.swarm.swarm_{kind}"
        many = [{"name": "one", "data": mine[0]}, {"name": "two", "data": mine[1], "rolling_versions": True}]
        b64 = base64.b64encode(mine[4].encode()).decode()
        for args in (
            {f"{kind}s": many},
            {
                f"{kind}s": [
                    {"name": "odd", "data": odd.format(mine[0])},
                    {"name": "odd too", "data": odd.format(mine[1])},
                ]
            },
            {f"{kind}s": [{"name": "odd", "data": odd.format(mine[0])}], "colour": "red"},
            {f"{kind}s": [{"name": "odd", "data": odd.format(mine[0])}]},
            {"name": "one", "data": mine[2]},
            {"name": "two", "data": mine[3], "rolling_versions": True},
            {"name": "three", "data": b64, "data_is_b64": True},
            {"name": "four", "data": {"a": mine[5]}},
            {"name": "four", "data": mine[5] + "!", "data_is_b64": True},
            {"name": "f o u r", "data": mine[5]},
            {"name": "four", "data": mine[5], "colour": "red"},
        ):
            tasks.append({"name": f"task {len(tasks)}", module: args, "ignore_errors": True})
    plays = [
        {"hosts": "manager1", "gather_facts": False, "tasks": tasks},
        {
            "hosts": "manager1",
            "gather_facts": False,
            "tasks": [
                {
                    "name": "role",
                    "ansible.builtin.include_role": {"name": "apiary.swarm.services"},
                    "vars": {
                        "services_secrets": [{"name": "one", "data": words[0]}],
                        "services_configs": [{"name": "one", "data": words[6]}],
                    },
                }
            ],
        },
    ]
    swarm.ssh("manager1", "rm -f /tmp/enough; touch /tmp/begin")
    watch = swarm.start_ssh("manager1", "until [ -e /tmp/enough ]; do ps -eo args; sleep 0.1; done > /tmp/processes")
    try:
        done = swarm.playbook(plays, "--diff", "-vvv")
    finally:
        swarm.ssh("manager1", "touch /tmp/enough")
        watch.communicate(timeout=20)
    listed = swarm.ssh("manager1", "sort -u /tmp/processes; rm /tmp/processes /tmp/enough")
    logged = swarm.ssh(
        "manager1", "journalctl --no-pager --output=cat --since @$(stat -c %Y /tmp/begin); rm /tmp/begin"
    )
    assert "Invoked with data=pong" in logged, "modules do write there"
    assert names(swarm, "secret") == names(swarm, "config") == ["odd", "one", "three", "two_v1", "two_v2"]
    assert done.rc == 0, done.output
    assert "dockerd" in listed, "the list was not seen"
    for word in words:
        for form in (word, base64.b64encode(word.encode()).decode().rstrip("=")[:-1]):
            assert form not in done.output
            assert form not in str(done.results)
            assert form not in listed
            assert form not in logged
