# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which registry is meant, what its silence means, and which images it is asked for. The answers are those of real engines."""

from __future__ import annotations

import base64
import json

import pytest
from ansible_collections.apiary.swarm.plugins.module_utils import _images, _pins, _registry
from ansible_collections.apiary.swarm.plugins.module_utils._errors import SwarmError
from ansible_collections.apiary.swarm.plugins.module_utils._plan import Wish

D1 = "sha256:" + "a" * 64


@pytest.mark.parametrize(
    ("image", "registry"),
    [
        ("nginx", "docker.io"),
        ("team/app:v1", "docker.io"),
        ("index.docker.io/team/app", "docker.io"),
        ("depot:5001/nginx:1.22", "depot:5001"),
        (f"localhost/app@{D1}", "localhost"),
        ("registry.example.com/a/b/c:x", "registry.example.com"),
    ],
)
def test_the_registry_of_an_image(image, registry):
    assert _images.registry(image) == registry


@pytest.mark.parametrize(
    ("address", "registry"),
    [
        ("https://index.docker.io/v1/", "docker.io"),
        ("docker.io", "docker.io"),
        ("index.docker.io", "docker.io"),
        ("depot:5001", "depot:5001"),
        ("https://depot:5001/v2/", "depot:5001"),
        (" registry.example.com/ ", "registry.example.com"),
    ],
)
def test_the_registry_of_an_address(address, registry):
    assert _registry.host(address) == registry


def test_the_header_says_what_is_known():
    def decoded(*args, **kwargs):
        return json.loads(base64.urlsafe_b64decode(_registry.header(*args, **kwargs)))

    assert decoded("depot:5001", "lab", "pä?>") == {
        "serveraddress": "depot:5001",
        "username": "lab",
        "password": "pä?>",
    }
    assert decoded("docker.io", identity_token="t") == {
        "serveraddress": "https://index.docker.io/v1/",
        "identitytoken": "t",
    }
    assert set(_registry.header("depot:5001", "lab", "ÿ?>~" * 9)) & set("+/") == set(), "the alphabet for URLs"


@pytest.mark.parametrize(
    ("status", "text", "kind"),
    [
        (404, "manifest unknown: manifest unknown", "image_not_found"),
        (401, "unauthorized: authentication required", "registry_denied"),
        (500, 'Head "https://depot:5001/v2/nginx/manifests/1.22": no basic auth credentials', "registry_denied"),
        (404, "pull access denied for x, repository does not exist or may require 'docker login'", "registry_denied"),
        (500, 'Get "https://depot:5000/v2/": context deadline exceeded', "registry_unreachable"),
        (500, 'Get "https://depot:5000/v2/": net/http: TLS handshake timeout', "registry_unreachable"),
        (500, 'Get "https://depot:5009/v2/": dial tcp 172.30.102.5:5009: connect: connection refused', "registry_unreachable"),
        (500, 'Get "https://x.example/v2/": dial tcp: lookup x.example on 127.0.0.11:53: no such host', "registry_unreachable"),
        (None, "no answer within 60 s", "registry_unreachable"),
    ],
)  # fmt: skip
def test_why_a_registry_tells_nothing(status, text, kind):
    assert _registry.trouble(status, text) == kind


AUTH = {"depot:5001": "header"}


@pytest.mark.parametrize(
    ("stored", "when", "credentials", "asked"),
    [
        (None, "changed", {}, True),
        (None, "never", AUTH, False),
        ("depot:5001/app:1", "changed", {}, False),
        ("depot:5001/app:1", "changed", {"docker.io": "header"}, False),
        ("depot:5001/app:1", "changed", AUTH, True),
        ("depot:5001/app:1", "never", AUTH, False),
        (f"depot:5001/app:1@{D1}", "changed", AUTH, False),
        (f"depot:5001/app:1@{D1}", "always", {}, True),
        (f"depot:5001/app:2@{D1}", "changed", {}, True),
    ],
)
def test_when_a_registry_is_asked(stored, when, credentials, asked):
    wish = Wish("app", {"image": "depot:5001/app:1"}, resolve_image=when, credentials=credentials)
    assert _pins.image_to_ask_for(wish, stored) == ("depot:5001/app:1" if asked else None)
    assert _pins.image_to_ask_for(wish._replace(state="absent"), stored) is None


class Engine:
    """Answers as scripted, {image: answer or SwarmError}, and notes what it was asked with which credentials."""

    def __init__(self, answers):
        self.answers, self.asked = answers, []

    def get(self, path, what, headers):
        image = path[len("/distribution/") : -len("/json")]
        self.asked.append((image, (headers or {}).get("X-Registry-Auth")))
        if isinstance(self.answers[image], SwarmError):
            raise self.answers[image]
        return self.answers[image]


def failure(status, text):
    return SwarmError(f"Could not ask: {text}", kind="engine", status=status, endpoint="GET /distribution")


