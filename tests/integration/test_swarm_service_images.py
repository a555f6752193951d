# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Digests, and credentials for a registry with a password, on real engines; the judge is the engine's own CLI."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import shlex
import time

import pytest
from ansible_collections.apiary.swarm.plugins.module_utils._registry import header
from harness.lab import HOSTS, eventually

REGISTRY = "depot:5001"
PRIVATE = f"{REGISTRY}/nginx:1.22"
QUICK = {"stop_grace_period": "1s", "update_config": {"monitor": "1s"}, "restart_config": {"delay": "1s"}}
APP = {"name": "app", "image": PRIVATE, **QUICK}


@pytest.fixture(scope="module")
def password(swarm):
    return (swarm.state / "registry-password").read_text().strip()


@pytest.fixture(scope="module")
def auth(password):
    return [{"registry_url": REGISTRY, "username": "lab", "password": password}]


@pytest.fixture(autouse=True)
def nothing_left(swarm):
    """No service, and on no node an image that it could run without pulling it."""
    yield
    swarm.clear_services()
    remove = f"docker images -q '{REGISTRY}/*' | sort -u | xargs -r docker rmi -f"
    for host in HOSTS:
        eventually(lambda host=host: swarm.ssh(host, remove))


@contextlib.contextmanager
def firewall(lab, verdict):
    """The registry cannot be reached from manager1: it refuses (REJECT --reject-with tcp-reset) or is silent (DROP)."""
    rule = f"OUTPUT -p tcp --dport 5001 -j {verdict}"
    lab.ssh("manager1", f"iptables -I {rule}")
    try:
        yield
    finally:
        lab.ssh("manager1", f"iptables -D {rule}")


REFUSES = "REJECT --reject-with tcp-reset"


def service(lab, ok=True, check=False, **options):
    return lab.module("manager1", "swarm_service", options, ok=ok, check=check)


def version(lab, name="app"):
    return lab.inspect("manager1", "service", name)["Version"]["Index"]


def image(lab, name="app"):
    return lab.inspect("manager1", "service", name)["Spec"]["TaskTemplate"]["ContainerSpec"]["Image"]


def move_tag(lab, password, tag, to):
    """Let a tag of the private nginx be what another one is."""
    lab.ssh(
        "manager1",
        "set -e; url=https://depot:5001/v2/nginx/manifests; kind=application/vnd.docker.distribution.manifest.v2+json;"
        f" curl='curl -sSf --cacert /etc/docker/certs.d/depot:5001/ca.crt -u lab:{password}';"
        f" $curl -H Accept:$kind $url/{to} > /tmp/manifest;"
        f" $curl -X PUT -H Content-Type:$kind --data-binary @/tmp/manifest $url/{tag}; rm /tmp/manifest",
    )


def test_a_private_image_from_the_first_failure_to_five_nodes(swarm, auth, password):
    alone = service(swarm, ok=False, **APP, wait_timeout=60)
    assert alone["services"][0]["failure"]["kind"] == "rejected"
    assert any("not pinned" in text and f"No credentials for {REGISTRY}" in text for text in alone["warnings"])
    assert image(swarm) == PRIVATE

    announced = service(swarm, check=True, **APP, registry_auth=auth)
    assert announced["changed"]
    made = service(swarm, **APP, registry_auth=auth)
    assert made["services"][0]["action"] == "updated"
    assert made["services"][0]["image"] == PRIVATE, "the tag stays readable"
    assert made["services"][0]["diff"] == announced["services"][0]["diff"]
    assert image(swarm).startswith(f"{PRIVATE}@sha256:")
    template = swarm.inspect("manager1", "service", "app")["Spec"]["TaskTemplate"]
    assert template["Placement"]["Platforms"] == [{"Architecture": "amd64", "OS": "linux"}]

    before = version(swarm)
    for given in (auth, [{**auth[0], "password": "another"}], []):
        assert not service(swarm, **APP, registry_auth=given)["changed"], "credentials are no part of the spec"
    assert version(swarm) == before

    # the swarm keeps the credentials, also through an update without any
    spread = {"replicas": 5, "placement": {"replicas_max_per_node": 1}}
    service(swarm, name="app", **spread)
    assert swarm.running("manager1", "app") == HOSTS


def test_credentials_go_to_their_registry_alone(swarm, auth):
    elsewhere = [{**auth[0], "registry_url": "depot:5000"}]
    refused = service(swarm, ok=False, **APP, registry_auth=elsewhere, resolve_image_failure="fail")
    assert refused["failure"]["kind"] == "registry_denied"
    assert f"No credentials for {REGISTRY}" in refused["msg"]
    many = service(
        swarm,
        service_defaults={
            **QUICK,
            "registry_auth": [*elsewhere, {**auth[0], "registry_url": f"https://{REGISTRY}/v2/"}],
        },
        services=[{"name": "app", "image": PRIVATE}, {"name": "open", "image": "depot:5000/nginx:1.22"}],
        resolve_image_failure="fail",
    )
    assert [entry["action"] for entry in many["services"]] == ["created", "created"]


