# Copyright (c) 2026, apiary.swarm maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Preflight: the rules about one host, and those about all of them together.

PRIVATE to apiary.swarm: no other collection may import it. Runs on the control host. Pure.
"""

from __future__ import annotations

import statistics

from ._preflight import NOTE, STOP, UNTOLD, VXLAN, WARN, Finding

# module: (level where the kernel lacks it, what does not work, what to do)
MODULES = {
    "vxlan": (
        STOP,
        "overlay networks cannot be made",
        "Run a kernel that has it (on Ubuntu's small kernels: the package linux-modules-extra).",
    ),
    "ip_vs": (
        WARN,
        "ports published in ingress mode and virtual IPs of services route nothing, and the engine does not say so",
        "Run a kernel that has it, or publish with mode: host and give services endpoint_mode: dnsrr.",
    ),
    "overlay": (
        WARN,
        "the engine falls back to a slow storage driver, or does not start",
        "Run a kernel that has it, or set storage-driver in engine_daemon.",
    ),
    "br_netfilter": (
        WARN,
        "traffic between containers of one host passes by the engine's packet filter",
        "Run a kernel that has it.",
    ),
}
CONTROLLERS = {"1": ("cpu", "cpuset", "memory", "blkio", "pids"), "2": ("cpu", "cpuset", "memory", "io", "pids")}
UFW_ADVICE = "If that is not done yet, let the other nodes in: ufw allow from ADDRESS for each (docs/firewall.md)."
# The engine's own, which nobody but containers is behind.
BRIDGES = ("docker", "br-")
# A manager's certificates are valid from an hour before they are made (measured): who is further behind cannot join.
CLOCK_STOP = 3600
# The way to a host and its answer take a second or two as well.
CLOCK_WARN = 10


def of_host(host, wanted):
    """Findings about one host that answered. wanted: see _preflight.wishes."""
    rules = (_faults, _modules, _cgroup, _live_restore, _ufw, _address, _mtu, _pools)
    return [Finding(level, host["name"], what, do) for rule in rules for level, what, do in rule(host, wanted)]


def _faults(host, _wanted):
    for fault in host["faults"]:
        yield STOP, fault, ""


def _modules(host, wanted):
    if not host["modules"]:
        return
    needed = dict(MODULES)
    if wanted["encrypted"]:
        names = ", ".join(wanted["encrypted"])
        needed["esp4"] = (WARN, f"encrypted networks ({names}) carry no traffic", "Run a kernel that has INET_ESP.")
    for module, (level, lost, do) in needed.items():
        state = host["modules"].get(module, "unknown")
        if state == "missing":
            yield WARN if host["member"] else level, f"the kernel has no {module}: {lost}", do
        elif state == "unknown":
            yield UNTOLD, f"whether the kernel has {module} cannot be told: nothing in /lib/modules lists it", ""


def _cgroup(host, _wanted):
    if host["cgroup"] is None:
        yield UNTOLD, "its cgroups cannot be told: neither /sys/fs/cgroup nor /proc/cgroups lists controllers", ""
        return
    if host["cgroup"] == "1" and "devices" not in host["controllers"]:
        yield (
            WARN if host["member"] else STOP,
            "cgroup v1 without the controller devices: containers cannot be started",
            _boot("devices"),
        )
    missing = [name for name in CONTROLLERS.get(host["cgroup"], ()) if name not in host["controllers"]]
    if missing:
        names = ", ".join(missing)
        yield WARN, f"cgroup v{host['cgroup']} without {names}: limits of services on that do not hold", _boot(names)


def _boot(names):
    return f"Have the kernel enable {names} (its command line: cgroup_disable, cgroup_enable), and restart the host."


def _live_restore(host, _wanted):
    says = host["says"]
    running, written = says.get("live_restore") == "true", "live_restore_file" in says
    if host["live_restore"] is False and written:
        return  # role engine is about to take it out, and restarts the engine
    if host["member"] and written:
        yield (
            WARN,
            "daemon.json sets live-restore: the engine, which is in a swarm, will not start again once it is stopped",
            "Set engine_daemon: {live-restore: false}, or take it out of /etc/docker/daemon.json.",
        )
    elif running or written:
        yield (
            STOP,
            f"{'daemon.json' if written else 'the command line of dockerd'} sets live-restore: the engine refuses to be in a swarm",
            "Set engine_daemon: {live-restore: false}."
            if written
            else "Take --live-restore out of the unit of the engine, and restart it.",
        )


def _ufw(host, _wanted):
    if "ufw" in host["says"] and not host["member"]:
        yield WARN, "ufw is active, and role engine does not open it", UFW_ADVICE


def _address(host, _wanted):
    if host["member"] or "addresses" not in host["says"]:
        return
    name, address, link = host["name"], host["address"], host["advertise_interface"]
    if not address and link:
        yield STOP, f"{name} has no interface {link} with an IPv4 address (swarm_advertise_interface)", "Name another."
    elif not address:
        yield (
            STOP,
            f"{name} has no default IPv4 address to advertise",
            "Set swarm_advertise_addr or swarm_advertise_interface for it.",
        )
    elif address not in host["addresses"]:
        yield (
            STOP,
            f"the address {address} that {name} shall advertise (swarm_advertise_addr) is not one of its own: "
            + ", ".join(host["addresses"]),
            "Set swarm_advertise_addr to an address of the host that the others can reach.",
        )


def _mtu(host, wanted):
    mtu = host["links"].get(host["link"])
    if mtu and mtu < wanted["mtu"] + VXLAN:
        yield (
            WARN,
            f"{host['link']} has an MTU of {mtu}, and overlay networks with {wanted['mtu']} need {wanted['mtu'] + VXLAN}: long packets are lost",
            mtu_advice(mtu),
        )


def mtu_advice(mtu):
    """What to do where a packet of no more than mtu bytes gets through."""
    return f"Give overlay networks, ingress too, the driver option com.docker.network.driver.mtu: {mtu - VXLAN}."


def _pools(host, wanted):
    """The swarm takes each network from its pool, ingress first. The engine does not look at the hosts' networks."""
    untold = host["member"] and not wanted["formed"]  # this run has no manager that would tell the swarm's pool
    for link, network in host["networks"]:
        where = f"{network} ({link})"
        for pool in [pool for pool in wanted["pool"] if _overlap(pool, network) and not untold][:1]:
            ingress = _first(wanted)
            clash = _overlap(ingress, network)
            yield (
                NOTE if host["member"] else STOP if clash and not link.startswith(BRIDGES) else WARN,
                f"the swarm's address pool {pool} has the host's network {where} in it"
                + (f", and so has the network ingress, {ingress}" if clash else "")
                + ": services on a network that overlaps do not reach that one, nor it them",
                "It is fixed in this swarm: give networks subnets of their own (ipam_config)."
                if host["member"]
                else "Set swarm_settings: {default_addr_pool: [...]} to networks that no host uses; it is fixed once the swarm is made.",
            )
        for name, subnets in wanted["subnets"].items():
            if any(_overlap(subnet, network) for subnet in subnets):
                yield (
                    WARN,
                    f"the network {name} of services_networks overlaps with the host's network {where}: its services do not reach that one",
                    f"Give {name} another subnet.",
                )


