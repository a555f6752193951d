# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

"""env_files beside the CLI's --env-file on a real engine."""

from __future__ import annotations

import pytest

BUSYBOX = "depot:5000/busybox:latest"
# the second replaces some of the first; %b of printf makes the rest of it
FILES = {
    "first": '\\0357\\0273\\0277A=1\\nB=1\\n# C=1\\n  \\n\\tD= quoted "x" # no comment \\r\\nE=\\nHERE\\nNOWHERE\\na.b-c=1\\nF=x=y',
    "second": "B=2\\nG=2\\nG=3\\n",
}
BAD = {"export": "A=1\\nexport B=s3cret", "no-name": "=s3cret", "blank": "A =s3cret", "binary": "A=\\0377s3cret"}
OPTIONS = {"image": BUSYBOX, "replicas": 0, "resolve_image": "never"}


@pytest.fixture(scope="module")
def files(swarm):
    for name, text in {**FILES, **BAD}.items():
        swarm.ssh("manager1", f"mkdir -p /tmp/env; printf %b '{text}' > /tmp/env/{name}")
    yield [f"/tmp/env/{name}" for name in FILES]
    swarm.ssh("manager1", "rm -r /tmp/env")


@pytest.fixture(autouse=True)
def nothing_left(swarm):
    yield
    swarm.clear_services()


def run(lab, check=False, **options):
    options = options if "services" in options else {"name": "ours", **OPTIONS, **options}
    task = {"name": "ours", "apiary.swarm.swarm_service": options, "environment": {"HERE": "here"}}
    play = {"hosts": "manager1", "gather_facts": False, "tasks": [task]}
    return lab.playbook([play], "--diff", *(["--check"] if check else [])).of("manager1", "ours")


def variables(lab, name):
    return lab.inspect("manager1", "service", name)["Spec"]["TaskTemplate"]["ContainerSpec"].get("Env") or []


def test_the_same_as_the_cli_makes(swarm, files):
    flags = "".join(f" --env-file {path}" for path in files)
    create = "HERE=here docker service create --detach --no-resolve-image --replicas 0 --name"
    swarm.ssh("manager1", f"{create} cli{flags} -e E=5 -e H=6 {BUSYBOX}")
    assert "B=2" in variables(swarm, "cli")

    for env in (["E=5", "H=6"], {"E": 5, "H": "6"}):
        announced = run(swarm, check=True, env_files=files, env=env)
        made = run(swarm, env_files=files, env=env)
        assert made["changed"]
        assert made["diff"] == announced["diff"]
        assert sorted(variables(swarm, "ours")) == sorted(variables(swarm, "cli"))
        assert not run(swarm, env_files=files, env=env)["changed"]
        swarm.docker("manager1", "service", "rm", "ours")


def test_files_are_declared_env(swarm, files):
    run(swarm, env_files=files[1:], undeclared="restore")
    assert sorted(variables(swarm, "ours")) == ["B=2", "G=3"]
    swarm.docker("manager1", "service", "update", "--detach", "--env-add", "HAND=1", "ours")
    run(swarm, env_files=files[1:], merge=["env"])
    assert sorted(variables(swarm, "ours")) == ["B=2", "G=3", "HAND=1"]
    run(swarm, env_files=files[1:])
    assert sorted(variables(swarm, "ours")) == ["B=2", "G=3"]
    run(swarm, undeclared="restore")
    assert variables(swarm, "ours") == []


def test_many_services_have_their_own_and_the_defaults(swarm, files):
    run(
        swarm,
        service_defaults={**OPTIONS, "env_files": files[1:], "env": {"B": "default"}},
        services=[
            {"name": "one"},
            {"name": "two", "env_files": [files[0]], "env": {"A": "own"}},
            {"name": "x", "state": "absent"},
        ],
    )
    assert sorted(variables(swarm, "one")) == ["B=default", "G=3"]
    assert {"A=own", "B=1", "F=x=y"} < set(variables(swarm, "two"))


def test_what_is_wrong_with_files(swarm, files):
    bad = [f"/tmp/env/{name}" for name in BAD]
    refused = run(swarm, env_files=[*files, *bad, "/tmp/env", "/nowhere"])
    for path in bad:
        assert f"Service ours: env_files: {path} on manager1: line " in refused["msg"]
    assert "/tmp/env on manager1: Is a directory" in refused["msg"]
    assert "/nowhere on manager1: No such file or directory" in refused["msg"]
    assert "s3cret" not in refused["msg"]
    assert swarm.rows("manager1", "service", "ls") == []
    for path in bad:
        create = f"docker service create --detach --no-resolve-image --name cli --env-file {path} {BUSYBOX}"
        assert "docker" not in swarm.ssh("manager1", f"{create} >/dev/null 2>&1 && echo docker", ok=False), (
            "nor does the CLI"
        )
    misplaced = run(swarm, env_files=files, services=[{"name": "a"}])
    assert "env_files: with services, put it into service_defaults or into an entry" in misplaced["msg"]
