# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is to be done about a secret or config, how content is compared, and which version is the newest."""

from __future__ import annotations

import base64
import hashlib

import pytest
from ansible_collections.apiary.swarm.plugins.module_utils import _content_changes as changes
from ansible_collections.apiary.swarm.plugins.module_utils import _contents as contents
from ansible_collections.apiary.swarm.plugins.module_utils._contents import CONFIG, SECRET
from ansible_collections.apiary.swarm.plugins.module_utils._errors import SwarmError

SORTS = pytest.mark.parametrize("sort", [SECRET, CONFIG], ids=["secret", "config"])


def wish(name="x", **given):
    options = {key: argument.get("default") for key, argument in changes.one_spec().items()}
    return {**options, "name": name, **given}


def stored(sort, spec, number=1):
    """A create request as the engine then has it: of a secret it tells no content."""
    spec = {key: value for key, value in spec.items() if sort.readable or key != "Data"}
    return {"ID": f"id{number}", "Version": {"Index": number}, "Spec": spec}


def made(sort, *wishes):
    """What is there after these wishes were carried out one after the other."""
    things = []
    for number, one in enumerate(wishes, 1):
        plan = contents.plan(sort, one, things)
        things = [thing for thing in things if thing not in plan.going]
        if plan.action in ("created", "recreated"):
            things.append(stored(sort, plan.spec, number))
    return things


def failure(*arguments):
    with pytest.raises(SwarmError) as caught:
        contents.plan(*arguments)
    return caught.value


def service(name, sort, *ids, before=()):
    def spec(used):
        refs = [{sort.id: one, "File": {}} for one in used]
        return {"Name": name, "TaskTemplate": {"ContainerSpec": {sort.list: refs}}}

    return {"Spec": spec(ids), "PreviousSpec": spec(before)}


@SORTS
def test_made_and_made_again(sort):
    things = made(sort, wish(data="a word", labels={"a": "b"}))
    assert base64.b64decode(contents.plan(sort, wish(data="a word"), []).spec["Data"]) == b"a word"
    assert contents.plan(sort, wish(data="a word", labels={"a": "b"}), things).action == "unchanged"
    assert contents.plan(sort, wish(), things).action == "unchanged", "no content declared: kept"
    b64 = base64.b64encode(b"a word").decode()
    assert contents.plan(sort, wish(data=b64[:4] + "\n" + b64[4:], data_is_b64=True), things).action == "unchanged"


@SORTS
def test_labels_change_in_place_and_keep_our_own(sort):
    things = made(sort, wish(data="a word", labels={"a": "b"}, rolling_versions=True))
    plan = contents.plan(sort, wish(labels={"c": "d"}, rolling_versions=True), things)
    assert plan.action == "updated"
    own = {key: value for key, value in things[0]["Spec"]["Labels"].items() if key.startswith("io.apiary.")}
    assert own
    assert plan.spec == dict(things[0]["Spec"], Labels=dict(own, c="d"))
    assert contents.shown(plan.spec, "")["labels"] == {"c": "d"}


@SORTS
def test_new_content_is_refused_unless_something_permits_it(sort):
    things = made(sort, wish(data="old word", labels={"a": "b"}, template_driver="golang"))
    error = failure(sort, wish(data="new word"), things)
    assert (error.kind, "another data" in error.msg, "word" in error.msg) == ("immutable", True, False)
    plan = contents.plan(sort, wish(data="new word", recreate=True), things)
    assert (plan.action, plan.going) == ("recreated", tuple(things))
    assert (plan.spec["Labels"]["a"], plan.spec["Templating"]) == ("b", {"Name": "golang"}), "not declared: kept"
    assert contents.plan(sort, wish(data="old word", recreate=True), things).action == "unchanged", (
        "permits, never forces"
    )


def test_another_template_driver_needs_the_content_where_it_cannot_be_read():
    change = wish(template_driver="golang", recreate=True)
    plan = contents.plan(CONFIG, change, made(CONFIG, wish(data="a word")))
    assert (plan.action, base64.b64decode(plan.spec["Data"])) == ("recreated", b"a word")
    assert "data: it is needed" in failure(SECRET, change, made(SECRET, wish(data="a word"))).msg
    error = failure(SECRET, dict(change, recreate=False), made(SECRET, wish(data="a word")))
    assert "another template_driver" in error.msg


