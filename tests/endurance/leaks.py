# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

"""One real leak for each case, to see that it is found."""

from __future__ import annotations

import subprocess

KEPT = []  # what would be closed if nothing held it
CONNECTIONS = (
    "import socket, time; held = [socket.socket(socket.AF_UNIX) for _ in range(20)]; "
    "[one.connect('/run/docker.sock') for one in held]; time.sleep(3600)"
)


def files(lab):
    lab.ssh("worker2", "touch /etc/left-behind")


def temporary(lab):
    lab.ssh("manager2", "mkdir /tmp/ansible-tmp-left-behind")


def engine(lab):
    lab.ssh("manager1", f'systemd-run --unit held /usr/bin/python3 -c "{CONNECTIONS}"')


def sessions(lab):
    command = ["ssh", "-F", str(lab.state / "ssh_config"), "-o", "ControlMaster=no", "worker1", "sleep 3600"]
    KEPT.append(subprocess.Popen(command, stdin=subprocess.DEVNULL))


def history(lab):
    lab.docker("manager1", "swarm", "update", "--task-history-limit", "50")


def containers(lab):
    lab.docker("worker2", "create", "depot:5000/nginx:1.22")


def objects(lab):
    lab.ssh("manager1", "echo kept | docker config create left-behind -")


def process(_lab):
    KEPT.append([open("/dev/null") for _ in range(5)])  # noqa: SIM115 - that is the leak


def end():
    for one in KEPT:
        if isinstance(one, subprocess.Popen):
            one.terminate()
            one.wait()
