# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

"""The engine's API over TLS: who is let in, contexts of the docker CLI, and renewal under load, also after an interruption."""

from __future__ import annotations

import datetime
import hashlib
import itertools
import os
import pathlib
import ssl
import subprocess
import sys
import tempfile
import time
from urllib.error import URLError
from urllib.request import urlopen

from ansible_collections.apiary.swarm.plugins.plugin_utils._certificates import CLIENT, issue, new_authority
from harness.lab import HOSTS, MANAGERS, eventually

PORT = 2376
SHORT = {"engine_tls_days": 20, "engine_tls_renew_days": 5}
RENEWED = {"engine_tls_days": 365, "engine_tls_renew_days": 30}


def remote_api(stage):
    """Only clients of the authority reach engines; certificates are renewed one node at a time, also after an interruption; contexts."""
    lab = stage.lab
    with tempfile.TemporaryDirectory(prefix="apiary-tls-") as folder:
        tls = pathlib.Path(folder, "tls")
        wanted = {"engine_tls": True, "engine_tls_directory": str(tls), "services_list": []}
        lab.form_swarm()
        stage.serve()
        made = stage.play("site", "--tags", "engine", "--diff", "-vvv", **wanted, **SHORT)
        assert "PRIVATE KEY" not in made.output
        assert f"tcp://{lab.address('manager1')}:{PORT}" in stage.play("status", engine_tls=True).output
        assert stage.play("site", "--tags", "engine", **wanted, **SHORT).changed() == set()
        let_in = clients(lab, tls)
        by_contexts = contexts(stage, folder, wanted)
        by_module = module(lab, tls)
        without_the_authoritys_key(stage, tls, wanted)
        with stage.requests():
            renewal = renew(stage, wanted)
        undone = a_port_that_is_taken(stage, wanted)
        moved = a_manager_is_lost(stage, folder, wanted)
        gone = take_away(stage, folder, wanted)
    return "; ".join([let_in, by_contexts, by_module, renewal, undone, moved, gone])


def get(lab, host, tls, client=None, path="/_ping"):
    """What an engine says to a client, as text, or why it says nothing."""
    context = ssl.create_default_context(cafile=tls / "ca.pem")
    if client:
        context.load_cert_chain(*client)
    try:
        with urlopen(f"https://{lab.address(host)}:{PORT}{path}", context=context, timeout=10) as answer:
            return answer.read().decode()
    except (URLError, OSError) as error:
        return f"refused: {error}"


def clients(lab, tls):
    """Each engine lets in the client of its authority and nobody else; a host's own key opens no other host."""
    now = datetime.datetime.now(datetime.timezone.utc)
    other = tls.parent / "other.pem"
    made = issue(new_authority(now), "client", [], CLIENT, 30, now)
    other.write_text(made.key + made.certificate)
    hosts_own = tls.parent / "host.pem"
    hosts_own.write_text(lab.ssh("worker1", "cat /etc/docker/tls/server.pem") + "\n")
    for host in HOSTS:
        assert get(lab, host, tls, (tls / "cert.pem", tls / "key.pem")) == "OK", host
        for refused in (None, (other,), (hosts_own,)):
            assert get(lab, host, tls, refused).startswith("refused"), (host, refused)
        assert lab.ssh(host, "stat -c %a /etc/docker/tls /etc/docker/tls/server.pem").split() == ["700", "600"]
    assert {oct(path.stat().st_mode)[-3:] for path in tls.glob("*key.pem")} == {"600"}
    keys = "".join(path.read_text() for path in tls.iterdir())
    assert not [host for host in HOSTS if lab.ssh(host, "sed -n 2p /etc/docker/tls/server.pem") in keys]
    return f"{len(HOSTS)} engines let in the client, and none without a certificate, of another authority, or with a host's own"


