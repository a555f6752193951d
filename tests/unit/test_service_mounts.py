# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Mounts: the CLI's text, every sub-option, and what engines make of it."""

from __future__ import annotations

import copy

import pytest
from ansible_collections.apiary.swarm.plugins.module_utils import _service_mounts as mounts
from ansible_collections.apiary.swarm.plugins.module_utils._errors import SwarmError
from ansible_collections.apiary.swarm.plugins.module_utils._plan import (
    CREATE,
    NOTHING,
    UPDATE,
    Wish,
    World,
    plan_service,
)

NEWEST = (1, 56)


@pytest.mark.parametrize(
    ("text", "entry"),
    [
        ("source=a,target=/b", {"type": "volume", "source": "a", "target": "/b"}),
        ("type=bind,src=/a,dst=/b,ro", {"type": "bind", "source": "/a", "target": "/b", "readonly": True}),
        (
            "type=bind,src=/a,dst=/b,readonly=false",
            {"type": "bind", "source": "/a", "target": "/b", "readonly": "false"},
        ),
        (
            "type=tmpfs,target=/t,tmpfs-size=1M,tmpfs-mode=1770",
            {"type": "tmpfs", "target": "/t", "tmpfs_size": "1M", "tmpfs_mode": "1770"},
        ),
        (
            'source=a,target=/b,volume-driver=local,"volume-opt=o=addr=1.2.3.4,rw",volume-opt=type=nfs,volume-label=x=y,volume-nocopy',
            {
                "type": "volume",
                "source": "a",
                "target": "/b",
                "no_copy": True,
                "labels": {"x": "y"},
                "driver_config": {"name": "local", "options": {"o": "addr=1.2.3.4,rw", "type": "nfs"}},
            },
        ),
    ],
)
def test_mount(text, entry):
    assert mounts.parse(text) == entry


def test_mount_refuses():
    with pytest.raises(ValueError, match="has no colour"):
        mounts.parse("source=a,target=/b,colour=red")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("source=a,target=/b,colour=red", "a mount has no colour"),
        ("source=a,target", "target needs a value"),
        ("source=,target=/b", "source needs a value"),
        ("source=a,target=/b,volume-label", "volume-label needs a value"),
        ("type=volume,source=a,target=/b,bind-propagation=shared", "bind-propagation goes with type bind"),
        ("type=image,source=a,target=/b,volume-subpath=x", "volume-subpath goes with type volume, not with image"),
        ("source=a,target=/b,image-subpath=x", "image-subpath goes with type image, not with volume"),
        ("type=bind,source=/a,target=/b,tmpfs-size=1", "tmpfs-size goes with type tmpfs, not with bind"),
    ],
)
def test_text_that_is_refused(text, problem):
    with pytest.raises(ValueError, match=problem):
        mounts.parse(text)


def plan(entries, service=None, api=NEWEST, world=None, **wish):
    options = {"image": "x"} if entries is None else {"image": "x", "mounts": entries}
    return plan_service(Wish("web", options, **wish), service, world or World(), api)


def container(made):
    return made.spec["TaskTemplate"]["ContainerSpec"]


def as_read(made):
    """The service as engines up to 29 return it: they forget what they know of containers only."""
    spec = copy.deepcopy(made.spec)
    for mount in spec["TaskTemplate"]["ContainerSpec"].get("Mounts") or ():
        mount.pop("Consistency", None)
        bind = mount.pop("BindOptions", {})
        kept = {key: bind[key] for key in ("Propagation", "NonRecursive") if bind.get(key)}
        if kept:
            mount["BindOptions"] = {"Propagation": "rprivate", **kept}
    return {"ID": "id", "Version": {"Index": 1}, "Spec": spec}


BIND = {"type": "bind", "source": "/a", "target": "/b"}
VOLUME = {"type": "volume", "source": "v", "target": "/b"}
TMPFS = {"type": "tmpfs", "target": "/b"}

