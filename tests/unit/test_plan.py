# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

"""The plan of one service, against specs that real engines returned."""

from __future__ import annotations

import copy
import json
from pathlib import Path

import pytest
from ansible_collections.apiary.swarm.plugins.module_utils._errors import SwarmError
from ansible_collections.apiary.swarm.plugins.module_utils._fields import look_up
from ansible_collections.apiary.swarm.plugins.module_utils._plan import (
    CREATE,
    NOTHING,
    RECREATE,
    REMOVE,
    UPDATE,
    Wish,
    World,
    plan_service,
)
from ansible_collections.apiary.swarm.plugins.module_utils._service_fields import SERVICE

SERVICES = json.loads((Path(__file__).parent / "fixtures" / "services-20.10.json").read_text())
FULL = SERVICES["full"]["Spec"]
BUSYBOX = "el-depot:5000/busybox:latest"
DIGEST = "sha256:" + "ab" * 32
OV1, OV2 = "klq2k5axj3e6zmyiao9d7jg33", "7cl8huymwbz51ytxwuqbds2nu"
NETWORKS = {"ov1": OV1, OV1: OV1, "ov2": OV2, OV2: OV2, "other": "otherid"}

# The options that describe the recorded service "full", written as a person would.
FULL_OPTIONS = {
    "image": BUSYBOX,
    "mode": "replicated",
    "replicas": 2,
    "args": ["sleep", "1000000"],
    "env": {"A": 1, "B": "2"},
    "labels": {"l": "1"},
    "container_labels": {"c": "1"},
    "publish": ["published=8181,target=81,mode=host,protocol=udp", {"published_port": 8080, "target_port": 80}],
    "endpoint_mode": "vip",
    "networks": ["ov1", {"name": "ov2", "aliases": ["x"]}],
    "mounts": [
        {"type": "tmpfs", "target": "/t", "tmpfs_size": "1000000", "tmpfs_mode": "1770"},
        {"source": "/tmp", "target": "/b", "readonly": True},
        "source=v1,target=/v1",
    ],
    "placement": {
        "constraints": ["node.role == worker"],
        "preferences": [{"spread": "node.id"}],
        "replicas_max_per_node": 2,
    },
    "limits": {"cpus": 1.5, "memory": "100M", "pids": 100},
    "reservations": {"cpus": 0.1, "memory": "10m"},
    "update_config": {"delay": "0s", "parallelism": 2},
    "rollback_config": {"order": "start-first"},
    "restart_config": {"max_attempts": 3},
    "healthcheck": {"test": "true", "interval": "5s"},
    "user": "0",
    "working_dir": "/",
    "hostname": "h",
    "stop_signal": "SIGTERM",
    "stop_grace_period": "3s",
    "dns": ["1.1.1.1"],
    "dns_search": ["a.b"],
    "dns_options": ["ndots:1"],
    "groups": ["10"],
    "init": True,
    "read_only": True,
    "tty": True,
    "cap_add": ["NET_ADMIN"],
    "cap_drop": ["chown"],
    "logging": {"driver": "json-file", "options": {"max-size": "1m"}},
    "hosts": {"a": "1.2.3.4"},
    "sysctls": {"net.core.somaxconn": "100"},
    "ulimits": {"nofile": "10:20"},
}


def observed(name="full", **changes):
    """A recorded service; changes are {dotted path with __: value} put into its spec."""
    service = copy.deepcopy(SERVICES[name])
    for path, value in changes.items():
        *parents, last = path.split("__")
        target = service["Spec"]
        for key in parents:
            target = target.setdefault(key, {})
        target[last] = value
    return service


def plan(service=None, options=None, **wish):
    name = service["Spec"]["Name"] if service else "web"
    return plan_service(Wish(name, options or {}, **wish), service, World(NETWORKS))


def written(plan, **changes):
    """The service as the engine would return it after the plan was carried out."""
    service = copy.deepcopy(plan.observed) or {"ID": "new", "Version": {"Index": 1}}
    service["Spec"] = copy.deepcopy(plan.spec)
    return service


