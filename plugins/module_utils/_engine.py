# Copyright (c) 2026, apiary.swarm maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The one place that talks to the engine: docker-py does the transport, everything above it is plain JSON.

PRIVATE to apiary.swarm: no other collection may import it.

Only public parts of docker.APIClient are used (it is a requests session with base_url and api_version), and none of
docker.types: those send defaults that nobody asked for.
"""

from __future__ import annotations

import contextlib
import json
import platform
import random
import time

from ._connection import client_arguments
from ._errors import SwarmError

# What can pass by itself: a new leader is elected within 20 s, a manager that joins is ready within some seconds.
TRANSIENT = frozenset(("electing", "pending"))
# Writes that are on their way together. More do not come through faster: the managers put them into one log.
AT_ONCE = 8


class Engine:
    """One engine's API. get, post and delete return decoded JSON and raise SwarmError with a classified kind."""

    # What containers wrote is read only where a task may show it: Ansible prints a failure's msg even under no_log.
    no_log = False

    def __init__(self, client, name, make_client=None):
        self._client = client
        self._make_client = make_client
        self.name = name
        self.calls = 0

    @classmethod
    def connect(cls, params):
        """Connect with a task's connection options; raises SwarmError (kind unreachable, forbidden or invalid)."""
        import docker
        import requests

        name = platform.node()
        if not params["docker_host"].startswith(("unix://", "npipe://")):
            name = params["docker_host"]

        def make_client(version):
            client = _client_class(docker.APIClient)(**dict(client_arguments(params), version=version))
            if params["tls_hostname"] and client.base_url.startswith("https://"):
                client.mount("https://", _pinned_name_adapter(params["tls_hostname"]))
            return client

        try:
            client = make_client(params["api_version"])
        except docker.errors.InvalidVersion as error:
            raise SwarmError(f"api_version: {params['api_version']}: {error}")
        except ValueError as error:
            raise SwarmError(
                f"docker_host: {params['docker_host']} is not the address of an engine: {error}",
                hint="Name it as unix://PATH or tcp://HOST:PORT.",
            )
        except docker.errors.DockerException as error:
            # it was asked for its version, and so is one that hangs
            if isinstance(error.__context__, requests.exceptions.ReadTimeout):
                raise _silent("connect to the engine", name, params["timeout"])
            raise _unreachable(error, "connect to the engine", name, params["docker_host"])
        engine = cls(client, name, make_client)
        engine.calls = 1 if params["api_version"] == "auto" else 0
        return engine

    def twin(self):
        """The same engine by a client of its own, for another thread: requests does not promise that a session can be shared."""
        return type(self)(self._make_client(self._client.api_version), self.name, self._make_client)

    def close(self):
        self._client.close()

    @property
    def api_version(self):
        """The API version in use as a tuple of two numbers, for example (1, 41)."""
        return tuple(int(part) for part in self._client.api_version.split("."))

    def get(self, path, what=None, headers=None, **query):
        """GET; query values that are dicts or lists (filters) are sent as JSON."""
        return self._request("GET", path, what or f"read {path}", query, headers=headers)

    def post(self, path, body=None, what=None, headers=None, timeout=None, **query):
        """POST body (plain data) as JSON."""
        return self._request("POST", path, what or f"post to {path}", query, body, headers, timeout)

    def delete(self, path, what=None, **query):
        return self._request("DELETE", path, what or f"delete {path}", query)

    def read(self, path, what, timeout=None, **query):
        """GET what is not JSON, as bytes."""
        return self._send("GET", path, what, query, timeout=timeout).content

    def _request(self, method, path, what, query, body=None, headers=None, timeout=None):
        response = self._send(method, path, what, query, body, headers, timeout)
        return _body_of(response, what, self.name, f"{method} {path}")

    def _send(self, method, path, what, query, body=None, headers=None, timeout=None):
        import requests

        self.calls += 1
        endpoint = f"{method} {path}"
        url = f"{self._client.base_url}/v{self._client.api_version}{path}"
        params = {
            key: json.dumps(value) if isinstance(value, (dict, list, bool)) else value
            for key, value in (query or {}).items()
            if value is not None
        }
        try:
            response = self._client.request(
                method,
                url,
                params=params,
                json=body,
                headers=headers,
                timeout=timeout or self._client.timeout,
            )
        except requests.exceptions.Timeout:
            raise _silent(what, self.name, timeout or self._client.timeout, endpoint)
        except requests.exceptions.RequestException as error:
            raise _unreachable(error, what, self.name, self._client.base_url, endpoint)
        if response.status_code >= 400:
            raise SwarmError.from_answer(what, self.name, response.status_code, _message_of(response), endpoint)
        return response

    # What the engine says of itself and of the cluster, one call each.

    def info(self):
        return self.get("/info", what="ask the engine's state")

    def swarm(self):
        return self.get("/swarm", what="read the swarm's settings")

    def nodes(self):
        return self.get("/nodes", what="list the nodes")

    def services(self, **filters):
        return self.get("/services", what="list the services", filters=filters or None)

    def tasks(self, **filters):
        return self.get("/tasks", what="list the tasks", filters=filters or None)

    def networks(self, **filters):
        return self.get("/networks", what="list the networks", filters=filters or None)


