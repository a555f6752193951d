# Copyright (c) 2026, apiary.swarm maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The mounts of a service: the maps that people write, the CLI's text, and the API's Mount.

PRIVATE to apiary.swarm: no other collection may import it. Pure.
"""

from __future__ import annotations

import copy
import posixpath

from . import _units
from ._fields import STACK_LABELS, look_up
from ._kinds import Records, beginning_with, prune, scalar_text

# Options that go with some types only: {option: (types, path in the API's Mount)}; None: see _place.
_EXTRAS = {
    "propagation": (("bind",), ("BindOptions", "Propagation")),
    "create_mountpoint": (("bind",), ("BindOptions", "CreateMountpoint")),
    "recursive": (("bind",), None),
    "non_recursive": (("bind",), ("BindOptions", "NonRecursive")),
    "no_copy": (("volume",), ("VolumeOptions", "NoCopy")),
    "labels": (("volume",), ("VolumeOptions", "Labels")),
    "driver_config": (("volume",), ("VolumeOptions", "DriverConfig")),
    "subpath": (("volume", "image"), None),
    "tmpfs_size": (("tmpfs",), ("TmpfsOptions", "SizeBytes")),
    "tmpfs_mode": (("tmpfs",), ("TmpfsOptions", "Mode")),
    "tmpfs_options": (("tmpfs",), ("TmpfsOptions", "Options")),
}

# How mounts below a bind mount are treated, in the CLI's words.
_RECURSIVE = {
    "enabled": None,
    "disabled": ("BindOptions", "NonRecursive"),
    "writable": ("BindOptions", "ReadOnlyNonRecursive"),
    "readonly": ("BindOptions", "ReadOnlyForceRecursive"),
}

_SUBPATH = {"volume": ("VolumeOptions", "Subpath"), "image": ("ImageOptions", "Subpath")}

# What parts of a Mount need a newer API than 1.41: (path, what to call it, API version).
_NEEDS = (
    (("BindOptions", "CreateMountpoint"), "create_mountpoint", (1, 42)),
    (_RECURSIVE["writable"], "recursive: writable", (1, 44)),
    (_RECURSIVE["readonly"], "recursive: readonly", (1, 44)),
    (_SUBPATH["volume"], "subpath", (1, 45)),
    (_SUBPATH["image"], "subpath", (1, 48)),
    (("TmpfsOptions", "Options"), "tmpfs_options", (1, 46)),
)
_TYPES_NEED = {"cluster": (1, 42), "image": (1, 48)}

# What engines up to 29 take for a service and forget (moby daemon/cluster/convert/container.go).
_FORGOTTEN = (
    (("Consistency",), "consistency"),
    (("BindOptions", "CreateMountpoint"), "create_mountpoint"),
    (_RECURSIVE["writable"], "recursive: writable"),
    (_RECURSIVE["readonly"], "recursive: readonly"),
)

OPTIONS = {
    "type": {"type": "str", "choices": ["bind", "volume", "tmpfs", "npipe", "cluster", "image"]},
    "source": {"type": "str"},
    "target": {"type": "str", "required": True},
    "readonly": {"type": "bool"},
    "consistency": {"type": "str", "choices": ["default", "consistent", "cached", "delegated"]},
    "propagation": {
        "type": "str",
        "choices": ["shared", "slave", "private", "rshared", "rslave", "rprivate"],
    },
    "create_mountpoint": {"type": "bool", "aliases": ["bind_create_src", "create_src"]},
    "recursive": {"type": "str", "choices": list(_RECURSIVE), "aliases": ["bind_recursive"]},
    "non_recursive": {"type": "bool", "aliases": ["bind_nonrecursive", "nonrecursive"]},
    "no_copy": {"type": "bool", "aliases": ["volume_nocopy", "nocopy"]},
    "labels": {"type": "dict"},
    "driver_config": {
        "type": "dict",
        "options": {"name": {"type": "str"}, "options": {"type": "dict"}},
    },
    "subpath": {"type": "str", "aliases": ["volume_subpath", "image_subpath"]},
    "tmpfs_size": {"type": "str"},
    "tmpfs_mode": {"type": "raw"},
    "tmpfs_options": {"type": "list", "elements": "raw"},
}


class Mounts(Records):
    def __init__(self):
        super().__init__(OPTIONS, build=_build, key=lambda mount: mount["Target"], expand=_expand, normal=_normal)

    def needs(self, value):
        for mount in value or ():
            kind = mount["Type"]
            if kind in _TYPES_NEED:
                yield f"type {kind}", _TYPES_NEED[kind]
            yield from ((what, api) for path, what, api in _NEEDS if look_up(mount, path))

    def adopted(self, current, target):
        found = {self.key(mount): mount for mount in current or ()}
        return target and [_adopted(found.get(self.key(mount)) or {}, mount) for mount in target]

    def same(self, current, target):
        # What the engine forgets is no difference where it has forgotten it; an engine that keeps it is compared with.
        return super().same(current, target) or super().same(current, [_as_kept(mount) for mount in target or ()])


def mounts():
    return Mounts()


def _build(entry, world):
    kind = entry.get("type", "bind")
    for problem in _problems(kind, entry):
        raise ValueError(problem)
    mount = {"Type": kind, "Target": entry["target"]}
    if entry.get("source"):
        mount["Source"] = entry["source"]
    if entry.get("readonly"):
        mount["ReadOnly"] = True
    if "consistency" in entry:
        mount["Consistency"] = entry["consistency"]
    for option, (kinds, _path) in _EXTRAS.items():
        path = _place(option, entry[option], kind) if option in entry and kind in kinds else None
        if path:
            mount.setdefault(path[0], {})[path[1]] = _value(option, entry[option])
    world.notes += [
        f"mounts: {what} of {mount['Target']} has no effect: the engine keeps it for containers, not for services"
        for path, what in _FORGOTTEN
        if look_up(mount, path)
    ]
    return mount


def _adopted(current, mount):
    """A mount with the labels that 'docker stack' gave its volume, which are for a volume that is yet to be made."""
    labels = beginning_with(STACK_LABELS, look_up(current, ("VolumeOptions", "Labels")))
    if not labels or mount["Type"] != "volume":
        return mount
    options = mount.get("VolumeOptions") or {}
    return dict(mount, VolumeOptions=dict(options, Labels=dict(labels, **options.get("Labels") or {})))


def _problems(kind, entry):
    """What does not fit together in an entry, as sentences."""
    if not entry.get("source") and kind not in ("tmpfs", "volume"):
        yield f"a mount of type {kind} needs a source"
    if entry.get("source") and kind == "tmpfs":
        yield "a mount of type tmpfs has no source"
    for option in entry:
        # what is switched off may stand anywhere
        if option in _EXTRAS and entry[option] not in (False, {}) and kind not in _EXTRAS[option][0]:
            yield f"{option} goes with type {' or '.join(_EXTRAS[option][0])}, not with {kind}"
    if "recursive" in entry and "non_recursive" in entry:
        yield "recursive and non_recursive say the same thing: name one"
    recursive = entry.get("recursive")
    if recursive in ("writable", "readonly") and not entry.get("readonly"):
        yield f"recursive: {recursive} needs readonly: true"
    if recursive == "readonly" and entry.get("propagation") != "rprivate":
        yield "recursive: readonly needs propagation: rprivate"
    if "subpath" in entry:
        if not entry.get("source"):
            yield "subpath needs a source"
        if posixpath.isabs(entry["subpath"]) or posixpath.normpath(entry["subpath"]).split("/")[0] == "..":
            yield f"subpath '{entry['subpath']}' does not lie below the source"


def _place(option, value, kind):
    if option == "recursive":
        return _RECURSIVE[value]
    return _SUBPATH[kind] if option == "subpath" else _EXTRAS[option][1]


def _value(option, value):
    if option == "recursive":
        return True
    if option == "tmpfs_size":
        return _units.size(value)
    if option == "tmpfs_mode":
        return _units.file_mode(value)
    if option == "tmpfs_options":
        return [_tmpfs_option(item) for item in value]
    if option == "labels":
        return {str(key): scalar_text(key, item) for key, item in value.items()}
    if option == "driver_config":
        options = {str(key): str(item) for key, item in (value.get("options") or {}).items()}
        return prune({"Name": value.get("name"), "Options": options})
    return value


def _tmpfs_option(item):
    """The API's [flag] or [key, value] from 'noexec', 'uid=1000', {uid: 1000} or {noexec: null}."""
    key, value = item, None
    if isinstance(item, dict) and len(item) == 1:
        key, value = next(iter(item.items()))
    elif isinstance(item, str) and "=" in item:
        key, _equals, value = item.partition("=")
    if not key or not isinstance(key, str) or isinstance(value, (bool, dict, list)):
        raise ValueError(f"{item!r} is not an option of tmpfs such as noexec or uid=1000")
    return [key] if value in (None, "") else [key, str(value)]


