#!/usr/bin/env python3
# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

"""The floor, on a manager: one Python process, one connection to the engine's socket, no library, no checks, no waiting.

services_api.py SPECS: JSON of a list of services as POST /services/create takes them. Those that are not there are made,
those whose environment differs are changed.
"""

import http.client
import json
import socket
import sys


class Connection(http.client.HTTPConnection):
    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect("/var/run/docker.sock")


def main():
    connection = Connection("localhost")

    def ask(method, path, body=None):
        connection.request(method, "/v1.41" + path, json.dumps(body), {"Content-Type": "application/json"})
        response = connection.getresponse()
        text = response.read()
        if response.status >= 400:
            sys.exit(f"{method} {path}: {response.status} {text.decode()}")
        return json.loads(text)

    with open(sys.argv[1], encoding="utf-8") as file:
        specs = json.load(file)
    networks = {network["Name"]: network["Id"] for network in ask("GET", "/networks")}
    there = {service["Spec"]["Name"]: service for service in ask("GET", "/services")}
    for spec in specs:
        service = there.get(spec["Name"])
        if service is None:
            for network in spec["TaskTemplate"]["Networks"]:
                network["Target"] = networks[network["Target"]]
            ask("POST", "/services/create", spec)
        elif service["Spec"]["TaskTemplate"]["ContainerSpec"]["Env"] != spec["TaskTemplate"]["ContainerSpec"]["Env"]:
            changed = service["Spec"]
            changed["TaskTemplate"]["ContainerSpec"]["Env"] = spec["TaskTemplate"]["ContainerSpec"]["Env"]
            ask("POST", f"/services/{service['ID']}/update?version={service['Version']['Index']}", changed)


main()
