# Copyright (c) 2026, apiary.swarm maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The engine's unit with more options on its command line, as a drop-in.

PRIVATE to apiary.swarm: no other collection may import it. Runs on the control host. Pure.

An address to listen on cannot be told to the engine in daemon.json: the unit has -H, and the engine does not start with both.
The command line is the unit's own of this moment, so a package that changes it is followed by the next run.
"""

from __future__ import annotations

import re

# by name the last of all, so that it adds to what the others say
DROP_IN = "/etc/systemd/system/docker.service.d/zz-apiary-tls.conf"
HEAD = "# Role engine of apiary.swarm wrote this: the engine's API over TLS (engine_tls). The command is the unit's own, with what is added."
_FILE = re.compile(r"# (/\S+\.(?:service|conf))")
_OURS_TOO = re.compile(r"\s(?:-H|--host)[ =]?tcp://|\s--tls")


def unit_plan(text, options):
    """{present, wanted, fault} from what `systemctl cat docker.service` says and the options to add to the command, none for no drop-in.

    present and wanted are the drop-in's text, empty for no such file; fault is a sentence, or empty.
    """
    files = _files(text)
    present = "\n".join(files.pop(DROP_IN, [])).strip()
    command = _command(line for lines in files.values() for line in lines)
    wanted = "\n".join([HEAD, "[Service]", "ExecStart=", f"ExecStart={' '.join([command, *options])}"])
    fault = ""
    if options and not command:
        fault = "the unit docker.service says no command (ExecStart) that options could be added to"
    elif options and _OURS_TOO.search(command):
        fault = f"the unit docker.service already has the engine listen on TCP ({command}). Take out the drop-in that says so"
    return {"present": present, "wanted": wanted if options and not fault else "", "fault": fault}


def _files(text):
    """{path: lines}, in the order in which systemd reads them."""
    files, lines = {}, []
    for line in text.splitlines():
        match = _FILE.fullmatch(line)
        if match:
            lines = files.setdefault(match[1], [])
        else:
            lines.append(line)
    return files


def _command(lines):
    """The last ExecStart that counts; an empty one takes back those before it."""
    command, pending = "", ""
    for line in lines:
        if line.startswith(("#", ";")):
            continue
        whole = pending + line
        if whole.endswith("\\"):
            pending = whole[:-1].rstrip() + " "
            continue
        pending = ""
        key, _equals, value = whole.partition("=")
        if key.strip() == "ExecStart":
            command = value.strip()
    return command