# Creation


def test_a_new_service_is_what_the_cli_would_create():
    made = plan(options={"image": BUSYBOX, "args": ["sleep", "1000000"]})
    assert made.action == CREATE
    expected = copy.deepcopy(SERVICES["minimal"]["Spec"])
    # what the engine adds, and what only a registry can tell
    for path in (("TaskTemplate", "ForceUpdate"), ("TaskTemplate", "Runtime")):
        look_up(expected, path[:-1]).pop(path[-1])
    expected["TaskTemplate"]["ContainerSpec"].pop("Isolation")
    expected["TaskTemplate"]["ContainerSpec"]["Image"] = BUSYBOX
    expected["TaskTemplate"]["Placement"].pop("Platforms")
    expected["Name"] = "web"
    expected["Labels"] = {"io.apiary.declared": "args,image"}
    assert made.spec == expected


def test_every_option_lands_where_the_cli_puts_it():
    made = plan(options=FULL_OPTIONS).spec
    for field in SERVICE.fields:
        if field.option not in ("image", "labels"):
            value, expected = field.read(made), field.read(FULL)
            assert field.same(value, expected), field.option


def test_every_option_is_exercised_by_the_recorded_service():
    named = {field.option for field in SERVICE.fields if look_up(FULL_OPTIONS, field.option.split(".")) is not None}
    untested = {field.option for field in SERVICE.fields} - named
    by_defaults = {
        option for option in untested if option.startswith(("update_config", "rollback_config", "restart_config"))
    }
    assert untested - by_defaults == {
        "command",
        "force_update",
        "max_concurrent",
        "healthcheck.timeout",
        "healthcheck.retries",
        "healthcheck.start_period",
        "healthcheck.start_interval",
        # test_service_files.py
        "secrets",
        "configs",
        # those newer than the recorded engine, or for Windows: test_service_limits.py
        "limits.memory_swap",
        "limits.memory_swappiness",
        "reservations.generic_resources",
        "oom_score_adj",
        "isolation",
        "credential_spec",
        "privileges.seccomp",
        "privileges.apparmor",
        "privileges.no_new_privileges",
        "privileges.selinux_context",
    }


def test_the_registrys_digest_and_platforms_are_stored_beside_the_readable_tag():
    pin = f"{BUSYBOX}@{DIGEST}"
    platforms = [{"Architecture": "amd64", "OS": "linux"}]
    world = World(pins={BUSYBOX: pin}, platforms={pin: platforms})
    spec = plan_service(Wish("web", {"image": BUSYBOX}), None, world).spec
    assert look_up(spec, ("TaskTemplate", "ContainerSpec", "Image")) == pin
    assert look_up(spec, ("TaskTemplate", "Placement", "Platforms")) == platforms


# Nothing to do


def test_the_same_options_again_change_nothing():
    assert plan(observed(), FULL_OPTIONS).action == NOTHING
    assert plan(observed(), FULL_OPTIONS, undeclared="restore").action == NOTHING
    assert plan(observed(), FULL_OPTIONS, undeclared="reset").action == NOTHING


@pytest.mark.parametrize("name", ["minimal", "bare", "global", "hostnet"])
@pytest.mark.parametrize("undeclared", ["keep", "restore"])
def test_adopting_a_service_is_no_change(name, undeclared):
    assert plan(observed(name), {"image": BUSYBOX}, undeclared=undeclared).action == NOTHING


