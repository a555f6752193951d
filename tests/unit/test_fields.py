# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

"""A task that describes many things in a list, or one beside it."""

from __future__ import annotations

import pytest
from ansible_collections.apiary.swarm.plugins.module_utils._errors import SwarmError
from ansible_collections.apiary.swarm.plugins.module_utils._fields import one_or_many
from ansible_collections.apiary.swarm.plugins.module_utils._network_changes import bring, one_spec
from ansible_collections.apiary.swarm.plugins.modules import swarm_node

BOTH = pytest.mark.parametrize(
    ("many", "options"), [("networks", one_spec()), ("nodes", swarm_node.ONE)], ids=["network", "node"]
)


def params(options, **given):
    """The options of a task as AnsibleModule hands them over."""
    return {**{name: argument.get("default") for name, argument in options.items()}, **given}


@BOTH
def test_one_or_many(many, options):
    one = params(options, labels={"a": "b"})
    assert one_or_many({**one, many: None, "force": True}, many, options) == [one]
    assert one_or_many(params(options, **{many: [one, one]}), many, options) == [one, one]
    assert one_or_many(params(options, **{many: []}), many, options) == []


@BOTH
def test_options_beside_a_list_are_refused_by_name(many, options):
    with pytest.raises(SwarmError) as caught:
        one_or_many(params(options, state="absent", labels={}, **{many: []}), many, options)
    assert caught.value.kind == "invalid"
    assert caught.value.msg == (f"labels: with {many}, put it into an entry; state: with {many}, put it into an entry")


def test_the_modules_refuse_them_before_they_ask_the_engine():
    options = dict(params(one_spec(), state="absent"), networks=[{"name": "a"}], wait_timeout=1)
    with pytest.raises(SwarmError, match="state: with networks"):
        bring(None, options, False)
    options = dict(params(swarm_node.ONE, role="manager"), nodes=[{"node": "a"}], force=False)
    with pytest.raises(SwarmError, match="role: with nodes"):
        swarm_node.flow(None, options, False)
