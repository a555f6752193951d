#!/usr/bin/env python3
# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

"""How long five hosts with engines take to become a swarm with a service on it: we, a shell script, community.docker.

Each peer gets new hosts each round, because engines that left a swarm several times are slower. Times are compared within
the same run; a ratio above 1 means that we are faster. Writes build/bench.json and prints a table.
"""

from __future__ import annotations

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
HERE = pathlib.Path(__file__).resolve().parent
LAB = os.environ.get("LAB_NAME", "apiary")
HOSTS = ["manager1", "manager2", "manager3", "worker1", "worker2"]


def say(text):
    print(text, flush=True)


def run(command, **options):
    """Run a command; its output is shown only if it fails. Returns seconds."""
    started = time.monotonic()
    done = subprocess.run(
        command, cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, **options
    )
    if done.returncode:
        say(done.stdout)
        sys.exit(f"bench: failed: {' '.join(map(str, command))}")
    return time.monotonic() - started


def new_hosts():
    run(["lab/down.sh", "--keep-engine"])
    run(["lab/up.sh", "--with-engine"])
    time.sleep(3)  # engines that have just started still work a little


def addresses():
    template = "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}"
    names = [f"{LAB}-{host}" for host in HOSTS]
    out = subprocess.run(
        [ROOT / "lab/docker.sh", "inspect", "-f", template, *names], check=True, capture_output=True, text=True
    ).stdout
    return dict(zip(HOSTS, out.split(), strict=True))


def playbook(name, image):
    ansible = ROOT / ".venv/bin/ansible-playbook"
    return [ansible, "-i", "inventory/lab", HERE / name, "-e", f"bench_image={image}"]


def peers(image, ssh_config):
    hosts = [f"{name}={address}" for name, address in addresses().items()]
    return {
        "apiary": playbook("apiary.yml", image),
        "apiary-again": playbook("apiary.yml", image),  # the same on what stands: nothing to change
        "cli": [HERE / "cli.sh", ssh_config, image, *hosts],
        "community": playbook("community.yml", image),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--image", default="depot:5000/nginx:1.22")
    parser.add_argument("--ssh-config", default=f"build/lab/{LAB}/ssh_config")
    options = parser.parse_args()

    seconds = {}
    for number in range(1, options.rounds + 1):
        for peer in ("apiary", "cli", "community"):
            new_hosts()
            commands = peers(options.image, options.ssh_config)
            for name in [peer] + (["apiary-again"] if peer == "apiary" else []):
                took = run(commands[name])
                seconds.setdefault(name, []).append(round(took, 2))
                say(f"round {number}: {name}: {took:.1f} s")

    medians = {name: statistics.median(times) for name, times in seconds.items()}
    ratios = {name: round(medians[name] / medians["apiary"], 2) for name in ("cli", "community")}
    result = {"seconds": seconds, "median": medians, "ratio": ratios}
    target = ROOT / "build/bench.json"
    target.parent.mkdir(exist_ok=True)
    target.write_text(json.dumps(result, indent=2) + "\n")
    for name, median in medians.items():
        say(f"{name:<14} median {median:6.2f} s   ({min(seconds[name])}-{max(seconds[name])})")
    say(f"bench: cli/apiary {ratios['cli']}, community.docker/apiary {ratios['community']} (above 1: we are faster)")


if __name__ == "__main__":
    main()
