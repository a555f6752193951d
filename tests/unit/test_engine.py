# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

"""The transport, against a server that answers what no engine gives on demand."""

from __future__ import annotations

import contextlib
import datetime
import http.server
import ssl
import threading
import time

import pytest
from ansible_collections.apiary.swarm.plugins.module_utils import _engine
from ansible_collections.apiary.swarm.plugins.module_utils._engine import Engine, retry, side_by_side
from ansible_collections.apiary.swarm.plugins.module_utils._errors import SwarmError
from ansible_collections.apiary.swarm.plugins.plugin_utils._certificates import SERVER, issue, new_authority

CONNECTION = {
    "tls": False,
    "validate_certs": False,
    "tls_hostname": None,
    "ca_path": None,
    "client_cert": None,
    "client_key": None,
    "api_version": "1.41",
    "timeout": 5,
}


@contextlib.contextmanager
def engine_that_answers(status, body, pause=0.0, timeout=5, before=lambda: None, tls=None, **options):
    seen = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def answer(self):
            length = int(self.headers.get("Content-Length") or 0)
            seen.append((self.command, self.path, self.rfile.read(length)))
            before()
            time.sleep(pause)
            with contextlib.suppress(BrokenPipeError):
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        do_GET = do_POST = do_DELETE = answer

        def log_message(self, *args):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if tls:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        host = f"tcp://127.0.0.1:{server.server_port}"
        yield Engine.connect({**CONNECTION, "docker_host": host, "timeout": timeout, **options}), seen
    finally:
        server.shutdown()
        server.server_close()


def test_filters_and_flags_are_sent_as_the_api_wants_them():
    with engine_that_answers(200, b"[]") as (engine, seen):
        assert engine.tasks(service=["x"]) == []
        engine.post("/services/x/update", {"Name": "x"}, version=7, rollback=None, force=True)
    assert seen[0][1] == "/v1.41/tasks?filters=%7B%22service%22%3A+%5B%22x%22%5D%7D"
    assert seen[1] == ("POST", "/v1.41/services/x/update?version=7&force=true", b'{"Name": "x"}')
    assert engine.calls == 2


@pytest.mark.parametrize(
    ("status", "body", "kind", "part"),
    [
        (200, b"<html>a proxy</html>", "engine", "the answer is not JSON: <html>a proxy</html>"),
        (502, b"<html>bad gateway</html>", "engine", "the engine answered: <html>bad gateway</html>"),
        (500, b"{}", "engine", "the engine answered: {}"),
        (404, b'{"message": "no such thing"}', "not_found", "the engine answered: no such thing"),
    ],
)
def test_strange_answers_become_clear_failures(status, body, kind, part):
    with engine_that_answers(status, body) as (engine, _seen), pytest.raises(SwarmError) as caught:
        engine.info()
    assert caught.value.kind == kind
    assert part in caught.value.msg
    assert caught.value.endpoint == "GET /info"


def test_an_engine_that_hangs_is_told_from_one_that_is_not_there():
    with engine_that_answers(200, b"{}", pause=1.0, timeout=0.2) as (engine, _seen):
        with pytest.raises(SwarmError) as hung:
            engine.info()
    assert hung.value.kind == "timeout"
    with pytest.raises(SwarmError) as mute, engine_that_answers(200, b"{}", pause=1.0, timeout=0.2, api_version="auto"):
        pass
    assert (mute.value.kind, mute.value.hint) == ("timeout", hung.value.hint)
    with pytest.raises(SwarmError) as gone:
        engine.info()
    assert gone.value.kind == "unreachable"
    assert "systemctl status docker" in gone.value.hint


def test_retry_repeats_only_what_can_pass(monkeypatch):
    pauses = []
    monkeypatch.setattr(_engine.time, "sleep", pauses.append)

    def failing(kinds):
        left = list(kinds)

        def action():
            if left:
                raise SwarmError("no", kind=left.pop(0))
            return "done"

        return action

    assert retry(failing(["electing", "pending"])) == "done"
    assert len(pauses) == 2
    with pytest.raises(SwarmError) as caught:
        retry(failing(["electing", "no_quorum"]))
    assert caught.value.kind == "no_quorum"
    with pytest.raises(SwarmError):
        retry(failing(["electing"] * 9), attempts=3)


def test_eight_are_asked_at_once_each_by_a_client_of_its_own():
    """The server answers none before eight are there, so that it would hang if they came one after the other."""
    together = threading.Barrier(8)
    with engine_that_answers(200, b"[]", before=lambda: together.wait(5)) as (engine, seen):
        used = []

        def ask(item, own):
            used.append(id(own))
            own.get(f"/{item}")
            return item

        assert side_by_side(engine, ask, range(16)) == list(range(16)), "results in the order of items"
    assert len(set(used)) == 8
    assert id(engine) not in used
    assert engine.calls == 16
    assert sorted(path for _method, path, _body in seen) == sorted(f"/v1.41/{n}" for n in range(16)), (
        "no version is asked"
    )


def test_one_alone_needs_no_other_client():
    with engine_that_answers(200, b"[]") as (engine, _seen):
        assert side_by_side(engine, lambda item, own: (item, own), ["a"]) == [("a", engine)]
        assert side_by_side(engine, None, []) == []


def test_after_an_error_no_further_ones_are_begun_and_the_first_is_raised():
    begun = []

    def act(item, _own):
        begun.append(item)
        if item in (2, 3):
            raise SwarmError(f"no {item}")
        time.sleep(0.05)

    with engine_that_answers(200, b"[]") as (engine, _seen), pytest.raises(SwarmError, match="no 2"):
        side_by_side(engine, act, range(1000))
    assert len(begun) < 100


def test_the_authority_that_is_named_counts_whatever_the_environment_says(tmp_path, monkeypatch):
    now = datetime.datetime.now(datetime.timezone.utc)
    ours, other = new_authority(now), new_authority(now)
    made = issue(ours, "engine", ["127.0.0.1"], SERVER, 30, now)
    for name, text in (
        ("ours", ours.certificate),
        ("other", other.certificate),
        ("server", made.key + made.certificate),
    ):
        (tmp_path / name).write_text(text)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(tmp_path / "server")
    for environment, named in (("other", "ours"), ("ours", "other")):
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / environment))
        options = {"validate_certs": True, "ca_path": str(tmp_path / named)}
        with engine_that_answers(200, b"{}", tls=tls, **options) as (engine, _seen):
            if named == "ours":
                assert engine.get("/info", "ask") == {}
            else:
                with pytest.raises(SwarmError, match="certificate verify failed"):
                    engine.get("/info", "ask")
