# Copyright (c) 2026, apiary.swarm maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Names of images: tags, digests, and what a registry's answer makes of them.

PRIVATE to apiary.swarm: no other collection may import it. Pure.

The short ("familiar") form is the one the CLI stores: nginx:1.26 for docker.io/library/nginx:1.26.
"""

from __future__ import annotations

import re

HUB = "docker.io"

_REPOSITORY = re.compile(r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*")
_DOMAIN = re.compile(r"[a-zA-Z0-9-]+(?:\.[a-zA-Z0-9-]+)*(?::[0-9]+)?")
_TAG = re.compile(r"\w[\w.-]{0,127}", re.ASCII)
_DIGEST = re.compile(r"[a-z0-9]+(?:[+._-][a-z0-9]+)*:[0-9a-fA-F]{32,}")


def split(image):
    """(repository, tag or None, digest or None) of an image's name, the repository in its short form.

    Raises ValueError if the engine would not take it as a name.
    """
    name, _at, digest = str(image).strip().partition("@")
    folder, slash, last = name.rpartition("/")
    last, _colon, tag = last.partition(":")
    repository = _familiar(folder + slash + last)
    if (_colon and not _TAG.fullmatch(tag)) or (_at and not _DIGEST.fullmatch(digest)):
        raise ValueError(f"'{image}' is not an image's name such as nginx:1.26 or registry:5000/team/app:v1")
    return repository, tag or None, digest or None


def _familiar(name):
    domain, repository = _parts(name)
    if not _DOMAIN.fullmatch(domain) or not _REPOSITORY.fullmatch(repository):
        raise ValueError(f"'{name}' is not an image's name (lower case, for example registry:5000/team/app)")
    if domain == HUB:
        return repository[8:] if repository.startswith("library/") and repository.count("/") == 1 else repository
    return f"{domain}/{repository}"


def _parts(name):
    first, slash, rest = name.partition("/")
    is_domain = slash and ("." in first or ":" in first or first == "localhost" or first != first.lower())
    domain, repository = (first, rest) if is_domain else (HUB, name)
    return HUB if domain == "index.docker.io" else domain, repository


def registry(image):
    """The registry that an image comes from: the host its name begins with, or docker.io. Raises ValueError as split()."""
    return _parts(split(image)[0])[0]


def tagged(image):
    """The name as the engine is to store it: short, with :latest where it says neither tag nor digest."""
    repository, tag, digest = split(image)
    if not tag and not digest:
        tag = "latest"
    return repository + (f":{tag}" if tag else "") + (f"@{digest}" if digest else "")


def same(current, target):
    """Is current (as the engine stores it) the image target? A target without a digest is content with any."""
    try:
        has, wants = split(current), split(target)
    except ValueError:
        return current == target
    if wants[2] is None:
        # a name without anything behind it, as other tools store it, is the engine's word for latest too
        tag = has[1] if has[2] else has[1] or "latest"
        return (has[0], tag) == (wants[0], wants[1] or "latest")
    return has[0] == wants[0] and has[2] == wants[2] and wants[1] in (None, has[1])


def pinned(image, distribution):
    """(image with digest, platforms) from tagged() and the answer of GET /distribution/{image}/json.

    Platforms are those for Placement.Platforms: each once, none that is unknown, and arm without its architecture
    (nodes report it with a variant, which would match nothing), as moby's client/service_create.go has it.
    """
    name = image if "@" in image else f"{image}@{distribution['Descriptor']['digest']}"
    platforms = []
    for platform in distribution.get("Platforms") or ():
        architecture, system = platform.get("architecture", ""), platform.get("os", "")
        if "unknown" in (architecture, system):
            continue
        entry = {"Architecture": "" if architecture.lower() == "arm" else architecture, "OS": system}
        if entry not in platforms:
            platforms.append(entry)
    return name, platforms
