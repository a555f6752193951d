# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

"""site.yml on inventories and hosts that are wrong: a clear message, and nothing changed."""

from __future__ import annotations

import json

import pytest
from harness.lab import HOSTS, MANAGERS, WORKERS


@pytest.fixture
def site(lab, tmp_path):
    """Run site.yml; groups and host variables given here are laid over the lab's inventory."""

    def run(*options, inventory=None, **keywords):
        sources = ["inventory/lab"]
        if inventory:
            # yes, JSON: every JSON text is YAML
            extra = tmp_path / "inventory.yml"
            extra.write_text(json.dumps(inventory))
            sources.append(str(extra))
        return lab.playbook("site.yml", *options, inventory=sources, **keywords)

    return run


def states(lab, hosts=HOSTS):
    return {host: lab.swarm_state(host) for host in hosts}


def refused(run, *words):
    """The run failed with a message that has all these words, and changed nothing."""
    assert run.rc != 0, run.output
    text = "\n".join(run.messages().values())
    for word in words:
        assert word in text, f"'{word}' is not in what failed:\n{text}\n---\n{run.output}"
    assert run.changed() == set(), run.output


# --- engines that are in no swarm ---------------------------------------------------------------------------------------


def test_no_host_in_the_manager_group(blank, site):
    refused(site(extra_vars={"swarm_manager_group": "nobody"}), "no host in group nobody")
    assert set(states(blank).values()) == {"inactive"}


def test_a_host_in_both_groups(blank, site):
    twice = {"swarm_workers": {"hosts": {"manager2": {}}}}
    refused(site(inventory=twice), "manager2 is in both groups")
    refused(site("--limit", "worker1", inventory=twice), "manager2 is in both groups")
    assert set(states(blank).values()) == {"inactive"}


def test_an_even_number_of_managers_is_a_warning(blank, site):
    run = site(
        "--check",
        inventory={"few": {"hosts": {"manager1": {}, "manager2": {}}}},
        extra_vars={"swarm_manager_group": "few"},
    )
    assert run.rc == 0, run.output
    assert "WARNING" in run.output
    assert "2 managers" in run.output


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"swarm_advertise_addr": "192.0.2.7"}, "192.0.2.7 that manager1 shall advertise"),
        ({"swarm_advertise_interface": "eth9"}, "manager1 has no interface eth9"),
    ],
)
def test_an_address_that_is_not_on_the_host(blank, site, variables, words):
    run = site(inventory={"swarm_managers": {"hosts": {"manager1": variables}}})
    assert run.rc != 0
    assert words in run.messages()["manager1"], run.output
    assert "manager1" not in run.changed()
    assert set(states(blank).values()) == {"inactive"}


def test_a_swarm_that_cannot_be_initialised_is_told_to_all(blank, site):
    """The others say plainly that there is nothing to join."""
    settings = {"swarm_settings": {"election_tick": 1, "heartbeat_tick": 5}}
    run = site("--tags", "swarm", extra_vars=settings)
    assert run.rc != 0
    assert "election_tick" in run.messages()["manager1"], run.output
    assert "where the swarm was to be initialised, has failed" in run.output
    assert "tokens" not in run.output
    assert set(states(blank).values()) == {"inactive"}


def test_an_unreachable_manager_before_there_is_a_swarm(blank, site):
    """It may be in a swarm: no second one is made."""
    ghost = {"ghost": {"ansible_host": blank.address("manager1").rsplit(".", 1)[0] + ".19"}}
    run = site(inventory={"swarm_managers": {"hosts": ghost}})
    assert run.rc != 0
    assert "ghost" in run.messages()
    assert any("ghost did not answer" in text for text in run.messages().values()), run.output
    assert set(states(blank).values()) == {"inactive"}


@pytest.mark.parametrize("version", ["7", "8"])
def test_an_old_system(blank, site, version):
    name = f"CentOS Linux {version}"
    edit = f's/^VERSION_ID=.*/VERSION_ID="{version}"/; s/^PRETTY_NAME=.*/PRETTY_NAME="{name}"/'
    blank.ssh("worker2", f"cp /etc/os-release /root/kept && sed -i '{edit}' /etc/os-release")
    try:
        run = site("--limit", "worker2")
    finally:
        blank.ssh("worker2", "cat /root/kept > /etc/os-release && rm /root/kept")
    refused(run, f"worker2 runs {name}. EL 7 and EL 8 cannot be managed", "ansible-core no longer talks to")