@pytest.mark.parametrize(
    "options",
    [
        {"env": ["A=1", "B=2"]},
        {"env": ["B=2", "A=1"]},
        {"networks": [OV1, {"name": OV2, "aliases": ["x"]}]},
        {"cap_add": ["CAP_NET_ADMIN"]},
        {"cap_add": ["net_admin"]},
        {"cap_drop": ["CAP_CHOWN", "chown"]},
        {"image": "el-depot:5000/busybox"},
        {"image": FULL["TaskTemplate"]["ContainerSpec"]["Image"]},
        {"limits": {"memory": "104857600"}},
        {"update_config": {"delay": "0s"}},
        {"update_config": {"monitor": "5s"}},
        {"update_config": {"monitor": 0}},
        {"stop_signal": "term"},
        {"publish": ["8080:80", {"published_port": 8181, "target_port": 81, "mode": "host", "protocol": "udp"}]},
        {"replicas": -1},
        {"placement": {"constraints": ["node.role==worker"]}},
        {"healthcheck": {"test": ["CMD-SHELL", "true"]}},
    ],
    ids=str,
)
def test_another_spelling_is_no_change(options):
    assert plan(observed(), options).action == NOTHING


def test_order_counts_only_where_it_means_something():
    service = observed(
        TaskTemplate__Placement__Constraints=["node.role==worker", "node.id!=x"],
        TaskTemplate__ContainerSpec__DNSConfig__Nameservers=["1.1.1.1", "2.2.2.2"],
        TaskTemplate__Networks=[{"Target": OV1, "Aliases": ["a", "b"]}],
    )
    assert plan(service, {"placement": {"constraints": ["node.id != x", "node.role == worker"]}}).action == NOTHING
    assert plan(service, {"networks": [{"name": "ov1", "aliases": ["b", "a"]}]}).action == NOTHING
    assert plan(service, {"networks": [{"name": "ov1", "aliases": ["b"]}]}).action == UPDATE
    assert plan(service, {"dns": ["1.1.1.1", "2.2.2.2"]}).action == NOTHING
    assert plan(service, {"dns": ["2.2.2.2", "1.1.1.1"]}).action == UPDATE
    assert plan(service, {"args": ["1000000", "sleep"]}).action == UPDATE


@pytest.mark.parametrize(
    "options",
    [
        {"limits": {"memory": 0}},
        {"limits": {"cpus": 0}},
        {"env": {}},
        {"labels": {}},
        {"publish": []},
        {"restart_config": {"condition": "any", "delay": "5s", "max_attempts": 0}},
        {"update_config": {"parallelism": 1, "failure_action": "pause", "order": "stop-first", "monitor": "5s"}},
        {"stop_grace_period": "10s"},
        {"user": ""},
        {"replicas": 1},
        {"tty": False},
    ],
    ids=str,
)
def test_naming_a_default_is_no_change(options):
    assert plan(observed("bare"), options).action == NOTHING


# Changes


@pytest.mark.parametrize(
    ("options", "path", "value"),
    [
        ({"replicas": 5}, "Mode.Replicated.Replicas", 5),
        ({"replicas": 0}, "Mode.Replicated.Replicas", 0),
        ({"env": {"A": "1"}}, "TaskTemplate.ContainerSpec.Env", ["A=1"]),
        ({"env": {}}, "TaskTemplate.ContainerSpec.Env", []),
        ({"command": "sh -c 'echo x'"}, "TaskTemplate.ContainerSpec.Command", ["sh", "-c", "echo x"]),
        ({"args": ["x"]}, "TaskTemplate.ContainerSpec.Args", ["x"]),
        ({"limits": {"cpus": 0.5}}, "TaskTemplate.Resources.Limits.NanoCPUs", 500_000_000),
        ({"limits": {"memory": 0}}, "TaskTemplate.Resources.Limits.MemoryBytes", 0),
        ({"healthcheck": {"test": "NONE"}}, "TaskTemplate.ContainerSpec.Healthcheck", {"Test": ["NONE"]}),
        ({"healthcheck": {"retries": 7}}, "TaskTemplate.ContainerSpec.Healthcheck.Retries", 7),
        ({"networks": []}, "TaskTemplate.Networks", []),
        ({"networks": ["ov2"]}, "TaskTemplate.Networks", [{"Target": OV2}]),
        ({"image": "nginx"}, "TaskTemplate.ContainerSpec.Image", "nginx:latest"),
        ({"stop_grace_period": "0s"}, "TaskTemplate.ContainerSpec.StopGracePeriod", 0),
        ({"init": False}, "TaskTemplate.ContainerSpec.Init", False),
        ({"update_config": {"max_failure_ratio": 0.25}}, "UpdateConfig.MaxFailureRatio", 0.25),
        ({"placement": {"preferences": ["spread=node.labels.rack"]}}, "TaskTemplate.Placement.Preferences",
         [{"Spread": {"SpreadDescriptor": "node.labels.rack"}}]),
    ],
    ids=str,
)  # fmt: skip
def test_one_option_changes_one_thing(options, path, value):
    made = plan(observed(), options)
    assert made.action == UPDATE
    assert look_up(made.spec, path.split(".")) == value

    def without(spec):
        spec = copy.deepcopy(spec)
        spec["Labels"].pop("io.apiary.declared", None)
        *parents, last = path.split(".")
        look_up(spec, parents).pop(last, None)
        if last == "Image":  # platforms are the image's
            spec["TaskTemplate"]["Placement"].pop("Platforms", None)
        return spec

    assert without(made.spec) == without(FULL)
    assert plan(written(made), options).action == NOTHING