def docker(folder, *words):
    """The control host's own CLI with contexts of its own; its output, or what it complained of."""
    done = subprocess.run(
        ["docker", *words],
        env={**os.environ, "DOCKER_CONFIG": f"{folder}/docker"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.stdout.strip() if done.returncode == 0 else f"failed: {done.stderr.strip()}"


def write_contexts(stage, folder, *options, **more):
    environment = {"DOCKER_CONFIG": f"{folder}/docker"}
    run = stage.lab.playbook("playbooks/contexts.yml", *options, extra_vars=more, environment=environment, timeout=200)
    assert run.rc == 0, run.output
    return run


def contexts(stage, folder, wanted):
    """docker --context HOST works from here, for each host and for the swarm; what is another's is left alone."""
    pathlib.Path(folder, "docker").mkdir()
    docker(folder, "context", "create", "mine", "--docker", "host=tcp://192.0.2.1:2376")
    write_contexts(stage, folder, "--check", **wanted)
    assert docker(folder, "context", "ls", "-q").split() == ["default", "mine"]
    assert write_contexts(stage, folder, **wanted).changed() == {"manager1"}
    assert write_contexts(stage, folder, **wanted).changed() == set()
    assert docker(folder, "context", "ls", "-q").split() == ["default", *sorted([*HOSTS, "mine", "swarm"])]
    for host in HOSTS:
        assert docker(folder, "--context", host, "info", "--format", "{{.Name}}") == host
    names = docker(folder, "--context", "manager1", "node", "ls", "--format", "{{.Hostname}}").split()
    assert sorted(names) == HOSTS
    assert sorted(docker(folder, "--context", "swarm", "node", "ls", "--format", "{{.Hostname}}").split()) == HOSTS
    return "docker --context manager1 node ls works from the control host"


def module(lab, tls):
    """A module on the control host changes a service by way of the API."""
    play = {
        "hosts": "localhost",
        "connection": "local",
        "gather_facts": False,
        "vars": {"ansible_python_interpreter": sys.executable, "ansible_become": False},
        "module_defaults": {
            "group/apiary.swarm.swarm": {
                "docker_host": f"tcp://{lab.address('manager2')}:{PORT}",
                "validate_certs": True,
                "ca_path": str(tls / "ca.pem"),
                "client_cert": str(tls / "cert.pem"),
                "client_key": str(tls / "key.pem"),
            }
        },
        "tasks": [{"name": "Label", "apiary.swarm.swarm_node": {"node": "worker1", "labels": {"by": "control"}}}],
    }
    run = lab.playbook([play])
    assert run.rc == 0, run.output
    assert lab.inspect("manager1", "node", "worker1")["Spec"]["Labels"]["by"] == "control"
    return "a module on the control host changed a node"


def fingerprints(lab):
    return {host: hashlib.sha256(certificate(lab, host).encode()).hexdigest()[:12] for host in HOSTS}


def certificate(lab, host):
    return lab.ssh(host, "sed -n '/BEGIN CERTIFICATE/,/END CERTIFICATE/p' /etc/docker/tls/server.pem")


def restarts(lab):
    """Host -> (stopped, started) of its engine's last restart, in microseconds of the one kernel that all hosts share."""
    times = {}
    for host in HOSTS:
        show = "systemctl show docker --property ActiveExitTimestampMonotonic,ActiveEnterTimestampMonotonic"
        values = dict(line.split("=") for line in lab.ssh(host, show).splitlines())
        times[host] = (int(values["ActiveExitTimestampMonotonic"]), int(values["ActiveEnterTimestampMonotonic"]))
    return times


def without_the_authoritys_key(stage, tls, wanted):
    """Nothing can be issued: the run ends before it changed anything, and says what is missing."""
    before = restarts(stage.lab)
    (tls / "ca-key.pem").rename(tls / "elsewhere")
    run = stage.play("site", "--tags", "engine", "--limit", "worker2", ok=False, **wanted, **RENEWED)
    (tls / "elsewhere").rename(tls / "ca-key.pem")
    assert run.rc != 0
    assert f"There is no ca-key.pem in {tls}" in run.messages().get("worker2", ""), run.output
    assert run.changed() == set()
    assert restarts(stage.lab) == before


def renew(stage, wanted):
    """Renewal is interrupted after the first node and goes on with the others: one at a time, the leader last."""
    lab = stage.lab
    leader = next(name for name, node in stage.nodes().items() if node["ManagerStatus"] == "Leader")
    before, stopped = fingerprints(lab), restarts(lab)
    began = time.monotonic()
    begun = stopped["worker1"][1]
    stage.kill("site", "--tags", "engine", when=lambda: restarts(lab)["worker1"][1] > begun, **wanted, **RENEWED)
    early = {host for host, each in fingerprints(lab).items() if each != before[host]}
    assert early in ({"worker1"}, {"worker1", "worker2"}), early
    stage.play("site", "--tags", "engine", **wanted, **RENEWED)
    took = time.monotonic() - began
    after, times = fingerprints(lab), restarts(lab)
    assert all(after[host] != before[host] for host in HOSTS)
    order = sorted(HOSTS, key=lambda host: times[host])
    assert all(times[first][1] < times[second][0] for first, second in itertools.pairwise(order)), times
    assert set(order[2:]) == set(MANAGERS)
    assert order[-1] == leader, (order, leader)
    assert stage.play("site", "--tags", "engine", **wanted, **RENEWED).changed() == set()
    assert restarts(lab) == times
    return f"renewed on {', '.join(order)}, interrupted after {', '.join(sorted(early))} and run again, {took:.0f} s in all"


def a_port_that_is_taken(stage, wanted):
    """An engine that does not start with the new port goes on with the old one, and the run says why."""
    lab = stage.lab
    take = "import socket, time; s = socket.create_server(('0.0.0.0', 2399)); time.sleep(600)"
    lab.ssh("worker2", f'systemd-run --unit taken /usr/bin/python3 -c "{take}"')
    run = stage.play(
        "site", "--tags", "engine", "--limit", "worker2", ok=False, **wanted, **RENEWED, engine_tls_port=2399
    )
    lab.ssh("worker2", "systemctl stop taken")
    told = run.messages().get("worker2", "")
    assert run.rc != 0
    assert "address already in use" in told, run.output
    assert "was put back as it was before this run" in told, run.output
    eventually(lambda: stage.await_nodes(Status="Ready"))
    tls = pathlib.Path(wanted["engine_tls_directory"])
    assert get(lab, "worker2", tls, (tls / "cert.pem", tls / "key.pem")) == "OK"
    assert stage.play("site", "--tags", "engine", **wanted, **RENEWED).changed() == set()
    return "a port that is taken is undone"


def a_manager_is_lost(stage, folder, wanted):
    """The swarm's context led to manager1, which dies; contexts.yml leads it to another one."""
    lab = stage.lab
    write_contexts(stage, folder, **wanted)  # which also brings the client's new certificate
    assert docker(folder, "--context", "swarm", "info", "--format", "{{.Name}}") == "manager1"
    lab.power_off("manager1")
    try:
        write_contexts(stage, folder, **wanted)
        other = docker(folder, "--context", "swarm", "info", "--format", "{{.Name}}")
        assert other in MANAGERS[1:], other
    finally:
        lab.power_on("manager1")
    stage.await_nodes("manager2", Status="Ready")
    return f"without manager1 the swarm's context leads to {other}"


def take_away(stage, folder, wanted):
    """Contexts and API go as they came."""
    lab = stage.lab
    write_contexts(stage, folder, contexts_state="absent", **wanted)
    assert docker(folder, "context", "ls", "-q").split() == ["default", "mine"]
    off = {**wanted, "engine_tls": False}
    stage.play("site", "--tags", "engine", **off)
    for host in HOSTS:
        assert lab.ssh(host, f"ls /etc/docker/tls; ss -lnt | grep ':{PORT} '", ok=False) == ""
    assert stage.play("site", "--tags", "engine", **off).changed() == set()
    stage.await_nodes(Status="Ready")
    return "switched off again"
