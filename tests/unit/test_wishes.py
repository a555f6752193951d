# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.apiary.swarm.plugins.module_utils._errors import SwarmError
from ansible_collections.apiary.swarm.plugins.module_utils._service_fields import SERVICE
from ansible_collections.apiary.swarm.plugins.module_utils._wishes import HOW, wishes_of


def task(**params):
    """The options of a task as AnsibleModule hands them over."""
    empty = dict.fromkeys([*SERVICE.argument_spec(), "name", "services", "service_defaults", "merge", "env_files"])
    return {**empty, **{key: value for key, value in HOW.items() if key != "merge"}, **params}


def test_one_service():
    (wish,) = wishes_of(task(name="web", image="nginx", limits={"cpus": 1.0, "memory": None}, undeclared="reset"))
    assert (wish.name, wish.state, wish.undeclared, wish.merge, wish.resolve_image) == (
        "web",
        "present",
        "reset",
        (),
        "changed",
    )
    assert SERVICE.declared(wish.options) == {"image": "nginx", "limits.cpus": 1.0}


def test_many_services_with_defaults():
    wishes = wishes_of(
        task(
            undeclared="restore",
            service_defaults={
                "image": "nginx",
                "limits": {"cpus": "0.5", "memory": "1G"},
                "env": {"A": 1},
                "merge": ["env"],
            },
            services=[
                {"name": "a"},
                {"name": "b", "image": "httpd", "limits": {"memory": "2G"}, "env": {"B": 2}, "undeclared": "keep"},
                {"name": "c", "state": "absent", "merge": []},
            ],
        )
    )
    assert [wish.name for wish in wishes] == ["a", "b", "c"]
    assert [wish.undeclared for wish in wishes] == ["restore", "keep", "restore"]
    assert [wish.state for wish in wishes] == ["present", "present", "absent"]
    assert [wish.merge for wish in wishes] == [("env",), ("env",), ()]
    assert SERVICE.declared(wishes[0].options) == {
        "image": "nginx",
        "limits.cpus": 0.5,
        "limits.memory": "1G",
        "env": {"A": 1},
    }
    assert SERVICE.declared(wishes[1].options) == {
        "image": "httpd",
        "limits.cpus": 0.5,
        "limits.memory": "2G",
        "env": {"B": 2},
    }


def test_everything_wrong_with_a_list_is_said_at_once():
    with pytest.raises(SwarmError) as caught:
        wishes_of(
            task(
                image="nginx",
                service_defaults={"replica": 2},
                services=[
                    {"name": "a", "colour": "red"},
                    {"image": "x"},
                    {"name": "a", "replicas": "many"},
                    {"name": "d", "update_config": {"order": "sideways"}},
                    {"name": "e", "merge": ["replicas"]},
                ],
            )
        )
    problems = caught.value.details["problems"]
    for words in (
        "image: with services, put it into service_defaults",
        "service_defaults: replica",
        "services, entry 1 (a): colour",
        "services, entry 2 (None): missing required arguments: name",
        "services, entry 3 (a): argument 'replicas'",
        "services, entry 4 (d): value of order must be one of: stop-first, start-first, got: sideways",
        "services, entry 5 (e): value of merge must be one or more of",
        "services: 'a' is there twice",
    ):
        assert any(problem.startswith(words) for problem in problems), (words, problems)
