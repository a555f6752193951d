# Copyright (c) 2026, apiary.swarm maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Kinds of value that bound a service's containers: ulimits, capabilities, generic resources, privileges, credential spec.

PRIVATE to apiary.swarm: no other collection may import it. Pure.
"""

from __future__ import annotations

import base64
import contextlib
import json
import re

from . import _units
from ._contents import CONFIG
from ._kinds import Kind, Part, Texts, prune

# What the engine knows (docker/go-units ulimit.go).
_ULIMITS = (
    *("core", "cpu", "data", "fsize", "locks", "memlock", "msgqueue", "nice", "nofile", "nproc", "rss"),
    *("rtprio", "rttime", "sigpending", "stack"),
)
_WHOLE = re.compile(r"-?\d+")


class Named(Kind):
    """A list of API objects of which each has a name; for people a map of names, or a list of the CLI's name=value."""

    type = "raw"
    mergeable = True
    name = None

    def parse(self, value, world):
        if isinstance(value, dict):
            items = [(str(name).strip(), item) for name, item in value.items()]
        elif isinstance(value, list) and all(isinstance(item, str) and "=" in item for item in value):
            items = [(text.partition("=")[0].strip(), text.partition("=")[2].strip()) for text in value]
        else:
            raise ValueError("neither a map nor a list of texts such as name=value")
        objects = [self.build(name, item) for name, item in items]
        names = [name for name, _item in items]
        for name in sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"{name} is there twice")
        return sorted(objects, key=self.name_of)

    def build(self, name, item):
        """The API's object."""
        raise NotImplementedError

    def name_of(self, item):
        raise NotImplementedError

    def merge(self, current, target):
        new = {self.name_of(item) for item in target}
        return sorted([item for item in current or () if self.name_of(item) not in new] + target, key=self.name_of)


class Ulimits(Named):
    """Limits of processes: {nofile: 1024}, {nofile: "512:1024"}, {nofile: {soft: 512, hard: 1024}} or nofile=512:1024."""

    def build(self, name, item):
        if name not in _ULIMITS:
            raise ValueError(f"there is no limit '{name}'; there are {', '.join(_ULIMITS)}")
        soft, hard = self._pair(name, item)
        # -1 is without limit
        if hard != -1 and (soft == -1 or soft > hard):
            raise ValueError(f"{name}: the soft limit {soft} is above the hard limit {hard}")
        return {"Name": name, "Soft": soft, "Hard": hard}

    def _pair(self, name, item):
        if isinstance(item, dict):
            unknown = sorted(set(item) - {"soft", "hard"})
            if unknown or item.get("soft") is None:
                raise ValueError(f"{name}: a map has soft and, if it differs, hard")
            parts = [item["soft"], item.get("hard")]
        else:
            parts = str(item).split(":")
        texts = [str(part).strip() for part in parts if part is not None]
        if isinstance(item, bool) or len(texts) > 2 or not all(_WHOLE.fullmatch(text) for text in texts):
            raise ValueError(f"{name}: '{item}' is not a limit such as 1024, 512:1024 or -1")
        return int(texts[0]), int(texts[-1])

    def name_of(self, item):
        return item["Name"]

    def normal(self, value):
        return {item["Name"]: (item.get("Soft") or 0, item.get("Hard") or 0) for item in value or ()}


class GenericResources(Named):
    """Amounts of a node's own resources: {gpu: 2} or gpu=2.

    The CLI reads whole numbers as amounts and all else as names, and refuses names: a service asks for an amount, and
    the engine tells which ones a task got.
    """

    def build(self, name, item):
        text = str(item).strip()
        if not name or not text:
            raise ValueError(f"'{name}={text}' is not a resource such as gpu=2")
        if isinstance(item, bool) or not _WHOLE.fullmatch(text):
            raise ValueError(f"{name}={text} names one: a service can ask for an amount only, such as {name}=1")
        if int(text) < 0:
            raise ValueError(f"{name}={text} is less than 0")
        return {"DiscreteResourceSpec": {"Kind": name, "Value": int(text)}}

    def name_of(self, item):
        spec = item.get("DiscreteResourceSpec") or item.get("NamedResourceSpec") or {}
        return spec.get("Kind") or ""

    def normal(self, value):
        return sorted((prune(item) for item in value or ()), key=repr)


class Capabilities(Texts):
    """Names of capabilities in any spelling. Beside ALL no other says anything, and none is kept."""

    def __init__(self):
        super().__init__(read=_units.capability, fold=_units.capability, sort=True)

    def parse(self, value, world):
        names = super().parse(value, world)
        return ["ALL"] if "ALL" in names else names

    def normal(self, value):
        names = super().normal(value)
        return frozenset(["ALL"]) if "ALL" in names else names


class CredentialSpec(Kind):
    """Where a Windows container's account is described: config://NAME, file://NAME or registry://NAME; empty is none.

    A config may be named by its ID, too. That the service has it for use at run time is seen to by _service_files.py.
    """

    SOURCES = {"config": "Config", "file": "File", "registry": "Registry"}

    def parse(self, value, world):
        if not value:
            return None  # an empty object would be refused
        scheme, _separator, name = value.partition("://")
        if scheme not in self.SOURCES or not name:
            raise ValueError(f"'{value}' does not begin with config://, file:// or registry://, and a name after it")
        if scheme == "config":
            name, _name = world.file(CONFIG.word, name)
        return {self.SOURCES[scheme]: name}

    def named(self, sort, value):
        scheme, _separator, name = (value or "").partition("://")
        # it may be either, so all have to be asked for
        return (set(), {name} if sort is CONFIG and scheme == "config" else set())

    def normal(self, value):
        return prune(value or {})


def seccomp():
    return Part(
        {"mode": {"type": "str", "choices": ["default", "unconfined", "custom"]}, "profile": {"type": "json"}},
        build=_seccomp,
        normal=_normal_seccomp,
    )


def _seccomp(options):
    mode = options.get("mode", "custom" if "profile" in options else "default")
    if (mode == "custom") != ("profile" in options):
        raise ValueError("mode custom and profile go together")
    if mode != "custom":
        return {"Mode": mode}
    profile = options["profile"]
    text = profile if isinstance(profile, str) else json.dumps(profile)
    try:
        readable = isinstance(json.loads(text), dict)
    except ValueError:
        readable = False
    if not readable:
        raise ValueError("profile is not a JSON object")
    return {"Mode": mode, "Profile": base64.b64encode(text.encode()).decode()}


def _normal_seccomp(value):
    profile = value.get("Profile") or ""
    with contextlib.suppress(ValueError):
        # another spacing or order of keys is the same profile
        profile = json.loads(base64.b64decode(profile).decode())
    return (value.get("Mode") or "default", profile)


def apparmor():
    return Part(
        {"mode": {"type": "str", "choices": ["default", "disabled"]}},
        build=lambda options: {"Mode": options.get("mode", "default")},
        normal=lambda value: value.get("Mode") or "default",
    )


def selinux_context():
    return Part(
        {
            "disable": {"type": "bool"},
            "user": {"type": "str"},
            "role": {"type": "str"},
            "type": {"type": "str"},
            "level": {"type": "str"},
        },
        build=_selinux_context,
    )


def _selinux_context(options):
    if options.get("disable") and len(prune(options)) > 1:
        raise ValueError("disable: true leaves nothing for user, role, type and level")
    return {name.capitalize(): value for name, value in options.items()}
