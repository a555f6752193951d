# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

"""An engine of recorded answers that takes every write and notes it, and a module's main() run against it.

It stands where docker-py sends a request, so that all of the collection runs as on a host. What a real engine thinks of a
write is not its subject: tests/integration and tests/differential ask real ones.
"""

from __future__ import annotations

import contextlib
import copy
import csv
import functools
import importlib
import io
import json
import pathlib
import re
import socket
import tempfile
import time
from unittest import mock

import docker
import requests
from ansible.module_utils import basic
from ansible.module_utils._internal._json import _profiles
from ansible.module_utils.testing import patch_module_args

FIXTURES = pathlib.Path(__file__).parents[1] / "unit/fixtures"
MODULES = "ansible_collections.apiary.swarm.plugins.modules."
NOW = "2026-11-24T00:00:00.000000000Z"


@functools.lru_cache
def _text(name):
    return (FIXTURES / name).read_text()


def recorded(name):
    return json.loads(_text(name))


class FakeEngine:
    """The state of a swarm, and what was written to it: [(method, path)]."""

    def __init__(self, state="leader"):
        self.info = recorded(f"info_{state}.json")
        self.info["SystemTime"] = NOW
        self.nodes = recorded("nodes_five.json")
        self.services = [dict(copy.deepcopy(one), ID=f"id{n}") for n, one in enumerate(_services())]
        self.tasks = []
        self.networks = recorded("networks-20.10.json")["networks"]
        self.files = {"secrets": [], "configs": []}
        self.cluster = dict(copy.deepcopy(recorded("info_leader.json")["Swarm"]["Cluster"]))
        self.cluster["JoinTokens"] = {"Worker": "SWMTKN-1-w0", "Manager": "SWMTKN-1-m0"}
        self.unlock_key = "SWMKEY-1-k0"
        self.writes = []

    def request(self, method, url, json=None, params=None, **_rest):
        """What stands in for requests.Session.request."""
        path = "/" + url.split("://", 1)[-1].split("/", 1)[1]
        path = re.sub(r"^/v[\d.]+", "", path)
        if method != "GET":
            self.writes.append((method, path))
        return _response(self._answer(method, path.strip("/").split("/"), json, params or {}))

    def _answer(self, method, parts, body, params):
        match [method, *parts]:
            case ["GET", "version"]:
                return {"ApiVersion": "1.52"}
            case ["GET", "info"]:
                return self.info
            case ["GET", "swarm"]:
                return self.cluster
            case ["GET", "swarm", "unlockkey"]:
                return {"UnlockKey": self.unlock_key}
            case ["GET", "distribution", *_image]:
                return {"Descriptor": {"digest": "sha256:" + "a" * 64}, "Platforms": []}
            case ["GET", "tasks"]:
                return self.tasks
            case ["GET", "containers", "json"]:
                return []
            case ["POST", "swarm", action]:
                return self._swarm(action, body, params)
            case ["GET", "nodes" | "services" | "networks" | "secrets" | "configs" as kind]:
                return self._all(kind)
            case ["POST", "services" | "networks" | "secrets" | "configs" as kind, "create"]:
                return self._create(kind, body)
            case ["POST", "nodes" | "services" | "secrets" | "configs" as kind, identity, "update"]:
                self._one(kind, identity)["Spec"] = body
                return {}
            case ["DELETE", "nodes" | "services" | "networks" | "secrets" | "configs" as kind, identity]:
                self._all(kind).remove(self._one(kind, identity))
                return None
            case ["GET", "nodes" | "services" | "networks" | "secrets" | "configs" as kind, identity]:
                return self._one(kind, identity)
        raise AssertionError(f"no engine has {method} /{'/'.join(parts)}")

    def _all(self, kind):
        return self.files[kind] if kind in self.files else getattr(self, kind)

    def _one(self, kind, identity):
        found = [one for one in self._all(kind) if identity in (one.get("ID"), one.get("Id"))]
        if not found:
            raise Refusal(404, f"no such {kind}: {identity}")
        return found[0]

    def _create(self, kind, body):
        identity = f"new{len(self.writes)}"
        if kind == "networks":
            empty = {"Id": identity, "IPAM": {"Driver": "default", "Config": []}, "Containers": None, "Peers": None}
            self.networks.append({**empty, **body})
            return {"Id": identity, "Warning": ""}
        spec = {key: value for key, value in body.items() if (kind, key) != ("secrets", "Data")}
        times = {"CreatedAt": NOW, "UpdatedAt": NOW}
        self._all(kind).append({"ID": identity, "Version": {"Index": 1}, "Spec": spec, **times})
        return {"ID": identity}

    def _swarm(self, action, body, params):
        if action == "update":
            self.cluster["Spec"] = body
            if self.info["Swarm"].get("Cluster"):
                self.info["Swarm"]["Cluster"]["Spec"] = body
            for flag, key in (("rotateWorkerToken", "Worker"), ("rotateManagerToken", "Manager")):
                if params.get(flag) == "true":
                    self.cluster["JoinTokens"][key] += "0"
            if params.get("rotateManagerUnlockKey") == "true":
                self.unlock_key += "0"
        elif action == "leave":
            self.info["Swarm"] = recorded("info_inactive.json")["Swarm"]
        else:
            self.info["Swarm"] = recorded(f"info_{'worker' if action == 'join' else 'leader'}.json")["Swarm"]
            if action == "init":
                cluster = self.info["Swarm"]["Cluster"]
                cluster["Spec"] = _merged(cluster["Spec"], body["Spec"])
                cluster["Spec"].setdefault("EncryptionConfig", {})["AutoLockManagers"] = body["AutoLockManagers"]
                fixed = (("DataPathPort", 4789), ("DefaultAddrPool", ["10.0.0.0/8"]), ("SubnetSize", 24))
                cluster.update({key: body.get(key) or default for key, default in fixed})
                self.cluster.update(cluster)
        return {}


