# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

"""site.yml as a whole: check mode on fresh hosts, a second run, a change that is only looked at. Interruptions: tests/faults."""

from __future__ import annotations

import time

import pytest
from harness.lab import HOSTS, MANAGERS


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
