# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

"""site.yml as a whole: check mode on fresh hosts, a second run, a change that is only looked at, interruptions."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time

import pytest
from harness.lab import HOSTS, MANAGERS, ROOT, eventually


def spec(lab, service="httpd"):
    return lab.inspect("manager1", "service", service)


def check_the_end(lab):
    """What the inventory asks for, whichever way it was reached."""
    nodes = {node["Hostname"]: node for node in lab.rows("manager1", "node", "ls")}
    assert sorted(nodes) == HOSTS
    assert {(node["Status"], node["Availability"]) for node in nodes.values()} == {("Ready", "Active")}
    assert sorted(nodes[name]["ManagerStatus"] for name in MANAGERS) == ["Leader", "Reachable", "Reachable"]
    assert [service["Name"] for service in lab.rows("manager1", "service", "ls")] == ["httpd"]
    assert len(lab.running("manager1", "httpd")) == 3


@pytest.fixture(scope="module")
def formed(blank):
    run = blank.playbook("site.yml")
    assert run.rc == 0, run.output
    yield blank
    blank.renew()


def test_check_mode_on_fresh_hosts_says_what_would_be_done(blank):
    run = blank.playbook("site.yml", "--check", "--diff")
    assert run.rc == 0, run.output
    assert "would init" in run.output
    assert {blank.swarm_state(host) for host in HOSTS} == {"inactive"}


def test_site_makes_what_the_inventory_says(formed):
    check_the_end(formed)


def test_a_second_run_changes_nothing(formed):
    before, start = spec(formed), time.monotonic()
    run = formed.playbook("site.yml")
    seconds = time.monotonic() - start
    print(f"the second run took {seconds:.1f} s")
    assert run.rc == 0, run.output
    assert run.changed() == set(), run.output
    assert spec(formed) == before


def test_check_and_diff_after_a_change_show_it_and_apply_nothing(formed):
    before = spec(formed)
    services = [{"name": "httpd", "image": "depot:5000/nginx:1.22", "replicas": 2, "env": {"COLOUR": "blue"}}]
    run = formed.playbook("site.yml", "--check", "--diff", extra_vars={"services_list": services})
    assert run.rc == 0, run.output
    assert len(run.changed()) == 1, "one manager answers for all"
    assert "COLOUR" in run.output
    assert spec(formed) == before


def interrupt(lab, task, host, effect):
    """Ctrl-C in site.yml, in the midst of a task: as soon as this command on a host shows its first effect."""
    with subprocess.Popen(
        [f"{os.path.dirname(sys.executable)}/ansible-playbook", "-i", "inventory/lab", "site.yml"],
        cwd=ROOT,
        env={
            **os.environ,
            "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
            # with banners as tasks begin, not as their first result comes
            "ANSIBLE_DISPLAY_SKIPPED_HOSTS": "true",
            "ANSIBLE_NOCOLOR": "1",
            "PYTHONUNBUFFERED": "1",
        },
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as process:
        too_long = threading.Timer(240, os.killpg, (process.pid, signal.SIGKILL))
        too_long.start()
        output = []
        try:
            assert lab.ssh(host, f"{effect} && echo there already", ok=False) == ""
            for line in process.stdout:
                output.append(line)
                if line.startswith("TASK [") and task in line:
                    eventually(lambda: lab.ssh(host, effect), every=0.1)
                    os.killpg(process.pid, signal.SIGINT)
                    break
            output.append(process.communicate(timeout=60)[0])
        finally:
            too_long.cancel()
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
    # ansible-playbook's own for an interruption
    assert process.returncode == 99, f"'{task}' was not interrupted\n{''.join(output)}"


STATE = "docker info --format '{{.Swarm.LocalNodeState}}'"
IDLE = 'test -z "$(ls /var/lib/dnf/rpmdb_lock.pid /var/cache/dnf/*_lock.pid 2>/dev/null)"'
MOMENTS = [
    ("Install the engine's packages", "manager1", "test -e /usr/bin/containerd"),
    ("Install the docker SDK into", "manager1", "test -e /opt/apiary/sdk/bin/python"),
    ("Initialise the swarm", "manager1", f"{STATE} | grep -q '^active'"),
    ("Join the other nodes", "manager2", f"{STATE} | grep -q '^pending\\|^active'"),
    ("Bring networks, secrets, configs and services", "manager1", "docker service ls -q | grep -q ."),
]


@pytest.mark.long
def test_interrupted_anywhere_and_run_again_it_ends_the_same(formed):
    formed.renew(with_engine=False)
    for task, host, effect in MOMENTS:
        interrupt(formed, task, host, effect)
        # What has begun on a host goes on there: dnf ends, before the next run looks for an engine.
        for name in HOSTS:
            eventually(lambda name=name: formed.ssh(name, IDLE))
    run = formed.playbook("site.yml")
    assert run.rc == 0, run.output
    eventually(lambda: check_the_end(formed))
    assert formed.playbook("site.yml").changed() == set()
