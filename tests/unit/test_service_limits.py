# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Limits, generic resources, privileges and credential spec: written, read back, refused and taken back."""

from __future__ import annotations

import base64
import copy
import json

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.apiary.swarm.plugins.module_utils._errors import SwarmError
from ansible_collections.apiary.swarm.plugins.module_utils._fields import look_up
from ansible_collections.apiary.swarm.plugins.module_utils._plan import (
    CREATE,
    NOTHING,
    UPDATE,
    Wish,
    World,
    plan_service,
)
from ansible_collections.apiary.swarm.plugins.module_utils._service_fields import SERVICE
from ansible_collections.apiary.swarm.plugins.module_utils._wishes import service_spec

NEWEST = (1, 56)
CONTAINER = "TaskTemplate.ContainerSpec"
RESOURCES = "TaskTemplate.Resources"
PROFILE = {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": []}


def encoded(text):
    return base64.b64encode(text.encode()).decode()


def nested(option, value):
    for name in reversed(option.split(".")):
        value = {name: value}
    return value


def named(*options):
    """Options beside image: x; groups are put together."""
    found = {"image": "x"}
    for option, value in options:
        group, _dot, name = option.rpartition(".")
        target = found.setdefault(group, {}) if group else found
        target[name] = value
    return found


def plan(options, service=None, api=NEWEST, **wish):
    return plan_service(Wish("web", options, **wish), service, World(), api)


def as_read(made, remember=True):
    """The service as an engine returns it: it writes out every part of Privileges, and the isolation."""
    spec = copy.deepcopy(made.spec)
    container = spec["TaskTemplate"]["ContainerSpec"]
    container.setdefault("Isolation", "default")
    if "Privileges" in container:
        parts = {"CredentialSpec": None, "SELinuxContext": None, "NoNewPrivileges": False}
        container["Privileges"] = {**parts, **container["Privileges"]}
        selinux = {"Disable": False, "User": "", "Role": "", "Type": "", "Level": ""}
        if container["Privileges"]["SELinuxContext"]:
            container["Privileges"]["SELinuxContext"] = {**selinux, **container["Privileges"]["SELinuxContext"]}
    if not remember:
        spec["Labels"] = {}
    return {"ID": "id", "Version": {"Index": 1}, "Spec": spec}


# option: (where the API keeps it, [(value, what is sent)], another spelling of the first value)
CASES = {
    "ulimits": (
        f"{CONTAINER}.Ulimits",
        [
            ({"nproc": 5, "nofile": "512:1024"},
             [{"Name": "nofile", "Soft": 512, "Hard": 1024}, {"Name": "nproc", "Soft": 5, "Hard": 5}]),
            (["memlock=-1:-1", "core=0"],
             [{"Name": "core", "Soft": 0, "Hard": 0}, {"Name": "memlock", "Soft": -1, "Hard": -1}]),
            ({"nofile": {"soft": 1, "hard": "-1"}}, [{"Name": "nofile", "Soft": 1, "Hard": -1}]),
            ({"nofile": {"soft": 7, "hard": None}}, [{"Name": "nofile", "Soft": 7, "Hard": 7}]),
        ],
        ["nofile=512:1024", "nproc=5"],
    ),
    "reservations.generic_resources": (
        f"{RESOURCES}.Reservations.GenericResources",
        [
            ({"gpu": 2, "fpga": "1"},
             [{"DiscreteResourceSpec": {"Kind": "fpga", "Value": 1}},
              {"DiscreteResourceSpec": {"Kind": "gpu", "Value": 2}}]),
            (["SSD=3"], [{"DiscreteResourceSpec": {"Kind": "SSD", "Value": 3}}]),
        ],
        ["gpu=2", "fpga = 1"],
    ),
    "limits.memory_swap": (
        f"{RESOURCES}.SwapBytes", [("64M", 64 << 20), (0, 0), ("-1", -1), (-1, -1)], "65536k",
    ),
    "limits.memory_swappiness": (f"{RESOURCES}.MemorySwappiness", [(0, 0), (60, 60), (100, 100)], 0),
    "oom_score_adj": (f"{CONTAINER}.OomScoreAdj", [(-500, -500), (1000, 1000)], -500),
    "isolation": (f"{CONTAINER}.Isolation", [("process", "process"), ("hyperv", "hyperv")], "process"),
    "credential_spec": (
        f"{CONTAINER}.Privileges.CredentialSpec",
        [
            # config://NAME: test_service_files.py
            ("file://my.json", {"File": "my.json"}),
            ("registry://key", {"Registry": "key"}),
        ],
        "file://my.json",
    ),
    "privileges.seccomp": (
        f"{CONTAINER}.Privileges.Seccomp",
        [
            ({"mode": "custom", "profile": json.dumps(PROFILE)},
             {"Mode": "custom", "Profile": encoded(json.dumps(PROFILE))}),
            ({"mode": "unconfined", "profile": None}, {"Mode": "unconfined"}),
        ],
        {"profile": '{"syscalls":[],"defaultAction":"SCMP_ACT_ALLOW"}'},
    ),
    "privileges.apparmor": (
        f"{CONTAINER}.Privileges.AppArmor", [({"mode": "disabled"}, {"Mode": "disabled"})], {"mode": "disabled"},
    ),
    "privileges.no_new_privileges": (f"{CONTAINER}.Privileges.NoNewPrivileges", [(True, True)], True),
    "privileges.selinux_context": (
        f"{CONTAINER}.Privileges.SELinuxContext",
        [
            ({"user": "u", "role": "r", "type": "t", "level": "s0", "disable": None},
             {"User": "u", "Role": "r", "Type": "t", "Level": "s0"}),
            ({"disable": True}, {"Disable": True}),
        ],
        {"disable": False, "user": "u", "role": "r", "type": "t", "level": "s0"},
    ),
}  # fmt: skip
EACH = [(option, value, sent) for option, (_path, values, _same) in CASES.items() for value, sent in values]
# an option that another one needs
BESIDE = {"limits.memory_swap": [("limits.memory", "1G")]}


@pytest.mark.parametrize(("option", "value", "sent"), EACH, ids=str)
def test_what_is_sent_and_that_it_is_no_change_when_read_back(option, value, sent):
    options = named((option, value), *BESIDE.get(option, ()))
    made = plan(options)
    assert made.action == CREATE
    assert look_up(made.spec, CASES[option][0].split(".")) == sent
    service = as_read(made)
    for undeclared in ("keep", "restore", "reset"):
        assert plan(options, service, undeclared=undeclared).action == NOTHING


@pytest.mark.parametrize("option", CASES)
def test_another_spelling_is_no_change(option):
    _path, values, spelling = CASES[option]
    service = as_read(plan(named((option, values[0][0]), *BESIDE.get(option, ()))))
    assert plan(named((option, spelling), *BESIDE.get(option, ())), service).action == NOTHING


@pytest.mark.parametrize("option", [option for option, (_path, values, _same) in CASES.items() if len(values) > 1])
def test_another_value_is_a_change_of_this_alone(option):
    path, values, _spelling = CASES[option]
    beside = BESIDE.get(option, ())
    service = as_read(plan(named((option, values[0][0]), *beside)))
    made = plan(named((option, values[1][0]), *beside), service)
    assert made.action == UPDATE
    assert look_up(made.spec, path.split(".")) == values[1][1]
    assert all(changed[: len(path.split("."))] == tuple(path.split(".")) for changed in made.changed_paths)


@pytest.mark.parametrize("undeclared", ["restore", "reset"])
@pytest.mark.parametrize(("option", "value", "_sent"), EACH, ids=str)
def test_no_longer_declared_it_is_as_in_a_new_service(option, value, _sent, undeclared):
    service = as_read(plan(named((option, value), *BESIDE.get(option, ()))))
    made = plan({"image": "x"}, service, undeclared=undeclared)
    assert made.action == UPDATE
    fresh = as_read(plan({"image": "x"}))["Spec"]
    back = copy.deepcopy(made.spec)
    back["TaskTemplate"]["ContainerSpec"].setdefault("Isolation", "default")
    assert back == fresh
    assert plan({"image": "x"}, as_read(made), undeclared=undeclared).action == NOTHING


@pytest.mark.parametrize("option", CASES)
def test_not_declared_and_made_by_hand_it_stays(option):
    service = as_read(plan(named((option, CASES[option][1][0][0]), *BESIDE.get(option, ()))), remember=False)
    for undeclared in ("keep", "restore"):
        assert plan({"image": "x"}, service, undeclared=undeclared).action == NOTHING


@pytest.mark.parametrize(
    ("option", "default"),
    [
        ("ulimits", {}),
        ("ulimits", []),
        ("reservations.generic_resources", []),
        ("limits.memory_swappiness", -1),
        ("oom_score_adj", 0),
        ("isolation", "default"),
        ("credential_spec", ""),
        ("privileges.seccomp", {"mode": "default"}),
        ("privileges.apparmor", {"mode": "default"}),
        ("privileges.no_new_privileges", False),
        ("privileges.selinux_context", {"disable": False}),
    ],
    ids=str,
)
def test_naming_a_default_is_no_change(option, default):
    for service in (as_read(plan({"image": "x"})), as_read(plan(named(("privileges.no_new_privileges", False))))):
        assert plan(named((option, default)), service).action == NOTHING


def test_empty_privileges_that_another_tool_wrote_are_no_change():
    service = as_read(plan({"image": "x"}))
    empty = {"CredentialSpec": None, "SELinuxContext": None, "NoNewPrivileges": False}
    service["Spec"]["TaskTemplate"]["ContainerSpec"]["Privileges"] = empty
    for undeclared in ("keep", "restore", "reset"):
        assert plan({"image": "x"}, service, undeclared=undeclared).action == NOTHING


def test_no_swap_and_not_saying_are_two_things():
    service = as_read(plan(named(("limits.memory", "1G"))))
    assert plan(named(("limits.memory_swap", 0)), service).action == UPDATE


def test_a_credential_spec_is_taken_away_by_empty_text():
    service = as_read(plan(named(("credential_spec", "file://a"))))
    made = plan(named(("credential_spec", "")), service)
    assert made.spec["TaskTemplate"]["ContainerSpec"]["Privileges"]["CredentialSpec"] is None


def test_one_part_of_the_privileges_leaves_the_others():
    service = as_read(plan(named(("privileges.no_new_privileges", True), ("credential_spec", "file://a"))))
    made = plan(named(("privileges.apparmor", {"mode": "disabled"})), service)
    assert made.spec["TaskTemplate"]["ContainerSpec"]["Privileges"] == {
        "CredentialSpec": {"File": "a"},
        "SELinuxContext": None,
        "NoNewPrivileges": True,
        "AppArmor": {"Mode": "disabled"},
    }


def test_merge_replaces_those_of_the_same_name():
    service = as_read(
        plan(named(("ulimits", {"nofile": 1, "core": 0}), ("reservations.generic_resources", {"gpu": 1})))
    )
    options = named(("ulimits", {"nofile": 5, "nproc": 9}), ("reservations.generic_resources", ["fpga=2", "gpu=3"]))
    merge = ("ulimits", "reservations.generic_resources")
    made = plan(options, service, merge=merge)
    task = made.spec["TaskTemplate"]
    assert [(item["Name"], item["Soft"]) for item in task["ContainerSpec"]["Ulimits"]] == [
        ("core", 0), ("nofile", 5), ("nproc", 9),
    ]  # fmt: skip
    assert [
        item["DiscreteResourceSpec"]["Value"] for item in task["Resources"]["Reservations"]["GenericResources"]
    ] == [2, 3]
    assert plan(options, as_read(made), merge=merge).action == NOTHING


def test_a_named_resource_that_another_tool_asked_for_can_be_read():
    service = as_read(plan({"image": "x"}))
    named_one = [{"NamedResourceSpec": {"Kind": "gpu", "Value": "uuid1"}}]
    service["Spec"]["TaskTemplate"]["Resources"]["Reservations"]["GenericResources"] = named_one
    assert plan({"image": "x"}, service).action == NOTHING
    made = plan(
        named(("reservations.generic_resources", ["gpu=1"])), service, merge=("reservations.generic_resources",)
    )
    assert made.action == UPDATE


@pytest.mark.parametrize(
    ("option", "value", "text"),
    [
        ("ulimits", "nofile=1", "neither a map nor a list"),
        ("ulimits", ["nofile"], "neither a map nor a list"),
        ("ulimits", {"files": 1}, "there is no limit 'files'; there are core"),
        ("ulimits", {"nofile": "many"}, "nofile: 'many' is not a limit"),
        ("ulimits", {"nofile": "1:2:3"}, "nofile: '1:2:3' is not a limit"),
        ("ulimits", {"nofile": True}, "nofile: 'True' is not a limit"),
        ("ulimits", {"nofile": None}, "nofile: 'None' is not a limit"),
        ("ulimits", {"nofile": ""}, "nofile: '' is not a limit"),
        ("ulimits", {"nofile": 1.5}, "nofile: '1.5' is not a limit"),
        ("ulimits", {"nofile": "9:8"}, "nofile: the soft limit 9 is above the hard limit 8"),
        ("ulimits", {"nofile": "-1:8"}, "nofile: the soft limit -1 is above the hard limit 8"),
        ("ulimits", {"nofile": {"hard": 8}}, "nofile: a map has soft"),
        ("ulimits", {"nofile": {"soft": 8, "softer": 7}}, "nofile: a map has soft"),
        ("ulimits", ["nofile=1", "nofile=2"], "nofile is there twice"),
        ("reservations.generic_resources", "gpu=1", "neither a map nor a list"),
        ("reservations.generic_resources", ["gpu"], "neither a map nor a list"),
        ("reservations.generic_resources", ["gpu=uuid1"], "gpu=uuid1 names one: a service can ask for an amount only"),
        ("reservations.generic_resources", ["gpu=1=2"], "gpu=1=2 names one"),
        ("reservations.generic_resources", {"gpu": True}, "gpu=True names one"),
        ("reservations.generic_resources", ["gpu=-1"], "gpu=-1 is less than 0"),
        ("reservations.generic_resources", ["=1"], "is not a resource such as gpu=2"),
        ("reservations.generic_resources", ["gpu=1", "gpu=2"], "gpu is there twice"),
        ("limits.memory_swap", "-2", "'-2' is not a size"),
        ("limits.memory_swap", "1G", "it needs limits.memory"),
        ("limits.memory_swappiness", 101, "101 is more than 100"),
        ("limits.memory_swappiness", -2, "-2 is less than -1"),
        ("oom_score_adj", 1001, "1001 is more than 1000"),
        ("oom_score_adj", -1001, "-1001 is less than -1000"),
        ("credential_spec", "abc", "'abc' does not begin with config://, file:// or registry://"),
        ("credential_spec", "raw://abc", "does not begin with"),
        ("credential_spec", "file://", "a name after it"),
        ("privileges.seccomp", {"mode": "custom"}, "mode custom and profile go together"),
        ("privileges.seccomp", {"mode": "unconfined", "profile": "{}"}, "mode custom and profile go together"),
        ("privileges.seccomp", {"profile": "no json"}, "profile is not a JSON object"),
        ("privileges.seccomp", {"profile": "[]"}, "profile is not a JSON object"),
        ("privileges.selinux_context", {"disable": True, "user": "u"}, "disable: true leaves nothing"),
    ],
    ids=str,
)
def test_bad_values_are_refused_by_name(option, value, text):
    with pytest.raises(SwarmError) as caught:
        plan(named((option, value)))
    (problem,) = caught.value.details["problems"]
    assert problem.startswith(f"{option}: ")
    assert text in problem


def test_what_ansible_makes_of_a_task_is_the_same():
    parameters = {
        "image": "x",
        "ulimits": {"nofile": 512},
        "limits": {"memory": "1G", "memory_swap": "-1", "memory_swappiness": "0"},
        "reservations": {"generic_resources": ["gpu=1"]},
        "oom_score_adj": "-5",
        "privileges": {"seccomp": {"profile": PROFILE}, "no_new_privileges": "yes", "selinux_context": {"type": "t"}},
    }
    validated = ArgumentSpecValidator(service_spec()).validate(parameters)
    assert validated.error_messages == []
    made = plan(validated.validated_parameters)
    task = made.spec["TaskTemplate"]
    assert (task["Resources"]["SwapBytes"], task["Resources"]["MemorySwappiness"]) == (-1, 0)
    assert task["ContainerSpec"]["OomScoreAdj"] == -5
    privileges = dict(task["ContainerSpec"]["Privileges"])
    assert json.loads(base64.b64decode(privileges.pop("Seccomp")["Profile"])) == PROFILE
    assert privileges == {"NoNewPrivileges": True, "SELinuxContext": {"Type": "t"}}
    assert plan(validated.validated_parameters, as_read(made), undeclared="reset").action == NOTHING


@pytest.mark.parametrize(
    ("option", "value", "text"),
    [
        ("isolation", "vm", "value of isolation must be one of: default, process, hyperv, got: vm"),
        ("privileges.seccomp", {"mode": "off"}, "value of mode must be one of: default, unconfined, custom, got: off"),
        ("privileges.apparmor", {"mode": "off"}, "value of mode must be one of: default, disabled, got: off"),
        ("privileges.selinux_context", {"colour": "red"}, "privileges.selinux_context.colour"),
        ("oom_score_adj", "much", "oom_score_adj"),
        ("privileges.no_new_privileges", "perhaps", "no_new_privileges"),
    ],
)
def test_what_ansible_refuses_by_name(option, value, text):
    (message,) = ArgumentSpecValidator(service_spec()).validate(nested(option, value)).error_messages
    assert text in message


@pytest.mark.parametrize("option", CASES)
def test_an_engine_that_is_too_old_is_named(option):
    (field,) = (field for field in SERVICE.fields if field.option == option)
    older = (field.api[0], field.api[1] - 1)
    options = named((option, CASES[option][1][0][0]), *BESIDE.get(option, ()))
    needs = f"{option}: needs API {field.api[0]}.{field.api[1]}, and the engine speaks {older[0]}.{older[1]}"
    with pytest.raises(SwarmError) as caught:
        plan(options, api=older)
    assert needs in caught.value.details["problems"]
    assert plan(options, api=field.api if field.api > (1, 30) else (1, 41)).action == CREATE


def test_all_capabilities_leave_nothing_to_say_of_one():
    field = next(field for field in SERVICE.fields if field.option == "cap_add")
    both = field.kind.parse(["net_admin", "all"], World())
    assert both == ["ALL"]
    assert field.same(["ALL", "CAP_NET_ADMIN"], both), "what other tools wrote is no difference"
    assert not field.same(["CAP_NET_ADMIN"], both)
