# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

"""How long five hosts with engines take to become a swarm with a service on it.

We, a shell script over the CLI, community.docker. Each peer gets new hosts each round, because engines that left a swarm
several times are slower.
"""

from __future__ import annotations

import statistics
import time

from common import HERE, Lab, compare, playbook, run, say, write
from harness.lab import HOSTS


def add_options(parser):
    parser.add_argument("--rounds", type=int, default=3, help="of the swarm part; the ratios are of the medians")
    parser.add_argument("--image", default="depot:5000/nginx:1.22", help="the service of the swarm part")


def measure(options):
    """Run the rounds and return the ratios."""
    lab = Lab()
    seconds = {}
    for number in range(1, options.rounds + 1):
        for peer in ("apiary", "cli", "community"):
            lab.renew()
            time.sleep(3)  # engines that have just started still work a little
            commands = _commands(lab, options.image)
            # apiary-again is the same on what stands: nothing to change
            for name in [peer] + (["apiary-again"] if peer == "apiary" else []):
                took = run(commands[name])
                seconds.setdefault(name, []).append(round(took, 2))
                say(f"  round {number}: {name}: {took:.1f} s")

    medians = {name: statistics.median(times) for name, times in seconds.items()}
    for name, median in medians.items():
        say(f"  {name:<14} median {median:6.2f} s   ({min(seconds[name])}-{max(seconds[name])})")
    write("bench-seconds.json", {"swarm": seconds})
    names = {"cli": "cli", "community": "community_docker"}
    return {f"swarm_vs_{name}": compare(medians[peer], medians["apiary"]) for peer, name in names.items()}


def _commands(lab, image):
    ours = playbook("swarm_apiary.yml", "-e", f"bench_image={image}")
    hosts = [f"{host}={lab.address(host)}" for host in HOSTS]
    return {
        "apiary": ours,
        "apiary-again": ours,
        "cli": [HERE / "swarm_cli.sh", lab.state / "ssh_config", image, *hosts],
        "community": playbook("swarm_community.yml", "-e", f"bench_image={image}"),
    }
