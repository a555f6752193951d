# Copyright (c) 2026, apiary.swarm maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which digests are wanted, and what registries say of them, asked once for all services of a task.

PRIVATE to apiary.swarm: no other collection may import it.
"""

from __future__ import annotations

from typing import NamedTuple

from . import _images, _registry
from ._errors import SwarmError


class Answers(NamedTuple):
    """pins and platforms as World has them; warnings, and a SwarmError for each image that had to be resolved and was not."""

    pins: dict
    platforms: dict
    warnings: list
    errors: list


def resolve(engine, wishes, services):
    """Ask each image's registry, with the credentials that a wish has for it. services: {name: service of GET /services}."""
    wanted = {}
    for wish in wishes:
        stored = stored_image(services.get(wish.name))
        image = image_to_ask_for(wish, stored)
        if image:
            wanted.setdefault(image, []).append((wish, stored))
    answers, silent = Answers({}, {}, [], []), {}
    for image, askers in wanted.items():
        registry = _images.registry(image)
        known = [wish.credentials.get(registry) for wish, _stored in askers]
        auths = list(dict.fromkeys(filter(None, known))) or [None]
        try:
            # Each question to a registry that is down takes 10 to 15 s.
            if registry in silent:
                raise silent[registry]
            answer = _ask(engine, image, registry, auths)
        except SwarmError as error:
            if error.status is None and error.kind != "timeout":
                raise  # it is the engine that does not answer
            kind = _registry.trouble(error.status, error.msg)
            if kind == _registry.SILENT and error.status != 400:  # that is about the image alone
                silent[registry] = error
            _note(answers, image, askers, error, kind, _registry.advice(kind, registry, bool(auths[0])))
        else:
            answers.pins[image], found = _images.pinned(image, answer)
            if found:
                answers.platforms[answers.pins[image]] = found
    return answers


def _ask(engine, image, registry, auths):
    """What the registry says, to the first credentials that it does not refuse."""
    for auth in auths:
        try:
            what = f"ask {registry} for image {image}"
            return engine.get(f"/distribution/{image}/json", what=what, headers=auth_headers(auth))
        except SwarmError as error:
            if auth is auths[-1] or _registry.trouble(error.status, error.msg) != _registry.DENIED:
                raise


def image_to_ask_for(wish, stored):
    """The image, with its tag, that a wish's registry is to be asked for, or None; stored is what the service has, or None."""
    image = wish.options.get("image")
    if not image or wish.state != "present" or wish.resolve_image == "never":
        return None
    try:
        tagged = _images.tagged(image)
        # Without credentials a private image gets no digest, and its tasks do not start. Once there are some it is another
        # service, although its tag is the same.
        late = bool(stored) and "@" not in stored and _images.registry(image) in wish.credentials
    except ValueError:
        return None  # the plan will say so, with what else is wrong
    if wish.resolve_image == "changed" and stored and _images.same(stored, tagged) and not late:
        return None
    return tagged


def stored_image(service):
    """The image of a service of GET /services; None without a service, and for a plugin."""
    container = service["Spec"]["TaskTemplate"].get("ContainerSpec") if service else None
    return (container or {}).get("Image")


def credentials_for(wish, spec):
    """The credentials that a wish has for the image of a spec, or None."""
    return wish.credentials.get(_registry_of(spec))


def _registry_of(spec):
    image = (spec["TaskTemplate"].get("ContainerSpec") or {}).get("Image")
    try:
        return _images.registry(image) if image else None
    except ValueError:
        return None  # whatever the engine let somebody else name so


def credentials_for_update(wish, before, after):
    """The credentials to update a service with from one spec to another, or None to leave those that the swarm has of it."""
    known = credentials_for(wish, after)
    old, new = _registry_of(before), _registry_of(after)
    if known or not new or old == new:
        return known
    return _registry.header(new)  # nobody's: the engine would show the new registry the password for the old one


def auth_headers(auth):
    return {"X-Registry-Auth": auth} if auth else None


def _note(answers, image, askers, error, kind, hint):
    """Say what becomes of the services that wanted a digest."""
    why = f"{error.msg.rstrip('.')}. {hint}"
    failing, keeping, by_tag = [], [], []
    for wish, stored in askers:
        if wish.resolve_image_failure == "fail":
            failing.append(wish.name)
        elif stored and "@" in stored and _images.same(stored, image):
            keeping.append(wish.name)
        else:
            by_tag.append(wish.name)
    if failing:
        text = f"Service {', '.join(failing)}: the digest of image {image} is not known. {why}"
        answers.errors.append(SwarmError(text, kind=kind, status=error.status, endpoint=error.endpoint))
    if keeping:
        answers.warnings.append(f"image {image}: the digest that runs is kept ({', '.join(keeping)}). {why}")
    if by_tag and "@" in image:
        answers.warnings.append(f"image {image}: its platforms are not known ({', '.join(by_tag)}). {why}")
    elif by_tag:
        answers.warnings.append(
            f"image {image} is not pinned, each node pulls the tag by itself and may get another version "
            f"({', '.join(by_tag)}). {why}"
        )
