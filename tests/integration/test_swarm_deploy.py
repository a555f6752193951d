# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

"""swarm_deploy on real engines: a whole application made, renewed, refused and taken away; the judge is the engine's own CLI."""

from __future__ import annotations

import json

import pytest

BUSYBOX = "depot:5000/busybox:latest"
DEFAULTS = {
    "image": BUSYBOX,
    "args": ["sleep", "100000"],
    "stop_grace_period": "1s",
    "update_config": {"monitor": "1s"},
    "placement": {"constraints": ["node.hostname==manager1"]},
}
# "app" is the name of a service, too: what is hidden of a secret may not be cut out of the result
WORDS = {"first": "app", "second": "second-content-4711", "third": "third-content-4712"}


@pytest.fixture(autouse=True)
def nothing_left(swarm):
    yield
    swarm.clear_services()
    for kind in ("secret", "config", "network"):
        for name in names(swarm, kind):
            swarm.docker("manager1", kind, "rm", name)


def names(lab, kind):
    return sorted(
        row["Name"]
        for row in lab.rows("manager1", kind, "ls")
        if row.get("Scope") != "local" and row["Name"] != "ingress"
    )


def application(content, **more):
    secret = {"name": "key", "data": content, "rolling_versions": True, "versions_to_keep": 1}
    config = {"name": "settings", "data": f"settings of {content}", "rolling_versions": True, "versions_to_keep": 1}
    service = {"name": "app", "networks": ["back"], "secrets": ["key"], "configs": ["settings"]}
    declared = {
        "networks": [{"name": "back", "ipam_config": [{"subnet": "10.66.0.0/24"}]}],
        "secrets": [secret],
        "configs": [config],
        "services": [service],
        "service_defaults": DEFAULTS,
    }
    return {**declared, **more}


def actions(result):
    return {
        row["name"]: row["action"] for many in ("networks", "secrets", "configs", "services") for row in result[many]
    }


def there(lab):
    """Everything of the swarm that the application is made of, by name."""
    return {kind: names(lab, kind) for kind in ("network", "secret", "config", "service")}


def refers_to(lab, name):
    """What the service's tasks get: names of secrets, configs and networks."""
    container = lab.inspect("manager1", "service", name)["Spec"]["TaskTemplate"]
    networks = {row["ID"]: row["Name"] for row in lab.rows("manager1", "network", "ls", "--no-trunc")}
    return {
        "secret": [entry["SecretName"] for entry in container["ContainerSpec"]["Secrets"]],
        "config": [entry["ConfigName"] for entry in container["ContainerSpec"]["Configs"]],
        "network": [networks[entry["Target"]] for entry in container["Networks"]],
    }