def _normal(mount):
    """A comparable form: propagation rprivate is what the engine writes where nobody named one."""
    mount = copy.deepcopy(mount)
    bind = mount.get("BindOptions") or {}
    if bind.get("Propagation") == "rprivate":
        del bind["Propagation"]
    if mount.get("Consistency") == "default":
        del mount["Consistency"]
    tmpfs = mount.get("TmpfsOptions") or {}
    if tmpfs.get("Options"):
        tmpfs["Options"] = sorted(tmpfs["Options"])
    return prune(mount)


def _as_kept(mount):
    """A Mount as an engine stores it that forgets what _FORGOTTEN lists."""
    mount = copy.deepcopy(mount)
    for path, _what in _FORGOTTEN:
        (look_up(mount, path[:-1]) or {}).pop(path[-1], None)
    return mount


# The CLI's keys of --mount -> option of an entry; those of volume-label and volume-opt are collected into maps.
_KEYS = {
    "type": "type",
    "source": "source",
    "src": "source",
    "target": "target",
    "dst": "target",
    "destination": "target",
    "readonly": "readonly",
    "ro": "readonly",
    "consistency": "consistency",
    "bind-propagation": "propagation",
    "bind-create-src": "create_mountpoint",
    "bind-recursive": "recursive",
    "bind-nonrecursive": "non_recursive",
    "volume-nocopy": "no_copy",
    "volume-subpath": "subpath",
    "image-subpath": "subpath",
    "tmpfs-size": "tmpfs_size",
    "tmpfs-mode": "tmpfs_mode",
}
_FLAGS = ("readonly", "ro", "bind-create-src", "bind-nonrecursive", "volume-nocopy")
_WORDS = ("type", "consistency", "propagation")


