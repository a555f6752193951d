# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

"""The network for published ports replaced on real engines: in the way of it, on every node, and put back."""

from __future__ import annotations

import time

import pytest
from harness.lab import HOSTS, eventually

IMAGE = "depot:5000/nginx:1.22"
MTU = "com.docker.network.driver.mtu"
WANTED = {
    "name": "ingress",
    "ingress": True,
    "driver_options": {MTU: 1400},
    "ipam_config": [{"subnet": "10.77.0.0/16"}],
    "recreate": True,
}
LEFT = 3


@pytest.fixture(autouse=True)
def nothing_left(swarm):
    yield
    swarm.clear_services()

    # a network that is removed under the last of them stays on its node until the engine is restarted
    def check_ended():
        assert {host: swarm.docker(host, "ps", "--all", "--quiet") for host in HOSTS} == dict.fromkeys(HOSTS, "")

    eventually(check_ended)


def own(lab, host):
    """The engine's own copy of the network: (ID, subnet, whether the node has a part in it)."""
    text = "{{.ID}} {{(index .IPAM.Config 0).Subnet}} {{with .Containers}}{{len .}}{{end}}"
    said = lab.docker(host, "network", "inspect", "ingress", "--format", text, ok=False).split(" ")
    return (*said[:2], len(said) > 2 and said[2] != "")


def check_everywhere(lab, network_id, subnet):
    assert {host: own(lab, host) for host in HOSTS} == dict.fromkeys(HOSTS, (network_id, subnet, True))


def module(options):
    return {"name": "module", "apiary.swarm.swarm_network": options, "ignore_errors": True}


def test_replaced_by_the_role_before_the_services_that_need_it(swarm):
    """The managers give nodes without a task no part in a new ingress network: there the port would not answer."""
    web = {
        "name": "web",
        "image": IMAGE,
        "publish": ["8080:80"],
        "placement": {"constraints": ["node.hostname==worker1"]},
    }
    others = [{**WANTED, "driver_options": {MTU: 1300}}, {**WANTED, "driver_options": {MTU: 1300}, "recreate": False}]
    play = {
        "hosts": "swarm_managers:swarm_workers",
        "gather_facts": False,
        "become": True,
        "roles": ["apiary.swarm.services"],
        "vars": {"services_networks": [WANTED], "services_list": [{**web, "update_config": {"monitor": "1s"}}]},
    }
    first = swarm.playbook([play])
    assert first.rc == 0, first.output
    network = swarm.inspect("manager1", "network", "ingress")
    assert (network["Ingress"], network["Scope"], network["Driver"]) == (True, "swarm", "overlay")
    assert network["Options"][MTU] == "1400"
    check_everywhere(swarm, network["Id"], "10.77.0.0/16")
    assert swarm.running("manager1", "web") == ["worker1"]

    # the same again changes nothing; with a service that publishes nothing may change, and the service is named
    tasks = [{**module(other), "name": f"other {number}"} for number, other in enumerate(others)]
    again = swarm.playbook([play, {"hosts": "manager2", "gather_facts": False, "become": True, "tasks": tasks}])
    assert (again.rc, again.changed()) == (0, set()), again.output
    used, fixed = (again.of("manager2", f"other {number}") for number in range(len(others)))
    assert used["failure"]["kind"] == "in_use"
    assert "network ingress is used by web" in used["msg"]
    assert "publish a port in ingress mode" in used["msg"]
    assert fixed["failure"]["kind"] == "immutable"
    check_everywhere(swarm, network["Id"], "10.77.0.0/16")


def test_the_last_container_of_a_removed_service_is_waited_for(swarm):
    """The engine would remove the network under it, and the node keep the old one until its engine is restarted."""
    stubborn = "sh -c \"trap '' TERM; while :; do sleep 1; done\""
    swarm.ssh(
        "manager1",
        f"docker service create -q --detach --name stubborn --publish 8080:80 --stop-grace-period 60s "
        f"--constraint node.hostname==worker2 depot:5000/busybox:latest {stubborn}",
    )

    def check_started():
        assert swarm.running("manager1", "stubborn") == ["worker2"]

    eventually(check_started)
    swarm.docker("manager1", "service", "rm", "stubborn")
    wish = {**WANTED, "ipam_config": [{"subnet": "10.78.0.0/16"}]}
    impatient = swarm.module("manager1", "swarm_network", {**wish, "wait_timeout": 1}, ok=False)
    assert impatient["failure"]["kind"] == "in_use"
    assert "still stop on worker2" in impatient["msg"]
    ending = swarm.start_ssh("worker2", f"sleep {LEFT}; docker ps -q | xargs docker kill")
    began = time.monotonic()
    result = swarm.module("manager1", "swarm_network", wish)
    assert time.monotonic() - began >= LEFT, "it was removed under a container that still ran"
    ending.communicate(timeout=30)
    check_everywhere(swarm, result["networks"][0]["id"], "10.78.0.0/16")
    quick = "--detach --mode global --publish 8080:80 --stop-grace-period 1s"
    swarm.ssh("manager1", f"docker service create -q --name web {quick} {IMAGE}")

    def check_running():
        assert swarm.running("manager1", "web") == HOSTS

    eventually(check_running)


def test_one_that_no_node_can_make_is_removed_and_the_old_one_put_back(swarm):
    before = swarm.inspect("manager1", "network", "ingress")
    wishes = {
        "banana": {**WANTED, "driver_options": {MTU: "banana"}},
        "second": {"name": "second", "ingress": True},
        "attachable": {**WANTED, "attachable": True},
    }
    tasks = [{**module(wish), "name": name} for name, wish in wishes.items()]
    run = swarm.playbook([{"hosts": "manager1", "gather_facts": False, "become": True, "tasks": tasks}])
    banana = run.of("manager1", "banana")["msg"]
    assert "no node could make anything of it" in banana
    assert "made again as it was" in banana
    after = swarm.inspect("manager1", "network", "ingress")
    assert after["Id"] != before["Id"]
    assert after["Options"].get(MTU) == before["Options"].get(MTU)
    check_everywhere(swarm, after["Id"], before["IPAM"]["Config"][0]["Subnet"])

    # what the engine would refuse when the old one is gone is refused before
    assert run.of("manager1", "second")["failure"]["kind"] == "conflict"
    assert "there is ingress" in run.of("manager1", "second")["msg"]
    assert "cannot be attachable" in run.of("manager1", "attachable")["msg"]


def test_one_made_by_hand_is_brought_to_every_node(swarm):
    swarm.ssh("manager1", "echo y | docker network rm ingress")
    eventually(lambda: swarm.ssh("manager1", "! docker network inspect ingress >/dev/null 2>&1"))
    swarm.docker("manager1", "network", "create", "-d", "overlay", "--ingress", "--subnet", "10.79.0.0/16", "ingress")
    made = swarm.inspect("manager1", "network", "ingress")["Id"]
    wish = {"name": "ingress", "ingress": True}
    tasks = [{**module(wish), "name": "check", "check_mode": True}, {**module(wish), "name": "for real"}]
    tasks += [{**module(wish), "name": "again"}]
    run = swarm.playbook([{"hosts": "manager1", "gather_facts": False, "become": True, "tasks": tasks}])
    actions = [run.of("manager1", name)["networks"][0]["action"] for name in ("check", "for real", "again")]
    assert actions == ["completed", "completed", "unchanged"]
    check_everywhere(swarm, made, "10.79.0.0/16")