def test_an_api_and_a_firewall_that_cannot_be(blank, site):
    """All that is wrong is told at once, before a key is made."""
    wrong = {
        "engine_tls": True,
        "engine_tls_allow": ["anybody"],
        "engine_tls_renew_days": 400,
        "engine_firewall": "shut",
        "engine_daemon": {"tlsverify": False},
    }
    words = [
        "set engine_tls_directory",
        "anybody is none",
        "less than engine_tls_days (365)",
        "engine_firewall is shut",
    ]
    refused(site("--limit", "worker2", extra_vars=wrong), *words, "engine_daemon sets tlsverify")


def test_contexts_without_an_api(blank, tmp_path):
    run = blank.playbook("playbooks/contexts.yml", environment={"DOCKER_CONFIG": str(tmp_path)})
    refused(run, "No host of this run has engine_tls: true")
    assert list(tmp_path.iterdir()) == []


def test_a_worker_of_another_swarm_and_blank_managers(blank, site):
    hosts = [{"hosts": "swarm_managers:swarm_workers", "gather_facts": False, "roles": ["apiary.swarm.hosts"]}]
    assert blank.playbook(hosts).rc == 0, "what site.yml does before it looks at swarms"
    blank.docker("worker1", "swarm", "init", "--advertise-addr", blank.address("worker1"))
    try:
        refused(site(), "worker1", "A second swarm is not initialised by accident")
        assert set(states(blank, MANAGERS).values()) == {"inactive"}
    finally:
        blank.docker("worker1", "swarm", "leave", "--force")


def test_a_worker_is_off_before_there_is_a_swarm(blank, site):
    """The others form the swarm, and the result is a failure that names it."""
    blank.power_off("worker2")
    try:
        run = site()
        assert run.rc != 0
        assert set(run.messages()) == {"worker2"}, run.output
        assert [node["Hostname"] for node in blank.rows("manager1", "node", "ls")] == [*MANAGERS, "worker1"]
        assert len(blank.running("manager1", "httpd")) == 3
    finally:
        blank.renew()


# --- a swarm that stands ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("options", [(), ("--skip-tags", "preflight,hosts"), ("--tags", "engine")])
def test_another_engine_version_in_a_swarm(swarm, site, options):
    before = swarm.docker("manager1", "version", "--format", "{{.Server.Version}}")
    refused(site(*options, extra_vars={"engine_version": "26.1.5"}), "run upgrade.yml", "26.1.5", before)
    assert swarm.docker("manager1", "version", "--format", "{{.Server.Version}}") == before
    swarm.check_swarm()


def test_the_first_manager_is_off(swarm, site):
    """The others go on, and the result is a failure that names it."""
    swarm.power_off("manager1")
    try:
        run = site()
        assert run.rc != 0
        assert set(run.messages()) == {"manager1"}, run.output
        assert len(swarm.running("manager2", "httpd")) == 3, "the others did not go on"
    finally:
        swarm.power_on("manager1")
        swarm.docker("manager2", "service", "rm", "httpd", ok=False)


def test_a_worker_is_off(swarm, site):
    swarm.power_off("worker2")
    try:
        run = site()
        assert run.rc != 0
        assert "worker2" in run.messages()
        assert len(swarm.running("manager1", "httpd")) == 3, "the others did not go on"
        assert run.recap()["worker1"]["failed"] == run.recap()["worker1"]["unreachable"] == 0
    finally:
        swarm.power_on("worker2")
        swarm.docker("manager1", "service", "rm", "httpd", ok=False)


def test_a_node_of_another_swarm(swarm, site):
    worker = WORKERS[1]
    old = swarm.docker(worker, "info", "--format", "{{.Swarm.NodeID}}")
    swarm.docker(worker, "swarm", "leave", "--force")
    swarm.docker("manager1", "node", "rm", "--force", old)
    swarm.docker(worker, "swarm", "init", "--advertise-addr", swarm.address(worker))
    try:
        run = site()
        assert run.rc != 0
        assert "belongs to another swarm" in run.messages()[worker], run.output
        assert swarm.docker(worker, "node", "ls", "-q").count("\n") == 0
    finally:
        swarm.renew()