def test_an_update_brings_new_credentials(swarm, auth):
    """Made with a password that the registry refuses; the right one comes with a label, which restarts nothing."""
    wrong = [{**auth[0], "password": "wrong"}]
    made = service(swarm, **APP, registry_auth=wrong, resolve_image="never", wait=False)
    assert made["changed"]
    refused = service(swarm, ok=False, name="app", wait_timeout=60)
    assert refused["services"][0]["failure"]["kind"] == "rejected"
    service(swarm, name="app", labels={"registry": "new password"}, registry_auth=auth)
    assert len(swarm.running("manager1", "app")) == 1
    assert image(swarm) == PRIVATE


LISTENER = """
import http.server
class Registry(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        with open("/tmp/asked", "a") as asked:
            print(self.path, self.headers.get("Authorization"), file=asked)
        self.send_response(401)
        self.send_header("WWW-Authenticate", "Basic realm=x")
        self.send_header("Content-Length", "0")
        self.end_headers()
    do_HEAD = do_GET
http.server.HTTPServer(("127.0.0.1", 6000), Registry).serve_forever()
"""


def test_another_registry_does_not_get_to_see_them(swarm, auth):
    """An image that moves to a registry without credentials; the CLI's update would show it those for the old one."""
    elsewhere = "127.0.0.1:6000"
    there = {"image": f"{elsewhere}/x:1", "resolve_image": "never", "wait": False}
    here = {"placement": {"constraints": ["node.hostname==manager1"]}}
    swarm.ssh("manager1", f"rm -f /tmp/asked; systemd-run -q --unit elsewhere python3 -c {shlex.quote(LISTENER)}")
    try:

        def shown():
            return [line.split()[1:] for line in swarm.ssh("manager1", "cat /tmp/asked", ok=False).splitlines()]

        def asked_often():
            assert len(shown()) > 3

        def asked_with_a_password():
            assert any(words[0] == "Basic" for words in shown())

        service(swarm, **APP, **here, registry_auth=auth)
        service(swarm, name="app", **there)
        eventually(asked_often)
        assert all(words == ["None"] for words in shown())
        # where it is to have one, it has
        service(swarm, name="app", labels={"a": "b"}, **there, registry_auth=[{**auth[0], "registry_url": elsewhere}])
        eventually(asked_with_a_password)
    finally:
        swarm.ssh("manager1", "systemctl stop elsewhere; rm -f /tmp/asked")


@pytest.mark.parametrize("why", ["down", "password", "unknown"])
def test_without_an_answer_the_digest_that_runs_stays(swarm, auth, password, why):
    move_tag(swarm, password, "kept", "1.22")
    app = {**APP, "image": f"{REGISTRY}/nginx:kept", "resolve_image": "always"}
    service(swarm, **app, registry_auth=auth)
    old = image(swarm)
    move_tag(swarm, password, "kept", "1.26")

    options = dict(app, registry_auth=[{**auth[0], "password": "wrong"}] if why == "password" else auth)
    kind = {"down": "registry_unreachable", "password": "registry_denied", "unknown": "image_not_found"}[why]
    new = {"name": "other", "image": f"{REGISTRY}/nginx:not-there" if why == "unknown" else PRIVATE}
    with firewall(swarm, REFUSES) if why == "down" else contextlib.nullcontext():
        if why != "unknown":
            before = version(swarm)
            same = service(swarm, **options)
            assert not same["changed"]
            assert any("the digest that runs is kept (app)" in text for text in same["warnings"])
            assert version(swarm) == before
            # also where something else changes
            assert service(swarm, **options, labels={"a": "b"})["changed"]
            assert image(swarm) == old
            assert same["services"][0]["image"] == f"{REGISTRY}/nginx:kept"
        before = version(swarm)
        for check in (True, False):
            refused = service(
                swarm,
                ok=False,
                check=check,
                services=[new, {"name": "app", "labels": {"c": "d"}}],
                registry_auth=options["registry_auth"],
                resolve_image_failure="fail",
            )
            assert refused["failure"]["kind"] == kind, refused["msg"]
            assert f"Service other: the digest of image {new['image']} is not known" in refused["msg"]
        assert version(swarm) == before
        assert [row["Name"] for row in swarm.rows("manager1", "service", "ls")] == ["app"]
    if why != "unknown":
        newer = service(swarm, **app, registry_auth=auth)
        assert newer["changed"]
        assert image(swarm).startswith(f"{REGISTRY}/nginx:kept@")
        assert image(swarm) != old


