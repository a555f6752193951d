# Copyright (c) 2026, apiary.swarm maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Find the docker SDK: in this interpreter, in the collection's virtual environment, or by changing interpreters.

PRIVATE to apiary.swarm: no other collection may import it.

The SDK lives in a virtual environment of its own (role engine makes it), so that the host's Python stays untouched.
Where that environment is of the same Python version, its packages are put on the path: nothing is started twice.
Otherwise the module respawns itself there with ansible-core's respawn_module.
"""

from __future__ import annotations

import os
import sys

from ansible.module_utils.common.respawn import has_respawned, respawn_module

from ._errors import SwarmError

# respawn_module writes the whole task into a pipe before anybody reads it: past the pipe's buffer it would hang.
_RESPAWN_LIMIT = 60000


def site_packages(sdk_python, version=sys.version_info):
    """Where an interpreter of this Python version finds the packages of the environment that sdk_python belongs to."""
    environment = os.path.dirname(os.path.dirname(sdk_python))
    return os.path.join(environment, "lib", f"python{version[0]}.{version[1]}", "site-packages")


def ensure_sdk(sdk_python, task_size):
    """Make 'import docker' work, or raise SwarmError (kind sdk_missing) that says how to get the SDK.

    task_size is the length of the task's options in bytes. Does not return if the module had to change interpreters.
    """
    try:
        import docker  # noqa: F401
    except ImportError:
        packages = site_packages(sdk_python)
        if os.path.isdir(os.path.join(packages, "docker")):
            sys.path.append(packages)
            _require_import(sdk_python)
        elif os.path.exists(sdk_python) and not has_respawned():
            _respawn(sdk_python, task_size)
        else:
            raise _missing(sdk_python, "there is no module named docker")


def _respawn(sdk_python, task_size):
    if task_size > _RESPAWN_LIMIT:
        raise SwarmError(
            f"The task's options are {task_size} bytes long, too long to hand over to {sdk_python}",
            kind="sdk_missing",
            hint="Set ansible_python_interpreter to that path for this task.",
        )
    respawn_module(sdk_python)


def _require_import(sdk_python):
    try:
        import docker  # noqa: F401
    except ImportError as error:
        raise _missing(sdk_python, str(error))


def _missing(sdk_python, reason):
    return SwarmError(
        f"The docker SDK for Python cannot be imported, neither by {sys.executable} nor from {sdk_python}: {reason}",
        kind="sdk_missing",
        hint="Role apiary.swarm.engine installs it (run 'site.yml --tags engine'); or point sdk_python, or the host's "
        "environment variable APIARY_SDK_PYTHON, at an interpreter that has it.",
    )
