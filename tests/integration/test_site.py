# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

"""site.yml as a whole: check mode on fresh hosts, a second run, a change that is only looked at, interruptions."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
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
    assert seconds < 60, f"{seconds:.1f} s: on an idle machine it is less than 20"


def test_check_and_diff_after_a_change_show_it_and_apply_nothing(formed):
    before = spec(formed)
    services = [{"name": "httpd", "image": "depot:5000/nginx:1.22", "replicas": 2, "env": {"COLOUR": "blue"}}]
    run = formed.playbook("site.yml", "--check", "--diff", extra_vars={"services_list": services})
    assert run.rc == 0, run.output
    assert len(run.changed()) == 1, "one manager answers for all"
    assert "COLOUR" in run.output
    assert spec(formed) == before


def interrupt(after):
    """Ctrl-C in site.yml, a moment after a task whose name contains this text has begun."""
    with subprocess.Popen(
        [f"{os.path.dirname(sys.executable)}/ansible-playbook", "-i", "inventory/lab", "site.yml"],
        cwd=ROOT,
        env={
            **os.environ,
            "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
            "ANSIBLE_NOCOLOR": "1",
            "PYTHONUNBUFFERED": "1",
        },
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as process:
        output = []
        for line in process.stdout:
            output.append(line)
            if line.startswith("TASK [") and after in line:
                time.sleep(0.5)
                os.killpg(process.pid, signal.SIGINT)
                break
        output.append(process.stdout.read())
        process.wait(timeout=30)
    assert process.returncode != 0, f"nothing was interrupted: '{after}' is in no task's name\n{''.join(output)}"


def test_interrupted_anywhere_and_run_again_it_ends_the_same(formed):
    formed.renew(with_engine=False)
    for moment in ("Install the engine", "Install the docker SDK", "Initialise", "Join", "services"):
        interrupt(moment)
    run = formed.playbook("site.yml")
    assert run.rc == 0, run.output
    eventually(lambda: check_the_end(formed))
    assert formed.playbook("site.yml").changed() == set()
