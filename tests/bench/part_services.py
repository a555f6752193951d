# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

"""How long 100 services take: made, run again with no change, one of them changed.

By one task of ours (ansible-playbook from start to end), community.docker's module in a loop, docker stack deploy, a loop
over the CLI, each with its defaults, and the bare API. The others do not wait for tasks, we do and watch for five seconds
more that they stay. So there are two times: until the last task ran, by the engine's own timestamps (control host and hosts
share a clock), and until the tool had returned as well. Each peer gets new hosts that have the image.
"""

from __future__ import annotations

import calendar
import json
import shlex
import statistics
import time
from typing import NamedTuple

from common import HERE, Lab, compare, playbook, run, say, write
from harness.lab import HOSTS

COUNT = 100
IMAGE = "depot:5000/busybox:latest"
STEPS = ("created", "unchanged", "one_changed")
OURS = "apiary"
MANAGER = "manager1"
# a Python that notes how much memory the module took at most
MEASURING = """#!/usr/bin/python3
import resource, subprocess, sys
status = subprocess.call(["/usr/bin/python3", *sys.argv[1:]])
with open("/tmp/bench-memory", "a") as file:
    print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, file=file)
sys.exit(status)
"""


class Services(NamedTuple):
    """The services of a step: what all of them have, and what each has of its own."""

    common: dict
    own: list


def add_options(parser):
    parser.add_argument(
        "--peers",
        type=lambda text: text.split(","),
        default=list(PEERS),
        help=f"of the services part, with commas between them: {', '.join(PEERS)}; for those left out the seconds of the "
        "run before are taken",
    )


def measure(options):
    """Run the peers and return the ratios."""
    if set(options.peers) - set(PEERS):
        raise SystemExit(f"bench: --peers takes {', '.join(PEERS)}")
    lab = Lab()
    for peer in options.peers:
        write("bench-seconds.json", {f"services_{peer}": _measure(lab, peer)})
    known = write("bench-seconds.json", {})
    if f"services_{OURS}" not in known:
        raise SystemExit(f"bench: nothing to compare with yet: name {OURS} among --peers")
    return _ratios({peer: known[f"services_{peer}"] for peer in PEERS if f"services_{peer}" in known})