# as a map, as the CLI's text (or None), what is sent beside type, source and target, the API it needs
CASES = [
    ({**BIND, "propagation": "rslave"}, "type=bind,src=/a,dst=/b,bind-propagation=rslave",
     {"BindOptions": {"Propagation": "rslave"}}, (1, 41)),
    ({**BIND, "create_mountpoint": True}, "type=bind,src=/a,dst=/b,bind-create-src",
     {"BindOptions": {"CreateMountpoint": True}}, (1, 42)),
    ({**BIND, "recursive": "enabled"}, "type=bind,src=/a,dst=/b,bind-recursive=enabled", {}, (1, 41)),
    ({**BIND, "recursive": "disabled"}, "type=bind,src=/a,dst=/b,bind-recursive=disabled",
     {"BindOptions": {"NonRecursive": True}}, (1, 41)),
    ({**BIND, "non_recursive": True}, "type=bind,src=/a,dst=/b,bind-nonrecursive",
     {"BindOptions": {"NonRecursive": True}}, (1, 41)),
    ({**BIND, "recursive": "writable", "readonly": True}, "type=bind,src=/a,dst=/b,bind-recursive=writable,readonly",
     {"ReadOnly": True, "BindOptions": {"ReadOnlyNonRecursive": True}}, (1, 44)),
    ({**BIND, "recursive": "readonly", "readonly": True, "propagation": "rprivate"},
     "type=bind,src=/a,dst=/b,bind-recursive=readonly,ro,bind-propagation=rprivate",
     {"ReadOnly": True, "BindOptions": {"Propagation": "rprivate", "ReadOnlyForceRecursive": True}}, (1, 44)),
    ({**BIND, "consistency": "cached"}, "type=bind,src=/a,dst=/b,consistency=Cached", {"Consistency": "cached"}, (1, 41)),
    ({**VOLUME, "no_copy": True}, "src=v,dst=/b,volume-nocopy=true", {"VolumeOptions": {"NoCopy": True}}, (1, 41)),
    ({**VOLUME, "subpath": "c/d"}, "src=v,dst=/b,volume-subpath=c/d", {"VolumeOptions": {"Subpath": "c/d"}}, (1, 45)),
    ({**VOLUME, "labels": {"a": "1"}, "driver_config": {"name": "local", "options": {"o": "x"}}},
     "src=v,dst=/b,volume-label=a=1,volume-driver=local,volume-opt=o=x",
     {"VolumeOptions": {"Labels": {"a": "1"}, "DriverConfig": {"Name": "local", "Options": {"o": "x"}}}}, (1, 41)),
    ({**TMPFS, "tmpfs_size": "1M", "tmpfs_mode": "1770"}, "type=tmpfs,dst=/b,tmpfs-size=1M,tmpfs-mode=1770",
     {"TmpfsOptions": {"SizeBytes": 1048576, "Mode": 0o1770}}, (1, 41)),
    ({**TMPFS, "tmpfs_options": ["noexec", "uid=1000", {"gid": 7}, {"nosuid": None}]}, None,
     {"TmpfsOptions": {"Options": [["noexec"], ["uid", "1000"], ["gid", "7"], ["nosuid"]]}}, (1, 46)),
    ({"type": "cluster", "source": "group:fast", "target": "/b"}, "type=cluster,src=group:fast,dst=/b", {}, (1, 42)),
    ({"type": "image", "source": "nginx:1.26", "target": "/b", "subpath": "etc"},
     "type=image,src=nginx:1.26,dst=/b,image-subpath=etc", {"ImageOptions": {"Subpath": "etc"}}, (1, 48)),
    ({"type": "npipe", "source": r"\\.\pipe\a", "target": r"\\.\pipe\b"}, None, {}, (1, 41)),
]  # fmt: skip


@pytest.mark.parametrize(("entry", "text", "sent", "_api"), CASES, ids=str)
def test_what_is_sent_and_that_it_is_no_change_when_read_back(entry, text, sent, _api):
    made = plan([entry])
    place = {"Type": entry["type"], "Target": entry["target"]}
    if "source" in entry:
        place["Source"] = entry["source"]
    assert container(made)["Mounts"] == [{**place, **sent}]
    service = as_read(made)
    for undeclared in ("keep", "restore", "reset"):
        assert plan([entry], service, undeclared=undeclared).action == NOTHING
    if text:
        assert container(plan([text]))["Mounts"] == [{**place, **sent}]
        assert plan([text], service).action == NOTHING


@pytest.mark.parametrize("undeclared", ["restore", "reset"])
@pytest.mark.parametrize("entry", [case[0] for case in CASES], ids=str)
def test_no_longer_declared_there_is_none(entry, undeclared):
    made = plan(None, as_read(plan([entry])), undeclared=undeclared)
    assert made.spec == plan(None).spec