def parse(value):
    """An entry of mounts from the CLI's --mount text, for example type=bind,source=/a,target=/b,readonly.

    As in the CLI the type is volume if the text names none.
    """
    entry, groups = {"type": "volume"}, {}
    for key, text in _units.pairs(str(value).strip()):
        groups.setdefault(key.partition("-")[0], key)
        if not text and not (text is None and key in _FLAGS):
            raise ValueError(f"'{value}': {key} needs a value")
        if key == "volume-label":
            _collect(entry.setdefault("labels", {}), text)
        elif key == "volume-driver":
            entry.setdefault("driver_config", {})["name"] = text
        elif key == "volume-opt":
            _collect(entry.setdefault("driver_config", {}).setdefault("options", {}), text)
        elif key in _KEYS:
            option = _KEYS[key]
            entry[option] = True if text is None else text.lower() if option in _WORDS else text
        else:
            raise ValueError(f"'{value}': a mount has no {key}")
    for group in ("bind", "volume", "image", "tmpfs"):
        if group in groups and group != entry["type"]:
            raise ValueError(f"'{value}': {groups[group]} goes with type {group}, not with {entry['type']}")
    return entry


def _expand(item):
    return [parse(str(item))]


def _collect(mapping, text):
    key, _equals, value = text.partition("=")
    mapping[key] = value
