# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

"""The same said to the CLI and to swarm_service gives the same service, and what the engine makes of newer options."""

from __future__ import annotations

import json
import re

import pytest
from ansible_collections.apiary.swarm.plugins.module_utils._errors import SwarmError
from ansible_collections.apiary.swarm.plugins.module_utils._plan import Wish
from ansible_collections.apiary.swarm.plugins.module_utils._services import Services
from ansible_collections.apiary.swarm.plugins.module_utils._wishes import service_spec, wishes_of
from differential.cases import chains, cli_words, task_options
from differential.engines import Subject, client
from differential.run import Run
from harness.lab import ROOT
from harness.services import IDLE, NGINX, specs
from harness.services import run as run_module

MOUNTS = [
    "type=bind,src=/tmp,dst=/a,bind-propagation=rslave",
    "type=bind,src=/tmp,dst=/b,bind-recursive=disabled,readonly",
    "type=bind,src=/tmp,dst=/c,bind-recursive=writable,readonly",
    "type=bind,src=/tmp,dst=/d,bind-recursive=readonly,readonly,bind-propagation=rprivate",
    "type=bind,src=/new,dst=/e,bind-create-src,consistency=cached",
    "src=v,dst=/f,volume-nocopy,volume-subpath=x/y,volume-label=a=1,volume-driver=local,volume-opt=type=tmpfs",
    "type=tmpfs,dst=/g,tmpfs-size=1M,tmpfs-mode=1770",
    "type=cluster,src=group:fast,dst=/h",
    "dst=/i",
]


@pytest.fixture(autouse=True)
def tidy(swarm):
    yield
    swarm.ssh("manager1", "docker service ls -q | xargs -r docker service rm")


@pytest.fixture(scope="module")
def subject(swarm, engine_socket):
    subject = Subject(swarm, engine_socket, client(swarm))
    subject.prepare()
    return subject


def test_each_option_gives_what_the_flag_of_the_cli_gives(subject):
    """The first round of `make differential`, on this engine, and without its pairs."""
    run = Run(only="/set$", rounds=1)
    run.on(subject)
    assert [case for case in run.cases if case["differs"]] == []
    assert len(run.cases) > 120
    assert run.told["create"] >= subject.cli.flags("create") - run.judge.unjudged_flags()


def test_what_the_cli_made_is_adopted_without_a_change(subject, engine):
    states = {chain.name: chain.states[0] for chain in chains(subject.api_version) if chain.stages[0] == "set"}
    made = subject.by_cli({name: ["create", *cli_words(name, state)] for name, state in states.items()})
    services = [{"name": name, **task_options(states[name])} for name, outcome in made.items() if outcome.spec]
    assert len(services) > 120
    for undeclared in ("keep", "restore", "reset"):
        task = {
            **dict.fromkeys(service_spec()),
            "undeclared": undeclared,
            "service_defaults": None,
            "services": services,
        }
        found = run_module(engine, wishes_of(task))
        assert [name for name, entry in found.items() if entry["changed"]] == [], undeclared


def test_what_the_engine_keeps_for_containers_only_is_said(swarm, engine):
    services = Services(engine, [Wish("web", {**IDLE, "mounts": MOUNTS})])
    services.apply()
    said = services.result(False, 10)["warnings"]
    assert [text.partition(" has no effect")[0] for text in said] == [
        "mounts: recursive: writable of /c",
        "mounts: recursive: readonly of /d",
        "mounts: consistency of /e",
        "mounts: create_mountpoint of /e",
    ]


def test_options_of_a_tmpfs(swarm, engine):
    def mount(*options):
        entry = {"type": "tmpfs", "target": "/t", "tmpfs_size": "1M", "tmpfs_options": list(options)}
        return [Wish("web", {**IDLE, "mounts": [entry]})]

    run_module(engine, mount("noexec", {"uid": 1000}))
    (stored,) = specs(swarm)["web"]["TaskTemplate"]["ContainerSpec"]["Mounts"]
    assert stored["TmpfsOptions"] == {"SizeBytes": 1 << 20, "Options": [["noexec"], ["uid", "1000"]]}
    assert not run_module(engine, mount("uid=1000", "noexec"))["web"]["changed"]
    assert run_module(engine, mount("uid=1001", "noexec"))["web"]["changed"]