class Refusal(Exception):
    """An answer of the engine with another status than 200."""

    def __init__(self, status, message):
        super().__init__(message)
        self.status = status


def _services():
    services = recorded("services-20.10.json")
    return [services[name] for name in sorted(services)]


def _merged(low, high):
    if not isinstance(low, dict) or not isinstance(high, dict):
        return high
    return {**low, **{key: _merged(low.get(key), value) for key, value in high.items()}}


def _response(answer):
    response = requests.Response()
    response.status_code = 200
    response._content = b"" if answer is None else json.dumps(answer).encode()
    return response


class Clock:
    """Time that passes only by sleeping, so that no wait takes any."""

    def __init__(self):
        self.now = time.monotonic()

    def sleep(self, seconds):
        self.now += seconds

    def monotonic(self):
        self.now += 0.001
        return self.now


class Ended(BaseException):
    """How a module ended: result is what it told Ansible. Not an Exception, so that no net of the module catches it."""

    def __init__(self, result):
        super().__init__(result)
        self.result = result


class FakeCli:
    """The contexts of a docker CLI that takes every command."""

    def __init__(self):
        self.there = {}

    def run(self, words):
        if any("\0" in word for word in words):
            raise ValueError("embedded null byte")
        match words:
            case ["context", "ls", "--quiet"]:
                return 0, "\n".join(["default", *self.there]), ""
            case ["context", "inspect", *names]:
                return 0, json.dumps([self.there[name] for name in names]), ""
            case ["context", "rm", "--force", name]:
                del self.there[name]
            case ["context", "create" | "update", "--description", owner, "--docker", endpoint, name]:
                parts = dict(part.split("=", 1) for part in next(csv.reader([endpoint])))
                folder = pathlib.Path(tempfile.mkdtemp())
                (folder / "docker").mkdir()
                held = [parts[word] for word in ("ca", "cert", "key") if parts.get(word)]
                for file in held:
                    (folder / "docker" / pathlib.Path(file).name).write_bytes(pathlib.Path(file).read_bytes())
                self.there[name] = {
                    "Name": name,
                    "Metadata": {"Description": owner},
                    "Endpoints": {"docker": {"Host": parts["host"]}},
                    "TLSMaterial": {"docker": [pathlib.Path(file).name for file in held]},
                    "Storage": {"TLSPath": str(folder)},
                }
            case _:
                return 1, "", f"unknown: {words}"
        return 0, "", ""


