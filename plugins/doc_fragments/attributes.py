# Copyright (c) 2026, apiary.swarm maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """What every module of the collection can do."""

    DOCUMENTATION = r"""
attributes:
  check_mode:
    description: Computes and validates the same plan as a real run, and applies nothing.
    support: full
  diff_mode:
    description: Shows the engine's own values before and after.
    support: full
  idempotent:
    description: A second run with the same options changes nothing and says so.
    support: full
"""

    # For modules that only read.
    INFO = r"""
attributes:
  check_mode:
    description: Reads only, so it does the same in check mode.
    support: full
  diff_mode:
    description: Reads only, so there is no difference to show.
    support: N/A
  idempotent:
    description: Reads only.
    support: full
"""
