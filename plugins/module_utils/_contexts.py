# Copyright (c) 2026, apiary.swarm maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Contexts of the docker CLI: what is there, what is to be there, and the CLI's own commands that make it so.

PRIVATE to apiary.swarm: no other collection may import it.

The CLI keeps copies of certificates, which only it may write; so they are compared as files and changed by commands. Ours are known
by their description.
"""

from __future__ import annotations

import json
import os
import re

from ._errors import SwarmError

# what the CLI calls them, and where tls_authority puts them
FILES = (("ca", "ca.pem"), ("cert", "cert.pem"), ("key", "key.pem"))
_NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.+-]+")
# the CLI takes what follows a comma or stands in quotes for options of their own
_HOST = re.compile(r"[a-z]+://[^\s,\"']+")
RESERVED = "default"


def materials(directory):
    """{name of a file: its bytes} of the folder with ca.pem, cert.pem and key.pem. Raises SwarmError if one cannot be read."""
    if set(str(directory)) & set(",\"'\n\r\0"):
        raise SwarmError(
            f"directory: {directory!r} has a comma, a quote or a line break, which the docker CLI reads as something else"
        )
    found = {}
    for _word, name in FILES:
        path = os.path.join(directory, name)
        try:
            with open(path, "rb") as file:
                found[name] = file.read()
        except OSError as error:
            raise SwarmError(
                f"Cannot read {path}: {error.strerror}",
                hint="Role engine with engine_tls makes it, in engine_tls_directory: run site.yml first, on the same control host.",
            )
    return found


def observed(rows, read):
    """{name: {description, host, files}} from what `docker context inspect` says; read(path) gives a file's bytes or None."""
    found = {}
    for row in rows:
        endpoint = row["Endpoints"].get("docker") or {}
        held = (row.get("TLSMaterial") or {}).get("docker") or []
        folder = os.path.join(row["Storage"]["TLSPath"], "docker")
        found[row["Name"]] = {
            "description": row["Metadata"].get("Description", ""),
            "host": endpoint.get("Host", ""),
            "files": {name: read(os.path.join(folder, name)) for name in held},
        }
    return found


def plan(there, wanted, files, owner, exclusive, absent):
    """[(action, name, host)], action create, update or remove. wanted is {name: host}.

    Raises SwarmError for names that cannot be used, and for a context of such a name that is not ours.
    """
    wrong = [name for name in wanted if not _NAME.fullmatch(name) or name == RESERVED]
    if wrong:
        raise SwarmError(
            f"contexts: {', '.join(wrong)} cannot be the name of a context of the docker CLI",
            hint=f"It wants two or more of letters, digits and _ . + -, and not '{RESERVED}'; a prefix may help.",
        )
    odd = [name for name, host in wanted.items() if not isinstance(host, str) or not _HOST.fullmatch(host)]
    if odd:
        raise SwarmError(
            f"contexts: the address of {', '.join(odd)} is none of an engine", hint="Name it as tcp://HOST:PORT."
        )
    ours = {name for name, each in there.items() if each["description"] == owner}
    if absent:
        return [("remove", name, there[name]["host"]) for name in sorted(ours)]
    foreign = sorted(set(wanted) & set(there) - ours)
    if foreign:
        raise SwarmError(
            f"There is a context {', '.join(foreign)} of the docker CLI already, and it was not made for this swarm (its description is not '{owner}')",
            kind="conflict",
            hint="Remove it ('docker context rm'), or give those of this swarm a prefix (contexts_prefix).",
        )
    found = [("create", name, host) for name, host in wanted.items() if name not in there]
    found += [
        ("update", name, host)
        for name, host in wanted.items()
        if name in there and (there[name]["host"], there[name]["files"]) != (host, files)
    ]
    if exclusive:
        found += [("remove", name, there[name]["host"]) for name in sorted(ours - set(wanted))]
    return found


def command(action, name, host, directory, owner):
    """The words for the docker CLI."""
    if action == "remove":
        return ["context", "rm", "--force", name]  # force: also the one in use
    parts = [f"host={host}", *(f"{word}={os.path.join(directory, file)}" for word, file in FILES)]
    return ["context", action, "--description", owner, "--docker", ",".join(parts), name]


class Contexts:
    """The docker CLI of this machine. run(words) gives (status, output, errors)."""

    def __init__(self, run):
        self._run = run

    def read(self):
        """As observed() has them."""
        names = [name for name in self._ask(["context", "ls", "--quiet"]).split() if name != RESERVED]
        try:
            return observed(json.loads(self._ask(["context", "inspect", *names])) if names else [], _content)
        except (ValueError, TypeError, KeyError, AttributeError):
            raise SwarmError(
                "Could not read contexts: what 'docker context inspect' said is not what the docker CLI says"
            )

    def apply(self, planned, directory, owner):
        for action, name, host in planned:
            self._ask(command(action, name, host, directory, owner))

    def _ask(self, words):
        status, output, errors = self._run(words)
        if status:
            raise SwarmError(
                f"Could not write or read contexts: 'docker {' '.join(words[:2])}' said: {errors.strip() or output.strip()}",
                hint="Contexts want a docker CLI of 19.03 or newer.",
            )
        return output


def _content(path):
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError:
        return None