@pytest.mark.parametrize(
    ("options", "path", "filled"),
    [
        ({"restart_config": {"max_attempts": 3}}, ["TaskTemplate", "RestartPolicy"],
         {"Condition": "any", "Delay": 5 * 10**9, "MaxAttempts": 3}),
        ({"update_config": {"delay": "10s"}}, ["UpdateConfig"],
         {"Parallelism": 1, "Delay": 10**10, "FailureAction": "pause", "Monitor": 5 * 10**9, "MaxFailureRatio": 0,
          "Order": "stop-first"}),
        ({"rollback_config": {"order": "start-first"}}, ["RollbackConfig"],
         {"Parallelism": 1, "FailureAction": "pause", "Monitor": 5 * 10**9, "MaxFailureRatio": 0,
          "Order": "start-first"}),
    ],
    ids=str,
)  # fmt: skip
def test_a_partial_object_is_filled_with_the_clis_defaults(options, path, filled):
    made = plan(options=dict(options, image=BUSYBOX))
    assert look_up(made.spec, path) == filled
    # a zero that the task names is not overwritten by a default
    zero = plan(options={"image": BUSYBOX, "update_config": {"parallelism": 0}})
    assert zero.spec["UpdateConfig"]["Parallelism"] == 0


def test_fields_that_the_table_does_not_know_survive():
    service = observed(NewField={"a": 1}, TaskTemplate__ContainerSpec__Novelty=[1, 2])
    made = plan(service, FULL_OPTIONS | {"replicas": 7}, undeclared="reset")
    assert made.spec["NewField"] == {"a": 1}
    assert made.spec["TaskTemplate"]["ContainerSpec"]["Novelty"] == [1, 2]


def test_merge_adds_instead_of_replacing():
    options = {
        "env": {"B": "3", "C": "4"},
        "labels": {"m": "2"},
        "publish": ["9000:90", "8088:80"],
        "placement": {"constraints": ["node.role == worker", "node.id != x"]},
        "mounts": ["source=v9,target=/v1"],
    }
    made = plan(observed(), options, merge=("env", "labels", "publish", "placement.constraints", "mounts"))
    container = made.spec["TaskTemplate"]["ContainerSpec"]
    assert container["Env"] == ["B=3", "A=1", "C=4"]
    assert {key: made.spec["Labels"][key] for key in "lm"} == {"l": "1", "m": "2"}
    # as with the CLI's --publish-add, a target port may be published several times
    assert [port.get("PublishedPort") for port in made.spec["EndpointSpec"]["Ports"]] == [8080, 8181, 9000, 8088]
    assert made.spec["TaskTemplate"]["Placement"]["Constraints"] == ["node.role==worker", "node.id != x"]
    assert {mount["Target"]: mount.get("Source") for mount in container["Mounts"]} == {
        "/v1": "v9",
        "/b": "/tmp",
        "/t": None,
    }
    assert (
        plan(written(made), options, merge=("env", "labels", "publish", "placement.constraints", "mounts")).action
        == NOTHING
    )


