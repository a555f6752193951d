#!/usr/bin/env python3
# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Write docs/flags.md: every flag of `docker service create` and `update`, and the option of swarm_service for it.

Most rows come from the module's own table of options; what a flag means beside it stands here. Run it after a change to
either: scripts/flags_doc.py (or `make flags`).
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "collections"))

from ansible_collections.apiary.swarm.plugins.module_utils._fields import version  # noqa: E402
from ansible_collections.apiary.swarm.plugins.module_utils._service_fields import SERVICE  # noqa: E402

PAGE = ROOT / "docs" / "flags.md"
CREATE, UPDATE = "create", "update"

# Flags that only one of the two commands has. The others are in both, lists and maps in update as --x-add and --x-rm.
ONLY = {
    "--args": UPDATE,
    "--image": UPDATE,
    "--force": UPDATE,
    "--rollback": UPDATE,
    "--mode": CREATE,
    "--name": CREATE,
    "--env-file": CREATE,
}
# Lists and maps that update takes whole, as create does.
WHOLE = ("--cap-add", "--cap-drop", "--log-opt")


class Row(NamedTuple):
    flag: str
    option: str
    field: str
    api: str


CLIENT = "none: it is the client's"

# Flags without a row of their own in the table of options.
BESIDE = [
    Row("--name", "`name`", "`Name`", ""),
    Row("--rollback", "`state: rolled_back`", "the query `rollback=previous`", "1.25"),
    Row("--detach", "`wait: false`", CLIENT, "1.29"),
    Row("--quiet", "none needed: a task shows only what changed", CLIENT, ""),
    Row("--no-resolve-image", "`resolve_image: never`", CLIENT, "1.30"),
    Row("--with-registry-auth", "`with_registry_auth`, `registry_auth`", "the header `X-Registry-Auth`", ""),
    Row("--env-file", "`env_files`", "`TaskTemplate.ContainerSpec.Env`", ""),
    Row("--no-healthcheck", "`healthcheck.test: NONE`", "`TaskTemplate.ContainerSpec.Healthcheck.Test`", "1.25"),
]


def flags_of(command):
    """The rows of one command, sorted by flag."""
    rows = [row for row in BESIDE if _is_in(row.flag, command)]
    for field in SERVICE.fields:
        if field.flag and _is_in(field.flag, command):
            rows += _rows(field, command)
    return sorted(rows)


def _is_in(flag, command):
    return ONLY.get(flag, command) == command


def _rows(field, command):
    option, place, api = f"`{field.option}`", f"`{_place(field)}`", version(field.api or ())
    if command == CREATE or not field.kind.mergeable or field.flag in WHOLE:
        return [Row(field.flag, option, place, api)]
    return [
        Row(f"{field.flag}-add", f"{option}, with `merge: [{field.option}]`", place, api),
        Row(f"{field.flag}-rm", f"{option} without the entry", place, api),
    ]


def _place(field):
    if field.option == "force_update":
        return "TaskTemplate.ForceUpdate"  # its own place is a label that remembers it
    # what has no fixed place (the number of tasks) is told for a new service
    return ".".join(field.path(SERVICE.base))


def table(rows, first="flag"):
    yield f"| {first} | option | API field | minimum API |"
    yield "|---|---|---|---|"
    for row in rows:
        yield f"| {f'`{row.flag}`' if row.flag else 'none'} | {row.option} | {row.field} | {row.api} |"


def page():
    """The text of docs/flags.md."""
    no_flag = [
        Row("", f"`{field.option}`", f"`{_place(field)}`", version(field.api or ()))
        for field in SERVICE.fields
        if not field.flag
    ]
    lines = [
        "# The CLI's flags, and the options of swarm_service",
        "",
        "Made by `scripts/flags_doc.py` from the module's own table of options; `make flags` makes it anew.",
        "The minimum API is empty for what every engine has that knows services. An engine that is too old for a declared option",
        "is named in the failure, and nothing is changed. What an option does is in the module's documentation.",
        "",
        "## docker service create",
        "",
        "`IMAGE` is `image`, and `COMMAND` with `ARG` is `args`.",
        "",
        *table(flags_of(CREATE)),
        "",
        "## docker service update",
        "",
        "A task says what a list or map is to be, so that there is no option for taking an entry away: it is declared without",
        "it. With `merge` what is declared is added to what is there.",
        "",
        *table(flags_of(UPDATE)),
        "",
        "## Only in the API",
        "",
        *table(no_flag),
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page())
    print(f"{PAGE.relative_to(ROOT)}: {len(flags_of(CREATE))} flags of create, {len(flags_of(UPDATE))} of update")
