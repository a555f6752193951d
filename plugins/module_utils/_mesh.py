# Copyright (c) 2026, apiary.swarm maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Can this host's kernel route the ingress mesh? It needs IP_VS.

PRIVATE to apiary.swarm: no other collection may import it.

An engine on a kernel without IP_VS accepts a port published in ingress mode and then routes nothing, without a word.
The answer is about the host this code runs on, so it is worth asking only where docker_host is a unix socket.
"""

from __future__ import annotations

import os
import platform

MODULE = "/ip_vs.ko"


def ip_vs_support(root="/", release=None):
    """Whether the kernel has IP_VS, or can load it: {ip_vs: True, False or None (cannot tell), source: text}.

    root and release (of the kernel) are for tests.
    """
    release = release or platform.release()
    if os.path.exists(os.path.join(root, "proc/net/ip_vs")):
        return _answer(True, "/proc/net/ip_vs is there")
    if "ip_vs" in (line.split(" ", 1)[0] for line in _lines(os.path.join(root, "proc/modules"))):
        return _answer(True, "/proc/modules lists ip_vs")

    # What can be loaded. modules.builtin counts as well: a built-in that shows no /proc/net/ip_vs is one that this
    # network namespace cannot see, not one that is missing.
    folder = f"lib/modules/{release}"
    listed = False
    for name in ("modules.dep", "modules.builtin"):
        for line in _lines(os.path.join(root, folder, name)):
            listed = True
            if MODULE in line.split(":", 1)[0]:
                return _answer(True, f"/{folder}/{name} lists ip_vs")
    if listed:
        return _answer(False, f"/{folder} lists no ip_vs")
    if not os.path.exists(os.path.join(root, "proc/modules")) and os.path.isdir(os.path.join(root, "proc/net")):
        return _answer(False, "the kernel loads no modules and has no /proc/net/ip_vs")
    return _answer(None, f"/{folder} cannot be read")


def _answer(ip_vs, source):
    return {"ip_vs": ip_vs, "source": source}


def _lines(path):
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read().splitlines()
    except OSError:
        return []
