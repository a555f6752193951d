# Copyright (c) 2026, apiary.swarm maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The secrets and configs of a service: the maps that people write, the CLI's text, and the API's references.

PRIVATE to apiary.swarm: no other collection may import it. Pure.
"""

from __future__ import annotations

import posixpath

from . import _units
from ._contents import CONFIG, SECRET
from ._fields import look_up
from ._kinds import Records

_MODE = 0o444

# The CLI's keys -> option of an entry, {word} is secret or config.
_KEYS = {
    "source": "{word}_name",
    "src": "{word}_name",
    "target": "filename",
    "uid": "uid",
    "gid": "gid",
    "mode": "mode",
}


def _options(sort):
    return {
        f"{sort.word}_name": {"type": "str"},
        f"{sort.word}_id": {"type": "str"},
        "filename": {"type": "str"},
        "uid": {"type": "str"},
        "gid": {"type": "str"},
        "mode": {"type": "raw"},
    }


class Files(Records):
    """What a service sees as files. References without a file (a config for credential_spec) are left alone."""

    def __init__(self, sort):
        super().__init__(
            _options(sort),
            build=self._build,
            key=lambda reference: reference["File"]["Name"],
            expand=lambda item: [parse(sort, item)],
            normal=self._normal,
            order=lambda reference: reference["File"]["Name"],
        )
        self.sort = sort

    def argument(self):
        # it says which secrets, not what is in them
        return dict(super().argument(), no_log=False)

    def normal(self, value):
        return super().normal(_with_file(value))

    def merge(self, current, target):
        return super().merge(_with_file(current), target)

    def write(self, current, target):
        return (self.kept(current) or []) + list(target)

    def kept(self, current):
        return [reference for reference in current or () if not reference.get("File")] or None

    def named(self, sort, value):
        # what makes no sense is left to parse
        names, ids = set(), set()
        for item in (value or ()) if sort is self.sort else ():
            try:
                entry = item if isinstance(item, dict) else parse(self.sort, item)
            except ValueError:
                continue
            if entry.get(f"{self.sort.word}_id"):
                ids.add(str(entry[f"{self.sort.word}_id"]))
            elif entry.get(f"{self.sort.word}_name"):
                names.add(str(entry[f"{self.sort.word}_name"]))
        return names, ids

    def _build(self, entry, world):
        name, given_id = entry.get(f"{self.sort.word}_name"), entry.get(f"{self.sort.word}_id")
        if not name and not given_id:
            raise ValueError(f"it needs {self.sort.word}_name or {self.sort.word}_id")
        found_id, found_name = world.file(self.sort.word, given_id or name)
        mode = _units.file_mode(entry["mode"]) if "mode" in entry else _MODE
        # as the task has it, so that a new version is the same file
        filename = entry.get("filename") or name or found_name
        if _leads_out(filename):
            raise ValueError(
                f"filename {filename!r} leads out of the directory of the {self.sort.many}: write an absolute path, if it is meant"
            )
        return {
            "File": {
                "Name": filename,
                "UID": entry.get("uid", "0"),
                "GID": entry.get("gid", "0"),
                "Mode": mode,
            },
            self.sort.id: found_id,
            self.sort.name: found_name,
        }

    def _normal(self, reference):
        file = reference["File"]
        return (
            reference[self.sort.id],
            file["Name"],
            file.get("UID") or "0",
            file.get("GID") or "0",
            file.get("Mode") or 0,
        )


def _leads_out(filename):
    return "\0" in filename or posixpath.normpath(filename).split("/")[0] == ".."


def _with_file(references):
    return [reference for reference in references or () if reference.get("File")]


def secrets():
    return Files(SECRET)


def configs():
    return Files(CONFIG)


def parse(sort, item):
    """An entry from a name, or from the CLI's text, for example source=password,target=/etc/password,mode=0400."""
    text = str(item).strip()
    if "=" not in text and "," not in text:
        return {f"{sort.word}_name": text}
    entry = {}
    for key, value in _units.pairs(text):
        if key not in _KEYS:
            raise ValueError(f"'{text}': a {sort.word} has no {key}")
        if not value:
            raise ValueError(f"'{text}': {key} needs a value")
        if key == "mode" and not value.startswith("0"):
            raise ValueError(f"'{text}': write mode=0{value}; the CLI would take {value} for a decimal number")
        entry[_KEYS[key].format(word=sort.word)] = value
    return entry


def rewire_credential_spec(before, container, world):
    """Let a container's spec have the config of its credential spec, for use at run time, and no longer that of the one before."""
    path = ("Privileges", "CredentialSpec", "Config")
    old, new = look_up(before, path), look_up(container, path)
    if old == new:
        return
    kept = [
        reference
        for reference in container.get(CONFIG.list) or ()
        if reference.get("File") or reference[CONFIG.id] not in (old, new)
    ]
    if new:
        kept.append({CONFIG.id: new, CONFIG.name: world.file(CONFIG.word, new)[1], "Runtime": {}})
    container[CONFIG.list] = kept


def twice(container):
    """Files that are there twice in a container's spec, as sentences."""
    for sort in (SECRET, CONFIG):
        names = [reference["File"]["Name"] for reference in _with_file(container.get(sort.list))]
        for name in sorted({name for name in names if names.count(name) > 1}):
            yield f"{sort.many}: the file {name} is there twice"