@SORTS
def test_versions(sort):
    one, two, three = (wish(data=text, rolling_versions=True) for text in ("one", "two", "three"))
    things = made(sort, one, two, two, three)
    assert [thing["Spec"]["Name"] for thing in things] == ["x_v1", "x_v2", "x_v3"]
    assert contents.plan(sort, three, things).action == "unchanged"
    assert contents.plan(sort, one, things).spec["Name"] == "x_v4", "back to old content is a new version, too"
    assert contents.plan(sort, wish(state="absent", rolling_versions=True), things).going == tuple(things)
    assert contents.plan(sort, wish(state="absent"), things).action == "unchanged"
    assert contents.directory(things)["x"] == ("id4", "x_v3")
    assert contents.directory(things)["x_v1"] == contents.directory(things)["id1"] == ("id1", "x_v1")


@SORTS
@pytest.mark.parametrize(("plain", "version", "meant"), [("05.1Z", "05.12Z", "x_v1"), ("05.12Z", "05.1Z", "x")])
def test_a_name_that_was_a_version_and_is_none_any_more_or_the_other_way_round_is_the_newer_of_both(
    sort, plain, version, meant
):
    rolling = stored(sort, contents.plan(sort, wish(data="1", rolling_versions=True), []).spec, 1)
    exact = stored(sort, contents.plan(sort, wish(data="2"), []).spec, 2)
    things = [
        dict(exact, CreatedAt=f"2026-11-24T00:00:{plain}"),
        dict(rolling, CreatedAt=f"2026-11-24T00:00:{version}"),
    ]
    assert contents.directory(things)["x"][1] == meant


@SORTS
def test_versions_are_sorted_by_number_and_known_by_their_label(sort):
    things = [stored(sort, {"Name": f"x_v{n}", "Labels": {"io.apiary.version": str(n)}}, n) for n in (10, 9, 2)]
    things.append(stored(sort, {"Name": "x_v99", "Labels": {}}, 99))
    assert contents.directory(things)["x"] == ("id10", "x_v10")
    assert contents.plan(sort, wish(data="new", rolling_versions=True), things).spec["Name"] == "x_v100"


@SORTS
@pytest.mark.parametrize(("keep", "going"), [(-1, []), (0, [1, 2]), (1, [1, 2]), (2, [1]), (5, [])])
def test_old_versions_go(sort, keep, going):
    texts = ("one", "two", "three")
    things = made(sort, *(wish(data=text, rolling_versions=True) for text in texts))
    plan = contents.plan(sort, wish(data="three", rolling_versions=True, versions_to_keep=keep), things)
    assert [thing["ID"] for thing in plan.going] == [f"id{number}" for number in going]
    more = contents.plan(sort, wish(data="four", rolling_versions=True, versions_to_keep=keep), things)
    assert len(more.going) == (0 if keep < 0 else max(0, 4 - max(keep, 1)))


@SORTS
def test_what_services_use_stays(sort):
    things = made(sort, *(wish(data=text, rolling_versions=True) for text in ("one", "two", "three", "four")))
    services = [service("a", sort, "id1"), service("b", sort, "id4", before=["id2"])]
    plan = contents.plan(sort, wish(data="four", rolling_versions=True, versions_to_keep=1), things)
    (settled,), told = contents.settle(sort, [plan], services)
    assert ([thing["ID"] for thing in settled.going], told) == (["id3"], [])
    gone = contents.plan(sort, wish(state="absent", rolling_versions=True), things)
    _plans, told = contents.settle(sort, [gone], services)
    assert told == [f"{sort.word} x_v1 is used by a", f"{sort.word} x_v4 is used by b"]


def test_a_fingerprint_tells_the_same_and_says_nothing():
    first, second = contents.fingerprint(b"1234"), contents.fingerprint(b"1234")
    assert first != second, "no two secrets with the same content look alike"
    for digest in (hashlib.md5, hashlib.sha1, hashlib.sha224, hashlib.sha256):
        assert digest(b"1234").hexdigest() not in first
    labels = {"io.apiary.content": first}
    assert contents.is_same(SECRET, {"Labels": labels}, b"1234") is True
    assert contents.is_same(SECRET, {"Labels": labels}, b"1235") is False


