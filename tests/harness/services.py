# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module's own flow, without Ansible around it, for hundreds of services in seconds; the judge is the engine's CLI."""

from __future__ import annotations

import json

from ansible_collections.apiary.swarm.plugins.module_utils._services import Services

NGINX = "depot:5000/nginx:1.22"
# no tasks, so that many of them weigh nothing
IDLE = {"image": NGINX, "replicas": 0}


def run(engine, wishes, wait=False):
    services = Services(engine, wishes)
    services.apply()
    return {entry["name"]: entry for entry in services.result(wait, 120)["services"]}


def specs(swarm):
    """Every service's spec, by name, as the engine's own CLI shows it."""
    found = json.loads(swarm.ssh("manager1", "docker service ls -q | xargs docker service inspect"))
    return {service["Spec"]["Name"]: service["Spec"] for service in found}
