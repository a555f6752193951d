# Copyright (c) 2026, apiary.swarm maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Registries: the credentials for one as the engine takes them, and why one did not tell an image's digest.

PRIVATE to apiary.swarm: no other collection may import it. Pure; the control host uses it too.
"""

from __future__ import annotations

import base64
import json

from ._images import HUB

# What Docker Hub is called where credentials are kept.
HUB_ADDRESS = "https://index.docker.io/v1/"
_HUB_NAMES = ("", HUB, "index.docker.io", "registry-1.docker.io")

SILENT, DENIED, UNKNOWN = "registry_unreachable", "registry_denied", "image_not_found"
# As engines 20.10 and 28 say it, with status 401, 404 or 500.
_DENIALS = ("unauthorized", "denied", "authentication required", "no basic auth credentials", "incorrect username")


def host(address):
    """The registry that an address means, as images name it: https://index.docker.io/v1/ is docker.io."""
    name = address.strip().rpartition("://")[2].partition("/")[0]
    return HUB if name in _HUB_NAMES else name


def header(registry, username=None, password=None, identity_token=None, registry_token=None):
    """The value of X-Registry-Auth."""
    parts = {
        "serveraddress": HUB_ADDRESS if registry == HUB else registry,
        "username": username,
        "password": password,
        "identitytoken": identity_token,
        "registrytoken": registry_token,
    }
    text = json.dumps({key: value for key, value in parts.items() if value})
    return base64.urlsafe_b64encode(text.encode()).decode()


def trouble(status, text):
    """Why a registry did not tell of an image, from the engine's answer: SILENT, DENIED or UNKNOWN.

    The usual classification of the engine's texts is not for it: a registry that is down is "context deadline exceeded", too.
    """
    lowered = text.lower()
    if status in (401, 403) or any(part in lowered for part in _DENIALS):
        return DENIED
    return UNKNOWN if status == 404 else SILENT


def advice(kind, registry, tried_with):
    """What to do about it; tried_with: whether there were credentials to show."""
    if kind == SILENT:
        return f"Can this host reach {registry}, and does it trust its certificate?"
    if kind == UNKNOWN:
        return f"Is that its name? {registry} has no such image."
    if tried_with:
        return (
            f"Correct the credentials for {registry}: it does not take them, or they do not permit to read this image."
        )
    return (
        f"No credentials for {registry} were given: name them in registry_auth, or log in on the control host and set "
        "with_registry_auth."
    )
