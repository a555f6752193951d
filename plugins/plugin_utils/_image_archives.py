# Copyright (c) 2026, apiary.swarm maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is in archives of images, as 'docker save' writes them, and which of them a host lacks.

PRIVATE to apiary.swarm: no other collection may import it. Runs on the control host.
"""

from __future__ import annotations

import json
import os
import tarfile


class ArchiveError(Exception):
    """A sentence for people: which file is no archive of images, and why."""


def image_archive(path):
    """{path, images: [{names, ids}]} of an archive, compressed or not. Raises ArchiveError where it is none.

    names are the tags that it gives the image. ids are all that an engine may call it: the digest of its configuration or, with
    containerd's store of images, that of a manifest.
    """
    if not os.path.isabs(path):
        raise ArchiveError(f"engine_image_archives: {path} must be an absolute path on the control host")
    try:
        with tarfile.open(path) as archive:
            manifest = _json(archive, "manifest.json")
            index = _json(archive, "index.json") if "index.json" in archive.getnames() else {"manifests": []}
        manifests = [each["digest"] for each in index["manifests"]]
        images = [
            {"names": list(each.get("RepoTags") or []), "ids": [_digest(each["Config"]), *manifests]}
            for each in manifest
        ]
    except OSError as error:
        raise ArchiveError(f"engine_image_archives: {path} on the control host: {error.strerror or error}") from error
    except (tarfile.TarError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise ArchiveError(f"engine_image_archives: {path} is no archive of images that 'docker save' wrote") from error
    return {"path": path, "images": images}


def _json(archive, name):
    return json.load(archive.extractfile(name))


def _digest(config):
    """blobs/sha256/HEX as newer engines name the file, HEX.json as older ones do."""
    name = config.rpartition("/")[2]
    return f"sha256:{name[:-5] if name.endswith('.json') else name}"


def lacking(archives, lines):
    """The paths of those archives of which a host lacks an image, or has another one by that name. Pure.

    lines are what 'docker image inspect' said of all of them, each {"id": ID, "names": [tags] or null} as JSON.
    """
    there = [json.loads(line) for line in lines]
    return [
        archive["path"]
        for archive in archives
        if not all(any(_is(image, found) for found in there) for image in archive["images"])
    ]


def _is(image, found):
    return found["id"] in image["ids"] and set(image["names"]) <= set(found["names"] or ())