@pytest.mark.parametrize(
    "label", ["", "md5:1:00:00", "pbkdf2-sha256:x:00:00", "pbkdf2-sha256:0:00:00", "pbkdf2-sha256"]
)
def test_a_label_that_nobody_understands_is_no_difference(label):
    assert contents.is_same(SECRET, {"Labels": {"io.apiary.content": label}}, b"1234") is None


def test_a_secret_made_by_other_means():
    things = [stored(SECRET, {"Name": "x", "Labels": {}})]
    plan = contents.plan(SECRET, wish(data="a word"), things)
    assert (plan.action, "made by other means" in plan.note) == ("unchanged", True)
    assert contents.plan(SECRET, wish(), things).note is None
    assert contents.plan(SECRET, wish(data="a word", recreate=True), things).action == "recreated"


def test_one_made_by_community_docker_is_taken_over():
    labels = {"ansible_key": hashlib.sha224(b"a word").hexdigest(), "ansible_version": "3"}
    things = [stored(SECRET, {"Name": "x_v3", "Labels": labels})]
    assert contents.plan(SECRET, wish(data="a word", rolling_versions=True), things).action == "unchanged"
    new = contents.plan(SECRET, wish(data="new", rolling_versions=True), things).spec
    assert new["Name"] == "x_v4"
    assert set(new["Labels"]) == {"io.apiary.content", "io.apiary.version"}


@SORTS
@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, "data: a new"),
        ({"data": 83}, "YAML or a template made int of it"),
        ({"data": {"a": "hush"}}, "YAML or a template made dict of it"),
        ({"data": ""}, "it has 0 bytes"),
        ({"data": "h" * 1024 * 1024}, "it has 1048576 bytes"),
        ({"data": "hush!", "data_is_b64": True}, "data: it is not base64"),
        ({"data": "hush", "name": "a b"}, "'a b' is no name"),
        ({"data": "hush", "name": "n" * 63, "rolling_versions": True}, "is no name"),
        ({"data": "hush", "labels": {"a": True}}, "labels: a: put the value in quotes"),
    ],
)
def test_bad_input(sort, given, words):
    error = failure(sort, wish(**given), [])
    assert (error.kind, words in error.msg) == ("invalid", True), error.msg
    assert "hush" not in str(error.result())


def test_an_old_engine_is_told():
    given = wish(data="a word", template_driver="golang")
    with pytest.raises(SwarmError, match="template_driver: needs API 1.37"):
        contents.plan(CONFIG, given, [], (1, 36))


class Refusing:
    """An engine that quotes what it was sent."""

    name = "manager1"

    def post(self, path, body, what, **_query):
        data = body["Data"]
        raise SwarmError(
            f"Could not {what}: the engine answered: bad {data}, that is {base64.b64decode(data).decode()}"
        )


@SORTS
def test_what_the_engine_quotes_is_hidden(sort):
    one = wish(data="hush hush")
    with pytest.raises(SwarmError) as caught:
        changes._carry_out_one(Refusing(), sort, one, contents.plan(sort, one, []))
    assert caught.value.msg.endswith("bad (hidden), that is (hidden)")


@SORTS
def test_result_and_diff_have_no_content(sort):
    things = made(sort, wish(data="hush one", rolling_versions=True))
    new = wish(data="hush two", rolling_versions=True, labels={"a": "b"})
    result = changes.result(sort, [contents.plan(sort, new, things)], {"x": "id2"}, alone=True)
    for text in ("hush", base64.b64encode(b"hush two").decode(), "io.apiary"):
        assert text not in str(result)
    assert result[sort.many] == [
        {
            "name": "x",
            "full_name": "x_v2",
            "id": "id2",
            "action": "created",
            "changed": True,
            "removed_versions": [],
        }
    ]
    assert (result[f"{sort.word}_id"], result[f"{sort.word}_name"]) == ("id2", "x_v2")
    before, after = result["diff"]["before"]["x"], result["diff"]["after"]["x"]
    assert (before["name"], after["name"], before["labels"], after["labels"]) == ("x_v1", "x_v2", {}, {"a": "b"})
    assert before["content"] != after["content"]
