# Copyright (c) 2026, apiary.swarm maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The machinery of a resource's one table: argument spec, declared values, comparison and writing come from it.

PRIVATE to apiary.swarm: no other collection may import it. Pure.

An option of a group is written with a dot, limits.cpus, and is an option of its own: a task that names it leaves
limits.memory alone. Lists and maps are enforced whole.
"""

from __future__ import annotations

import copy

from ._errors import SwarmError

# The collection's own labels begin with it.
OWN_LABELS = "io.apiary."
# By these 'docker stack' knows what it made.
STACK_LABELS = "com.docker.stack."

NEVER = "never"
ON_RESET = "on_reset"
ALWAYS = "always"


class Field:
    """One row of a table.

    option   name, with a dot if it stands in a group
    kind     an instance of _kinds.Kind
    path     where the value lives in the API's object, with dots; or a function of the object that tells (as a tuple)
    flag     the CLI's flag for it; None: only the API has it
    default  what absence means to the engine, as the API has it; None: nothing, or what kind.normal makes of it
    drops_zero  the engine keeps no zero: it means the default as well
    back     whether it goes back to default when nobody declares it any more: ALWAYS (undeclared: restore and reset),
             ON_RESET or NEVER
    api      the API version that brought it, as a tuple; None: before 1.25
    leave    a value that stands for "not declared"
    fresh    what a new object has, where the table's base does not say so
    """

    def __init__(
        self,
        option,
        kind,
        path,
        flag,
        default=None,
        drops_zero=False,
        back=ALWAYS,
        immutable=False,
        api=None,
        leave=None,
        fresh=None,
        aliases=(),
    ):
        self.option = option
        self.kind = kind
        self.flag = flag
        self.default = default
        self.drops_zero = drops_zero
        self.back = back
        self.immutable = immutable
        self.api = api
        self.leave = leave
        self.fresh = fresh
        self.aliases = aliases
        self._path = path if callable(path) else tuple(path.split("."))

    def path(self, spec):
        return self._path(spec) if callable(self._path) else self._path

    def argument(self):
        argument = self.kind.argument()
        if self.aliases:
            argument["aliases"] = list(self.aliases)
        return argument

    def read(self, spec):
        """The value in an API object, or None."""
        return look_up(spec, self.path(spec))

    def same(self, current, target):
        return self.kind.same(self._meaning(current), self._meaning(target))

    def _meaning(self, value):
        absent = value is None or (self.drops_zero and not value)
        return self.default if absent else value


class Table:
    """All fields of one resource.

    base    what a new object has before any option is applied: what the CLI sends if no flag is given
    filled  paths of objects that must not be sent in part (their absent fields would mean zero): as soon as one
            of their fields is written, the others get their defaults
    """

    def __init__(self, fields, base, filled=()):
        self.fields = tuple(fields)
        self.base = base
        self._filled = {tuple(path.split(".")): self._defaults(tuple(path.split("."))) for path in filled}

    def _defaults(self, parent):
        paths = ((field.path(self.base), field.default) for field in self.fields)
        return {path[-1]: default for path, default in paths if path[:-1] == parent and default is not None}

    def argument_spec(self):
        """The Ansible argument spec of all options, a fresh dict at each call. No option has a default."""
        spec = {}
        for field in self.fields:
            group, _dot, name = field.option.rpartition(".")
            options = spec.setdefault(group, {"type": "dict", "options": {}})["options"] if group else spec
            options[name] = field.argument()
        return spec

    def mergeable(self):
        """The names of options that merge may list."""
        return [field.option for field in self.fields if field.kind.mergeable]

    def declared(self, options):
        """{option: value as written} of the options that a task names (value is not None)."""
        found = {}
        for field in self.fields:
            value = look_up(options, tuple(field.option.split(".")))
            if value is not None and not (type(value) is type(field.leave) and value == field.leave):
                found[field.option] = value
        return found

    def parse(self, declared, world):
        """({option: API value}, [problems]) of declared; all problems, each with its option's name."""
        values, problems = {}, []
        for field in self.fields:
            if field.option not in declared:
                continue
            try:
                values[field.option] = field.kind.parse(declared[field.option], world)
            except ValueError as error:
                problems.append(f"{field.option}: {error}")
        return values, problems

    def version_problems(self, declared, values, api_version):
        """Declared options, and parts of their values, that an engine of this API version does not know, as sentences."""
        problems = []
        for field in self.fields:
            if field.option not in declared:
                continue
            needs = [("", field.api)] if field.api else []
            needs += [(what + " ", api) for what, api in field.kind.needs(values.get(field.option))]
            problems += [
                f"{field.option}: {what}needs API {version(api)}, and the engine speaks {version(api_version)}"
                for what, api in dict.fromkeys(needs)
                if api > tuple(api_version)
            ]
        return problems

    def write(self, field, spec, value):
        """Put an API value into spec, filling the object around it if it must not be sent in part."""
        path = field.path(spec)
        parent = path[:-1]
        if parent in self._filled and look_up(spec, parent) is None:
            put(spec, parent, copy.deepcopy(self._filled[parent]))
        put(spec, path, field.kind.write(look_up(spec, path), value))

    def take_back(self, field, spec, adopt=False):
        """Set a field of spec to what a new object would have; leaves no empty object that a new one has not.

        adopt: what another tool has added stays.
        """
        path = field.path(spec)
        current = look_up(spec, path)
        if current is None:
            return
        parent = path[:-1]
        fresh = self._filled[parent].get(path[-1]) if parent in self._filled else look_up(self.base, path)
        fresh = field.fresh if fresh is None else fresh
        kept = field.kind.kept(current) if fresh is None else None
        if kept is not None:
            put(spec, path, copy.deepcopy(kept))
            return
        fresh = field.kind.adopted(current, fresh) if adopt else fresh
        if fresh is None:
            self._remove(spec, path)
        else:
            put(spec, path, field.kind.write(current, copy.deepcopy(fresh)))

    def _remove(self, spec, path):
        parent = look_up(spec, path[:-1])
        parent.pop(path[-1], None)
        # the engine writes out some fields of an object that is there: null, false
        empty = all(value is False or value in (None, "", [], {}) for value in parent.values())
        if len(path) > 1 and empty and look_up(self.base, path[:-1]) is None:
            self._remove(spec, path[:-1])

    def drop_default_objects(self, spec, taken_back, declared):
        """Remove the objects around fields just taken back, if nothing but defaults and no declared option is left."""
        for parent in {field.path(spec)[:-1] for field in taken_back} & set(self._filled):
            named = any(field.path(spec)[:-1] == parent for field in self.fields if field.option in declared)
            if not named and look_up(spec, parent) == self._filled[parent]:
                self._remove(spec, parent)


def one_or_many(params, many, options):
    """What a task wants, a list: the entries of its option many, or else the one thing that stands beside it.

    options is the argument spec of one. Raises SwarmError (kind invalid) for options beside the list, which would mean
    nothing; one that has its default cannot be told from one that is not there.
    """
    if params[many] is None:
        return [{name: params[name] for name in options}]
    problems = [
        f"{name}: with {many}, put it into an entry"
        for name in sorted(options)
        if params[name] not in (None, options[name].get("default"))
    ]
    if problems:
        raise SwarmError("; ".join(problems), hint="Nothing was changed.", details={"problems": problems})
    return params[many]


def version(api):
    """An API version as people write it."""
    return ".".join(map(str, api))


def look_up(tree, path):
    """The value under a path of keys in nested dicts, or None."""
    for key in path:
        if not isinstance(tree, dict):
            return None
        tree = tree.get(key)
    return tree


def put(tree, path, value):
    """Set the value under a path of keys, making the dicts on the way."""
    for key in path[:-1]:
        if not isinstance(tree.get(key), dict):
            tree[key] = {}
        tree = tree[key]
    tree[path[-1]] = value
