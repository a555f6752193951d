# Copyright (c) 2026, apiary.swarm maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The kinds of value an option can have: how it is written, what the API wants, when two of them are the same.

PRIVATE to apiary.swarm: no other collection may import it.

Pure. A kind knows nothing of services: where a value lives and what its absence means is said by a Field (_fields.py).
"""

from __future__ import annotations

import copy
import shlex

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ._checked import checked
from ._units import MOST


class Kind:
    """A value that the API takes as it is written. Subclasses override what differs."""

    type = "str"
    elements = None
    mergeable = False

    def argument(self):
        """The Ansible argument spec of an option of this kind."""
        argument = {"type": self.type}
        if self.elements:
            argument["elements"] = self.elements
        return argument

    def parse(self, value, world):
        """The API's form of what a task says. Raises ValueError; world resolves names (see _plan.World)."""
        return value

    def normal(self, value):
        """A comparable form of an API value; None (absent) and what the engine drops as empty come out the same."""
        return value or ""

    def same(self, current, target):
        """Does the engine's value already say what target says?"""
        return self.normal(current) == self.normal(target)

    def merge(self, current, target):
        """target added to the engine's value, for an option named in merge."""
        raise NotImplementedError

    def write(self, current, target):
        """What to send for target where the engine has current."""
        return target

    def adopted(self, current, target):
        """target with what the tool that made the engine's value has added to it, unless target says otherwise."""
        return target

    def kept(self, current):
        """What of the engine's value is not the option's, and stays when that is taken back; None: nothing."""

    def named(self, sort, value):
        """The names and the IDs of secrets or configs (sort, see _contents.py) that a declared value has, two sets."""
        return set(), set()

    def needs(self, value):
        """(what, API version as a tuple) of the parts of an API value that need a newer API than the option itself."""
        return ()


class Text(Kind):
    """Text; with choices one of them, which may be reached by several spellings through fold."""

    def __init__(self, choices=None, fold=None):
        self.choices = choices
        self.fold = fold

    def argument(self):
        argument = super().argument()
        if self.choices:
            argument["choices"] = list(self.choices)
        return argument

    def normal(self, value):
        return self.fold(value or "") if self.fold else value or ""


class Number(Kind):
    type = "int"

    def __init__(self, least=0, most=MOST):
        self.least = least
        self.most = most

    def parse(self, value, world):
        if value < self.least:
            raise ValueError(f"{shown(value)} is less than {self.least}")
        if value > self.most:
            raise ValueError(f"{shown(value)} is more than {self.most}")
        return value

    def normal(self, value):
        return value or 0


class Ratio(Kind):
    """A share between 0 and 1. The engine keeps 32 bits of it, so only six digits are compared."""

    type = "float"

    def parse(self, value, world):
        if not 0 <= value <= 1:
            raise ValueError(f"{value} is not between 0 and 1")
        return value

    def normal(self, value):
        return round(value or 0, 6)


class Bool(Kind):
    """On or off; with absent_differs an absent value is a third thing (for example: as the daemon is configured)."""

    type = "bool"

    def __init__(self, absent_differs=False):
        self.absent_differs = absent_differs

    def normal(self, value):
        return value if self.absent_differs else bool(value)


class Unit(Kind):
    """A number with a unit, read by one of the functions of _units; absent is 0, or with absent_differs a third thing."""

    def __init__(self, read, type="str", absent_differs=False):
        self.read = read
        self.type = type
        self.absent_differs = absent_differs

    def parse(self, value, world):
        return self.read(value)

    def normal(self, value):
        return value if self.absent_differs else value or 0


class Words(Kind):
    """A command line: a list of words in order, or (type raw) text that a shell would split into them."""

    def __init__(self, type="list"):
        self.type = type
        self.elements = "str" if type == "list" else None

    def parse(self, value, world):
        if isinstance(value, str):
            return shlex.split(value)
        if not isinstance(value, list):
            raise ValueError(f"'{value}' is neither text nor a list")
        for word in value:
            if isinstance(word, bool) or not isinstance(word, (str, int, float)):
                raise ValueError(f"put each word in quotes: YAML read one as {type(word).__name__} {word!r}")
        return [str(word) for word in value]

    def normal(self, value):
        return tuple(value or ())


class Texts(Kind):
    """A list of texts. Unless ordered, their order means nothing; each is read by read, compared through fold."""

    type = "list"
    elements = "str"
    mergeable = True

    def __init__(self, read=None, fold=None, ordered=False, sort=False):
        self.read = read
        self.fold = fold or (lambda text: text)
        self.ordered = ordered
        self.sort = sort

    def parse(self, value, world):
        texts = list(dict.fromkeys(self.read(text) if self.read else text for text in value))
        return sorted(texts) if self.sort else texts

    def normal(self, value):
        texts = [self.fold(text) for text in value or ()]
        return tuple(texts) if self.ordered else frozenset(texts)

    def merge(self, current, target):
        known = {self.fold(text) for text in current or ()}
        return list(current or ()) + [text for text in target if self.fold(text) not in known]


