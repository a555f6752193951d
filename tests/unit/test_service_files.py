# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Secrets and configs of a service: what people write, what the API gets, and when two of them are the same."""

from __future__ import annotations

import pytest
from ansible_collections.apiary.swarm.plugins.module_utils._errors import SwarmError
from ansible_collections.apiary.swarm.plugins.module_utils._plan import NOTHING, UPDATE, Wish, World, plan_service
from ansible_collections.apiary.swarm.plugins.module_utils._references import files
from ansible_collections.apiary.swarm.plugins.module_utils._service_fields import SERVICE

FIELDS = {field.option: field for field in SERVICE.fields}
SORTS = pytest.mark.parametrize(
    "sort", [FIELDS["secrets"].kind.sort, FIELDS["configs"].kind.sort], ids=lambda s: s.word
)
KNOWN = {"x": ("id1", "x"), "id1": ("id1", "x"), "base": ("id3", "base_v3"), "base_v2": ("id2", "base_v2")}
RUNTIME = {"ConfigID": "id9", "ConfigName": "spec", "Runtime": {}}


def plan(sort, entries, observed=None, known=KNOWN, lenient=False, **how):
    world = World(files={sort.word: known}, lenient=lenient)
    options = {} if entries is None else {sort.many: entries}
    return plan_service(Wish("web", dict(options, image="nginx:1"), **how), observed, world)


def references(sort, spec):
    return spec["TaskTemplate"]["ContainerSpec"].get(sort.list)


def service(spec):
    return {"ID": "s", "Version": {"Index": 1}, "Spec": spec}


def reference(sort, thing_id, name, filename, uid="0", gid="0", mode=0o444):
    return {"File": {"Name": filename, "UID": uid, "GID": gid, "Mode": mode}, sort.id: thing_id, sort.name: name}


@SORTS
def test_every_way_to_write_one(sort):
    plain = reference(sort, "id1", "x", "x")
    full = reference(sort, "id1", "x", "/etc/x", "1", "2", 0o440)
    name = f"{sort.word}_name"
    for entry, expected in (
        ("x", plain),
        ("source=x", plain),
        ({name: "x"}, plain),
        ({f"{sort.word}_id": "id1"}, plain),
        ("src=x,target=/etc/x,uid=1,gid=2,mode=0440", full),
        ({name: "x", "filename": "/etc/x", "uid": 1, "gid": 2, "mode": "440"}, full),
        ({name: "x", "filename": "/etc/x", "uid": "1", "gid": "2", "mode": 0o440}, full),
        ({name: "x", "mode": 0}, reference(sort, "id1", "x", "x", mode=0)),
        ("base", reference(sort, "id3", "base_v3", "base")),
        ("base_v2", reference(sort, "id2", "base_v2", "base_v2")),
        ({f"{sort.word}_id": "id1", name: "y"}, reference(sort, "id1", "x", "y")),
    ):
        assert references(sort, plan(sort, [entry]).spec) == [expected], entry


@SORTS
@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ("nowhere", "there is no {word} 'nowhere'"),
        ({"filename": "a"}, "it needs {word}_name or {word}_id"),
        ("source=x,mode=440", "write mode=0440"),
        ("source=x,colour=red", "a {word} has no colour"),
        ("source=x,target", "target needs a value"),
        ({"{word}_name": "x", "mode": "rw"}, "'rw' is not a file mode"),
        ({"{word}_name": "x", "mode": 99999}, "is no file mode"),
        ({"name": "x"}, "name"),
    ],
)
def test_bad_entries(sort, entry, words):
    if isinstance(entry, dict):
        entry = {key.format(word=sort.word): value for key, value in entry.items()}
    with pytest.raises(SwarmError) as caught:
        plan(sort, [entry])
    assert f"{sort.many}: entry 1" in caught.value.msg
    assert words.format(word=sort.word) in caught.value.msg


@SORTS
def test_a_file_that_is_there_twice(sort):
    with pytest.raises(SwarmError, match=f"{sort.many}: the file x is there twice"):
        plan(sort, ["x", "source=base,target=x"])


@SORTS
def test_what_is_not_there_is_only_noted_in_check_mode(sort):
    world = World(lenient=True)
    made = plan_service(Wish("web", {"image": "x", sort.many: ["soon"]}), None, world)
    assert references(sort, made.spec)[0][sort.name] == "soon"
    assert world.missing == [f"{sort.word} 'soon'"]


@SORTS
def test_order_and_spelled_out_defaults_are_no_change(sort):
    there = service(plan(sort, ["x", "base"]).spec)
    spelled = {f"{sort.word}_name": "x", "filename": "x", "uid": "0", "gid": "0", "mode": "0444"}
    for undeclared in ("keep", "restore", "reset"):
        assert plan(sort, ["base", spelled], there, undeclared=undeclared).action == NOTHING
    assert plan(sort, None, there).action == NOTHING


