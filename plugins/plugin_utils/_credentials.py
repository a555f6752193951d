# Copyright (c) 2026, apiary.swarm maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Credentials for registries on the control host: those that docker login left there, and those that a task carries.

PRIVATE to apiary.swarm: no other collection may import it. Runs on the control host.

The docker SDK could read docker's configuration too, but a control host needs nothing but ansible-core, and the SDK takes a
file that it cannot read for one without credentials.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import pathlib
import subprocess

from ansible.module_utils.common.validation import check_type_dict
from ansible.module_utils.parsing.convert_bool import boolean

from ..module_utils import _images
from ..module_utils._errors import SwarmError
from ..module_utils._registry import HUB_ADDRESS, header, host

_HELPER_SECONDS = 60
_HINT = "Correct it, or leave with_registry_auth out."


def _error(text):
    """What is wrong with docker's configuration; text has no word of a credential."""
    return SwarmError(text, hint=_HINT, node="the control host")


def registries(arguments):
    """The registries of the images that a swarm_service task names and wants the control host's credentials for, sorted."""
    found = set()
    defaults = _as_dict(arguments.get("service_defaults"))
    for entry in _entries(arguments):
        places = (entry, defaults, arguments)
        said = (place.get("with_registry_auth") for place in places)
        image = next((place["image"] for place in places if place.get("image")), None)
        state = next((place["state"] for place in places if place.get("state")), "present")
        if (
            image
            and state == "present"
            and boolean(next((value for value in said if value is not None), False), strict=False)
        ):
            with contextlib.suppress(ValueError):  # the module says so, with what else is wrong
                found.add(_images.registry(image))
    return sorted(found)


def passwords(arguments):
    """The passwords in services and service_defaults, which ansible-core does not see in there. Never fails."""
    places = [_as_dict(arguments.get("service_defaults")), *_entries({"services": arguments.get("services") or []})]
    entries = []
    for place in places:
        auth = place.get("registry_auth")
        entries += auth if isinstance(auth, list) else [auth]
    return [str(entry["password"]) for entry in map(_as_dict, entries) if entry.get("password")]


def _entries(arguments):
    services = arguments.get("services")
    if services is None:
        return [arguments]
    return [_as_dict(entry) for entry in services] if isinstance(services, list) else []


def _as_dict(value):
    try:
        return check_type_dict(value)
    except TypeError:
        return {}


def from_docker_config(wanted):
    """{registry: value of X-Registry-Auth} of the registries that docker login knows here. Raises SwarmError.

    Docker login by browser keeps its own tokens beside the credentials, under names such as .../v1/refresh-token.
    """
    if not wanted:
        return {}
    path = pathlib.Path(os.environ.get("DOCKER_CONFIG") or "~/.docker").expanduser() / "config.json"
    try:
        config = json.loads(path.read_bytes())
        auths = {
            host(name): entry for name, entry in (config.get("auths") or {}).items() if not name.endswith("-token")
        }
        helpers = {host(name): helper for name, helper in (config.get("credHelpers") or {}).items()}
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise _error(f"{path} on the control host: {error.strerror}") from None
    except (ValueError, AttributeError):
        raise _error(f"{path} on the control host is not a configuration of docker: not a map in JSON") from None
    found = {}
    for registry in wanted:
        helper = helpers.get(registry) or config.get("credsStore")
        known = helper and _ask(helper, HUB_ADDRESS if registry == _images.HUB else registry)
        known = known or _decoded(auths.get(registry), registry, path)
        if known:
            found[registry] = header(registry, **known)
    return found


def _decoded(entry, registry, path):
    """The parts of an entry of auths, or None where it has none (a helper may keep them)."""
    try:
        entry = entry or {}
        if entry.get("identitytoken") or entry.get("registrytoken"):
            return {"identity_token": entry.get("identitytoken"), "registry_token": entry.get("registrytoken")}
        username, _colon, password = base64.b64decode(entry.get("auth") or "", validate=True).decode().partition(":")
    except (ValueError, AttributeError, TypeError):
        raise _error(f"{path} on the control host: auths: the entry for {registry} cannot be read") from None
    return {"username": username, "password": password.rstrip("\0")} if username else None


def _ask(helper, address):
    """What a credential helper keeps for an address, or None. Raises SwarmError, without what it wrote to stdout."""
    program = f"docker-credential-{helper}"
    try:
        done = subprocess.run(
            [program, "get"], input=address, capture_output=True, text=True, timeout=_HELPER_SECONDS, check=False
        )
        if done.returncode and "credentials not found" in done.stdout + done.stderr:
            return None
        if done.returncode:
            raise _error(f"{program} on the control host failed for {address}: {done.stderr.strip()}")
        answer = json.loads(done.stdout)
        username, secret = answer["Username"], answer["Secret"]
    except OSError as error:
        raise _error(f"{program} on the control host: {error.strerror}") from None
    except subprocess.TimeoutExpired:
        raise _error(f"{program} on the control host did not answer within {_HELPER_SECONDS} s") from None
    except (ValueError, KeyError, TypeError):
        raise _error(f"{program} on the control host: its answer is none of a credential helper") from None
    if username == "<token>":
        return {"identity_token": secret}
    return {"username": username, "password": secret} if username else None
