# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Requests at a steady rate over all nodes of the edge, as a client with health checks sends them.

It asks each node's readiness all the time and sends to those that are ready. Where a connection is refused it dials another
node, once. A request that was sent is never sent again: whatever comes of it counts.
"""

from __future__ import annotations

import dataclasses
import http.client
import ssl
import threading
import time
from collections import Counter
from typing import NamedTuple

TIMEOUT = 10
# a node is asked so often whether it is ready
EVERY = 0.25
# a connection that waited longer is not used again: the other side may be about to close it
IDLE = 5


class Request(NamedTuple):
    """What is asked for. name: of the kind, in the report."""

    name: str
    host: str
    path: str = "/"
    port: int = 80
    tls: bool = False
    method: str = "GET"


class Sent(NamedTuple):
    """One request. at: seconds since the load began; failure: why it is one, or None."""

    at: float
    kind: str
    node: str
    seconds: float
    redials: int
    failure: str | None


@dataclasses.dataclass
class Load:
    """with Load(nodes, requests) as load: … load.since(mark). nodes is {name: address}."""

    nodes: dict
    requests: list
    rate: int = 40
    workers: int = 16
    admin_port: int = 8404

    def __enter__(self):
        self.sent, self.ready = [], dict.fromkeys(self.nodes, False)
        self._lock, self._stop, self._next = threading.Lock(), threading.Event(), 0
        self._tls = ssl.create_default_context()
        self._tls.check_hostname, self._tls.verify_mode = False, ssl.CERT_NONE
        self._threads = [threading.Thread(target=self._watch, args=(node,), daemon=True) for node in self.nodes]
        for thread in self._threads:
            thread.start()
        end = time.monotonic() + 30
        while not all(self.ready.values()):
            assert time.monotonic() < end, f"not ready: {[node for node, ready in self.ready.items() if not ready]}"
            time.sleep(EVERY)
        self.began = time.monotonic()
        workers = [threading.Thread(target=self._work, args=(number,), daemon=True) for number in range(self.workers)]
        for thread in workers:
            thread.start()
        self._threads += workers
        return self

    def __exit__(self, *_exception):
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def mark(self):
        """Now, for since()."""
        return time.monotonic() - self.began

    def since(self, mark, until=None):
        """What was sent from then on, as a dict of numbers; latency in milliseconds."""
        until = until or self.mark()
        with self._lock:
            sent = [one for one in self.sent if mark <= one.at < until]
        times = sorted(one.seconds for one in sent if one.failure is None)
        seconds = Counter(int(one.at - mark) for one in sent)
        failures = [one for one in sent if one.failure]
        return {
            "requests": len(sent),
            "failures": len(failures),
            "redials": sum(one.redials for one in sent),
            "seconds": round(until - mark, 1),
            "least_in_a_second": min((seconds[number] for number in range(int(until - mark))), default=0),
            "latency_ms": {name: _share(times, share) for name, share in (("p50", 0.5), ("p99", 0.99), ("max", 1))},
            "kinds": dict(sorted(Counter(one.kind for one in sent).items())),
            "nodes": dict(sorted(Counter(one.node for one in sent).items())),
            "failed": [f"{one.at - mark:.2f} s, {one.kind} to {one.node}: {one.failure}" for one in failures[:20]],
        }

    # --- the threads -----------------------------------------------------------------------------------------------------

    def _watch(self, node):
        while not self._stop.wait(EVERY):
            try:
                connection = http.client.HTTPConnection(self.nodes[node], self.admin_port, timeout=1)
                connection.request("GET", "/ready")
                self.ready[node] = connection.getresponse().status == 200
                connection.close()
            except (OSError, http.client.HTTPException):
                self.ready[node] = False

    def _work(self, number):
        """Half of the workers keep their connections, as browsers do, the others make a new one for each request."""
        kept = {} if number % 2 else None
        while not self._stop.is_set():
            with self._lock:
                turn, self._next = self._next, self._next + 1
            due = self.began + turn / self.rate
            if self._stop.wait(max(0, due - time.monotonic())):
                return
            one = self._send(turn, kept)
            with self._lock:
                self.sent.append(one)

    def _send(self, turn, kept):
        request = self.requests[turn % len(self.requests)]
        began = time.monotonic()
        node, redials, failure = "none", 0, None
        try:
            node, connection, redials = self._dial(turn, request, kept)
            connection.request(
                request.method,
                request.path,
                body=b"x" if request.method == "POST" else None,
                headers={"Host": request.host},
            )
            answer = connection.getresponse()
            body = answer.read()
            if answer.status != 200 or not body:
                failure = f"status {answer.status}, {len(body)} bytes"
            self._keep(kept, node, request, connection, answer)
        except (OSError, http.client.HTTPException) as error:
            failure = f"{type(error).__name__}: {error}"
            if kept is not None:
                kept.pop((node, request.port), None)
        return Sent(began - self.began, request.name, node, time.monotonic() - began, redials, failure)

    def _dial(self, turn, request, kept):
        """(node, connection, how often it was dialled again)"""
        refused = []
        for again in (0, 1):
            ready = [node for node in self.nodes if self.ready[node] and node not in refused]
            if not ready:
                raise ConnectionError("no node is ready")
            node = ready[turn // len(self.requests) % len(ready)]
            connection, used = (kept or {}).pop((node, request.port), (None, 0))
            if connection is not None and time.monotonic() - used < IDLE:
                return node, connection, again
            if request.tls:
                connection = http.client.HTTPSConnection(
                    self.nodes[node], request.port, timeout=TIMEOUT, context=self._tls
                )
            else:
                connection = http.client.HTTPConnection(self.nodes[node], request.port, timeout=TIMEOUT)
            try:
                connection.connect()
                return node, connection, again
            except ConnectionRefusedError:
                refused.append(node)
        raise ConnectionRefusedError(f"refused by {' and '.join(refused)}")

    @staticmethod
    def _keep(kept, node, request, connection, answer):
        if kept is None or answer.will_close or request.port not in (80, 443):
            connection.close()
        else:
            kept[node, request.port] = (connection, time.monotonic())


def told(seen):
    """What since() gave, as a line for people."""
    latency = seen["latency_ms"]
    return (
        f"{seen['requests']} requests in {seen['seconds']} s, {seen['failures']} failed, {seen['redials']} dialled again, "
        f"at least {seen['least_in_a_second']} in each second, latency {latency['p50']} ms (99 of 100: {latency['p99']} ms, "
        f"longest: {latency['max']} ms)"
    )


def _share(times, share):
    return round(1000 * times[min(len(times) - 1, int(share * len(times)))], 1) if times else None
