# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is in archives of images, and which of them a host lacks."""

from __future__ import annotations

import io
import json
import tarfile

import pytest
from ansible_collections.apiary.swarm.plugins.plugin_utils._image_archives import ArchiveError, image_archive, lacking

HEX = "a" * 64
OTHER = "b" * 64


def written(path, files, mode="w"):
    with tarfile.open(path, mode) as archive:
        for name, content in files.items():
            data = content if isinstance(content, bytes) else json.dumps(content).encode()
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return str(path)


@pytest.mark.parametrize(("config", "mode"), [(f"{HEX}.json", "w"), (f"blobs/sha256/{HEX}", "w:gz")])
def test_engines_old_and_new_write_them(tmp_path, config, mode):
    manifest = [{"Config": config, "RepoTags": ["web:1", "web:latest"]}]
    index = {"manifests": [{"digest": f"sha256:{OTHER}"}]}
    files = {"manifest.json": manifest, **({} if config.endswith(".json") else {"index.json": index})}
    (image,) = image_archive(written(tmp_path / "a.tar", files, mode))["images"]
    assert image["names"] == ["web:1", "web:latest"]
    assert image["ids"] == [f"sha256:{HEX}", *([] if config.endswith(".json") else [f"sha256:{OTHER}"])]


@pytest.mark.parametrize(
    "files",
    [{"other": b""}, {"manifest.json": b"no JSON"}, {"manifest.json": [{"RepoTags": []}]}, {"manifest.json": {"a": 1}}],
)
def test_other_files_are_refused_by_name(tmp_path, files):
    path = written(tmp_path / "a.tar", files)
    with pytest.raises(ArchiveError, match="a.tar is no archive of images"):
        image_archive(path)


def test_what_is_no_archive_or_not_there_is_refused_by_name(tmp_path):
    (tmp_path / "text").write_text("hello")
    with pytest.raises(ArchiveError, match="text is no archive of images"):
        image_archive(str(tmp_path / "text"))
    with pytest.raises(ArchiveError, match="none on the control host: No such file"):
        image_archive(str(tmp_path / "none"))
    with pytest.raises(ArchiveError, match="must be an absolute path"):
        image_archive("files/a.tar")


@pytest.mark.parametrize(
    ("found", "lacks"),
    [
        ([], True),
        ([{"id": f"sha256:{HEX}", "names": ["web:1", "web:2"]}], False),
        ([{"id": f"sha256:{OTHER}", "names": ["web:1"]}], True),
        ([{"id": f"sha256:{HEX}", "names": None}], True),
    ],
    ids=["none", "the same, with more names", "another by its name", "the same without its name"],
)
def test_an_image_is_there_by_its_id_and_names(found, lacks):
    archive = {"path": "/a.tar", "images": [{"names": ["web:1"], "ids": [f"sha256:{HEX}"]}]}
    assert lacking([archive], [json.dumps(line) for line in found]) == (["/a.tar"] if lacks else [])
