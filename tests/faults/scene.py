# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the cases work with: the lab in the state that a case wants, what its engines say of themselves, and what heals it."""

from __future__ import annotations

import contextlib
import json
import time
from concurrent.futures import ThreadPoolExecutor

from harness.lab import HOSTS, MANAGERS, check, eventually

BUSYBOX, NGINX = "depot:5000/busybox:latest", "depot:5000/nginx:1.22"
FOREVER = {"image": BUSYBOX, "args": ["sleep", "1000000"], "stop_grace_period": "1s", "restart_config": {"delay": "1s"}}
SITE = "playbooks/site.yml"
# A node is down after three heartbeats of the engine's 5 s; with these it is known in 6 s, and in 12 s to a new leader.
HEARTBEAT = "2s"
# A dead host is noticed after six seconds; the checkout's own ansible.cfg gives it a minute.
SSH = {
    "ANSIBLE_SSH_ARGS": "-o ControlMaster=auto -o ControlPersist=60s -o ServerAliveInterval=2 -o ServerAliveCountMax=3"
}
# For runs in whose midst something is to happen: else Ansible prints a task's name only with its first result.
AS_THEY_BEGIN = {**SSH, "ANSIBLE_DISPLAY_SKIPPED_HOSTS": "true"}


def failed(result, *kinds):
    """A module's result must be a failure of one of these kinds."""
    kind = result.get("failure", {}).get("kind")
    assert kind in kinds, f"{' or '.join(kinds)} was expected, not {kind}: {result.get('msg', 'it ended well')}"


def well(result):
    """A module's result must be none of a failure."""
    assert not result.get("failure"), result["msg"][:1000]


def told(run, words):
    """The first line with these words of what a Run's failures say."""
    lines = [line for text in run.messages().values() for line in text.splitlines() if words in line]
    assert lines, run.output
    return lines[0]