class Mapping(Kind):
    """A map of texts. Keys that begin with own are the collection's: not compared, not shown, never lost.

    Those that begin with foreign are another tool's, see adopted().
    """

    type = "dict"
    mergeable = True

    def __init__(self, own=None, foreign=None):
        self.own = own
        self.foreign = foreign

    def parse(self, value, world):
        return {str(key): scalar_text(key, item) for key, item in value.items()}

    def normal(self, value):
        return {key: item for key, item in (value or {}).items() if not self._is_own(key)}

    def merge(self, current, target):
        return dict(current or {}, **target)

    def write(self, current, target):
        return dict(target, **(beginning_with(self.own, current) if self.own else {}))

    def adopted(self, current, target):
        foreign = beginning_with(self.foreign, current) if self.foreign else {}
        return dict(foreign, **target or {}) or target

    def _is_own(self, key):
        return bool(self.own) and key.startswith(self.own)


class Pairs(Kind):
    """A map for people, a list of texts for the API: join(key, value) makes one, split(text) takes it apart.

    Taken as a map, as a list of the texts that the CLI takes, or as such texts with commas between them.
    """

    type = "raw"
    mergeable = True

    def __init__(self, split, join, read=None):
        self.split = split
        self.join = join
        self.read = read or (lambda text: text)

    def parse(self, value, world):
        if isinstance(value, dict):
            return [self.join(key, scalar_text(key, item)) for key, item in value.items()]
        if isinstance(value, str):
            value = [text for text in value.split(",") if text]
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise ValueError("neither a map nor a list of texts")
        # of one key the last counts, at its own place, as in the CLI
        return self._unique(map(self.read, value[::-1]), first=True)[::-1]

    def normal(self, value):
        return dict(self.split(text) for text in value or ())

    def merge(self, current, target):
        return self._unique(list(current or ()) + list(target))

    def _unique(self, texts, first=False):
        found = {}
        for text in texts:
            key = self.split(text)[0]
            found[key] = found.get(key, text) if first else text
        return list(found.values())


class Part(Kind):
    """A map of sub-options that stands for one object of the API, enforced whole.

    options is the argument spec of the map, build(options that are named) makes the API's object.
    """

    type = "dict"

    def __init__(self, options, build, normal=None):
        self.options = options
        self.build = build
        self._normal = normal or prune

    def argument(self):
        return {"type": "dict", "options": copy.deepcopy(self.options)}

    def parse(self, value, world):
        return self.build({key: item for key, item in value.items() if item is not None})

    def normal(self, value):
        return self._normal(value or {})


class Records(Kind):
    """A list of entries, each a map of sub-options, or a text (or what else YAML read) that expand turns into one or more.

    options is the argument spec of an entry. build(entry, world) makes the API's object of it; key(object) tells which
    entry it is, for merge.
    """

    type = "list"
    elements = "raw"
    mergeable = True

    def __init__(self, options, build, key, expand, normal=None, order=None):
        self.options = options
        self.build = build
        self.key = key
        self.expand = expand
        self.entry_normal = normal or prune
        self.order = order

    def parse(self, value, world):
        objects = []
        for index, item in enumerate(value):
            try:
                entries = [item] if isinstance(item, dict) else self.expand(item)
                objects.extend(self.build(self._checked(entry), world) for entry in entries)
            except ValueError as error:
                raise ValueError(f"entry {index + 1}: {error}")
        return sorted(objects, key=self.order) if self.order else objects

    def _checked(self, entry):
        options, problems = checked(ArgumentSpecValidator(self.options), entry)
        if problems:
            raise ValueError("; ".join(problems))
        return {key: item for key, item in options.items() if item is not None}

    def normal(self, value):
        # A list, not a set: the entries are maps. Sorted by their text, since their order means nothing.
        return sorted((self.entry_normal(item) for item in value or ()), key=repr)

    def merge(self, current, target):
        new = {self.key(item): item for item in target}
        kept = [item for item in current or () if self.key(item) not in new]
        return kept + list(target)


def shown(number):
    """A number for a message, which thousands of digits would make none."""
    return str(number) if abs(number) < 10**40 else "a number of more than 40 digits"


def beginning_with(prefix, mapping):
    """The entries of a map, or of None, whose keys begin so."""
    return {key: item for key, item in (mapping or {}).items() if key.startswith(prefix)}


def scalar_text(key, value):
    """The text of a map's value. Refuses what YAML has more than one spelling for: a person must put it in quotes."""
    if isinstance(value, bool) or value is None or not isinstance(value, (str, int)):
        raise ValueError(f"{key}: put the value in quotes: YAML read it as {type(value).__name__} {value!r}")
    return str(value)


def prune(value):
    """value without what the engine drops: keys that are absent, empty, zero or false, at every depth."""
    if isinstance(value, dict):
        items = ((key, prune(item)) for key, item in sorted(value.items()))
        return {key: item for key, item in items if item not in (None, "", 0, False, {}, [])}
    if isinstance(value, list):
        return [prune(item) for item in value]
    return value