@SORTS
def test_a_new_version_is_the_same_file(sort):
    there = service(plan(sort, ["base"]).spec)
    newer = dict(KNOWN, base=("id4", "base_v4"))
    update = plan(sort, ["base"], there, known=newer)
    assert (update.action, update.concerns_tasks) == (UPDATE, True)
    assert references(sort, update.spec) == [reference(sort, "id4", "base_v4", "base")]
    assert plan(sort, None, there, known=newer).action == NOTHING, "not declared: kept"


@SORTS
def test_merge_replaces_by_file(sort):
    there = service(plan(sort, ["x", "base"]).spec)
    merged = plan(sort, [{f"{sort.word}_name": "base_v2", "filename": "base"}], there, merge=(sort.many,))
    assert [entry[sort.id] for entry in references(sort, merged.spec)] == ["id1", "id2"]


@SORTS
@pytest.mark.parametrize("undeclared", ["restore", "reset"])
def test_taken_back(sort, undeclared):
    there = service(plan(sort, ["x"]).spec)
    assert not references(sort, plan(sort, None, there, undeclared=undeclared).spec)
    assert not references(sort, plan(sort, [], there).spec)


@pytest.mark.parametrize(
    "how", [{"entries": ["base"]}, {"entries": [], "merge": ()}, {"entries": None, "undeclared": "reset"}]
)
def test_a_config_for_credential_spec_is_no_file_and_stays(how):
    sort = FIELDS["configs"].kind.sort
    there = service(plan(sort, ["x"]).spec)
    references(sort, there["Spec"]).append(RUNTIME)
    changed = plan(sort, observed=there, **how)
    assert references(sort, changed.spec).count(RUNTIME) == 1
    assert "x" not in str([entry.get("File") for entry in references(sort, changed.spec)])
    assert plan(sort, ["x"], there).action == NOTHING
    assert RUNTIME in references(sort, plan(sort, ["base"], there, merge=("configs",)).spec)


def with_credentials(told, observed=None, undeclared="keep", **options):
    known = {
        "spec": ("id9", "spec"),
        "id9": ("id9", "spec"),
        "other_v2": ("id8", "other_v2"),
        "other": ("id8", "other_v2"),
    }
    known.update({"x": ("id1", "x"), "id8": ("id8", "other_v2")})
    options = {"image": "nginx", "credential_spec": told, **options}
    return plan_service(Wish("web", options, undeclared=undeclared), observed, World(files={"config": known}))


def test_the_config_of_a_credential_spec_comes_along():
    sort = FIELDS["configs"].kind.sort
    made = with_credentials("config://spec", configs=["x"])
    assert made.spec["TaskTemplate"]["ContainerSpec"]["Privileges"]["CredentialSpec"] == {"Config": "id9"}
    assert [entry for entry in references(sort, made.spec) if not entry.get("File")] == [RUNTIME]
    there = service(made.spec)
    assert with_credentials("config://id9", there).action == NOTHING
    assert with_credentials(None, there, configs=["x"]).action == NOTHING
    newer = with_credentials("config://other", there)
    assert [entry["ConfigName"] for entry in references(sort, newer.spec)] == ["x", "other_v2"]
    gone = with_credentials("file://spec.json", there)
    assert [entry["ConfigName"] for entry in references(sort, gone.spec)] == ["x"]
    back = with_credentials(None, there, undeclared="reset")
    assert not references(sort, back.spec)
    assert "Privileges" not in back.spec["TaskTemplate"]["ContainerSpec"]
    with pytest.raises(SwarmError, match="credential_spec: there is no config 'nowhere'"):
        with_credentials("config://nowhere")


class Asked:
    """An engine that remembers what it was asked."""

    def __init__(self):
        self.asked = []

    def get(self, path, what, filters=None):
        self.asked.append((path, filters))
        return [{"ID": "id1", "Spec": {"Name": "x"}}]


def asked_for(*wishes):
    engine = Asked()
    return engine.asked, files(engine, [Wish("web", *wish) for wish in wishes])


def test_one_call_for_each_and_only_if_a_service_names_one():
    assert asked_for(({"image": "x"},), ({"secrets": ["x"]}, "absent"), ({"secrets": ["a=b"]},)) == ([], {})
    asked, found = asked_for(({"secrets": ["x", "src=y"]},), ({"secrets": [{"secret_name": "z"}], "configs": ["c"]},))
    assert asked == [("/secrets", {"name": ["x", "y", "z"]}), ("/configs", {"name": ["c"]})]
    assert found["secret"]["x"] == found["config"]["id1"] == ("id1", "x")
    asked, _found = asked_for(({"secrets": ["x", {"secret_id": "id1"}]},))
    assert asked == [("/secrets", None)]
    assert asked_for(({"credential_spec": "config://x"},))[0] == [("/configs", None)]
    assert asked_for(({"credential_spec": "file://x"},))[0] == []
