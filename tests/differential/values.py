# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is said to the CLI and to swarm_service: values for every row of the table of options.

The same value goes to the CLI as a flag and to the module as an option, unless a Said tells the two apart.
"""

from __future__ import annotations

from typing import Any, NamedTuple

IMAGE = "depot:5000/nginx:1.22"
# Tasks that find no node weigh nothing.
NOWHERE = ["node.labels.nowhere==yes"]


class Said(NamedTuple):
    """A value that the CLI and a task write in different ways, or that an old engine does not know."""

    cli: Any
    task: Any
    api: tuple = (1, 41)


def both(value, api):
    return Said(value, value, api)


CONTENTS = ("first", "second")  # names of networks, secrets and configs that the swarm has

# option: values, the first two of which make `set` and `changed`. Pairs take any.
VALUES = {
    "image": ["depot:5000/nginx:1.22", "depot:5000/nginx:1.26", "depot:5000/busybox", "docker.io/library/nginx:1"],
    "mode": ["global", "replicated-job", "global-job", "replicated"],
    "replicas": [3, 0, 1],
    "max_concurrent": [2, 1],
    "command": [
        "/bin/sh -c 'sleep 10; exit 1'",
        "top -b",
        Said("sleep 5", ["sleep", "5"]),
        Said("sleep 'a  b'", "sleep 'a  b'"),
    ],
    "args": [["nginx", "-g", "daemon off;"], ["sleep", "1000"], ["x", ""]],
    "env": [
        ["A=1", "B=two words"],
        ["A=2", "C=x=y"],
        ["EMPTY="],
        Said(["X=1", "Y=2"], {"X": 1, "Y": "2"}),
        ["A=1", "B=2", "A=3"],
    ],
    "labels": [{"com.example.a": "1", "b": "two words"}, {"b": "3"}, {"empty": ""}, Said({"n": "5"}, {"n": 5})],
    "container_labels": [{"com.example.a": "1", "b": "x=y"}, {"b": "3"}, {"empty": ""}],
    "publish": [
        lambda port: [f"{port}:80"],
        lambda port: [f"{port}:80", f"{port + 1}:53/udp"],
        lambda port: [f"published={port},target=80,mode=host", f"{port}:70/udp"],
        lambda port: [f"{port}-{port + 4}:80-84"],
        lambda port: [f"{port}-{port + 2}:80"],
        lambda port: [f"{port}:5000/sctp", "443"],
        lambda port: Said(
            [f"published={port},target=80,mode=host", f"target=90,published={port + 1},protocol=udp"],
            [
                {"published_port": port, "target_port": 80, "mode": "host"},
                {"published_port": port + 1, "target_port": 90, "protocol": "udp"},
            ],
        ),
    ],
    "endpoint_mode": ["dnsrr", "vip"],
    "networks": [
        ["first"],
        ["name=second,alias=web,alias=app,driver-opt=a=1,driver-opt=b=x=y", "first"],
        ["second", "first"],
        Said(
            ["name=first,alias=web,alias=app,driver-opt=a=1"],
            [{"name": "first", "aliases": ["web", "app"], "options": {"a": "1"}}],
        ),
        ["host"],
    ],
    "mounts": [
        ["type=bind,src=/tmp,dst=/a,bind-propagation=rslave", "type=volume,src=data,dst=/b"],
        ["type=bind,src=/tmp,dst=/a,readonly"],
        ["src=v,dst=/f,volume-nocopy,volume-label=a=1,volume-driver=local,volume-opt=type=tmpfs,volume-opt=o=uid=1"],
        ["type=tmpfs,dst=/g,tmpfs-size=1M,tmpfs-mode=1770", "dst=/i"],
        ["type=bind,src=/tmp,dst=/b,bind-recursive=disabled,readonly"],
        ["type=bind,src=/tmp,dst=/e,consistency=cached,bind-nonrecursive"],
        ["type=npipe,src=//./pipe/docker,dst=//./pipe/docker"],
        Said(
            ["type=volume,src=a,dst=/b,readonly=true", "type=tmpfs,dst=/c"],
            [
                {"type": "volume", "source": "a", "target": "/b", "readonly": True},
                {"type": "tmpfs", "target": "/c"},
            ],
        ),
        both(["type=cluster,src=group:fast,dst=/h"], (1, 42)),
        both(["type=volume,src=v,dst=/f,volume-subpath=x/y"], (1, 45)),
        both(["type=bind,src=/tmp,dst=/c,bind-recursive=writable,readonly"], (1, 44)),
        both(["type=bind,src=/tmp,dst=/d,bind-recursive=readonly,readonly,bind-propagation=rprivate"], (1, 44)),
    ],
    "secrets": [
        ["first"],
        ["source=first,target=/etc/x,mode=0400,uid=1,gid=2", "second"],
        ["src=second,target=y", "first"],
    ],
    "configs": [
        ["first"],
        ["source=first,target=/etc/x,mode=0400,uid=1,gid=2", "second"],
        ["src=second,target=/y", "first"],
    ],
    "placement.constraints": [
        ["node.labels.nowhere==yes"],
        ["node.labels.nowhere == yes", "node.role!=manager"],
        ["node.role!=manager", "node.labels.nowhere==yes", "node.platform.os==linux"],
    ],
    "placement.preferences": [["spread=node.labels.rack"], ["spread=node.labels.zone", "spread=node.labels.rack"]],
    "placement.replicas_max_per_node": [1, 2, 0],
    "limits.cpus": ["0.5", "2", "0.001", "1.25"],
    "limits.memory": ["512M", "1.5g", Said("64m", 67108864), "100MiB"],
    "limits.pids": [100, 200, 0],
    "limits.memory_swap": ["1G", "-1"],
    "limits.memory_swappiness": [10, 0],
    "reservations.cpus": ["0.25", ".5", "1"],
    "reservations.memory": ["64M", "128m", "0"],
    "reservations.generic_resources": [["gpu=2"], ["gpu=1", "ssd=3"], Said(["fpga=1"], {"fpga": 1})],
    "restart_config.condition": ["on-failure", "none", "any"],
    "restart_config.delay": ["10s", "1m30s", "0s", "500ms"],
    "restart_config.max_attempts": [3, 5, 0],
    "restart_config.window": ["2m", "1.5h", "0s"],
    "healthcheck.test": ["curl -f http://localhost/ || exit 1", "true", "NONE"],
    "healthcheck.interval": ["5s", "1m30s", "0s"],
    "healthcheck.timeout": ["3s", "1500ms", "0s"],
    "healthcheck.retries": [3, 5, 0],
    "healthcheck.start_period": ["1m", "2m", "0s"],
    "healthcheck.start_interval": ["2s", "5s"],
    "user": ["1000:1000", "nginx", ""],
    "working_dir": ["/srv", "/tmp", ""],
    "hostname": ["web", "web2.example.com", ""],
    "groups": [["1000"], ["1001", "video"], ["video", "1001"]],
    "init": [True, False],
    "tty": [True, False],
    "read_only": [True, False],
    "stop_signal": ["SIGQUIT", "TERM", "SIGTERM"],
    "stop_grace_period": ["30s", "1m", "0s", "10s"],
    "cap_add": [["net_admin", "CAP_SYS_TIME"], ["SYS_TIME"], ["all"], ["ALL", "NET_ADMIN"]],
    "cap_drop": [["net_raw", "CAP_CHOWN"], ["CHOWN"], ["ALL"], ["SYS_TIME", "MKNOD"]],
    "dns": [["10.0.0.53"], ["10.0.0.54", "10.0.0.53"], ["2001:db8::53"]],
    "dns_search": [["example.com"], ["example.org", "example.com"]],
    "dns_options": [["ndots:2"], ["timeout:3", "rotate"]],
    "hosts": [
        ["db:10.0.0.5"],
        ["db:10.0.0.6", "web:10.0.0.7"],
        ["db:10.0.0.5", "db:10.0.0.6"],
        ["six:2001:db8::1"],
        Said(["db:10.0.0.5"], {"db": "10.0.0.5"}),
    ],
    "sysctls": [{"net.core.somaxconn": "1024"}, {"net.core.somaxconn": "2048", "net.ipv4.ip_forward": "0"}],
    "ulimits": [
        ["nofile=512:1024", "nproc=5"],
        ["nofile=2048"],
        Said(["core=0", "memlock=-1:-1"], {"core": 0, "memlock": -1}),
        Said(["nofile=512:1024"], {"nofile": {"soft": 512, "hard": 1024}}),
    ],
    "oom_score_adj": [100, -7, 0],
    "isolation": ["process", "hyperv", "default"],
    "credential_spec": ["file://a.json", "registry://b", "config://first", "config://second"],
    "logging.driver": ["json-file", "syslog", "none"],
    "logging.options": [{"max-size": "10m", "max-file": "3"}, {"max-size": "5m"}],
}
for _group in ("update_config", "rollback_config"):
    VALUES |= {
        f"{_group}.parallelism": [2, 0, 1],
        f"{_group}.delay": ["10s", "1m30s", "0s"],
        f"{_group}.failure_action": ["continue", "pause"] + (["rollback"] if _group == "update_config" else []),
        f"{_group}.monitor": ["20s", "1m", "0s"],
        f"{_group}.max_failure_ratio": [0.25, 0.5, 0.1, 0],
        f"{_group}.order": ["start-first", "stop-first"],
    }

# What else a service has while its option goes through its values, instead of IDLE.
IDLE = {"replicas": 0}
WITH = {
    "replicas": {"placement.constraints": NOWHERE},
    "mode": {"placement.constraints": NOWHERE},
    "max_concurrent": {"mode": "replicated-job", "placement.constraints": NOWHERE, "replicas": 3},
    "logging.options": {**IDLE, "logging.driver": "json-file"},
    "cap_drop": {**IDLE, "cap_add": ["SYS_TIME"]},
}
# Without them nothing works.
NEEDED = ("image",)
# option: what is there before, words of `docker service update`, what is there then. The flags that add to or take from a list.
LISTS = {
    "env": (["A=1", "B=2"], ["--env-rm=A", "--env-add=B=3", "--env-add=C=4"], ["B=3", "C=4"]),
    "labels": ({"a": "1", "b": "2"}, ["--label-rm=a", "--label-add=b=3"], {"b": "3"}),
    "container_labels": ({"a": "1"}, ["--container-label-rm=a", "--container-label-add=b=3"], {"b": "3"}),
    "publish": (
        lambda port: [f"{port}:80", f"{port + 1}:81"],
        lambda port: ["--publish-rm=80", f"--publish-add={port + 2}:82/udp"],
        lambda port: [f"{port + 1}:81", f"{port + 2}:82/udp"],
    ),
    "networks": (["first"], ["--network-rm=first", "--network-add=second"], ["second"]),
    "mounts": (
        ["type=bind,src=/tmp,dst=/a", "src=v,dst=/b"],
        ["--mount-rm=/a", "--mount-add=type=tmpfs,dst=/c"],
        ["src=v,dst=/b", "type=tmpfs,dst=/c"],
    ),
    "secrets": (["first"], ["--secret-rm=first", "--secret-add=src=second,target=x"], ["src=second,target=x"]),
    "configs": (["first"], ["--config-rm=first", "--config-add=src=second,target=/x"], ["src=second,target=/x"]),
    "placement.constraints": (
        ["node.role==worker", "node.labels.a==1"],
        ["--constraint-rm=node.role==worker", "--constraint-add=node.labels.b!=2"],
        ["node.labels.a==1", "node.labels.b!=2"],
    ),
    "placement.preferences": (
        ["spread=node.labels.a"],
        ["--placement-pref-rm=spread=node.labels.a", "--placement-pref-add=spread=node.labels.b"],
        ["spread=node.labels.b"],
    ),
    "reservations.generic_resources": (
        ["gpu=2", "ssd=1"],
        ["--generic-resource-rm=ssd", "--generic-resource-add=fpga=1"],
        ["gpu=2", "fpga=1"],
    ),
    "groups": (["1000"], ["--group-rm=1000", "--group-add=1001"], ["1001"]),
    "dns": (["10.0.0.1"], ["--dns-rm=10.0.0.1", "--dns-add=10.0.0.2"], ["10.0.0.2"]),
    "dns_search": (["a.example"], ["--dns-search-rm=a.example", "--dns-search-add=b.example"], ["b.example"]),
    "dns_options": (["ndots:1"], ["--dns-option-rm=ndots:1", "--dns-option-add=rotate"], ["rotate"]),
    "hosts": (
        ["a:10.0.0.1", "b:10.0.0.2"],
        ["--host-rm=a:10.0.0.1", "--host-add=c:10.0.0.3"],
        ["b:10.0.0.2", "c:10.0.0.3"],
    ),
    "sysctls": (
        {"net.core.somaxconn": "1024"},
        ["--sysctl-rm=net.core.somaxconn", "--sysctl-add=net.ipv4.ip_forward=1"],
        {"net.ipv4.ip_forward": "1"},
    ),
    "ulimits": (["nofile=1024", "nproc=5"], ["--ulimit-rm=nproc", "--ulimit-add=core=0"], ["nofile=1024", "core=0"]),
    "cap_add": (["NET_ADMIN"], ["--cap-add=sys_time"], ["NET_ADMIN", "SYS_TIME"]),
    "cap_drop": (["CHOWN"], ["--cap-drop=mknod"], ["CHOWN", "MKNOD"]),
    "logging.options": ({"max-size": "1m"}, ["--log-driver=json-file", "--log-opt=max-size=2m"], {"max-size": "2m"}),
    "force_update": (None, ["--force"], "once"),
}
