# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.apiary.swarm.plugins.module_utils import _images as images

D1, D2 = "sha256:" + "a" * 64, "sha256:" + "b" * 64


@pytest.mark.parametrize(
    ("image", "stored"),
    [
        ("nginx", "nginx:latest"),
        ("nginx:1.26", "nginx:1.26"),
        ("docker.io/library/nginx", "nginx:latest"),
        ("index.docker.io/team/app:v1", "team/app:v1"),
        ("docker.io/team/app", "team/app:latest"),
        ("depot:5000/nginx:1.26", "depot:5000/nginx:1.26"),
        ("depot:5000/nginx", "depot:5000/nginx:latest"),
        ("localhost/app", "localhost/app:latest"),
        ("registry.example.com/a/b/c:x", "registry.example.com/a/b/c:x"),
        (f"nginx@{D1}", f"nginx@{D1}"),
        (f"nginx:1.26@{D1}", f"nginx:1.26@{D1}"),
    ],
)
def test_tagged(image, stored):
    assert images.tagged(image) == stored


@pytest.mark.parametrize(
    "image", ["", "Nginx", "a b", "nginx:", "nginx:a b", "nginx@sha256:12", ":1", "depot:port/nginx", "a//b"]
)
def test_what_is_no_image(image):
    with pytest.raises(ValueError, match="not an image's name"):
        images.tagged(image)


@pytest.mark.parametrize(
    ("current", "target", "same"),
    [
        (f"nginx:1.26@{D1}", "nginx:1.26", True),
        ("nginx:1.26", "nginx:1.26", True),
        (f"nginx:1.26@{D1}", "nginx:1.27", False),
        (f"nginx:latest@{D1}", "nginx", True),
        (f"nginx:1.26@{D1}", f"nginx:1.26@{D1}", True),
        (f"nginx:1.26@{D1}", f"nginx:1.26@{D2}", False),
        (f"nginx:1.26@{D1}", f"nginx@{D1}", True),
        ("nginx:1.26", f"nginx:1.26@{D1}", False),
        (f"other:1.26@{D1}", f"nginx@{D1}", False),
        ("", "nginx:1.26", False),
        (f"nginx@{D1}", "nginx:latest", False),
        ("nginx", "nginx", True),
        ("nginx", "nginx:1.26", False),
    ],
)
def test_same(current, target, same):
    assert images.same(current, target) is same


def test_pinned():
    answer = {
        "Descriptor": {"digest": D1},
        "Platforms": [
            {"architecture": "amd64", "os": "linux"},
            {"architecture": "arm", "os": "linux", "variant": "v7"},
            {"architecture": "arm", "os": "linux", "variant": "v6"},
            {"architecture": "unknown", "os": "unknown"},
        ],
    }
    name, platforms = images.pinned("depot:5000/nginx:1.26", answer)
    assert name == f"depot:5000/nginx:1.26@{D1}"
    assert platforms == [{"Architecture": "amd64", "OS": "linux"}, {"Architecture": "", "OS": "linux"}]
    assert images.pinned(f"nginx@{D2}", answer)[0] == f"nginx@{D2}"