# What is not declared


def by_this_collection(declared, **changes):
    return observed("full", Labels={"l": "1", "io.apiary.declared": declared}, **changes)


def test_keep_leaves_what_is_not_named():
    made = plan(by_this_collection("image,env,limits.cpus"), {"image": "nginx"}, undeclared="keep")
    assert [path[-1] for path in made.changed_paths] == ["Image", "Platforms"], "what it ran on is not this image's"


def test_keep_adds_to_what_is_remembered():
    made = plan(by_this_collection("env,image"), {"image": "nginx", "replicas": 4})
    assert made.spec["Labels"]["io.apiary.declared"] == "env,image,replicas"


def test_restore_takes_back_what_an_earlier_run_declared():
    service = by_this_collection(
        "image,env,limits.cpus,replicas,restart_config.max_attempts,healthcheck.test,logging.driver,logging.options"
    )
    made = plan(service, {"image": BUSYBOX}, undeclared="restore")
    spec = made.spec
    assert "Env" not in spec["TaskTemplate"]["ContainerSpec"]
    assert spec["TaskTemplate"]["Resources"]["Limits"] == {"MemoryBytes": 104857600, "Pids": 100}
    assert "RestartPolicy" not in spec["TaskTemplate"], "nothing but defaults was left of it"
    assert "LogDriver" not in spec["TaskTemplate"]
    assert spec["Mode"]["Replicated"]["Replicas"] == 2, "the number of tasks may have been scaled by hand"
    assert spec["TaskTemplate"]["ContainerSpec"]["Healthcheck"] == {"Interval": 5 * 10**9}
    assert spec["TaskTemplate"]["ContainerSpec"]["User"] == "0", "made by hand"
    assert spec["Labels"] == {"l": "1", "io.apiary.declared": "image"}
    assert plan(written(made), {"image": BUSYBOX}, undeclared="restore").action == NOTHING


def test_restore_without_memory_keeps():
    assert plan(observed(), {"image": BUSYBOX}, undeclared="restore").action == NOTHING


def test_the_memory_is_written_only_with_another_change_and_shown_to_nobody():
    service = by_this_collection("image")
    assert plan(service, {"image": BUSYBOX, "replicas": 2}).action == NOTHING
    made = plan(service, {"image": BUSYBOX, "replicas": 3})
    assert "io.apiary" not in json.dumps(made.diff)
    assert made.spec["Labels"]["io.apiary.declared"] == "image,replicas"


def test_labels_replaced_whole_keep_the_memory():
    made = plan(by_this_collection("image,labels"), {"labels": {"new": "1"}})
    assert made.spec["Labels"] == {"new": "1", "io.apiary.declared": "image,labels"}


def test_reset_gives_what_a_new_service_would_have():
    options = {"image": BUSYBOX, "args": ["sleep", "1000000"], "update_config": {"parallelism": 2}}
    made = plan(observed(), options, undeclared="reset")
    fresh = plan(options=options)
    expected = copy.deepcopy(fresh.spec)
    expected["Name"] = "full"
    got = copy.deepcopy(made.spec)
    # the digest stays since the tag is the same, and with it the platforms; the rest the engine added
    expected["TaskTemplate"]["ContainerSpec"]["Image"] = got["TaskTemplate"]["ContainerSpec"]["Image"]
    got["TaskTemplate"]["Placement"].pop("Platforms")
    got["TaskTemplate"]["ContainerSpec"].pop("Isolation")
    for key in ("ForceUpdate", "Runtime"):
        got["TaskTemplate"].pop(key)
    assert got == expected
    assert plan(written(made), options, undeclared="reset").action == NOTHING


