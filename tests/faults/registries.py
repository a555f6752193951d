# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

"""The registry is down, slow, wants another password, lacks the image, or has half a layer of it."""

from __future__ import annotations

import contextlib
import time

from harness.lab import HOSTS, WORKERS, check, eventually

from faults.scene import NGINX, failed, well

NEWER = "depot:5000/nginx:1.26"
PRIVATE = "depot:5001/nginx:1.22"
APP = {"name": "app", "replicas": 2, "stop_grace_period": "1s", "restart_config": {"delay": "1s"}}
ASKED = {"resolve_image_failure": "fail"}
ON_WORKERS = {"placement": {"constraints": ["node.role == worker"]}}


def registry_down(scene):
    """Nobody listens at the registry during an update: refused where a digest is asked for, else warned of; what runs, runs on"""
    app = {
        "name": "app",
        "mode": "global",
        "stop_grace_period": "1s",
        "update_config": {"parallelism": 5, "monitor": "1s"},
    }
    scene.service("manager1", **app, image=NGINX)
    before = scene.services()
    with contextlib.ExitStack() as down:
        for host in HOSTS:
            rule = "OUTPUT -p tcp --dport 5000 -j REJECT --reject-with tcp-reset"
            down.enter_context(scene.rules(host, rule))
        asked = {} if scene.broken else ASKED
        refused = scene.service("manager1", ok=None, **app, image=NEWER, **asked, wait_timeout=60)
        failed(refused, "registry_unreachable")
        assert scene.services() == before
        assert scene.lab.running("manager1", "app") == HOSTS
        same = scene.service("manager1", **app, image=NGINX, env={"A": "1"})
        assert same["changed"], "what is there needs no registry"
    assert scene.service("manager1", **app, image=NEWER)["changed"]
    return f"{refused['msg']:.160}"


def wrong_password(scene):
    """The registry wants another password: the task says so, does not show the wrong one, and makes nothing"""
    wrong = "not-the-password-of-the-depot"
    auth = [{"registry_url": "depot:5001", "username": "lab", "password": wrong}]
    asked = {} if scene.broken else ASKED
    refused = scene.service("manager1", ok=None, **APP, image=PRIVATE, registry_auth=auth, **asked, wait_timeout=60)
    failed(refused, "registry_denied")
    assert wrong not in str(refused)
    assert scene.services() == {}
    right = (scene.lab.state / "registry-password").read_text().strip()
    auth[0]["password"] = right
    assert scene.service("manager1", **APP, image=PRIVATE, registry_auth=auth)["changed"]
    return f"{refused['msg']:.160}"


def image_missing(scene):
    """There is no such image: refused before anything is changed where a digest is asked for, else the nodes' refusal is told"""
    missing = {**APP, "image": "depot:5000/nginx:0.0"}
    asked = {} if scene.broken else ASKED
    refused = scene.service("manager1", ok=None, **missing, **asked, wait_timeout=60)
    failed(refused, "image_not_found")
    assert scene.services() == {}
    rejected = scene.service("manager1", ok=False, **missing)
    failed(rejected, "rejected")
    assert "No such image" in rejected["msg"]
    return f"{refused['msg']:.120}; {rejected['msg']:.120}"


def registry_slow(scene):
    """The registry stands still for 20 s while nodes pull: the task waits, and ends well"""
    for host in WORKERS:
        scene.forget(host, NEWER)
    patience = {"wait_timeout": 5} if scene.broken else {}
    scene.lab.freeze("depot")
    try:
        # without its digest, for which the registry would be asked first
        how = {"image": NEWER, "resolve_image": "never", **patience}
        task = scene.begin(scene.service, "manager1", ok=None, **APP, **ON_WORKERS, **how)
        eventually(lambda: check("app" in scene.services()), 60, every=0.2)
        began = time.monotonic()
        time.sleep(20)
        assert scene.lab.running("manager1", "app") == [], "the registry has answered"
    finally:
        scene.lab.freeze("depot", False)
    result = task.result()
    well(result)
    assert sorted(scene.lab.running("manager1", "app")) == WORKERS
    return f"two tasks run on the workers {time.monotonic() - began:.0f} s after the service was made"


def half_a_layer(scene):
    """A layer in the registry is cut in half: the task says why the nodes refuse it; when it is whole, the same task ends well"""
    for host in WORKERS:
        scene.forget(host, NEWER)
    blobs = "/var/lib/registry/docker/registry/v2/blobs/sha256"
    layers = scene.lab.ssh(
        "manager1",
        "curl -sSf --cacert /etc/docker/certs.d/depot:5000/ca.crt -H "
        "'Accept: application/vnd.docker.distribution.manifest.v2+json' https://depot:5000/v2/nginx/manifests/1.26"
        ' | python3 -c \'import json, sys; print(max(json.load(sys.stdin)["layers"], key=lambda one: one["size"])["digest"])\'',
    )
    digest = layers.partition(":")[2]
    blob = f"{blobs}/{digest[:2]}/{digest}/data"
    scene.sh("depot", f"cp {blob} /whole && truncate -s $(($(stat -c %s {blob}) / 2)) {blob}")
    wait = {"wait": False} if scene.broken else {}
    try:
        result = scene.service("manager1", ok=None, **APP, **ON_WORKERS, image=NEWER, wait_timeout=120, **wait)
        failed(result, "rejected", "crash_loop")
        assert scene.lab.running("manager1", "app") == []
    finally:
        scene.sh("depot", f"cp /whole {blob}")
    scene.lab.docker("manager1", "service", "update", "--detach", "--force", "app")
    again = scene.service("manager1", **APP, **ON_WORKERS, image=NEWER)
    assert not again["changed"]
    assert sorted(scene.lab.running("manager1", "app")) == WORKERS
    return f"{result['msg'].splitlines()[0]:.200}"