def retry(action, kinds=TRANSIENT, attempts=6, delay=0.5):
    """Call action() again while it raises a SwarmError of these kinds; the last error is raised.

    The pause doubles from delay (seconds) and is jittered, so that two that collide do not collide again.
    """
    for attempt in range(attempts):
        try:
            return action()
        except SwarmError as error:
            if error.kind not in kinds or attempt == attempts - 1:
                raise
        time.sleep(delay * 2**attempt * random.uniform(0.5, 1.5))


@contextlib.contextmanager
def noting(unsure, what):
    """Add what is asked for inside to the list unsure, if a lost leader leaves open whether it was carried out."""
    try:
        yield
    except SwarmError as error:
        if error.kind in TRANSIENT:
            unsure.append(what)
        raise


def side_by_side(engine, action, items, at_once=AT_ONCE):
    """[action(item, engine) for item in items], several at once, each with an engine object that no other uses meanwhile.

    The first error, in the order of items, is raised when all that were begun have ended; what waits by then is not begun.
    """
    if len(items) < 2:
        return [action(item, engine) for item in items]
    from concurrent.futures import ThreadPoolExecutor  # not cheap, and most runs write nothing

    twins, free = [], []

    def one(item):
        twin = free.pop()
        try:
            return action(item, twin)
        finally:
            free.append(twin)

    try:
        for _count in range(min(at_once, len(items))):
            twins.append(engine.twin())
        free += twins
        with ThreadPoolExecutor(len(twins)) as pool:
            return list(pool.map(one, items))
    finally:
        for twin in twins:
            engine.calls += twin.calls
            twin.close()


def _message_of(response):
    try:
        return response.json()["message"]
    except (ValueError, KeyError, TypeError):
        return response.text


def _body_of(response, what, node, endpoint):
    if not response.content:
        return None
    try:
        return response.json()
    except ValueError:
        raise SwarmError(
            f"Could not {what} on {node}: the answer is not JSON: {response.text:.200}",
            kind="engine",
            hint="Is something other than a Docker Engine behind docker_host?",
            endpoint=endpoint,
            node=node,
        )


def _silent(what, node, seconds, endpoint=None):
    return SwarmError(
        f"Could not {what} on {node}: no answer within {seconds} s",
        kind="timeout",
        hint="The engine hangs or is overloaded: look at 'systemctl status docker' and its journal there.",
        endpoint=endpoint,
        node=node,
    )


def _unreachable(error, what, node, address, endpoint=None):
    text = str(error)
    kind, hint = "unreachable", "Is the engine running there ('systemctl status docker'), and is docker_host right?"
    if "Permission denied" in text:
        kind, hint = "forbidden", "The remote user may not use the engine's socket: run the task with 'become: true'."
    return SwarmError(
        f"Could not {what} on {node} at {address}: {text}",
        kind=kind,
        hint=hint,
        endpoint=endpoint,
        node=node,
    )


def _client_class(base):
    class Client(base):
        def merge_environment_settings(self, url, proxies, stream, verify, cert):
            """requests would rather believe REQUESTS_CA_BUNDLE than the session, and so than ca_path."""
            chosen = self.verify if verify is None else verify
            return super().merge_environment_settings(url, proxies, stream, chosen, cert)

    return Client


def _pinned_name_adapter(name):
    """docker-py 7 has no option for the name to expect in a server's certificate; requests can be told."""
    from requests.adapters import HTTPAdapter

    class PinnedName(HTTPAdapter):
        def init_poolmanager(self, *args, **kwargs):
            super().init_poolmanager(*args, assert_hostname=name, **kwargs)

    return PinnedName()
