# Copyright (c) 2026, apiary.swarm maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The one flow of swarm_secret and swarm_config: read, plan, apply, result.

PRIVATE to apiary.swarm: no other collection may import it.
"""

from __future__ import annotations

from ._cluster import read_nodes
from ._contents import CONTENT, content, hide, plan, settle, shown
from ._engine import TRANSIENT, noting, retry
from ._errors import SwarmError
from ._fields import one_or_many


def one_spec():
    """The argument spec of one secret or config."""
    return dict(
        CONTENT.argument_spec(),
        name={"type": "str"},
        # raw, and refused if it is no text: what YAML or a template made a number or a map of is another content
        data={"type": "raw", "no_log": True},
        data_is_b64={"type": "bool", "default": False},
        rolling_versions={"type": "bool", "default": False},
        versions_to_keep={"type": "int", "default": 5},
        state={"type": "str", "choices": ["present", "absent"], "default": "present"},
        recreate={"type": "bool", "default": False},
    )


def argument_spec(sort):
    """The argument spec of a module: one beside a list of many."""
    entry = dict(one_spec(), name={"type": "str", "required": True})
    # no_log is said because of the name: what is secret in the list is marked so in its entries
    many = {"type": "list", "elements": "dict", "options": entry, "no_log": False}
    return dict(one_spec(), **{sort.many: many})


def bring(engine, sort, params, check_mode):
    """Bring the secrets or configs of a task to what is declared; returns the module's result."""
    wishes = one_or_many(params, sort.many, one_spec())
    refuse_twice(sort, wishes)
    read_nodes(engine, f"change {sort.many}")
    plans = settled(engine, sort, read_and_plan(engine, sort, wishes), engine.services)
    made = {}
    if not check_mode:
        plans, made = carry_out(engine, sort, wishes, plans)
    return result(sort, plans, made, alone=params[sort.many] is None)


def read_and_plan(engine, sort, wishes):
    """The plans for wishes, entries of the module's list. Raises SwarmError if one is invalid."""
    if not wishes:
        return []
    # the engine takes the names for beginnings of names, so that versions come along
    names = [wish["name"] for wish in wishes]
    things = retry(lambda: engine.get(f"/{sort.many}", what=f"list the {sort.many}", filters={"name": names})) or []
    return [plan(sort, wish, things, engine.api_version) for wish in wishes]


def settled(engine, sort, plans, read_services):
    """The plans without the removal of old versions in use; services are read if any is to go.

    Raises SwarmError (kind in_use) if services use what the task would remove.
    """
    if any(entry.going for entry in plans):
        plans, told = settle(sort, plans, retry(read_services))
        if told:
            raise SwarmError(
                f"Could not remove {sort.many} on {engine.name}: {'; '.join(told)}",
                kind="in_use",
                hint="Nothing was changed. Remove these services, or take it out of them, first.",
                node=engine.name,
            )
    return plans


def carry_out(engine, sort, wishes, plans):
    """Apply plans; returns them as they were carried out, and {name: ID}, None for what is not there any more."""
    done = [_carry_out_one(engine, sort, wish, entry) for wish, entry in zip(wishes, plans)]
    return [entry for entry, _made in done], {entry.name: made for entry, made in done}


def refuse_twice(sort, wishes):
    names = [wish["name"] for wish in wishes]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise SwarmError(f"{sort.many}: {', '.join(twice)} is there twice")


def _carry_out_one(engine, sort, wish, entry):
    """Apply one plan; returns it as it was carried out, and the ID of what there is now, or None."""
    try:
        if entry.action == "recreated":
            remove(engine, sort, entry.going)
        if entry.action in ("created", "recreated"):
            planned = entry
            entry, made = _create(engine, sort, wish, planned)
            if entry is not planned:
                entry = entry._replace(going=())  # these were not looked at for their users
        else:
            made = entry.present["ID"] if entry.present and entry.action != "removed" else None
        if entry.action == "updated":
            _update(engine, sort, entry)
        if entry.action != "recreated":
            remove(engine, sort, entry.going)
    except SwarmError as error:
        data = content(wish)
        if data:
            error.msg = hide(error.msg, data)
        raise
    return entry, made


def _create(engine, sort, wish, entry, attempts=3):
    """POST it; returns the plan as it was carried out, and the ID.

    Where there is one of this name by now, another run was quicker, or an attempt of which a lost leader said nothing was
    carried out: then it is planned again.
    """
    unsure = []

    def attempt():
        what = f"create {sort.word} {entry.spec['Name']}"
        with noting(unsure, entry):
            return engine.post(f"/{sort.many}/create", entry.spec, what=what)["ID"]

    try:
        return entry, retry(attempt)
    except SwarmError as error:
        again = read_and_plan(engine, sort, [wish])[0] if error.kind == "name_conflict" else entry
        if again.action == "created" and again is not entry and attempts > 1:
            return _create(engine, sort, wish, again, attempts - 1)
        if again.action not in ("unchanged", "updated"):
            raise
    ours = again.action == "unchanged" and (unsure or entry.action == "recreated")
    return entry if ours else again, again.present["ID"]


def _update(engine, sort, entry):
    """Replace the labels; with the version of now, should somebody have been quicker."""

    def attempt():
        path = f"/{sort.many}/{entry.present['ID']}"
        now = engine.get(path, what=f"read {sort.word} {entry.name}")
        engine.post(
            f"{path}/update",
            dict(now["Spec"], Labels=entry.spec["Labels"]),
            what=f"update {sort.word} {entry.name}",
            version=now["Version"]["Index"],
        )

    retry(attempt, kinds=TRANSIENT | {"out_of_sequence"})


def remove(engine, sort, things):
    """DELETE them; what is gone already is as good."""
    for thing in things:
        what = f"remove {sort.word} {thing['Spec']['Name']}"
        try:
            retry(lambda path=f"/{sort.many}/{thing['ID']}", what=what: engine.delete(path, what=what))
        except SwarmError as error:
            if error.kind != "not_found":
                raise


def result(sort, plans, made, alone):
    """The module's result; made is {name: ID} after applying, empty in check mode."""
    rows, before, after = [], {}, {}
    for entry in plans:
        gone = entry.action == "removed"
        old, new = (entry.present or {}).get("Spec"), None if gone else entry.spec or (entry.present or {}).get("Spec")
        present = entry.present if entry.action in ("unchanged", "updated") else None
        extra = () if entry.action in ("removed", "recreated") else entry.going
        action = "updated" if extra and entry.action == "unchanged" else entry.action
        rows.append(
            {
                "name": entry.name,
                "full_name": new["Name"] if new else None,
                "id": made.get(entry.name) or (present or {}).get("ID"),
                "action": action,
                "changed": action != "unchanged",
                "removed_versions": [thing["Spec"]["Name"] for thing in extra],
            }
        )
        if action != "unchanged":
            fresh = entry.action in ("created", "recreated")
            before[entry.name] = dict(shown(old, "(hidden)"), removed_versions=[]) if old else {}
            after[entry.name] = (
                dict(
                    shown(new, "(hidden, new)" if fresh else "(hidden)"), removed_versions=rows[-1]["removed_versions"]
                )
                if new
                else {}
            )
    answer = {"changed": bool(before), sort.many: rows, "diff": {"before": before, "after": after}}
    if alone:
        answer.update({f"{sort.word}_id": rows[0]["id"], f"{sort.word}_name": rows[0]["full_name"]})
    notes = [entry.note for entry in plans if entry.note]
    return dict(answer, warnings=notes) if notes else answer