def main_of(name):
    return importlib.import_module(MODULES + name)


def argument_spec_of(name):
    """The argument spec that a module's main() hands to AnsibleModule."""
    module = main_of(name)

    def caught(argument_spec, **_rest):
        raise Ended(argument_spec)

    with mock.patch.object(module, "Module", caught):
        try:
            module.main()
        except Ended as told:
            return told.result
    raise AssertionError(f"{name} has ended without a Module")


def refused(host, port, *_rest, **_named):
    """What stands in for a connection: the checks of a real one, and nobody answers."""
    if not 0 <= int(port) <= 65535:
        raise OverflowError("port must be 0-65535.")
    if "\0" in host:
        raise ValueError("embedded null character")
    host.encode("idna")
    raise ConnectionRefusedError(111, "Connection refused")


@contextlib.contextmanager
def still(engine):
    """No clock, no network, no other process, and this engine instead of one behind a socket."""

    class Client(docker.APIClient):
        def request(self, method, url, **keywords):
            keywords.setdefault("timeout", self.timeout)
            _check_timeout(keywords.pop("timeout"))
            try:
                return engine.request(method, url, **keywords)
            except Refusal as refusal:
                response = _response({"message": str(refusal)})
                response.status_code = refusal.status
                return response

    clock = Clock()

    def to_place(_socket, *arguments):
        place = arguments[-1]
        return refused(*place[:2]) if isinstance(place, tuple) else refused(place.strip("\0").encode().hex()[:60], 0)

    with (
        mock.patch.object(docker, "APIClient", Client),
        mock.patch.object(time, "sleep", clock.sleep),
        mock.patch.object(time, "monotonic", clock.monotonic),
        mock.patch.object(socket, "getaddrinfo", refused),
        mock.patch.object(socket.socket, "connect", to_place),
        mock.patch.object(socket.socket, "sendto", to_place, create=True),
    ):
        yield


def _check_timeout(seconds):
    """As requests and the socket below it do."""
    requests.adapters.TimeoutSauce(connect=seconds, read=seconds)
    with socket.socket() as probe:
        probe.settimeout(seconds)


def run_module(name, args, engine, check_mode=False):
    """What main() of a module tells Ansible, as a dictionary; failed is in it where it calls fail_json."""

    def end(_module, failed, result):
        json.dumps(result, default=str)
        raise Ended({**result, "failed": failed})

    def exit_json(module, **result):
        end(module, False, result)

    def fail_json(module, msg, **result):
        end(module, True, {**result, "msg": msg})

    wanted = dict(args, _ansible_check_mode=check_mode)
    module = main_of(name)
    printed = io.StringIO()
    with (
        patch_module_args(wanted),
        still(engine),
        # as on a host: only a controller looks for surrogates itself
        mock.patch.object(_profiles, "_string_encoding_check_enabled", return_value=False),
        mock.patch.object(basic.AnsibleModule, "exit_json", exit_json),
        mock.patch.object(basic.AnsibleModule, "fail_json", fail_json),
        contextlib.redirect_stdout(printed),
    ):
        try:
            module.main()
        except Ended as told:
            return told.result
        except SystemExit:  # before there was an AnsibleModule
            return json.loads(printed.getvalue())
    raise AssertionError(f"{name} has ended without a word to Ansible")
