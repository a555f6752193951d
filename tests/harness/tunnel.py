# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

"""A host's engine, brought here: its socket at the end of an ssh tunnel."""

from __future__ import annotations

import contextlib
import pathlib
import socket
import subprocess
import tempfile

from .lab import eventually

SOCKET = "/var/run/docker.sock"


@contextlib.contextmanager
def tunnel(lab, host):
    """The path of a socket here at which the engine of a host answers."""
    with tempfile.TemporaryDirectory(prefix="apiary-") as directory:
        path = pathlib.Path(directory) / "docker.sock"
        lab.ssh(host, f"chmod o+rw {SOCKET}")
        process = subprocess.Popen(
            ["ssh", "-F", str(lab.state / "ssh_config"), "-N", "-L", f"{path}:{SOCKET}", host],
            stdin=subprocess.DEVNULL,
        )
        try:
            eventually(lambda: _connect(path), seconds=20)
            yield path
        finally:
            process.terminate()
            process.wait(10)
            lab.ssh(host, f"chmod o-rw {SOCKET}")


def _connect(path):
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(str(path))
        except OSError as error:
            raise AssertionError("no tunnel yet") from error
