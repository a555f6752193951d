# Copyright (c) 2026, apiary.swarm maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The frame around every module: SDK, connection, the module's own flow, and nothing but SwarmError out of it.

PRIVATE to apiary.swarm: no other collection may import it.
"""

from __future__ import annotations

import os
import traceback

from ._engine import Engine
from ._errors import SwarmError
from ._sdk import ensure_sdk


def run(module, flow):
    """Run flow(engine, params, check_mode) -> result dict for an AnsibleModule.

    Raises SwarmError only: what nobody foresaw becomes one too (kind bug), with the place but without a traceback.
    A list under warnings, in the result or in an error's details, is passed on to the user.
    """
    try:
        ensure_sdk(module.params["sdk_python"], len(module.jsonify(module.params)))
        engine = Engine.connect(module.params)
        # ansible-core sets module.no_log also where only the host's log is to know nothing; the action plugin knows better
        told = module.params.get("_no_log")
        engine.no_log = module.no_log if told is None else told
        try:
            return _warned(module, flow(engine, module.params, module.check_mode))
        finally:
            engine.close()
    except SwarmError as error:
        _warned(module, error.details)
        raise
    except Exception as error:  # noqa: BLE001 - the last net: nothing else may reach a user
        place = traceback.extract_tb(error.__traceback__)[-1]
        raise SwarmError(
            f"{module._name} failed in a way nobody foresaw: {type(error).__name__}: {error} ({os.path.basename(place.filename)}, line {place.lineno})",
            kind="bug",
            hint="This is a defect of apiary.swarm; please report it with this message.",
        )


def _warned(module, result):
    for text in result.pop("warnings", ()):
        module.warn(text)
    return result