def test_reset_leaves_image_and_mode():
    assert plan(observed("global"), {}, undeclared="reset").spec["Mode"] == {"Global": {}}
    made = plan(observed(), {}, undeclared="reset")
    assert made.spec["TaskTemplate"]["ContainerSpec"]["Image"] == FULL["TaskTemplate"]["ContainerSpec"]["Image"]
    assert made.spec["Mode"] == {"Replicated": {"Replicas": 1}}


def test_an_object_stays_whole_while_one_of_its_options_is_declared():
    service = by_this_collection("image,restart_config.delay,restart_config.max_attempts")
    made = plan(service, {"image": BUSYBOX, "restart_config": {"delay": "5s"}}, undeclared="restore")
    # what a new service with only that option would have
    assert made.spec["TaskTemplate"]["RestartPolicy"] == {"Condition": "any", "Delay": 5 * 10**9, "MaxAttempts": 0}


# What cannot be, and all of it at once


def test_mode_is_changed_only_by_recreation():
    with pytest.raises(SwarmError, match="mode cannot be changed") as caught:
        plan(observed("minimal"), {"mode": "global"})
    assert caught.value.kind == "immutable"
    made = plan(observed("minimal"), {"mode": "global"}, recreate=True)
    assert (made.action, made.spec["Mode"]) == (RECREATE, {"Global": {}})
    assert made.diff["before"]["Mode"] == {"Replicated": {"Replicas": 1}}
    assert made.diff["after"]["Mode"] == {"Global": {}}


def test_recreate_permits_and_never_forces():
    assert plan(observed("minimal"), {"mode": "replicated"}, recreate=True).action == NOTHING
    assert plan(observed("minimal"), {"replicas": 3}, recreate=True).action == UPDATE


def test_a_target_port_alone_is_published_where_the_engine_likes():
    made = plan(options={"image": "x", "publish": ["80"]})
    assert made.spec["EndpointSpec"]["Ports"] == [{"Protocol": "tcp", "TargetPort": 80, "PublishMode": "ingress"}]


def test_all_problems_are_named_in_one_message():
    options = {
        "limits": {"cpus": -1, "memory": "lots"},
        "update_config": {"delay": "10"},
        "env": {"DEBUG": True},
        "publish": [{"published_port": 80}, {"target_port": 80, "colour": "red"}, "x"],
        "networks": ["nope"],
        "placement": {"constraints": ["nonsense"], "preferences": ["pack=x"]},
        "mounts": [{"target": "/x"}, {"type": "tmpfs", "target": "/y", "propagation": "shared"}],
        "image": "Not An Image",
        "healthcheck": {"start_interval": "1s"},
    }
    with pytest.raises(SwarmError) as caught:
        plan(options=options)
    problems = caught.value.details["problems"]
    assert [problem.split(":")[0] for problem in sorted(problems)] == sorted(
        ["limits.cpus", "limits.memory", "update_config.delay", "env", "publish", "networks", "placement.constraints",
         "placement.preferences", "mounts", "image", "healthcheck.start_interval"]
    )  # fmt: skip
    assert all(problem in caught.value.msg for problem in problems)


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({}, "image: a new service needs one"),
        ({"image": "x", "mode": "global", "replicas": 2}, "replicas: a service in mode global"),
        ({"image": "x", "endpoint_mode": "dnsrr", "publish": ["8080:80"]}, "dnsrr goes with"),
        ({"image": "x", "publish": ["8080:80", "8080:81"]}, "8080/tcp is published twice"),
        ({"image": "x", "logging": {"options": {"a": "b"}}}, "need logging.driver"),
        (
            {"image": "x", "healthcheck": {"test": "NONE", "retries": 2}},
            "healthcheck.retries: the check is switched off",
        ),
        ({"image": "x", "publish": ["70000:80"]}, "no port 70000"),
        # what YAML 1.1 makes of 22:22
        ({"image": "x", "publish": ["53:53", 1342]}, "publish: entry 2: put it in quotes: YAML read it as int 1342"),
        ({"image": "x", "replicas": -2}, "replicas: -2 is less than 0"),
    ],
)
def test_combinations_that_say_two_things(options, text):
    with pytest.raises(SwarmError, match=text):
        plan(options=options)