def test_a_silent_registry_is_asked_once(swarm, auth):
    services = [
        {"name": name, "image": f"{REGISTRY}/nginx:{tag}"} for name, tag in (("a", "1.22"), ("b", "1.26"), ("c", "x"))
    ]
    with firewall(swarm, "DROP"):
        begin = time.monotonic()
        refused = service(swarm, ok=False, services=services, registry_auth=auth, resolve_image_failure="fail")
        seconds = time.monotonic() - begin
    assert refused["failure"]["kind"] == "registry_unreachable"
    for entry in services:
        assert f"Service {entry['name']}: the digest of image {entry['image']}" in refused["msg"]
    assert 10 < seconds < 40, "one question to it takes 15 s, three would take 45"


# Credentials of the control host


def config_of(lab, password):
    """config.json as the engine's own CLI writes it at login."""
    login = f"printf %s {password} | docker --config /tmp/login login -u lab --password-stdin {REGISTRY} 2>&1"
    assert "Login Succeeded" in lab.ssh("manager1", login)
    return json.loads(lab.ssh("manager1", "cat /tmp/login/config.json; rm -r /tmp/login"))


HELPER = """#!/bin/sh
read -r address
[ "$1 $address" = "get depot:5001" ] || { echo "credentials not found in native keychain"; exit 1; }
cat "$(dirname "$0")/answer"
"""


@pytest.mark.parametrize("kept", ["file", "helper", "store", "store that has none"])
def test_credentials_of_the_control_host(swarm, password, tmp_path, kept):
    config = config_of(swarm, password)
    if kept != "file":
        (tmp_path / "docker-credential-lab").write_text(
            HELPER if kept != "store that has none" else HELPER.replace(":5001", "")
        )
        (tmp_path / "docker-credential-lab").chmod(0o700)
        (tmp_path / "answer").write_text(json.dumps({"ServerURL": "", "Username": "lab", "Secret": password}))
        extra = {"credHelpers": {REGISTRY: "lab"}} if kept == "helper" else {"credsStore": "lab"}
        config = {**(config if kept == "store that has none" else {}), **extra}
    (tmp_path / "config.json").write_text(json.dumps(config))
    environment = {"DOCKER_CONFIG": str(tmp_path), "PATH": f"{tmp_path}:{os.environ['PATH']}"}

    def run(**options):
        task = {"name": "app", "apiary.swarm.swarm_service": {"resolve_image_failure": "fail", **options}}
        play = {"hosts": "manager1", "gather_facts": False, "tasks": [task]}
        done = swarm.playbook([play], "-vvv", environment=environment)
        for word in (password, header(REGISTRY, "lab", password)):
            assert word not in done.output + str(done.results)
        return done.of("manager1", "app")

    unasked = run(**APP)
    assert f"No credentials for {REGISTRY}" in unasked["msg"], "never sent unasked"
    assert run(**APP, with_registry_auth=True)["changed"]
    assert len(swarm.running("manager1", "app")) == 1
    assert image(swarm).startswith(f"{PRIVATE}@sha256:")
    again = run(services=[APP], service_defaults={"with_registry_auth": True})
    assert not again["changed"]
    assert "_registry_auth" not in again["invocation"]["module_args"]


def test_what_is_wrong_with_the_control_hosts_credentials(swarm, tmp_path):
    (tmp_path / "docker-credential-lab").write_text("#!/bin/sh\necho the keychain is locked >&2\nexit 3\n")
    (tmp_path / "docker-credential-lab").chmod(0o700)
    contents = {
        "{": "config.json on the control host is not a configuration of docker",
        json.dumps({"auths": {REGISTRY: {"auth": "?"}}}): f"the entry for {REGISTRY} cannot be read",
        json.dumps(
            {"credsStore": "lab"}
        ): "docker-credential-lab on the control host failed for depot:5001: the keychain is locked",
        json.dumps({"credsStore": "no-such"}): "docker-credential-no-such on the control host: No such file",
    }
    task = {"name": "app", "apiary.swarm.swarm_service": {**APP, "with_registry_auth": True}}
    play = {"hosts": "manager1", "gather_facts": False, "tasks": [task]}
    for text, said in contents.items():
        (tmp_path / "config.json").write_text(text)
        environment = {"DOCKER_CONFIG": str(tmp_path), "PATH": f"{tmp_path}:{os.environ['PATH']}"}
        refused = swarm.playbook([play], environment=environment).of("manager1", "app")
        assert said in refused["msg"]
        assert refused["failure"]["node"] == "the control host"
    assert swarm.rows("manager1", "service", "ls") == []


