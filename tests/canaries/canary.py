# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Secrets that are looked for wherever they might have got to, in every form that a program might have given them."""

from __future__ import annotations

import base64
import datetime
import json
import re
import secrets
import urllib.parse

from ansible_collections.apiary.swarm.plugins.plugin_utils._certificates import new_authority

# So much of a key or a token is enough to know it by.
ENOUGH = 20
_KEY = re.compile("-----BEGIN [A-Z ]*PRIVATE KEY-----\n(.*?)-----END [A-Z ]*PRIVATE KEY-----", re.DOTALL)
# what JSON, URLs, Python and shells write in another way than it is
ODD = "\"'\\&é% {}"


def word(kind):
    """A secret of one line that nothing else has in it."""
    return f"{kind}{secrets.token_hex(12)}"


def text(kind):
    """A secret with newlines and whatever else is written differently from place to place."""
    return f"{word(kind)}{ODD}{word(kind)}\n{word(kind)}\n"


def authority(name="authority"):
    """Certificate and key of an authority that signs, as variables of Ansible hold them."""
    pair = new_authority(datetime.datetime.now(datetime.timezone.utc))
    return {f"{name}_certificate": pair.certificate, f"{name}_key": pair.key}


class Canaries:
    """All secrets that there are so far, {name: [forms as bytes]}."""

    def __init__(self):
        self.forms, self._values = {}, {}

    def add(self, name, value):
        """Look for this from now on; what was there before under the name is looked for still. Returns the value."""
        known = self.forms.setdefault(name, [])
        known += [form for form in forms(value) if form not in known]
        return value

    def made(self, kind, name=None):
        """A new secret of one line."""
        return self.add(name or kind, word(kind))

    def once(self, name, make):
        """The same secret each time that it is asked for."""
        if name not in self._values:
            self._values[name] = self.add(name, make(name))
        return self._values[name]

    def seen(self, data):
        """Names of the secrets that are in these bytes."""
        return [name for name, all_forms in self.forms.items() if any(form in data for form in all_forms)]


def pieces(value):
    """What a secret is known by: beginning and end of its lines; of a token or unlock key those of its secret part."""
    if value.startswith(("SWMTKN-", "SWMKEY-")):
        value = value.rpartition("-")[2]
    # a certificate that stands beside its key is for all to see
    value = re.sub("-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", "", value, flags=re.DOTALL)
    found = []
    for key in _KEY.findall(value):
        # all keys of one kind begin alike, and end with what is public
        first, *others = _lines(key)
        found += [first[-ENOUGH:], *(line[:ENOUGH] for line in others)]
    lines = _lines(_KEY.sub("", value))
    return [*found, *(line[:ENOUGH] for line in lines), *(line[-ENOUGH:] for line in lines)]


def _lines(value):
    return [line for line in value.splitlines() if len(line) >= ENOUGH and "-----" not in line]


def forms(value):
    """Every form of a secret, as bytes."""
    if isinstance(value, bytes):
        return [value[:64], *_base64(value[:300])]
    found = []
    assert pieces(value), "too short to be known by"
    for piece in pieces(value):
        plain = piece.encode()
        escaped = {
            json.dumps(piece)[1:-1],
            json.dumps(piece, ensure_ascii=False)[1:-1],
            urllib.parse.quote(piece),
            urllib.parse.quote_plus(piece),
            repr(piece)[1:-1],
        }
        found += [plain, *sorted(one.encode() for one in escaped), *_base64(plain)]
    return list(dict.fromkeys(found))


def _base64(plain):
    """As it looks in the middle of something longer, wherever it begins there, in both alphabets."""
    for before in range(3):
        coded = base64.b64encode(b"\0" * before + plain)
        # the first and the last letters depend on what stands beside it
        inner = coded[4 if before else 0 : (len(plain) + before) // 3 * 4]
        yield inner
        yield inner.translate(bytes.maketrans(b"+/", b"-_"))