def test_the_engine_says_that_it_mounts_no_image_for_a_service(swarm, engine):
    entry = "type=image,src=nginx:1.26,dst=/i,image-subpath=etc"
    services = Services(engine, [Wish("web", {**IDLE, "mounts": [entry]})])
    services.apply()
    with pytest.raises(SwarmError, match="invalid MountType"):
        services.result(False, 10)
    assert swarm.ssh("manager1", "docker service ls -q") == ""


def test_privileges_reach_a_running_container(swarm, engine):
    options = {
        "image": NGINX,
        "ulimits": {"nofile": "512:1024"},
        "oom_score_adj": 100,
        "privileges": {"no_new_privileges": True, "seccomp": {"profile": {"defaultAction": "SCMP_ACT_ALLOW"}}},
        "placement": {"constraints": ["node.hostname==manager1"]},
    }
    run_module(engine, [Wish("web", options)], wait=True)
    found = swarm.ssh("manager1", "docker ps -q --filter name=web | xargs docker inspect")
    (host_config,) = [container["HostConfig"] for container in json.loads(found)]
    assert host_config["OomScoreAdj"] == 100
    assert host_config["Ulimits"] == [{"Name": "nofile", "Hard": 1024, "Soft": 512}]
    assert "no-new-privileges=true" in host_config["SecurityOpt"]
    assert any("SCMP_ACT_ALLOW" in text for text in host_config["SecurityOpt"])


def test_by_a_task_of_ansible(swarm):
    args = {
        "name": "web",
        **IDLE,
        "ulimits": {"nofile": {"soft": 512, "hard": 1024}},
        "reservations": {"generic_resources": {"gpu": 1}},
        "privileges": {"seccomp": {"profile": {"defaultAction": "SCMP_ACT_ALLOW"}}, "selinux_context": {"type": "t"}},
        "mounts": [{"source": "/tmp", "target": "/t", "bind_create_src": True, "recursive": "disabled"}],
    }
    made = swarm.module("manager1", "swarm_service", args)
    assert made["changed"]
    assert ["create_mountpoint of /t has no effect" in text for text in made["warnings"]] == [True]
    assert not swarm.module("manager1", "swarm_service", {**args, "undeclared": "reset"})["changed"]
    too_new = {**args, "limits": {"memory": "1G", "memory_swap": "1G", "memory_swappiness": 10}, "oom_score_adj": 2000}
    refused = swarm.module("manager1", "swarm_service", too_new, ok=False)
    for text in (
        "limits.memory_swap: needs API 1.52, and the engine speaks 1.51",
        "limits.memory_swappiness: needs API 1.52, and the engine speaks 1.51",
        "oom_score_adj: 2000 is more than 1000",
    ):
        assert text in refused["msg"]
    spec = swarm.inspect("manager1", "service", "web")["Spec"]["TaskTemplate"]["ContainerSpec"]
    assert spec["Ulimits"] == [{"Name": "nofile", "Hard": 1024, "Soft": 512}]
    assert spec["Mounts"][0]["BindOptions"] == {"Propagation": "rprivate", "NonRecursive": True}


@pytest.mark.parametrize("command", ["create", "update"])
def test_every_flag_of_the_cli_has_a_row(subject, command):
    shown = subject.cli.flags(command)
    assert len(shown) > 60, "the help was not understood"
    page = (ROOT / "docs/flags.md").read_text().partition(f"## docker service {command}")[2].partition("\n## ")[0]
    assert shown - set(re.findall(r"^\| `(--[a-z-]+)`", page, re.MULTILINE)) == set()