@pytest.mark.parametrize("name", ["", "a b", "-a", "a" * 64, "a.b"])
def test_names(name):
    with pytest.raises(SwarmError, match="not a service's name"):
        plan_service(Wish(name, {"image": "x"}), None, World())


def test_a_network_to_come_is_only_noted_in_check_mode():
    world = World(NETWORKS, lenient=True)
    made = plan_service(Wish("web", {"image": "x", "networks": ["soon"]}), None, world)
    assert made.action == CREATE
    assert world.missing == ["network 'soon'"]


# Absent, and the difference


def test_absent():
    assert plan(observed(), state="absent").action == REMOVE
    assert plan(None, state="absent").action == NOTHING


def test_the_difference_shows_the_differing_values_and_nothing_else():
    made = plan(observed(), {"replicas": 3, "env": {"A": "1", "B": "3"}, "limits": {"cpus": 1.5}})
    assert made.diff == {
        "before_header": "service full",
        "after_header": "service full",
        "before": {"Mode": {"Replicated": {"Replicas": 2}}, "TaskTemplate": {"ContainerSpec": {"Env": ["B=2", "A=1"]}}},
        "after": {"Mode": {"Replicated": {"Replicas": 3}}, "TaskTemplate": {"ContainerSpec": {"Env": ["A=1", "B=3"]}}},
    }


def test_the_memory_is_in_no_difference():
    service = by_this_collection("image")
    assert "io.apiary" not in json.dumps(plan(service, state="absent").diff)
    assert "io.apiary" not in json.dumps(plan(service, {"labels": {}}).diff)
    assert "io.apiary" not in json.dumps(plan(options={"image": "x", "labels": {"a": "b"}}).diff)


def test_the_difference_of_a_creation_and_a_removal_is_the_whole_spec():
    made = plan(options={"image": BUSYBOX, "replicas": 2}).diff
    assert made["before"] == {}
    assert made["after"]["TaskTemplate"]["ContainerSpec"]["Image"] == BUSYBOX
    assert made["after"]["Mode"] == {"Replicated": {"Replicas": 2}}
    gone = plan(observed(), state="absent").diff
    assert gone["after"] == {}
    assert gone["before"]["TaskTemplate"]["ContainerSpec"]["Env"] == ["B=2", "A=1"]


@pytest.mark.parametrize(
    ("options", "concerns"),
    [
        ({"labels": {"x": "y"}}, False),
        ({"update_config": {"delay": "1s"}}, False),
        ({"replicas": 9}, True),
        ({"env": {}}, True),
    ],
    ids=str,
)
def test_which_changes_concern_tasks(options, concerns):
    assert plan(observed(), options).concerns_tasks is concerns


def test_of_a_variable_that_is_there_twice_the_last_counts_at_its_place_as_in_the_cli():
    spec = plan(None, {"image": "nginx", "env": ["A=1", "B=2", "A=3"]}).spec
    assert spec["TaskTemplate"]["ContainerSpec"]["Env"] == ["B=2", "A=3"]


def test_a_network_as_the_cli_writes_it():
    text = "name=ov1,alias=a,alias=b,driver-opt=x=1,driver-opt=y=a=b"
    as_map = {"name": "ov1", "aliases": ["a", "b"], "options": {"x": "1", "y": "a=b"}}
    networks = [
        plan(None, {"image": "nginx", "networks": [entry]}).spec["TaskTemplate"]["Networks"] for entry in (text, as_map)
    ]
    assert networks[0] == networks[1]
    assert networks[0][0]["Aliases"] == ["a", "b"]
    for wrong, said in (
        ("name=ov1,ip=1.2.3.4", "a network has no ip"),
        ("name=,alias=x", "name needs a value"),
        ("alias=x", "name"),
    ):
        with pytest.raises(SwarmError, match=said):
            plan(None, {"image": "nginx", "networks": [wrong]})
