# Copyright (c) 2026, apiary.swarm maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reading the cluster through a manager, and refusing at once where there is no quorum.

PRIVATE to apiary.swarm: no other collection may import it.
"""

from __future__ import annotations

import time

from ._engine import retry
from ._errors import SwarmError
from ._quorum import has_quorum
from ._swarm_state import no_quorum_error, obstacle, swarm_row


def read_nodes(engine, tried):
    """GET /nodes, one call. Raises SwarmError with the cause where this engine is no usable manager.

    A leader that lost its followers goes on answering reads for some 20 s, and a write would then hang as long: its own
    list of nodes already says that they are unreachable, and that ends the run here (kind no_quorum).
    """
    nodes = retry(engine.nodes)
    if not has_quorum(nodes):
        raise no_quorum_error(nodes, tried, engine.name)
    return nodes


def read_swarm(engine, info=None, nodes=None):
    """The block `swarm` of the results; what is not handed over is read: GET /info, and GET /nodes on a manager.

    Never fails because of the state that the node is in.
    """
    info = info or engine.info()
    if nodes is None and obstacle(info) is None:
        try:
            nodes = engine.nodes()
        except SwarmError as error:
            info = with_error(info, error)
    return swarm_row(info, nodes, ".".join(str(part) for part in engine.api_version))


def with_error(info, error):
    """The info of an engine whose /nodes failed although /info did not (it lost its leader in between)."""
    return dict(info, Swarm=dict(info["Swarm"], Error=info["Swarm"].get("Error") or error.msg))


class Clock:
    """A deadline, and pauses that grow from 0.05 to 2 s."""

    def __init__(self, seconds):
        self._end = time.monotonic() + seconds
        self._pause = 0.05

    @property
    def left(self):
        return max(self._end - time.monotonic(), 0.0)

    def pause(self):
        """Wait a little; False if the time is over."""
        if not self.left:
            return False
        time.sleep(min(self._pause, self.left))
        self._pause = min(self._pause * 1.5, 2.0)
        return True
