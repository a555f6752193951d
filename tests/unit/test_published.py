# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which published ports must answer where, and what is made of the answers."""

from __future__ import annotations

import socket
import threading
from contextlib import contextmanager

import pytest
from ansible_collections.apiary.swarm.plugins.module_utils._port_checks import check, check_all
from ansible_collections.apiary.swarm.plugins.plugin_utils._published import missing, targets, verdict


def port(published=8080, mode="ingress", protocol="tcp"):
    return {"published_port": published, "target_port": 80, "protocol": protocol, "mode": mode}


def service(name="web", ports=(), desired=2, mode="replicated"):
    return {"name": name, "published": list(ports), "mode": mode, "replicas": {"running": 0, "desired": desired}}


def node(name, address, state="ready", availability="active"):
    return {"hostname": name, "addr": address, "state": state, "availability": availability}


def task(node, service="web", state="running", desired="running", published=(), error=None, since="1"):
    return {
        "service": service,
        "error": error,
        "since": since,
        "node": node,
        "state": state,
        "desired_state": desired,
        "published": list(published),
    }


NODES = [node("m1", "10.0.0.1", availability="drain"), node("w1", "10.0.0.2"), node("w2", "10.0.0.3", state="down")]


def seen(services, tasks=()):
    return {"nodes": NODES, "services": services, "tasks": list(tasks), "swarm": {"hostname": "m1"}}


def where(found):
    return [(target["service"], target["node"], target["address"], target["port"]) for target in found]


def test_the_mesh_must_answer_on_every_node_that_is_ready():
    found = targets(seen([service(ports=[port()])], [task("w1")]))
    assert where(found) == [("web", "m1", "10.0.0.1", 8080), ("web", "w1", "10.0.0.2", 8080)]


def test_host_mode_must_answer_where_a_task_runs():
    tasks = [task("w1"), task("w1"), task("w2"), task("m1", state="failed"), task("m1", desired="shutdown")]
    assert where(targets(seen([service(ports=[port(mode="host")])], tasks))) == [("web", "w1", "10.0.0.2", 8080)]


def test_a_port_that_each_node_chose_by_itself_is_asked_by_the_number_that_the_task_has():
    own = [port(32769, mode="host"), port(32768, mode="host", protocol="udp")]
    chosen = service(ports=[port(published=None, mode="host")])
    assert where(targets(seen([chosen], [task("w1", published=own)]))) == [("web", "w1", "10.0.0.2", 32769)]
    assert targets(seen([chosen], [task("w1")])) == []


def test_http_is_asked_where_it_is_declared():
    both = service(ports=[port(80), port(443), port(53, protocol="udp")])
    found = targets(seen([both]), {"web": {"port": 443, "scheme": "https", "status": 204}})
    on_w1 = {target["port"]: target for target in found if target["node"] == "w1"}
    assert {number: target.get("path") for number, target in on_w1.items()} == {80: None, 443: "/", 53: None}
    assert (on_w1[443]["scheme"], on_w1[443]["status"]) == ("https", [204])
    assert all("path" not in target for target in targets(seen([both]))), "without a word, ports are only connected to"


@pytest.mark.parametrize(
    ("http", "words"),
    [
        ({"wbe": {}}, "none of that name"),
        ({"web": {"url": "/"}}, "url is none of path, port, scheme, status"),
        ({"web": None}, "verify_http.web must be a map"),
        ({"web": {"port": 8081}}, "publishes no TCP port 8081, only 8080"),
        ({"inner": {}}, "verify_http.inner: the service publishes no TCP port"),
    ],
)
def test_wrong_names_are_told(http, words):
    with pytest.raises(ValueError, match=words):
        targets(seen([service(ports=[port()]), service("inner")]), http)


def test_a_port_may_be_a_text():
    (target, _other) = targets(seen([service(ports=[port()])]), {"web": {"port": "8080"}})
    assert target["path"] == "/"


def test_a_service_without_tasks_cannot_answer():
    ports = [port(mode="host")]
    services = [
        service("gone", ports),
        service("none", ports, desired=0),
        service("job", ports, mode="replicated-job"),
        service("inner"),
        service("web", ports),
    ]
    assert missing(seen(services, [task("w1")])) == {"gone": "no task runs"}
    old = task("w1", "gone", "failed", error="boom", since="2")
    new = task(None, "gone", "pending", error="no suitable node", since="3")
    assert (
        missing(seen(services[:1], [new, old]))["gone"]
        == "no task runs; the last one, without a node: no suitable node"
    )
    assert missing(seen(services[:1], [old]))["gone"] == "no task runs; the last one, on w1: boom"


def test_a_service_that_is_scaled_to_nothing_is_not_asked():
    assert targets(seen([service(ports=[port()], desired=0)])) == []


def result(node, answered=True, code=None, error=None):
    latency = 0.0123 if answered else None
    place = {"service": "web", "node": node, "address": "10.0.0.2", "port": 8080, "protocol": "tcp"}
    return {**place, "answered": answered, "code": code, "latency": latency, "error": error}