def test_an_application_comes_is_renewed_and_goes(swarm):
    empty = there(swarm)

    # check mode knows what is to come
    announced = swarm.module("manager2", "swarm_deploy", application(WORDS["first"]), check=True)
    assert actions(announced) == {"back": "created", "key": "created", "settings": "created", "app": "created"}
    assert "warnings" not in announced
    assert there(swarm) == empty
    made = swarm.module("manager2", "swarm_deploy", application(WORDS["first"]))
    assert actions(made) == actions(announced)
    assert [row["name"] for row in made["services"]] == ["app"], "a short secret was cut out of it"
    assert made["services"][0]["tasks"][0]["state"] == "running"
    assert refers_to(swarm, "app") == {"secret": ["key_v1"], "config": ["settings_v1"], "network": ["back"]}
    assert not swarm.module("manager1", "swarm_deploy", application(WORDS["first"]))["changed"]

    # a new content: in check mode the diff shows the service that gets it
    announced = swarm.module("manager1", "swarm_deploy", application(WORDS["second"]), check=True)
    assert actions(announced) == {"back": "unchanged", "key": "created", "settings": "created", "app": "updated"}
    assert "key_v2" in json.dumps(announced["diff"][-1]["after"])
    assert there(swarm)["secret"] == ["key_v1"]
    made = swarm.module("manager1", "swarm_deploy", application(WORDS["second"]))
    assert actions(made) == actions(announced)
    assert refers_to(swarm, "app") == {"secret": ["key_v2"], "config": ["settings_v2"], "network": ["back"]}
    assert there(swarm)["secret"] == ["key_v1", "key_v2"], "a rollback would need the old one"

    # and once more: what the rollback would need has moved on, so that the oldest goes at the end of the same run
    announced = swarm.module("manager1", "swarm_deploy", application(WORDS["third"]), check=True)
    made = swarm.module("manager1", "swarm_deploy", application(WORDS["third"]))
    for result in (announced, made):
        (secret,), (config,) = result["secrets"], result["configs"]
        assert (secret["removed_versions"], config["removed_versions"]) == (["key_v1"], ["settings_v1"])
    assert made["diff"][:2] == announced["diff"][:2]
    assert (there(swarm)["secret"], there(swarm)["config"]) == (["key_v2", "key_v3"], ["settings_v2", "settings_v3"])
    assert not swarm.module("manager1", "swarm_deploy", application(WORDS["third"]))["changed"]

    # all of it away, in one call
    absent = {
        "networks": [{"name": "back", "state": "absent"}],
        "secrets": [{"name": "key", "rolling_versions": True, "state": "absent"}],
        "configs": [{"name": "settings", "rolling_versions": True, "state": "absent"}],
    }
    for check in (True, False):
        refused = swarm.module("manager1", "swarm_deploy", absent, check=check, ok=False)
        assert refused["failure"]["kind"] == "in_use"
        assert "network back is used by app" in refused["msg"]
    absent["services"] = [{"name": "app", "state": "absent"}]
    announced = swarm.module("manager1", "swarm_deploy", absent, check=True)
    assert there(swarm)["service"] == ["app"]
    gone = swarm.module("manager1", "swarm_deploy", absent)
    assert actions(gone) == actions(announced) == dict.fromkeys(("back", "key", "settings", "app"), "removed")
    assert there(swarm) == empty
    assert not swarm.module("manager1", "swarm_deploy", absent)["changed"]


def test_nothing_is_made_if_anything_is_invalid(swarm):
    empty = there(swarm)
    bad = application(WORDS["second"])
    bad["services"] = [{**bad["services"][0], "replicas": 2, "mode": "global"}, {"name": "b", "secrets": ["nowhere"]}]
    refused = swarm.module("manager1", "swarm_deploy", bad, ok=False)
    assert "there is no secret 'nowhere'" in refused["msg"]
    assert "replicas" in refused["msg"]
    for many, wrong in (
        ("secrets", {"name": "k e y", "data": "x"}),
        ("networks", {"name": "n", "ipam_config": [{"subnet": "x"}]}),
    ):
        refused = swarm.module("manager1", "swarm_deploy", application(WORDS["second"], **{many: [wrong]}), ok=False)
        assert refused["failure"]["kind"] == "invalid", refused
    assert there(swarm) == empty


def test_a_service_that_fails_keeps_what_it_had(swarm):
    """The result tells what was made all the same; old versions and what was to be absent stay for the way back."""
    swarm.docker("manager1", "network", "create", "-d", "overlay", "old")
    swarm.module("manager1", "swarm_deploy", application(WORDS["second"]))
    failing = application(WORDS["third"])
    failing["networks"].append({"name": "old", "state": "absent"})
    failing["secrets"].append({"name": "more", "data": WORDS["third"]})
    failing["services"][0]["args"] = ["false"]
    failed = swarm.module("manager1", "swarm_deploy", failing, ok=False)
    assert failed["changed"]
    assert actions(failed) == {
        "back": "unchanged", "old": "unchanged", "key": "created", "more": "created", "settings": "created", "app": "updated",
    }  # fmt: skip
    assert failed["services"][0]["failure"]["kind"] in ("crash_loop", "paused")
    assert there(swarm)["network"] == ["back", "old"]
    assert there(swarm)["secret"] == ["key_v1", "key_v2", "more"]
    assert WORDS["third"] not in json.dumps(failed)
