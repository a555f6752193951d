# Copyright (c) 2026, apiary.swarm maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Secrets and configs: their table, how content is compared, their versions, and what a declaration calls for.

PRIVATE to apiary.swarm: no other collection may import it.

Pure, but for the random salt. The engine changes nothing but the labels of either, and never tells a secret's content. So
that a second run can tell whether it is the same, a secret made here carries a fingerprint of it in a label. Whoever may
read labels must not be able to look a weak password up: the fingerprint has a salt of its own, and takes a while to compute.
"""

from __future__ import annotations

import base64
import binascii
import copy
import hashlib
import hmac
import os
import re
from typing import NamedTuple

from ansible.module_utils.common.text.converters import to_bytes

from ._errors import SwarmError
from ._fields import OWN_LABELS, Field, Table
from ._kinds import Mapping, Text
from ._task_states import seconds

FINGERPRINT = OWN_LABELS + "content"
VERSION = OWN_LABELS + "version"
# what community.docker's modules write for the same purposes: its secrets and configs can be taken over as they are
_THEIR_FINGERPRINT, _THEIR_VERSION = "ansible_key", "ansible_version"
_METHOD, _ROUNDS = "pbkdf2-sha256", 100000  # PBKDF2, and not scrypt: hosts in FIPS mode have it too

_NAME = re.compile(r"[a-zA-Z0-9](?:[a-zA-Z0-9._-]{0,62}[a-zA-Z0-9])?")
_VERSIONED = re.compile(r"(.+)_v([1-9][0-9]*)")


class Sort(NamedTuple):
    """What differs between secrets and configs.

    word      for people
    many      the API's word for several of them: its path, and in capitals the list in a service's spec
    readable  whether the engine tells the content
    most      bytes of content that the engine refuses
    """

    word: str
    many: str
    readable: bool
    most: int

    @property
    def list(self):
        return self.many.capitalize()

    @property
    def id(self):
        return f"{self.word.capitalize()}ID"

    @property
    def name(self):
        return f"{self.word.capitalize()}Name"


SECRET = Sort("secret", "secrets", readable=False, most=500 * 1024)
CONFIG = Sort("config", "configs", readable=True, most=1000 * 1024)

CONTENT = Table(
    (
        Field("labels", Mapping(own=(OWN_LABELS, _THEIR_FINGERPRINT, _THEIR_VERSION)), "Labels", "--label"),
        Field("template_driver", Text(choices=["golang"]), "Templating.Name", "--template-driver", api=(1, 37)),
    ),
    base={},
)
_LABELS, _TEMPLATE = CONTENT.fields


class Plan(NamedTuple):
    """What to do about one secret or config.

    name     as the task has it, without a version
    action   created, updated, recreated, removed or unchanged
    present  the engine's object that it is about, or None; of several versions the newest
    spec     to create or to send, or None
    going    the engine's objects to remove
    note     what a person should know, or None
    """

    name: str
    action: str
    present: dict
    spec: dict
    going: tuple = ()
    note: str = None


# Content


def content(wish):
    """The bytes that a task declares, or None. Raises ValueError, without a word of them."""
    data = wish["data"]
    if data is None:
        return None
    if not isinstance(data, str):
        raise ValueError(
            f"data: it must be text, and YAML or a template made {type(data).__name__} of it: put it in quotes, "
            "or end the template with '| string'"
        )
    if not wish["data_is_b64"]:
        return to_bytes(data)
    try:
        return base64.b64decode("".join(data.split()), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("data: it is not base64") from None


def hide(text, data):
    """text without the content, as it is or in base64, that the engine may have quoted."""
    for form in (data, base64.b64encode(data)):
        text = text.replace(form.decode(errors="replace"), "(hidden)")
    return text


def fingerprint(data, salt=None, rounds=_ROUNDS):
    salt = os.urandom(16) if salt is None else salt
    digest = hashlib.pbkdf2_hmac("sha256", data, salt, rounds)
    return f"{_METHOD}:{rounds}:{salt.hex()}:{digest.hex()}"


def is_same(sort, spec, data):
    """Whether a secret or config has this content; None if that cannot be told."""
    if sort.readable:
        return base64.b64decode(spec.get("Data") or "") == data
    labels = spec.get("Labels") or {}
    if FINGERPRINT in labels:
        method, _colon, rest = labels[FINGERPRINT].partition(":")
        rounds, _colon, rest = rest.partition(":")
        try:
            salt = bytes.fromhex(rest.partition(":")[0])
            known = fingerprint(data, salt, int(rounds)) if method == _METHOD else None
        except (ValueError, OverflowError):
            known = None
        return None if known is None else hmac.compare_digest(known, labels[FINGERPRINT])
    if _THEIR_FINGERPRINT in labels:
        return hmac.compare_digest(hashlib.sha224(data).hexdigest(), labels[_THEIR_FINGERPRINT])
    return None


# Versions


def version_of(thing):
    """(base name, number) of what was made as a version, else None. The name alone says nothing: anything may end in _v2."""
    match = _VERSIONED.fullmatch(thing["Spec"]["Name"])
    labels = thing["Spec"].get("Labels") or {}
    if match and match.group(2) in (labels.get(VERSION), labels.get(_THEIR_VERSION)):
        return match.group(1), int(match.group(2))
    return None


def versions(things, base):
    """The versions of a base name, the newest last."""
    mine = [thing for thing in things if (version_of(thing) or ("",))[0] == base]
    return sorted(mine, key=lambda thing: version_of(thing)[1])


def directory(things):
    """{name, ID or base name: (ID, name)}; a base name stands for its newest version, or for what has that very name and is newer."""
    named = {thing["Spec"]["Name"]: thing for thing in things}
    versioned = [(version_of(thing), thing) for thing in things if version_of(thing)]
    for (base, _number), thing in sorted(versioned, key=lambda pair: pair[0]):
        if base not in named or version_of(named[base]) or _made(named[base]) <= _made(thing):
            named[base] = thing
    named.update({thing["ID"]: thing for thing in things})
    return {name: (thing["ID"], thing["Spec"]["Name"]) for name, thing in named.items()}


def _made(thing):
    return seconds(thing["CreatedAt"]) if thing.get("CreatedAt") else 0


def _next_version(things, base):
    """A number above all that are taken, also by what is no version."""
    matches = (_VERSIONED.fullmatch(thing["Spec"]["Name"]) for thing in things)
    return 1 + max((int(match.group(2)) for match in matches if match and match.group(1) == base), default=0)


# Plan


def plan(sort, wish, things, api_version=(1, 41)):
    """The Plan for one wish (an entry of the module's list), given what GET /secrets or GET /configs tells.

    Raises SwarmError: kind invalid for values that make no sense, immutable for new content that nothing permits.
    """
    name, rolling = wish["name"], wish["rolling_versions"]
    mine = versions(things, name) if rolling else [thing for thing in things if thing["Spec"]["Name"] == name]
    present = mine[-1] if mine else None
    if wish["state"] == "absent":
        return Plan(name, "removed" if mine else "unchanged", present, None, tuple(mine))
    full_name = f"{name}_v{_next_version(things, name)}" if rolling else name
    data, values = _checked(sort, wish, full_name, present, api_version)
    if present is None:
        return Plan(name, "created", None, _spec(sort, wish, full_name, data, values, {}), (), None)
    same = True if data is None else is_same(sort, present["Spec"], data)
    differing = [] if same or (same is None and not rolling and not wish["recreate"]) else ["data"]
    if _TEMPLATE.option in values and not _TEMPLATE.same(_TEMPLATE.read(present["Spec"]), values["template_driver"]):
        differing.append(_TEMPLATE.option)
    if differing:
        return _anew(sort, wish, things, full_name, data, values, present, differing)
    going = _superfluous(wish, mine) if rolling else ()
    note = None
    if same is None:
        note = (
            f"{sort.word} {name} was made by other means, so that its content cannot be compared; it is left as it is. "
            "recreate: true permits to make it anew, where no service uses it"
        )
    if "labels" in values and not _LABELS.same(_LABELS.read(present["Spec"]), values["labels"]):
        spec = copy.deepcopy(present["Spec"])
        CONTENT.write(_LABELS, spec, values["labels"])
        return Plan(name, "updated", present, spec, going, note)
    return Plan(name, "unchanged", present, None, going, note)


def _checked(sort, wish, full_name, present, api_version):
    """The content and the values of the table; raises SwarmError with all that is wrong."""
    declared = CONTENT.declared(wish)
    values, problems = CONTENT.parse(declared, None)
    problems += CONTENT.version_problems(declared, values, api_version)
    if not _NAME.fullmatch(full_name):
        problems.append(f"name: '{full_name}' is no name for it: letters, digits, '.', - and _, at most 64")
    data = None
    try:
        data = content(wish)
        if data is None and present is None:
            problems.append(f"data: a new {sort.word} needs it")
        if data is not None and not 0 < len(data) < sort.most:
            problems.append(f"data: it has {len(data)} bytes, and the engine takes 1 to {sort.most - 1}")
    except ValueError as error:
        problems.append(str(error))
    if problems:
        raise SwarmError(
            f"{sort.word.capitalize()} {wish['name']}: {'; '.join(problems)}",
            hint="Nothing was changed.",
            details={"problems": problems},
        )
    return data, values


def _anew(sort, wish, things, full_name, data, values, present, differing):
    """The Plan for what the engine cannot change."""
    what = f"{sort.word.capitalize()} {wish['name']}"
    if not wish["rolling_versions"] and not wish["recreate"]:
        raise SwarmError(
            f"{what} exists with another {' and another '.join(differing)}, which cannot be changed",
            kind="immutable",
            hint="rolling_versions: true makes a new version of it; recreate: true permits to remove it and make it anew, "
            "where no service uses it.",
        )
    if data is None and sort.readable:
        data = base64.b64decode(present["Spec"].get("Data") or "")
    if data is None:
        raise SwarmError(f"{what}: data: it is needed to make the {sort.word} anew, the engine does not tell it")
    spec = _spec(sort, wish, full_name, data, values, present["Spec"])
    if wish["rolling_versions"]:
        new = {"ID": None, "Spec": spec}
        return Plan(wish["name"], "created", present, spec, _superfluous(wish, [*versions(things, wish["name"]), new]))
    return Plan(wish["name"], "recreated", present, spec, (present,))


def _superfluous(wish, mine):
    """The versions above the number to keep; the newest always stays."""
    keep = wish["versions_to_keep"]
    return tuple(mine[: -max(keep, 1)]) if keep >= 0 else ()


def _spec(sort, wish, full_name, data, values, old):
    """The create request: the labels and the template driver of the one before, where the task names none."""
    labels = values.get("labels", _LABELS.kind.normal(old.get("Labels")))
    own = {} if sort.readable else {FINGERPRINT: fingerprint(data)}
    if wish["rolling_versions"]:
        own[VERSION] = full_name.rpartition("_v")[2]
    spec = {"Name": full_name, "Labels": dict(labels, **own), "Data": base64.b64encode(data).decode()}
    template = values.get("template_driver") or _TEMPLATE.read(old)
    return dict(spec, Templating={"Name": template}) if template else spec


# Use


def users(sort, services, thing, before_too=False):
    """The names of the services that use it, of GET /services; before_too: also those that would after a rollback."""
    return sorted(
        service["Spec"]["Name"]
        for service in services
        if thing["ID"] in _used(sort, service["Spec"])
        or (before_too and thing["ID"] in _used(sort, service.get("PreviousSpec") or {}))
    )


def _used(sort, spec):
    container = (spec.get("TaskTemplate") or {}).get("ContainerSpec") or {}
    return {entry[sort.id] for entry in container.get(sort.list) or ()}


def settle(sort, plans, services):
    """The plans without the removal of old versions that services use, and what keeps the rest from being removed."""
    settled, told = [], []
    for entry in plans:
        if entry.action in ("removed", "recreated"):
            using = [(thing["Spec"]["Name"], users(sort, services, thing)) for thing in entry.going]
            told += [f"{sort.word} {name} is used by {', '.join(names)}" for name, names in using if names]
            settled.append(entry)
        else:
            free = tuple(thing for thing in entry.going if not users(sort, services, thing, before_too=True))
            settled.append(entry._replace(going=free))
    return settled, told


# Result


def shown(spec, words):
    """A spec for diffs; words stand for the content."""
    return {
        "name": spec["Name"],
        "labels": _LABELS.kind.normal(spec.get("Labels")),
        "template_driver": _TEMPLATE.read(spec) or "",
        "content": words,
    }