def _measure(lab, peer):
    say(f"  {peer}: new hosts")
    lab.renew()
    lab.form_swarm()
    lab.docker(MANAGER, "network", "create", "--driver", "overlay", "bench")
    for host in HOSTS:
        lab.docker(host, "pull", "--quiet", IMAGE)
    digest = lab.inspect(MANAGER, "image", IMAGE)["RepoDigests"][0].partition("@")[2]
    # what the tools find out by themselves, the bare API has to be told
    image = f"{IMAGE}@{digest}" if peer == "api" else IMAGE
    services = Services(_common(image), [_own(number) for number in range(COUNT)])
    changed = Services(_common(image), [_own(number, number == COUNT // 2) for number in range(COUNT)])
    lists = {"created": services, "unchanged": services, "one_changed": changed}

    act = PEERS[peer](lab, lists)
    found = {}
    for step in STEPS:
        before, started = _versions(lab), time.time()
        act(step)
        times = {"returned": round(time.time() - started, 2)}
        if step == "unchanged" and times["returned"] < 10:
            times["returned"] = statistics.median([times["returned"], *(_again(act, step) for _ in range(4))])
        if step != "unchanged":
            times["running"] = round(_last_start(lab, started) - started, 2)
        after = _versions(lab)
        times["new_versions"] = sum(1 for name in before if before[name] != after[name])
        found[step] = times
        say(f"  {peer}: {step}: {', '.join(f'{key} {value}' for key, value in times.items())}")
    if peer == OURS:
        found["memory_mb"] = _memory(lab, changed)
        say(f"  {peer}: memory of the module's process on the host {found['memory_mb']} MB")
    return found


def _again(act, step):
    """Seconds of the same once more: what takes so short a time is measured five times."""
    started = time.time()
    act(step)
    return round(time.time() - started, 2)


def _ratios(found):
    names = {"community": "community_docker", "stack": "stack_deploy", "cli": "cli", "api": "api"}
    ours = found[OURS]
    ratios = {}
    for peer, name in names.items():
        for step in STEPS if peer in found else ():
            theirs, own = found[peer][step], ours[step]
            returned = compare(_returned(theirs), _returned(own))
            if "running" in own:
                ratios[f"services_{step}_vs_{name}"] = compare(theirs["running"], own["running"])
                ratios[f"services_{step}_and_returned_vs_{name}"] = returned
            else:
                ratios[f"services_{step}_vs_{name}"] = returned
    for peer, name in {OURS: OURS, **names}.items():
        if peer in found:
            ratios[f"services_new_versions_by_one_change_{name}"] = found[peer]["one_changed"]["new_versions"]
    ratios["services_memory_mb"] = ours["memory_mb"]
    return ratios


def _returned(times):
    """When a tool had returned and all tasks ran."""
    return max(times["returned"], times.get("running", 0))


# What is on the hosts


def _versions(lab):
    lines = lab.ssh(
        MANAGER,
        "docker service ls -q | xargs -r docker service inspect --format '{{.Spec.Name}} {{.Version.Index}}'",
    )
    return dict(line.split() for line in lines.splitlines())


def _last_start(lab, since):
    """The time of day when the last of the services' tasks ran, once all run and at least one has begun to since then."""
    ids = "docker service ls -q | xargs docker service ps -q --no-trunc --filter desired-state=running"
    states = (
        ids + " | xargs docker inspect --type task --format '{{.Status.State}} {{.Status.Timestamp.Format \"%s\"}}'"
    )
    layout = "2006-01-02T15:04:05.000"
    end = time.monotonic() + 300
    while time.monotonic() < end:
        tasks = [line.split() for line in lab.ssh(MANAGER, states.replace("%s", layout)).splitlines()]
        stamps = [_seconds(stamp) for state, stamp in tasks if state == "running"]
        if len(stamps) == len(tasks) == COUNT and max(stamps) > since:
            return max(stamps)
        time.sleep(2)
    raise SystemExit(f"bench: after 300 s not all of {COUNT} tasks run")


def _seconds(stamp):
    whole, _dot, thousandths = stamp.partition(".")
    return calendar.timegm(time.strptime(whole, "%Y-%m-%dT%H:%M:%S")) + int(thousandths) / 1000


def _memory(lab, services):
    """MB that the module's process takes at most, in a run that changes nothing and in one that changes all services."""
    _put(lab, "/usr/local/bin/bench-python", MEASURING)
    lab.ssh(MANAGER, "chmod +x /usr/local/bin/bench-python")
    for label in ("1", "2"):
        many = Services({**services.common, "labels": {"team": label}}, services.own)
        run(_ansible(lab, "services_apiary.yml", many, "-e", "ansible_python_interpreter=/usr/local/bin/bench-python"))
    return round(max(map(int, lab.ssh(MANAGER, "cat /tmp/bench-memory").split())) / 1024, 1)


def _put(lab, path, text):
    lab.ssh(MANAGER, f"printf %s {shlex.quote(text)} > {path}")


# The same service in the words of each peer


def _common(image):
    """What the services have in common, in the words of our module, which are those of community.docker's."""
    return {
        "image": image,
        "args": ["sleep", "1000000"],
        "replicas": 1,
        "labels": {"team": "1"},
        "networks": ["bench"],
        # the kernel of a lab may route no virtual addresses, and then each one costs an error
        "endpoint_mode": "dnsrr",
        "limits": {"cpus": 0.5, "memory": "32M"},
        "reservations": {"memory": "4M"},
        "placement": {"constraints": ["node.platform.os==linux"]},
        "restart_config": {"condition": "any", "delay": "5s"},
        "stop_grace_period": "1s",
    }


def _own(number, changed=False):
    """What one of them has of its own."""
    return {
        "name": f"s{number:03}",
        "env": {"A": "2" if changed else "1", "NUMBER": str(number)},
        "container_labels": {"number": str(number)},
    }


def _whole(services):
    return [{**services.common, **own} for own in services.own]


def _compose(services):
    def one(service):
        return {
            "image": service["image"],
            "command": service["args"],
            "environment": service["env"],
            "labels": service["container_labels"],
            "networks": service["networks"],
            "stop_grace_period": service["stop_grace_period"],
            "deploy": {
                "replicas": service["replicas"],
                "labels": service["labels"],
                "endpoint_mode": service["endpoint_mode"],
                "resources": {
                    "limits": {"cpus": str(service["limits"]["cpus"]), "memory": service["limits"]["memory"]},
                    "reservations": service["reservations"],
                },
                "placement": service["placement"],
                "restart_policy": service["restart_config"],
            },
        }

    return {
        "version": "3.8",
        "networks": {"bench": {"external": True}},
        "services": {service["name"]: one(service) for service in services},
    }


def _create_command(service):
    words = ["docker", "service", "create", "--quiet", "--detach", "--name", service["name"]]
    for name, value in service["env"].items():
        words += ["--env", f"{name}={value}"]
    for flag, key in (("--label", "labels"), ("--container-label", "container_labels")):
        for name, value in service[key].items():
            words += [flag, f"{name}={value}"]
    words += ["--network", service["networks"][0], "--endpoint-mode", service["endpoint_mode"]]
    words += ["--limit-cpu", str(service["limits"]["cpus"]), "--limit-memory", service["limits"]["memory"]]
    words += ["--reserve-memory", service["reservations"]["memory"]]
    words += ["--constraint", service["placement"]["constraints"][0], "--restart-condition", "any"]
    words += ["--restart-delay", "5s", "--stop-grace-period", service["stop_grace_period"]]
    return shlex.join([*words, service["image"], *service["args"]])


def _api_spec(service):
    mib = 1024 * 1024
    return {
        "Name": service["name"],
        "Labels": service["labels"],
        "Mode": {"Replicated": {"Replicas": service["replicas"]}},
        "EndpointSpec": {"Mode": service["endpoint_mode"]},
        "TaskTemplate": {
            "ContainerSpec": {
                "Image": service["image"],
                "Args": service["args"],
                "Env": [f"{name}={value}" for name, value in service["env"].items()],
                "Labels": service["container_labels"],
                "StopGracePeriod": 10**9,
            },
            "Networks": [{"Target": name} for name in service["networks"]],
            "Resources": {
                "Limits": {"NanoCPUs": 500_000_000, "MemoryBytes": 32 * mib},
                "Reservations": {"MemoryBytes": 4 * mib},
            },
            "Placement": service["placement"],
            "RestartPolicy": {"Condition": "any", "Delay": 5 * 10**9},
        },
    }


# The peers: each takes the lists of services and gives a function that does a step


def _ansible(lab, name, services, *options):
    path = lab.state / "bench-services.json"
    path.write_text(json.dumps({"bench_common": services.common, "bench_services": services.own}))
    return playbook(name, "-e", f"@{path}", *options)


def _by_playbook(name):
    def peer(lab, lists):
        return lambda step: run(_ansible(lab, name, lists[step]))

    return peer


def _by_stack_deploy(lab, lists):
    for step, services in lists.items():
        _put(lab, f"/tmp/{step}.json", json.dumps(_compose(_whole(services))))
    command = "docker stack deploy --detach=true --compose-file /tmp/{}.json bench"
    return lambda step: lab.ssh(MANAGER, command.format(step), timeout=300)


def _by_cli(lab, lists):
    """Without us: the script of somebody who knows what is there and which service has changed."""
    services = _whole(lists["created"])
    names = " ".join(service["name"] for service in services)
    changed = next(service for service in lists["one_changed"].own if service["env"]["A"] == "2")
    update = f"docker service update --quiet --detach --env-add A=2 {changed['name']}"
    _put(lab, "/tmp/created.sh", "set -e\n" + "\n".join(map(_create_command, services)))
    _put(lab, "/tmp/unchanged.sh", f"set -e\nfor name in {names}; do docker service inspect $name; done")
    _put(lab, "/tmp/one_changed.sh", f"set -e\n{update}")
    return lambda step: lab.ssh(MANAGER, f"sh /tmp/{step}.sh > /dev/null", timeout=300)


def _by_api(lab, lists):
    _put(lab, "/tmp/services_api.py", (HERE / "services_api.py").read_text())
    for step, services in lists.items():
        _put(lab, f"/tmp/{step}.json", json.dumps([_api_spec(service) for service in _whole(services)]))
    return lambda step: lab.ssh(MANAGER, f"/usr/bin/python3 /tmp/services_api.py /tmp/{step}.json", timeout=300)


PEERS = {
    OURS: _by_playbook("services_apiary.yml"),
    "community": _by_playbook("services_community.yml"),
    "stack": _by_stack_deploy,
    "cli": _by_cli,
    "api": _by_api,
}
