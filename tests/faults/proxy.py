#!/usr/bin/env python3
# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

"""In front of a host's engine: hands everything on, late or not, and answers some requests with 500 in its place.

proxy.py SOCKET DELAY TIMES REQUEST TEXT: each request waits for DELAY seconds; the first TIMES ones that begin with REQUEST
("POST /services/create", without the version) are answered with 500 and TEXT.
"""

from __future__ import annotations

import http.client
import http.server
import json
import os
import re
import socket
import socketserver
import sys
import time

ENGINE = "/var/run/docker.sock"
PATH, DELAY, TIMES, REQUEST, TEXT = sys.argv[1], float(sys.argv[2]), int(sys.argv[3]), sys.argv[4], sys.argv[5]
left = [TIMES]


class Engine(http.client.HTTPConnection):
    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(ENGINE)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def handle_any(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        time.sleep(DELAY)
        asked = f"{self.command} {re.sub('^/v[0-9.]+', '', self.path)}"
        if left[0] > 0 and asked.startswith(REQUEST):
            left[0] -= 1
            self.answer(500, json.dumps({"message": TEXT}).encode())
            return
        engine = Engine("engine")
        names = ("Content-Type", "X-Registry-Auth")
        engine.request(
            self.command, self.path, body, {name: self.headers[name] for name in names if self.headers[name]}
        )
        given = engine.getresponse()
        self.answer(given.status, given.read(), given.getheader("Content-Type"), given.getheader("Api-Version"))

    def answer(self, status, body, kind="application/json", version=None):
        self.send_response(status)
        for name, value in (("Content-Type", kind), ("Api-Version", version), ("Content-Length", len(body))):
            if value is not None:
                self.send_header(name, str(value))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *words):
        pass

    do_GET = do_POST = do_DELETE = do_HEAD = handle_any


class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True

    def get_request(self):
        request, _address = super().get_request()
        return request, ("local", 0)


with Server(PATH, Handler) as server:
    os.chmod(PATH, 0o666)
    server.serve_forever()