# Where they are not


def test_passwords_are_in_no_output_no_process_list_and_no_file(swarm, auth, password):
    """Created, changed, refused, misspelt and by the role, with all that -vvvv and --diff show."""
    odd = "w\"r\\o'n\u00fcg"  # what Python and JSON write in another way than it is
    wrong = {**auth[0], "password": f"{odd}-{password[::-1]}"}
    module = "apiary.swarm.swarm_service"
    # where the files are looked through
    app = {**APP, "placement": {"constraints": ["node.hostname == manager1"]}, "wait_timeout": 20}
    arguments = [
        {**app, "registry_auth": auth},
        {**app, "registry_auth": auth, "labels": {"a": "b"}, "colour": "red"},
        {**app, "registry_auth": [wrong], "labels": {"a": "c"}},
        {**app, "registry_auth": [{**wrong, "colour": "red"}]},
        {
            "services": [{**APP, "registry_auth": auth}],
            "service_defaults": {"registry_auth": [wrong]},
            "wait_timeout": 20,
        },
        {"services": [{**APP, "registry_auth": auth, "colour": "red"}]},
        {"services": [{**APP, "registry_auth": [wrong], "resolve_image_failure": "fail", "resolve_image": "always"}]},
        {"services": [{**APP, "registry_auth": auth}], "colour": "red"},
        {"services": [{**APP, "registry_auth": wrong}]},
        {"services": [APP], "service_defaults": json.dumps({"registry_auth": [wrong]}), "colour": "red"},
    ]
    tasks = [
        {"name": f"task {number}", module: options, "ignore_errors": True} for number, options in enumerate(arguments)
    ]
    tasks.append({"name": "ping", "ansible.builtin.ping": {}})
    tasks.append({"name": "in the background", module: arguments[4], "async": 60, "poll": 1})
    role = {
        "name": "role",
        "ansible.builtin.include_role": {"name": "apiary.swarm.services"},
        "vars": {
            "services_list": [{**APP, "image": f"{REGISTRY}/nginx:1.26"}],
            "services_defaults": {"registry_auth": auth},
        },
    }
    plays = [{"hosts": "manager1", "gather_facts": False, "tasks": part} for part in (tasks, [role])]
    swarm.ssh("manager1", "rm -f /tmp/enough; touch /tmp/begin")
    look = "cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ 2>/dev/null | tr '\\0' '\\n' | sort -u"
    watch = swarm.start_ssh(
        "manager1", f"until [ -e /tmp/enough ]; do {look}; sleep 0.1; done | sort -u > /tmp/processes"
    )
    try:
        done = swarm.playbook(plays, "--diff", "-vvvv")
    finally:
        swarm.ssh("manager1", "touch /tmp/enough")
        watch.communicate(timeout=20)
    assert done.rc == 0, done.output
    statuses = [result.status for result in done.results if result.task.startswith("task ")]
    assert statuses[0] == statuses[2] == statuses[4] == "ok", done.output
    assert set(statuses[5:]) == {"ignored"}, done.output
    assert "spread" not in done.output
    assert image(swarm).startswith(f"{REGISTRY}/nginx:1.26@")

    listed = swarm.ssh("manager1", "cat /tmp/processes; rm /tmp/processes /tmp/enough")
    assert "dockerd" in listed
    assert "python3" in listed
    logged = swarm.ssh("manager1", "journalctl --no-pager --output=cat --since @$(stat -c %Y /tmp/begin)")
    assert "Invoked with data=pong" in logged, "modules do write there"
    # what the engines' own store has of it is the engine's: docs/images.md
    others = (
        "/proc",
        "/sys",
        "/var/lib/docker/overlay2",
        "/var/lib/docker/swarm",
        "/run/log/journal",
        "/var/log/journal",
    )
    leave_out = " -o ".join(f"-path {path}" for path in others)
    find = f"find / \\( {leave_out} \\) -prune -o -newer /tmp/begin -type f -size -20M -exec cat {{}} +"
    kept = swarm.ssh("manager1", f"{find} 2>/dev/null | tr -cs '[:print:]' '\\n'; rm /tmp/begin", timeout=120)
    assert '"com.docker.swarm.service.name":"app"' in kept
    inspected = swarm.docker("manager1", "service", "inspect", "app")
    for entry in (auth[0], wrong):
        secret = entry["password"]
        forms = (
            password if entry is auth[0] else password[::-1],
            base64.b64encode(f"lab:{secret}".encode()).decode(),
            header(REGISTRY, "lab", secret),
        )
        for form in forms:
            for where in (done.output, str(done.results), listed, logged, kept, inspected):
                assert form not in where