def _first(wanted):
    """The network that is taken from the pool first."""
    pool = wanted["pool"][0]
    size = min(max(wanted["subnet_size"], pool.prefixlen), pool.max_prefixlen)
    return next(pool.subnets(new_prefix=size))


def _overlap(one, other):
    return one.version == other.version and one.overlaps(other)


def of_all(hosts):
    """Findings about hosts that must differ from each other, and about their clocks."""
    reached = [host for host in hosts if host["reached"]]
    found = []
    for level, key, what, do in (
        (
            STOP,
            lambda host: host["address"],
            "the same address to advertise",
            "If it is one host under two names, take one out; else give each an address of its own (swarm_advertise_addr).",
        ),
        (
            STOP,
            lambda host: host["says"].get("node_id"),
            "the same ID as nodes of a swarm, so that each pushes the other out",
            "One was cloned from the other: stop its engine there, remove /var/lib/docker/swarm, and let it join anew.",
        ),
        (
            WARN,
            lambda host: host["says"].get("machine"),
            "the same /etc/machine-id, from which DHCP and systemd make addresses and names that must differ",
            "On all but one: rm /etc/machine-id && systemd-machine-id-setup, and restart the host.",
        ),
        (
            WARN,
            lambda host: host["says"].get("engine_id"),
            "the same ID of their engines",
            "One was cloned from the other. On all but one, while it is in no swarm: stop the engine, remove"
            " /var/lib/docker/engine-id (before 25.0 /etc/docker/key.json), start it.",
        ),
        (
            WARN,
            lambda host: host["says"].get("hostname"),
            "the same hostname, so that docker node and the tables cannot tell them apart",
            "Set hosts_set_hostname: true, or rename them.",
        ),
    ):
        found += _duplicates(reached, level, key, what, do)
    return [*found, *_clocks(reached)]


def _duplicates(hosts, level, key, what, do):
    having = {}
    for host in hosts:
        having.setdefault(key(host), []).append(host)
    for value, same in having.items():
        if value and len(same) > 1:
            # an ID is nothing to read; an address or a name is
            shown = f" ({value})" if value in (same[0]["address"], same[0]["says"].get("hostname")) else ""
            names = ", ".join(host["name"] for host in same)
            for host in same:
                yield Finding(level, host["name"], f"{names} have {what}{shown}", do)


def _clocks(hosts):
    """The middle one is right: the control host's clock may be wrong too."""
    ahead = {host["name"]: host["ahead"] for host in hosts if host["ahead"] is not None}
    if len(ahead) < 2:
        return
    middle = statistics.median_low(ahead.values())
    for host in hosts:
        off = ahead.get(host["name"], middle) - middle
        if abs(off) > CLOCK_WARN:
            stops = abs(off) > CLOCK_STOP and not host["member"]
            yield Finding(
                STOP if stops else WARN,
                host["name"],
                f"the clock is {span(off)} {'ahead of' if off > 0 else 'behind'} the other hosts'"
                + (": certificates of the swarm are not valid yet, or no more" if stops else ""),
                "Have the hosts keep time (chronyd, systemd-timesyncd).",
            )


def span(seconds):
    """Seconds without their sign, in two units at most: 42 s, 3 min 5 s, 2 h 1 min."""
    seconds = abs(int(seconds))
    if seconds < 60:
        return f"{seconds} s"
    if seconds < 3600:
        return f"{seconds // 60} min {seconds % 60} s"
    return f"{seconds // 3600} h {seconds % 3600 // 60} min"
