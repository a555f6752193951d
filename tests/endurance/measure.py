# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a host and the control host have of what could grow: files, descriptors, sockets, sessions, tasks. Counts and names."""

from __future__ import annotations

import collections
import os
import pathlib
import shlex
import time

from harness.lab import HOSTS, MANAGERS, ROOT

# How often a number is taken; the smallest counts: engines talk to each other all the time, and what comes and goes is no growth.
SAMPLES, EVERY = 5, 3
PLACES = ("/etc", "/opt/apiary", "/var/lib/docker/swarm", "/root", "/home/ops")
TEMPORARY = ("/tmp", "/var/tmp", "/dev/shm", "/root/.ansible", "/home/ops/.ansible", "/var/lib/docker/tmp")
# Logs of raft are kept by size and age, not for ever: they are the engine's to cut.
NAMES = f"""
find {" ".join(PLACES)} -xdev -path '*/.ansible' -prune -o -path '*/swarm/raft' -prune -o -print 2>/dev/null | sed 's/^/files /'
find {" ".join(TEMPORARY)} -xdev -mindepth 1 2>/dev/null | sed 's/^/temporary /'
ls -d /run/apiary* 2>/dev/null | sed 's/^/temporary /'
docker ps --all --format '{{{{.Names}}}}' | sed 's/[.][0-9]*[.][a-z0-9]*$//' | sort | nl -w 1 -s '#' | sed 's/^/containers /'
docker network ls --format 'networks {{{{.Name}}}}'
docker volume ls --format 'volumes {{{{.Name}}}}'
ls /run/docker/netns | sed 's/^/namespaces /'
true
"""
COUNTS = """
for name in dockerd containerd sshd; do
  descriptors=0 sockets=0 processes=0
  for pid in $(pgrep -x $name); do
    processes=$((processes + 1))
    descriptors=$((descriptors + $(ls /proc/$pid/fd 2>/dev/null | wc -l)))
    sockets=$((sockets + $(ls -l /proc/$pid/fd 2>/dev/null | grep -c socket:)))
  done
  echo "${name}_descriptors $descriptors"
  echo "${name}_sockets $sockets"
  echo "${name}_processes $processes"
done
echo "sessions $(ss -Htn state established '( sport = :22 )' | wc -l)"
echo "mounts $(wc -l </proc/mounts)"
"""
# the runs of a play write nothing there, but tests and their tools do
TOOLS = (".git", ".venv", "build", "tests", "__pycache__", ".ruff_cache", ".pytest_cache", ".hypothesis")
OBJECTS = ("service", "config", "secret", "network", "node")


class Measure:
    """What is there at one moment. names: {place: {kind: Counter of names}}; counts: {place: {kind: number}}."""

    def __init__(self, lab, control, service):
        self.names, self.counts = {}, {}
        for host in HOSTS:
            self.names[host] = _named(lab.ssh(host, NAMES, timeout=120))
        self.names["swarm"] = _objects(lab)
        self.names["control"] = control.names()
        for number in range(SAMPLES):
            time.sleep(EVERY if number else 0)
            taken = {host: _counted(lab.ssh(host, COUNTS, timeout=120)) for host in HOSTS}
            taken["control"] = control.counts()
            for place, kinds in taken.items():
                before = self.counts.setdefault(place, kinds)
                self.counts[place] = {kind: min(number, before[kind]) for kind, number in kinds.items()}
        self.tasks = tasks(lab, service)

    def value(self, place, kind):
        """How much of a kind there is at a place, or None."""
        if kind in self.names[place]:
            return self.names[place][kind].total()
        return self.counts.get(place, {}).get(kind)

    def kinds(self):
        return list(
            dict.fromkeys(kind for part in (self.names, self.counts) for each in part.values() for kind in each)
        )


class Control:
    """The control host's part. place: the folder that its runs have for what is temporary, and for what Ansible keeps at home."""

    def __init__(self, lab, place):
        self.lab, self.place = lab, pathlib.Path(place)
        self.environment = {"TMPDIR": str(self.place / "tmp"), "ANSIBLE_HOME": str(self.place / "ansible")}
        for path in self.environment.values():
            pathlib.Path(path).mkdir()
        self.sockets = pathlib.Path((lab.state / "control-dir").read_text().strip())

    def names(self):
        return {
            "files": collections.Counter(_checkout()),
            "temporary": collections.Counter(map(str, self.place.rglob("*"))),
        }

    def counts(self):
        """SSH connections are the masters that Ansible leaves for a while, one a host; descriptors are this process's own."""
        own = os.listdir("/proc/self/fd")
        return {
            "own_descriptors": len(own),
            "own_sockets": sum(_link(name).startswith("socket:") for name in own),
            "masters": len(list(self.sockets.iterdir())),
            "clients": sum(f"{self.sockets}/" in line for line in _command_lines()),
        }


def tasks(lab, service):
    """{slot: how many tasks of it the swarm remembers}"""
    rows = lab.rows(MANAGERS[0], "service", "ps", service)
    return dict(collections.Counter(row["Name"].replace("\\_", "").strip() for row in rows))


def limit(lab):
    """How many tasks of a slot the engine keeps."""
    shown = "{{.Swarm.Cluster.Spec.Orchestration.TaskHistoryRetentionLimit}}"
    return int(lab.docker(MANAGERS[0], "info", "--format", shown))


def _objects(lab):
    found = {}
    for kind in OBJECTS:
        form = "{{.Hostname}}" if kind == "node" else "{{.Name}}"
        names = lab.ssh(MANAGERS[0], shlex.join(["docker", kind, "ls", "--format", form])).split()
        found[f"{kind}s"] = collections.Counter(names)
    return found


def _named(text):
    found = collections.defaultdict(collections.Counter)
    for line in text.splitlines():
        kind, _space, name = line.partition(" ")
        found[kind][name] += 1
    return {kind: found[kind] for kind in ("files", "temporary", "containers", "networks", "volumes", "namespaces")}


def _counted(text):
    return {kind: int(number) for kind, number in (line.split() for line in text.splitlines())}


def _checkout():
    """Files of the checkout, without what the tests' own tools write."""
    for folder, folders, files in os.walk(ROOT):
        folders[:] = [name for name in folders if name not in TOOLS]
        yield from (f"{folder}/{name}" for name in files)


def _link(name):
    try:
        return os.readlink(f"/proc/self/fd/{name}")
    except OSError:
        return ""


def _command_lines():
    for path in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
        try:
            yield path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
