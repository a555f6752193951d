# Copyright (c) 2026, apiary.swarm maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who a run of Ansible is, in a text that tells later whether it still runs.

PRIVATE to apiary.swarm: no other collection may import it. Runs on the control host.
"""

from __future__ import annotations

import getpass
import hashlib
import os
import platform
import re

_HOLDER = re.compile(r".* \(process (?P<pid>\d+), (?P<start>\w+) of (?P<place>[0-9a-f]{12})\)")


def this_run(root="/"):
    """USER@HOST (process PID, START of PLACE) of the ansible-playbook that this worker belongs to. root is for tests.

    START tells the process from a later one of the same number, PLACE this machine, since it was started, from any other.
    """
    pid = os.getppid()
    return f"{_user()}@{platform.node()} (process {pid}, {_start(pid, root)} of {_place(root)})"


def has_died(holder, root="/"):
    """Whether a holder, as this_run() names it, ran here and is gone. False also where that cannot be seen from here."""
    match = _HOLDER.fullmatch(holder)
    if not match or match["place"] != _place(root):
        return False
    start = _start(match["pid"], root)
    if start == "gone" and _is_there(int(match["pid"])):
        return False  # another user's, which a /proc with hidepid does not show
    return start != match["start"]


def _is_there(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True  # not ours to signal
    return True


def _place(root):
    parts = [platform.node(), _read(f"{root}proc/sys/kernel/random/boot_id"), _namespace(root)]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:12]


def _namespace(root):
    try:
        return os.readlink(f"{root}proc/self/ns/pid")
    except OSError:
        return ""


def _start(pid, root):
    """Field 22 of its stat; the name in field 2 may have spaces and brackets in it."""
    fields = _read(f"{root}proc/{pid}/stat").rpartition(")")[2].split()
    return fields[19] if len(fields) > 19 else "gone"


def _read(path):
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read().strip()
    except OSError:
        return ""


def _user():
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())
