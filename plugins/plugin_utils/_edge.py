# Copyright (c) 2026, apiary.swarm maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The routes of role edge: what services declare, put in order, and what cannot be.

PRIVATE to apiary.swarm: no other collection may import it. Runs on the control host. Pure.

All that comes from a route into HAProxy's configuration is checked here first: it has no quoting that could be relied on.
"""

from __future__ import annotations

import re

from ..module_utils._units import whole

# what a route may say, and what it is where it says nothing
_KEYS = {
    "host": None,
    "path": "/",
    "port": 80,
    "mode": "http",
    "listen": None,
    "proxy_protocol": False,
    "check": None,
    "rate_limit": None,
    "slots": None,
}
_SERVICE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
_HOST = re.compile(r"(\*\.)?[a-z0-9]([a-z0-9.-]*[a-z0-9])?")
_PATH = re.compile(r"/[A-Za-z0-9._~%@:+,=/-]*")
_CHECK = re.compile(r"/[A-Za-z0-9._~%@:+,=/?&-]*")


class _Wrong(Exception):
    """What is wrong with one route, as a sentence."""


def without_edge(services):
    """Services as module swarm_service takes them: without the routes that role edge reads."""
    return [
        {key: value for key, value in entry.items() if key != "edge"} if isinstance(entry, dict) else entry
        for entry in services
    ]


def plan(services, defaults=None, routes=None, network="edge", ports=None, slots=10):
    """What the edge has to do, and what stands in the way.

    services and defaults are services_list and services_defaults, routes those of services that are declared elsewhere, each
    with a key service. ports is {what for: port} of those that the edge has anyway; 0 is none.

    Returns a dict of
    http    routes by HTTP, the most specific first; each has backend, service, host (None is any), path and the other keys
    tcp     routes by TCP, by the port listened on
    ports   all ports that the edge takes on a node, sorted
    faults  sentences; with one of them nothing is to be done
    """
    found, faults = [], []
    for name, entry, options in _declared(services, defaults or {}, routes or [], faults):
        try:
            found += _route(name, entry, slots, options)
        except _Wrong as wrong:
            faults.append(f"{name}: {wrong}")
        if options is not None and network not in _networks(options):
            faults.append(
                f"{name} has a route, and is not in network {network}, over which the edge reaches it: add it to its networks."
            )
    _name_backends(found)
    http = sorted((route for route in found if route["mode"] == "http"), key=_specific)
    tcp = sorted((route for route in found if route["mode"] == "tcp"), key=lambda route: route["listen"])
    taken = {port: f"the edge's own {use}" for use, port in (ports or {}).items() if port}
    faults += _clashes(http, lambda route: (route["host"], route["path"]), _http_text)
    faults += _clashes(tcp, lambda route: route["listen"], lambda route: f"TCP port {route['listen']}")
    faults += [
        f"{route['service']} wants TCP port {route['listen']} of the edge, which is {taken[route['listen']]}."
        for route in tcp
        if route["listen"] in taken
    ]
    if len(taken) < len([port for port in (ports or {}).values() if port]):
        faults.append(f"The edge's own ports must differ: {', '.join(f'{use} {port}' for use, port in ports.items())}.")
    if http and not (ports or {}).get("HTTP port", 1) and not (ports or {}).get("HTTPS port", 1):
        faults.append("There are routes by HTTP, and neither edge_http_port nor certificates for edge_https_port.")
    return {
        "http": http,
        "tcp": tcp,
        "ports": sorted({*taken, *(route["listen"] for route in tcp)}),
        "faults": list(dict.fromkeys(faults)),
    }


def _declared(services, defaults, routes, faults):
    """(service, one route as declared, the service's options or None) of all of them."""
    for entry in services:
        if isinstance(entry, dict) and entry.get("edge") is not None and entry.get("state", "present") != "absent":
            wanted = entry["edge"] if isinstance(entry["edge"], list) else [entry["edge"]]
            for one in wanted:
                yield str(entry.get("name", "")), one, {**defaults, **entry}
    for entry in routes:
        if not isinstance(entry, dict) or not entry.get("service"):
            faults.append(f"edge_routes: {entry!r} names no service, as in {{service: httpd, host: www.example.com}}.")
            continue
        yield str(entry["service"]), {key: value for key, value in entry.items() if key != "service"}, None


def _route(name, entry, slots, options):
    """One route for each of its hosts, with all keys."""
    if not isinstance(entry, dict):
        raise _Wrong(f"edge must be a map such as {{host: www.example.com, path: /, port: 80}}, not {entry!r}.")
    unknown = sorted(set(map(str, entry)) - set(_KEYS))
    if unknown:
        raise _Wrong(f"edge: {', '.join(unknown)} is none of {', '.join(sorted(_KEYS))}.")
    route = {key: value if entry.get(key) is None else entry[key] for key, value in _KEYS.items()}
    if not _SERVICE.fullmatch(name):
        raise _Wrong(f"'{name}' is no name of a service.")
    if route["mode"] not in ("http", "tcp"):
        raise _Wrong(f"edge.mode must be http or tcp, not {route['mode']!r}.")
    route["port"] = _number("port", route["port"], 65535)
    route["proxy_protocol"] = str(route["proxy_protocol"]).lower() in ("true", "yes", "on", "1")
    replicas = (options or {}).get("replicas")
    wanted = 2 * replicas if isinstance(replicas, int) else 0
    route["slots"] = max(slots, wanted) if route["slots"] is None else _number("slots", route["slots"], 1000)
    route["service"] = name
    if route["mode"] == "tcp":
        return [_tcp(route, entry)]
    return _http(route)


def _tcp(route, entry):
    odd = [key for key in ("host", "path", "check", "rate_limit") if entry.get(key) is not None]
    if odd:
        raise _Wrong(f"edge.{odd[0]} is for mode http; by TCP a service is known by its port alone (edge.listen).")
    if route["listen"] is None:
        raise _Wrong("edge.mode tcp needs edge.listen, the port of the edge that leads to it.")
    return {**route, "listen": _number("listen", route["listen"], 65535), "host": None, "path": None}


def _http(route):
    if route["listen"] is not None:
        raise _Wrong("edge.listen is for mode tcp; by HTTP the edge listens on edge_http_port and edge_https_port.")
    if not _PATH.fullmatch(str(route["path"])):
        raise _Wrong(f"edge.path must be a path such as /api, not {route['path']!r}.")
    if route["check"] is not None and not _CHECK.fullmatch(str(route["check"])):
        raise _Wrong(f"edge.check must be a path such as /health, not {route['check']!r}.")
    if route["rate_limit"] is not None:
        route["rate_limit"] = _number("rate_limit", route["rate_limit"], 1000000, least=0)
    hosts = route["host"] if isinstance(route["host"], list) else [route["host"]]
    hosts = [None if host in (None, "", "*") else str(host).lower() for host in hosts]
    for host in hosts:
        if host is not None and not _HOST.fullmatch(host):
            raise _Wrong(f"edge.host must be a name such as www.example.com or *.example.com, not {host!r}.")
    return [{**route, "host": host, "path": str(route["path"]).rstrip("/") or "/"} for host in hosts]


def _number(key, value, most, least=1):
    number = None if isinstance(value, bool) else whole(value)
    if number is None or not least <= number <= most:
        raise _Wrong(f"edge.{key} must be a number from {least} to {most}, not {value!r}.")
    return number


def _networks(options):
    """Names of the networks that a service's options declare, in any of the forms that swarm_service takes."""
    found = set()
    declared = options.get("networks")
    for item in declared if isinstance(declared, list) else []:
        if isinstance(item, dict):
            found.add(str(item.get("name") or item.get("id")))
        else:
            parts = dict(part.partition("=")[::2] for part in str(item).split(","))
            found.add(parts.get("name") or str(item))
    return found


def _name_backends(routes):
    """Give each a name; hosts of one route share it, as they share everything else."""
    names = {}
    for route in routes:
        key = tuple(value for name, value in sorted(route.items()) if name not in ("host", "path"))
        known = names.setdefault((route["service"], route["port"]), [])
        if key not in known:
            known.append(key)
        number = known.index(key) + 1
        route["backend"] = f"{route['service']}:{route['port']}" + (f":{number}" if number > 1 else "")


def _specific(route):
    """Exact names before those with *, those before any; then longer paths before shorter ones."""
    host = route["host"]
    rank = 2 if host is None else 1 if host.startswith("*") else 0
    return (rank, -len(host or ""), host or "", -len(route["path"]), route["path"])


def _clashes(routes, key, text):
    owners = {}
    for route in routes:
        owners.setdefault(key(route), []).append(route)
    return [
        f"{' and '.join(dict.fromkeys(route['service'] for route in found))} "
        f"{'have' if len({route['service'] for route in found}) > 1 else 'has'} the same route, {text(found[0])}"
        f"{'' if len({route['service'] for route in found}) > 1 else ', twice'}."
        for found in owners.values()
        if len(found) > 1
    ]


def _http_text(route):
    return f"host {route['host'] or 'any'}, path {route['path']}"
