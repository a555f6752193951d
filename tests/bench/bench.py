#!/usr/bin/env python3
# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

"""How long we take and how long others take, on the same hosts in the same run.

Writes build/bench.json, one object: the name of a ratio to a number. A ratio of seconds is the peer's over ours, above 1
we are faster. build/bench-seconds.json has the seconds they come from.
"""

from __future__ import annotations

import argparse

import part_services
import part_swarm
from common import say, write

PARTS = {"swarm": part_swarm, "services": part_services}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"{' or '.join(PARTS)}; both if none is named")
    for part in PARTS.values():
        part.add_options(parser)
    options = parser.parse_args()
    unknown = sorted(set(options.parts) - set(PARTS))
    if unknown:
        parser.error(f"there is no part {', '.join(unknown)}")

    ratios = {}
    for name in options.parts or PARTS:
        say(f"{name}: {PARTS[name].__doc__.splitlines()[0]}")
        ratios.update(PARTS[name].measure(options))
    write("bench.json", ratios)
    for name, number in ratios.items():
        say(f"  {name:<56} {number:>8}")
    say("bench: peer's seconds over ours (above 1: we are faster) are in build/bench.json, with counts beside them")


if __name__ == "__main__":
    main()
