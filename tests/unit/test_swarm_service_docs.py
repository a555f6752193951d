# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

"""The documentation of swarm_service and its table of options say the same."""

from __future__ import annotations

import pytest
import yaml
from ansible_collections.apiary.swarm.plugins.module_utils._fields import look_up
from ansible_collections.apiary.swarm.plugins.module_utils._kinds import Records
from ansible_collections.apiary.swarm.plugins.module_utils._service_fields import SERVICE
from ansible_collections.apiary.swarm.plugins.modules import swarm_service

OPTIONS = yaml.safe_load(swarm_service.DOCUMENTATION)["options"]
SHARED = ("type", "elements", "choices", "aliases", "default", "required")


def facts(argument):
    return {key: argument[key] for key in SHARED if argument.get(key) not in (None, False)}


def flat(options, nested, prefix=""):
    for name, argument in options.items():
        yield prefix + name, facts(argument)
        if isinstance(argument.get(nested), dict) and argument["type"] == "dict":
            yield from flat(argument[nested], nested, f"{prefix}{name}.")


def test_every_option_is_documented_as_it_is():
    shared = {*swarm_service.connection_spec(), *swarm_service.between_plugin_and_module()}  # documented in fragments
    spec = {name: argument for name, argument in swarm_service.argument_spec().items() if name not in shared}
    assert dict(flat(OPTIONS, "suboptions")) == dict(flat(spec, "options"))


@pytest.mark.parametrize(
    "field", [field for field in SERVICE.fields if isinstance(field.kind, Records)], ids=lambda f: f.option
)
def test_entries_of_lists_are_documented_as_they_are(field):
    documented = OPTIONS[field.option]["suboptions"]
    assert dict(flat(documented, "suboptions")) == dict(flat(field.kind.options, "options"))


def test_no_option_whose_absence_means_leave_it_has_a_default():
    for field in SERVICE.fields:
        argument = look_up(
            {"options": SERVICE.argument_spec()}, ("options", *".options.".join(field.option.split(".")).split("."))
        )
        assert argument is not None
        assert "default" not in argument


def test_every_row_has_a_flag_and_a_place_of_its_own():
    rows = [(field.flag, field.path(SERVICE.base)) for field in SERVICE.fields if field.option != "mode"]
    assert len({path for _flag, path in rows}) == len(rows)
    flags = [flag for flag, _path in rows if flag]
    assert all(flag.startswith("--") for flag in flags)
    assert len(set(flags)) == len(flags)
    without = {field.option.partition(".")[0] for field in SERVICE.fields if not field.flag}
    assert without == {"privileges"}, "what the CLI has no flag for"


def test_results_are_documented():
    returned = yaml.safe_load(swarm_service.RETURN)["services"]["contains"]
    assert set(returned) == {
        "name", "id", "action", "changed", "diff", "tasks", "image", "update_status", "warnings", "failure",
    }  # fmt: skip