@pytest.mark.parametrize(("entry", "_text", "_sent", "api"), [case for case in CASES if case[3] > (1, 41)], ids=str)
def test_an_engine_that_is_too_old_is_named(entry, _text, _sent, api):
    with pytest.raises(SwarmError) as caught:
        plan([entry], api=(api[0], api[1] - 1))
    (problem, *_more) = caught.value.details["problems"]
    assert problem.startswith("mounts: ")
    assert f" needs API {api[0]}.{api[1]}, and the engine speaks {api[0]}.{api[1] - 1}" in problem
    assert plan([entry], api=api).action == CREATE


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({**BIND, "recursive": "disabled"}, {**BIND, "recursive": "enabled"}),
        ({**BIND, "propagation": "rslave"}, BIND),
        ({**VOLUME, "subpath": "a"}, {**VOLUME, "subpath": "b"}),
        ({**TMPFS, "tmpfs_options": ["uid=1"]}, {**TMPFS, "tmpfs_options": ["uid=2"]}),
        ({"type": "cluster", "source": "a", "target": "/b"}, {**VOLUME, "source": "a"}),
        (BIND, {**BIND, "readonly": True}),
    ],
    ids=str,
)
def test_another_value_is_a_change(first, second):
    assert plan([second], as_read(plan([first]))).action == UPDATE
    assert plan([first], as_read(plan([second]))).action == UPDATE


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({**BIND, "propagation": "rprivate"}, BIND),
        ({**BIND, "recursive": "disabled"}, {**BIND, "non_recursive": True, "propagation": "rprivate"}),
        ({**BIND, "consistency": "default"}, BIND),
        ({**TMPFS, "tmpfs_options": ["uid=1", "noexec"]}, {**TMPFS, "tmpfs_options": ["noexec", {"uid": 1}]}),
        ({**VOLUME, "no_copy": False}, VOLUME),
    ],
    ids=str,
)
def test_another_spelling_is_no_change(first, second):
    assert plan([second], as_read(plan([first]))).action == NOTHING
    assert plan([first], as_read(plan([second]))).action == NOTHING


def test_what_the_engine_forgets_is_said():
    world = World()
    plan([{**BIND, "create_mountpoint": True, "consistency": "cached"}, {**VOLUME, "target": "/v"}], world=world)
    assert [note.partition(" has no effect")[0] for note in world.notes] == [
        "mounts: consistency of /b",
        "mounts: create_mountpoint of /b",
    ]


def test_an_engine_that_does_not_forget_is_compared_with():
    service = as_read(plan([BIND]))
    (kept,) = service["Spec"]["TaskTemplate"]["ContainerSpec"]["Mounts"]
    kept["BindOptions"] = {"Propagation": "rprivate", "CreateMountpoint": True}
    assert plan([{**BIND, "create_mountpoint": True}], service).action == NOTHING
    assert plan([{**BIND, "create_mountpoint": False}], service).action == UPDATE
    assert plan([BIND], service).action == UPDATE


def test_the_names_of_the_cli_are_taken_as_well():
    entry = {**BIND, "bind_create_src": True, "bind_recursive": "disabled"}
    bind = {"CreateMountpoint": True, "NonRecursive": True}
    assert container(plan([entry]))["Mounts"][0]["BindOptions"] == bind
    assert container(plan([{**VOLUME, "volume_subpath": "a", "nocopy": True}]))["Mounts"][0]["VolumeOptions"] == {
        "Subpath": "a",
        "NoCopy": True,
    }


@pytest.mark.parametrize(
    ("entries", "text"),
    [
        ([{"type": "cluster", "target": "/b"}], "a mount of type cluster needs a source"),
        ([{"type": "image", "target": "/b"}], "a mount of type image needs a source"),
        ([{"type": "nfs", "target": "/b"}], "value of type must be one of: bind, volume, tmpfs, npipe, cluster, image"),
        ([{**VOLUME, "recursive": "disabled"}], "recursive goes with type bind, not with volume"),
        ([{**BIND, "subpath": "a"}], "subpath goes with type volume or image, not with bind"),
        ([{**BIND, "tmpfs_options": []}], "tmpfs_options goes with type tmpfs"),
        ([{**BIND, "recursive": "sometimes"}], "value of recursive must be one of"),
        ([{**BIND, "consistency": "full"}], "value of consistency must be one of"),
        ([{**BIND, "recursive": "disabled", "non_recursive": True}], "name one"),
        ([{**BIND, "recursive": "writable"}], "recursive: writable needs readonly: true"),
        ([{**BIND, "recursive": "readonly", "propagation": "rprivate"}], "recursive: readonly needs readonly: true"),
        ([{**BIND, "recursive": "readonly", "readonly": True}], "recursive: readonly needs propagation: rprivate"),
        ([{**VOLUME, "subpath": "../x"}], "subpath '../x' does not lie below the source"),
        ([{**VOLUME, "subpath": "/x"}], "subpath '/x' does not lie below the source"),
        ([{"type": "volume", "target": "/b", "subpath": "x"}], "subpath needs a source"),
        ([{**TMPFS, "tmpfs_options": [{"a": 1, "b": 2}]}], "is not an option of tmpfs"),
        ([{**TMPFS, "tmpfs_options": [{"a": True}]}], "is not an option of tmpfs"),
        ([BIND, VOLUME], "/b is there twice"),
    ],
    ids=str,
)
def test_bad_values_are_refused_by_name(entries, text):
    with pytest.raises(SwarmError) as caught:
        plan(entries)
    (problem,) = caught.value.details["problems"]
    assert problem.startswith("mounts: ")
    assert text in problem
