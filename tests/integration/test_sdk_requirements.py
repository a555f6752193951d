# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

"""The SDK's pins install, and are complete, on every Python that hosts have. Needs the package index."""

from __future__ import annotations

import email.parser
import pathlib
import subprocess
import sys
import zipfile

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = pathlib.Path(__file__).resolve().parents[2]
PINS = ROOT / "roles/engine/files/sdk-requirements.txt"


def pins_for(environment):
    """Name -> version of the pins that hold for a Python."""
    requirements = [Requirement(line) for line in PINS.read_text().splitlines() if line and not line.startswith("#")]
    chosen = [each for each in requirements if each.marker is None or each.marker.evaluate(environment)]
    pins = {canonicalize_name(each.name): str(each.specifier).removeprefix("==") for each in chosen}
    assert len(pins) == len(chosen), f"two pins of one package: {[str(each) for each in chosen]}"
    return pins


@pytest.mark.parametrize("version", ["3.8", "3.9", "3.10", "3.11", "3.12", "3.13"])
def test_pins_install_and_are_complete(version, tmp_path):
    environment = {
        "python_version": version,
        "python_full_version": f"{version}.0",
        "sys_platform": "linux",
        "extra": "",
    }
    pins = pins_for(environment)
    download = [
        sys.executable,
        "-m",
        "pip",
        "download",
        "-qq",
        "--no-deps",
        "--only-binary=:all:",
        "--python-version",
        version,
    ]
    done = subprocess.run(
        [*download, "--dest", tmp_path, *(f"{name}=={pin}" for name, pin in pins.items())],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr

    wheels = list(tmp_path.glob("*.whl"))
    assert len(wheels) == len(pins)
    for wheel in wheels:
        with zipfile.ZipFile(wheel) as archive:
            (path,) = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
            metadata = email.parser.Parser().parsestr(archive.read(path).decode())
        for needed in map(Requirement, metadata.get_all("Requires-Dist", [])):
            if needed.marker is None or needed.marker.evaluate(environment):
                pin = pins.get(canonicalize_name(needed.name))
                assert pin, f"{wheel.name} needs {needed}, which is not pinned"
                assert needed.specifier.contains(pin), f"{wheel.name} needs {needed}, the pin is {pin}"
