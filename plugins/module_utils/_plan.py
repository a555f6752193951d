# Copyright (c) 2026, apiary.swarm maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is to be done with one service: declared options, the engine's spec and what was declared before -> a plan.

PRIVATE to apiary.swarm: no other collection may import it. Pure.

The whole spec that the engine has is carried over and only fields that differ are replaced, so that settings made by
hand, and fields of newer engines that this table does not know, survive.
"""

from __future__ import annotations

import copy
from typing import NamedTuple

from ._errors import SwarmError
from ._fields import ALWAYS, NEVER, OWN_LABELS, look_up, put
from ._service_fields import SERVICE, name_problems, spec_problems, tidy
from ._service_kinds import is_job

CREATE, UPDATE, RECREATE, REMOVE, NOTHING = "created", "updated", "recreated", "removed", "unchanged"
ROLL_BACK = "rolled_back"

# The options that earlier runs declared, dotted names with commas between them.
DECLARED_LABEL = OWN_LABELS + "declared"

_FORCED = ("TaskTemplate", "ForceUpdate")
_PLATFORMS = ("TaskTemplate", "Placement", "Platforms")
_EMPTY = (None, [], {})


class World:
    """What declared values refer to.

    networks   {name or ID: ID} of networks that services can use
    pins       {tagged image: the same with its digest} of the images that a registry was asked for
    platforms  {image with digest: the platforms it runs on}
    files      {word: {name, ID or base name of versions: (ID, name)}} of secrets and configs; word is secret or config
    lenient    what is not there is only noted in missing: in check mode a task before would have made it
    notes      what a person should know of declared values, for the warnings
    """

    def __init__(self, networks=None, pins=None, platforms=None, lenient=False, files=None):
        self.networks = networks or {}
        self.pins = pins or {}
        self.platforms = platforms or {}
        self.files = files or {}
        self.lenient = lenient
        self.missing = []
        self.notes = []

    def add(self, coming):
        """Note what else there is, {"networks": {}, "files": {}} in the form of those two, and forget what was missing."""
        self.networks.update(coming.get("networks", {}))
        for word, found in coming.get("files", {}).items():
            self.files.setdefault(word, {}).update(found)
        self.missing, self.notes = [], []

    def without_pins(self):
        """The same for a service that is to keep to tags, or to the digest that it has."""
        world = copy.copy(self)  # with the same lists of missing and notes
        world.pins = {}
        return world

    def network_id(self, name):
        if name in self.networks:
            return self.networks[name]
        if not self.lenient:
            raise ValueError(f"there is no network '{name}' that services can use (an overlay network of the swarm)")
        self.missing.append(f"network '{name}'")
        return name

    def file(self, word, name):
        """(ID, name) of a secret or config."""
        known = self.files.get(word) or {}
        if name in known:
            return known[name]
        if not self.lenient:
            raise ValueError(f"there is no {word} '{name}'")
        self.missing.append(f"{word} '{name}'")
        return name, name


class Wish(NamedTuple):
    """What a task wants of one service."""

    name: str
    options: dict
    state: str = "present"
    undeclared: str = "keep"
    merge: tuple = ()
    recreate: bool = False
    resolve_image: str = "changed"
    resolve_image_failure: str = "warn"
    # {registry: value of X-Registry-Auth}
    credentials: dict = {}
    env_files: tuple = ()


class Plan(NamedTuple):
    """What to do: action, the spec to send, and for people what changes, {before, after} of the differing parts."""

    name: str
    action: str
    spec: dict
    diff: dict
    changed_paths: tuple = ()
    observed: dict = None

    @property
    def changed(self):
        return self.action != NOTHING

    @property
    def concerns_tasks(self):
        """Whether tasks come and go by it: a label or the way of updating concerns none, except those of a job."""
        quiet = ("Labels", "UpdateConfig", "RollbackConfig")
        return self.runs_job_again or any(path[0] not in quiet for path in self.changed_paths)

    @property
    def runs_job_again(self):
        """Whether the engine runs a job again: it does so at every update, whatever differs."""
        return self.action in (UPDATE, ROLL_BACK) and is_job(self.spec)


def plan_service(wish, observed, world, api_version=(1, 41)):
    """The Plan for a Wish; observed is the engine's service object, or None.

    Raises SwarmError (kind invalid or immutable) that names all problems of this service at once.
    """
    before = observed["Spec"] if observed else {}
    if wish.state == "absent":
        action = REMOVE if observed else NOTHING
        paths = tuple(differing_paths(_shown(before), {}))
        return Plan(wish.name, action, None, _diff(wish.name, before, {}, paths), paths, observed)
    if wish.state == "rolled_back":
        return _plan_to_roll_back(wish, observed)

    spec = copy.deepcopy(before or SERVICE.base)
    spec["Name"] = wish.name
    declared = SERVICE.declared(wish.options)
    values, problems = SERVICE.parse(declared, world)
    problems = name_problems(wish.name) + SERVICE.version_problems(declared, values, api_version) + problems
    immutable = _apply(wish, values, spec, world, new=not observed)
    tidy(spec, before, world)
    if not problems:
        problems = spec_problems(spec, values)
    if immutable and observed and not wish.recreate:
        problems.append(
            f"{immutable} cannot be changed on a service that exists; recreate: true permits to remove it and make it anew"
        )
    if problems:
        kind = "immutable" if immutable and observed and len(problems) == 1 else "invalid"
        raise SwarmError(f"Service {wish.name}: " + "; ".join(problems), kind=kind, details={"problems": problems})

    paths = tuple(differing_paths(_shown(before), _shown(spec)))
    if not paths:
        return Plan(wish.name, NOTHING, before, _diff(wish.name, before, spec, ()), (), observed)
    _remember(spec, declared, wish.undeclared)
    action = CREATE if not observed else RECREATE if immutable else UPDATE
    return Plan(wish.name, action, spec, _diff(wish.name, before, spec, paths), paths, observed)


def _plan_to_roll_back(wish, observed):
    """Back to the spec before, unless that has been done: the engine would go forward again, for the two change places.

    Its word for that, a rollback in UpdateStatus, is gone with the next update. It has none for a rollback by itself, but
    then there is no spec before any more.
    """
    problems = [f"{name}: state rolled_back takes no option of the service" for name in SERVICE.declared(wish.options)]
    before = observed["Spec"] if observed else {}
    after = (observed or {}).get("PreviousSpec")
    went_back = ((observed or {}).get("UpdateStatus") or {}).get("State", "").startswith("rollback")
    if not observed:
        problems.append("there is no such service to roll back")
    elif not after and not went_back:
        problems.append("the engine has no spec before the present one to go back to")
    if problems:
        text = f"Service {wish.name}: " + "; ".join(problems)
        raise SwarmError(text, kind="invalid", details={"problems": problems})
    paths = () if went_back else tuple(differing_paths(_shown(before), _shown(after)))
    if not paths:
        return Plan(wish.name, NOTHING, before, _diff(wish.name, before, before, ()), (), observed)
    return Plan(wish.name, ROLL_BACK, after, _diff(wish.name, before, after, paths), paths, observed)


def _apply(wish, values, spec, world, new):
    """Write the values into spec (new: of a service that is not there yet) and take back what is no longer declared.

    Returns the name of an immutable option that changed, or None.
    """
    immutable = None
    taken_back = []
    given_up = _given_up(wish.undeclared, spec, values)
    for field in SERVICE.fields:
        if field.option in values:
            current, target = field.read(spec), values[field.option]
            if field.option in wish.merge:
                target = field.kind.merge(current, target)
            if wish.undeclared != "reset":
                target = field.kind.adopted(current, target)
            if field.same(current, target):
                continue
            if field.immutable:
                immutable = field.option
            SERVICE.write(field, spec, target)
            if field.option == "image":
                _write_platforms(spec, world.platforms.get(target))
            if field.option == "force_update" and not new:
                put(spec, _FORCED, (look_up(spec, _FORCED) or 0) + 1)
        elif field.option in given_up and not field.same(field.read(spec), None):
            SERVICE.take_back(field, spec, adopt=wish.undeclared != "reset")
            taken_back.append(field)
    SERVICE.drop_default_objects(spec, taken_back, values)
    return immutable


def _write_platforms(spec, platforms):
    if platforms:
        put(spec, _PLATFORMS, platforms)
    else:  # those of the image before are not this one's
        (look_up(spec, _PLATFORMS[:-1]) or {}).pop(_PLATFORMS[-1], None)


def _given_up(undeclared, spec, values):
    """The options that go back to default because nobody declares them any more."""
    if undeclared == "reset":
        return {field.option for field in SERVICE.fields if field.back != NEVER and field.option not in values}
    if undeclared == "restore":
        before = remembered(spec) - set(values)
        return {field.option for field in SERVICE.fields if field.back == ALWAYS and field.option in before}
    return set()


def remembered(spec):
    """The options that earlier runs declared, as a set of names; empty for a service that this collection never wrote."""
    label = look_up(spec, ("Labels", DECLARED_LABEL)) or ""
    return {name for name in label.split(",") if name}


def _remember(spec, declared, undeclared):
    # A task that keeps what it does not name speaks for a part of the service only: it adds to what is remembered.
    names = set(declared) | (remembered(spec) if undeclared == "keep" else set())
    put(spec, ("Labels", DECLARED_LABEL), ",".join(sorted(names)))


def _shown(spec):
    """A spec as people are to see it: without the collection's own labels."""
    labels = {key: value for key, value in (spec.get("Labels") or {}).items() if not key.startswith(OWN_LABELS)}
    return dict(spec, Labels=labels)


def _diff(name, before, after, paths):
    return {
        "before_header": f"service {name}",
        "after_header": f"service {name}",
        "before": _only(_shown(before), paths),
        "after": _only(_shown(after), paths),
    }


def differing_paths(before, after, path=()):
    """The paths of values that differ between two specs; absent and empty are the same, lists are compared whole."""
    if path == ("Mode",) and set(before or ()) != set(after or ()):
        yield path  # {Global: {}} is not empty: its key says it all
    elif isinstance(before, dict) and isinstance(after, dict):
        for key in sorted(set(before) | set(after)):
            yield from differing_paths(before.get(key), after.get(key), (*path, key))
    elif isinstance(before or after, dict) and not (before and after):
        yield from differing_paths(before or {}, after or {}, path)
    elif before != after and not (before in _EMPTY and after in _EMPTY):
        yield path


def _only(spec, paths):
    """The part of a spec that lies under paths."""
    part = {}
    for path in paths:
        value = look_up(spec, path)
        if value is not None:
            put(part, path, value)
    return part