def test_the_table_and_what_is_a_failure():
    answers = {
        "control": [result("m1", code=200), result("w1", answered=False, error="refused")],
        "m1": [result("m1"), result("w1", answered=None, error="udp need not answer")],
    }
    cluster = seen([service("gone", [port(mode="host")]), service(ports=[port()])], [task("w1")])
    unseen = {"w9": {"unreachable": True, "msg": "Task failed: ssh: connect to host w9 port 22: timed out"}}
    lines, failures = verdict(answers, cluster, unseen)
    assert lines == [
        "PUBLISHED PORTS",
        "SERVICE  PORT      NODE  FROM control  FROM m1",
        "web      8080/tcp  m1    200 12 ms     open 12 ms",
        "web      8080/tcp  w1    NO: refused   ?",
        "gone     -         -     NO            NO",
    ]
    assert failures == [
        "web does not answer on w1, port 8080/tcp, asked from control: refused",
        "gone does not answer: no task runs",
        "w9 could not be asked: ssh: connect to host w9 port 22: timed out",
        "node w2 is down: whether anything answers there was not asked",
    ]
    alone = {**seen([]), "nodes": NODES[:1]}
    assert verdict({"control": []}, alone, {}) == (["PUBLISHED PORTS", "no service publishes a port"], [])
    assert verdict({"control": []}, seen([]), {"w2": {}})[1] == ["w2 could not be asked (to the swarm it is down)"]


def failures_of(answers, entry, **more):
    return verdict(answers, {**seen([service(ports=[entry])], [task("w1")]), "nodes": NODES[:2], **more}, {})[1]


def test_the_same_failure_wherever_it_is_seen_is_one_sentence():
    broken = [result(name, answered=False, error="refused") for name in ("w1", "m1")]
    everywhere = failures_of({"control": broken, "m1": broken}, port())
    assert everywhere == ["web does not answer on m1, w1, port 8080/tcp, whoever asks: refused"]
    other = [result("m1"), result("w1", answered=False, error="refused")]
    assert failures_of({"control": broken, "m1": other}, port()) == [
        "web does not answer on w1, port 8080/tcp, whoever asks: refused",
        "web does not answer on m1, port 8080/tcp, asked from control: refused",
    ]


def test_a_failure_says_what_it_usually_is():
    refused = {"control": [result("w1", answered=False, error="refused")]}
    assert failures_of(refused, port(mode="host"))[0].endswith("A task runs there: does it listen on its port 80?")
    silent = {"control": [result("w1", answered=False, error="no answer")]}
    assert failures_of(silent, port(mode="host"))[0].endswith("whoever asks: no answer")
    mesh = {"ip_vs": False, "source": "x"}
    assert failures_of(silent, port(), mesh=mesh)[0].endswith("the kernel of m1 has no IP_VS to route that")


# --- asking, over the loopback


@contextmanager
def listening(answer=None):
    with socket.create_server(("127.0.0.1", 0)) as server:
        if answer:

            def serve():
                connection = server.accept()[0]
                with connection:
                    connection.recv(4096)
                    connection.sendall(answer)

            threading.Thread(target=serve, daemon=True).start()
        yield server.getsockname()[1]


def target(number, protocol="tcp", **http):
    return {"address": "127.0.0.1", "port": number, "protocol": protocol, **http}


def page(number):
    return target(number, path="/", scheme="http", status=[200])


def test_a_connection_is_an_answer_and_a_refusal_none():
    with listening() as number:
        found = check(target(number), 5)
        assert (found["answered"], found["code"], found["error"]) == (True, None, None)
        assert 0 <= found["latency"] < 5
    assert check(target(number), 5) == {"answered": False, "code": None, "latency": None, "error": "refused"}


@pytest.mark.parametrize(
    ("answer", "answered", "code", "error"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", True, 200, None),
        (b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n", False, 503, "status 503, not 200"),
        (
            b"HTTP/1.1 302 Away\r\nLocation: http://192.0.2.1/\r\nContent-Length: 0\r\n\r\n",
            False,
            302,
            "status 302, not 200",
        ),
    ],
)
def test_http_is_judged_by_its_status(answer, answered, code, error):
    with listening(answer) as number:
        found = check(page(number), 5)
    assert (found["answered"], found["code"], found["error"]) == (answered, code, error)


@pytest.mark.parametrize("answer", [b"220 mail ready\r\n", b"\r\n"])
def test_what_is_not_http_is_no_answer(answer):
    with listening(answer) as number:
        found = check(page(number), 2)
    assert (found["answered"], found["error"]) == (False, "what answers speaks no HTTP")


@pytest.mark.parametrize("path", ["/ä", "/a b?c=d&e=%20"])
def test_any_path_can_be_asked_for(path):
    with listening(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n") as number:
        assert check({**page(number), "path": path}, 5)["code"] == 200


def test_silence_is_told_after_the_timeout():
    with listening() as number:
        found = check(page(number), 0.2)
    assert (found["answered"], found["error"]) == (False, "no answer")


def test_udp_is_told_only_where_the_host_says_no():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        number = server.getsockname()[1]
        assert check(target(number, "udp"), 0.2)["answered"] is None
    assert check(target(number, "udp"), 0.2)["error"] == "refused"
    assert check(target(number, "sctp"), 0.2)["answered"] is None


def test_the_answers_keep_the_order():
    with listening() as number:
        free = target(1)
        found = check_all([target(number), free, target(number)], 2)
    assert [answer["answered"] for answer in found] == [True, False, True]
    assert check_all([], 2) == []