def test_each_image_is_asked_for_once_with_the_credentials_that_somebody_has():
    answer = {"Descriptor": {"digest": D1}, "Platforms": [{"architecture": "amd64", "os": "linux"}]}
    engine = Engine({"depot:5001/app:1": answer, "nginx:latest": answer})
    wishes = [
        Wish("a", {"image": "depot:5001/app:1"}),
        Wish("b", {"image": "depot:5001/app:1"}, credentials=AUTH),
        Wish("c", {"image": "nginx"}, credentials=AUTH),
        Wish("d", {"image": "Not A Name"}),
        Wish("e", {"replicas": 2}),
    ]
    answers = _pins.resolve(engine, wishes, {})
    assert engine.asked == [("depot:5001/app:1", "header"), ("nginx:latest", None)]
    assert answers.pins == {name: f"{name}@{D1}" for name in ("depot:5001/app:1", "nginx:latest")}
    assert answers.platforms[f"nginx:latest@{D1}"] == [{"Architecture": "amd64", "OS": "linux"}]
    assert (answers.warnings, answers.errors) == ([], [])


def test_credentials_that_the_registry_refuses_are_not_the_last_word():
    answer = {"Descriptor": {"digest": D1}, "Platforms": []}

    class Choosy(Engine):
        def get(self, path, what, headers):
            super().get(path, what, headers)
            if (headers or {}).get("X-Registry-Auth") != "right":
                raise failure(500, "unauthorized: authentication required")
            return answer

    engine = Choosy({"depot:5001/app:1": answer})
    wishes = [Wish(key, {"image": "depot:5001/app:1"}, credentials={"depot:5001": key}) for key in ("wrong", "right")]
    answers = _pins.resolve(engine, wishes, {})
    assert [auth for _image, auth in engine.asked] == ["wrong", "right"]
    assert answers.pins == {"depot:5001/app:1": f"depot:5001/app:1@{D1}"}
    refused = _pins.resolve(engine, wishes[:1], {})
    assert refused.pins == {}
    assert len(refused.warnings) == 1


def test_a_silent_registry_is_asked_once_and_each_service_told():
    down = failure(500, "dial tcp: connection refused")
    engine = Engine({f"depot:5001/{name}:1": down for name in "abc"})
    stored = {"Spec": {"TaskTemplate": {"ContainerSpec": {"Image": f"depot:5001/a:1@{D1}"}}}}
    wishes = [
        Wish("keeps", {"image": "depot:5001/a:1"}, resolve_image="always"),
        Wish("new", {"image": "depot:5001/b:1"}),
        Wish("fails", {"image": "depot:5001/c:1"}, resolve_image_failure="fail"),
    ]
    answers = _pins.resolve(engine, wishes, {"keeps": stored})
    assert len(engine.asked) == 1
    kept, by_tag = answers.warnings
    assert kept.startswith("image depot:5001/a:1: the digest that runs is kept (keeps). Could not ask")
    assert by_tag.startswith("image depot:5001/b:1 is not pinned")
    (error,) = answers.errors
    assert error.msg.startswith("Service fails: the digest of image depot:5001/c:1 is not known.")
    assert (error.kind, error.status) == ("registry_unreachable", 500)


def test_an_engine_that_does_not_answer_is_no_matter_of_images():
    engine = Engine({"nginx:latest": SwarmError("no engine", kind="unreachable")})
    with pytest.raises(SwarmError, match="no engine"):
        _pins.resolve(engine, [Wish("web", {"image": "nginx"})], {})


def test_credentials_for_a_spec_are_those_of_its_image():
    def spec(container):
        return {"TaskTemplate": container}

    wish = Wish("app", {}, credentials=AUTH)
    assert _pins.credentials_for(wish, spec({"ContainerSpec": {"Image": f"depot:5001/app:1@{D1}"}})) == "header"
    assert _pins.credentials_for(wish, spec({"ContainerSpec": {"Image": "nginx:latest"}})) is None
    assert _pins.credentials_for(wish, spec({"ContainerSpec": {"Image": "Not A Name"}})) is None
    assert _pins.credentials_for(wish, spec({"PluginSpec": {}})) is None


def test_credentials_stay_with_their_registry():
    def spec(image):
        return {"TaskTemplate": {"ContainerSpec": {"Image": image}}}

    old, same, other = spec("depot:5001/app:1"), spec("depot:5001/app:2"), spec("depot:5009/app:1")
    assert _pins.credentials_for_update(Wish("app", {}), old, same) is None, "the swarm's stay"
    assert _pins.credentials_for_update(Wish("app", {}), old, other) == _registry.header("depot:5009"), "nobody's"
    assert _pins.credentials_for_update(Wish("app", {}, credentials=AUTH), old, other) == _registry.header("depot:5009")
    assert _pins.credentials_for_update(Wish("app", {}, credentials=AUTH), other, old) == "header"
    assert _pins.credentials_for_update(Wish("app", {}), {"TaskTemplate": {}}, {"TaskTemplate": {}}) is None