class Scene:
    """The lab, one case on it. broken: whether the case is to fail, as what handles the fault is taken away."""

    settled = False  # whether the case before left a whole swarm
    kept = True  # whether the hosts that are off still are all that is wrong

    def __init__(self, lab, broken=False):
        self.lab, self.broken = lab, broken
        self.healing = contextlib.ExitStack()
        self._pool = ThreadPoolExecutor(8)

    # --- the states in which cases begin -------------------------------------------------------------------------------

    def whole(self):
        """A swarm of three managers and two workers, nothing running. What a case before left otherwise is built anew."""
        try:
            assert Scene.kept
            if not Scene.settled:
                self._come_back()
                self.settle()
        except AssertionError:
            self._form()
        Scene.settled, Scene.kept = False, True  # from now on the case has it

    def first_dead(self):
        """The same without the inventory's first manager, whose host is off; its service web publishes 8080 on the workers."""
        if Scene.kept and self._off() == ["manager1"]:
            return
        self.whole()
        options = {"publish": [{"published_port": 8080, "target_port": 80, "mode": "host"}], "mode": "global"}
        workers = {"placement": {"constraints": ["node.role == worker"]}}
        self.service("manager2", name="web", image=NGINX, **options, **workers)
        self.lab.power_off("manager1")
        self.await_nodes("manager2", manager1="Down")
        eventually(lambda: check(self.leader("manager2")))

    def no_quorum(self):
        """The same, with two of three managers off, noticed by the third."""
        if Scene.kept and self._off() == ["manager2", "manager3"]:
            return
        self.whole()
        self.service("manager1", name="kept", replicas=2, **FOREVER)
        for host in ("manager2", "manager3"):
            self.lab.power_off(host)
        eventually(lambda: check(not self.answers("manager1")), 90)

    def blank(self):
        """Hosts with engines that are in no swarm."""
        Scene.settled = False
        self.lab.renew()

    def settle(self):
        """Nothing runs any more, and all nodes are as in the beginning; fails if they do not come to be."""
        eventually(lambda: check(self.answers("manager1"), "manager1 has no leader"), 60)
        self.lab.clear_services()
        eventually(self.lab.check_swarm, 90)
        Scene.settled = True

    def close(self):
        """What the case changed on hosts is taken back, whatever came of it."""
        self._pool.shutdown()
        self.healing.close()

    def lock(self, host, asked="manager1"):
        """Managers are locked when they start, and this one has been restarted; the unlock key. Unlocked again at the end."""
        key = self.lab.ssh(asked, "docker swarm update --autolock=true >/dev/null; docker swarm unlock-key -q")
        self.healing.callback(self._unlock, host, asked, key)
        self.lab.ssh(host, "systemctl restart docker")
        eventually(lambda: check(self.lab.swarm_state(host) == "locked"), 60)
        return key

    def _unlock(self, host, asked, key):
        if self.lab.swarm_state(host) == "locked":
            self.lab.ssh(host, f"echo '{key}' | docker swarm unlock")
        eventually(lambda: check(self.leader(asked)), 60)
        self.lab.docker(asked, "swarm", "update", "--autolock=false")

    def _form(self):
        self.lab.renew()
        self.lab.form_swarm()
        self.lab.docker("manager1", "swarm", "update", "--dispatcher-heartbeat", HEARTBEAT)

    def _come_back(self):
        off = self._off()
        assert off != HOSTS, "there is no lab yet"
        if off:
            self.lab.up()
        assert {self.lab.swarm_state(host) for host in HOSTS} == {"active"}

    def _off(self):
        on = self.lab.that_are_on()
        return [host for host in HOSTS if host not in on]

    # --- Ansible -------------------------------------------------------------------------------------------------------

    def play(self, name, *options, ok=True, timeout=300, environment=None, **extra):
        """Run playbooks/NAME.yml; ok: whether it must end well, None if that is not said. Returns a Run."""
        environment = {**SSH, **(environment or {})}
        run = self.lab.playbook(
            f"playbooks/{name}.yml", *options, extra_vars=extra, timeout=timeout, environment=environment
        )
        assert ok is None or (run.rc == 0) is ok, run.output
        return run

    def service(self, host, ok=True, timeout=300, **options):
        """The result of swarm_service on a host."""
        return self.lab.module(host, "swarm_service", options, ok=ok, timeout=timeout)

    def begin(self, action, *args, **keywords):
        """Call action on another thread; a Future."""
        return self._pool.submit(action, *args, **keywords)

    def tasks(self, host, tasks, timeout=300):
        """Run modules on a host, (name, options) each, whatever comes of them. Returns their Results and the seconds."""
        entries = [
            {"name": f"{number} {name}", f"apiary.swarm.{name}": options, "ignore_errors": True}
            for number, (name, options) in enumerate(tasks)
        ]
        began = time.monotonic()
        run = self.lab.playbook([{"hosts": host, "gather_facts": False, "tasks": entries}], timeout=timeout)
        return run.results, time.monotonic() - began

    # --- the judge: the engines' own CLI -------------------------------------------------------------------------------

    def answers(self, host):
        """Whether this manager tells of the nodes, which it does with a leader alone."""
        return bool(self.lab.ssh(host, "timeout 5 docker node ls -q 2>/dev/null", ok=False))

    def leader(self, manager="manager1"):
        rows = self.lab.ssh(manager, "docker node ls --format '{{.Hostname}} {{.ManagerStatus}}'", ok=False)
        return next((row.split()[0] for row in rows.splitlines() if row.endswith(" Leader")), None)

    def nodes(self, manager="manager1"):
        """[(hostname, node ID)] as that manager has it, sorted."""
        return sorted((row["Hostname"], row["ID"]) for row in self.lab.rows(manager, "node", "ls"))

    def await_nodes(self, manager="manager1", **states):
        """Wait until that manager has these hosts in these states: worker1="Down"."""

        def look():
            rows = {row["Hostname"]: row["Status"] for row in self.lab.rows(manager, "node", "ls")}
            assert {host: rows[host] for host in states} == states

        eventually(look, 90)

    def await_managers(self, asked="manager1"):
        """Wait until that one has a leader and two others that can be reached."""

        def look():
            statuses = [row["ManagerStatus"] for row in self.lab.rows(asked, "node", "ls") if row["ManagerStatus"]]
            assert sorted(statuses) == ["Leader", "Reachable", "Reachable"], statuses

        eventually(look, 90)

    def cluster(self, host="manager1"):
        """The ID of the swarm that a manager is in."""
        return self.lab.docker(host, "info", "--format", "{{if .Swarm.Cluster}}{{.Swarm.Cluster.ID}}{{end}}")

    def identity(self, host):
        """What makes a node a member of its swarm, as it has it on disk: state, ID, and the sum of the root certificate."""
        root = "sha256sum </var/lib/docker/swarm/certificates/swarm-root-ca.crt"
        return self.lab.ssh(host, f"docker info --format '{{{{.Swarm.LocalNodeState}}}} {{{{.Swarm.NodeID}}}}'; {root}")

    def services(self, host="manager1"):
        """{name: version} of all services."""
        rows = self.lab.ssh(host, "docker service ls -q | xargs -r docker service inspect") or "[]"
        return {row["Spec"]["Name"]: row["Version"]["Index"] for row in json.loads(rows)}

    def spec(self, name, host="manager1"):
        return self.lab.inspect(host, "service", name)["Spec"]

    def labels(self, name, host="manager1"):
        """Names of the service's labels, sorted, without the module's own."""
        found = self.spec(name, host).get("Labels") or {}
        return sorted(label for label in found if not label.startswith("io.apiary."))

    def env(self, name, host="manager1"):
        return self.spec(name, host)["TaskTemplate"]["ContainerSpec"].get("Env") or []

    def await_update(self, name, host="manager1", state="updating"):
        word = "{{if .UpdateStatus}}{{.UpdateStatus.State}}{{end}}"
        eventually(
            lambda: check(self.lab.docker(host, "service", "inspect", name, "--format", word) == state), 60, every=0.2
        )

    def await_running(self, name, count, host="manager1"):
        eventually(lambda: check(len(self.lab.running(host, name)) == count, f"{name} does not run"), 90)

    # --- faults --------------------------------------------------------------------------------------------------------

    def other_managers(self, host):
        return [manager for manager in MANAGERS if manager != host]

    def sh(self, host, command):
        """A command on a host by way of its container: it works while ssh is cut."""
        return self.lab.inside(host, command)

    def forget(self, host, image):
        """A host has no image of that name, whatever its tag, and must pull it."""
        name = image.rpartition(":")[0]
        # what is being removed still has it
        eventually(lambda: self.lab.ssh(host, f"docker image ls -q {name} | sort -u | xargs -r docker image rm -f"), 60)

    @contextlib.contextmanager
    def rules(self, host, *rules):
        """With it, a host has these rules of iptables, each without -A: 'INPUT -p tcp --dport 22 -j DROP'."""
        put = " && ".join(f"iptables -w -I {rule}" for rule in rules)
        take = "; ".join(f"iptables -w -D {rule}" for rule in rules)
        self.sh(host, put)
        try:
            yield
        finally:
            self.sh(host, take)
