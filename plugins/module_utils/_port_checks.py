# Copyright (c) 2026, apiary.swarm maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether ports answer, as seen from the host that this runs on.

PRIVATE to apiary.swarm: no other collection may import it.
"""

from __future__ import annotations

import errno
import re
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPException
from urllib.error import HTTPError, URLError
from urllib.parse import quote

from ansible.module_utils.urls import open_url

from ._units import MOST_SECONDS

AT_ONCE = 20
_ADDRESS = re.compile(r"[^\s/\0]{1,253}")


def faults(targets, timeout):
    """What is wrong with targets and timeout, as texts: what a socket would stumble over."""
    found = []
    for index, target in enumerate(targets):
        least = 0 if target["protocol"] == "esp" else 1
        if not least <= target["port"] < 65536:
            found.append(f"targets[{index}].port must be from 1 to 65535, not {target['port']}")
        if not is_address(target["address"]):
            found.append(f"targets[{index}].address must be an address or a host's name, not {target['address']!r}")
    if not 0 < timeout <= MOST_SECONDS:
        found.append(f"timeout must be more than 0 seconds and at most {MOST_SECONDS}, not {timeout}")
    return found


def is_address(text):
    """Whether a text can be an address or a host's name; whether there is such a host is another question."""
    try:
        return bool(_ADDRESS.fullmatch(text)) and bool(text.encode("idna"))
    except UnicodeError:
        return False


def check_all(targets, timeout):
    """[check(target, timeout) for each], side by side, in the order of targets."""
    with ThreadPoolExecutor(max(1, min(AT_ONCE, len(targets)))) as pool:
        return list(pool.map(lambda target: check(target, timeout), targets))


def check(target, timeout):
    """Ask one port. target has address, port, protocol and, for HTTP, scheme, path and status (a list of codes).

    Returns answered (True, False, None where it cannot be known: UDP and SCTP need not answer), code (of HTTP), latency in
    seconds until the connection was there or the head of the answer, and error, why it did not answer.
    """
    begin = time.monotonic()
    try:
        if target.get("path"):
            answered, code, error = _http(target, timeout)
        elif target["protocol"] == "tcp":
            socket.create_connection((target["address"], target["port"]), timeout).close()
            answered, code, error = True, None, None
        elif target["protocol"] == "udp":
            answered, code, error = _udp(target, timeout)
        else:
            return _answer(None, None, None, f"{target['protocol']} is not asked")
    except OSError as trouble:
        return _answer(False, None, None, words(trouble))
    return _answer(answered, code, round(time.monotonic() - begin, 4) if answered else None, error)


def _answer(answered, code, latency, error):
    return {"answered": answered, "code": code, "latency": latency, "error": error}


def _http(target, timeout):
    host = f"[{target['address']}]" if ":" in target["address"] else target["address"]
    path = quote(target["path"], safe="/%?&=+:;,@!$'()*~")
    url = f"{target['scheme']}://{host}:{target['port']}{path}"
    try:
        code = open_url(url, timeout=timeout, use_proxy=False, validate_certs=False, follow_redirects="none").getcode()
    except HTTPError as answer:
        code = answer.code
    except URLError as trouble:
        raise trouble.reason if isinstance(trouble.reason, OSError) else OSError(str(trouble.reason))
    except HTTPException:
        return False, None, "what answers speaks no HTTP"
    wanted = target["status"]
    error = None if code in wanted else f"status {code}, not {' or '.join(map(str, wanted))}"
    return error is None, code, error


def _udp(target, timeout):
    """A port that nobody listens on is told by ICMP; one that listens may keep silent, and so does a firewall."""
    family = socket.AF_INET6 if ":" in target["address"] else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as asking:
        asking.settimeout(min(timeout, 1))
        asking.connect((target["address"], target["port"]))
        try:
            asking.send(b"")
            asking.recv(1)
        except socket.timeout:
            return None, None, "udp need not answer"
    return True, None, None


def words(trouble):
    """What an OSError means, for a person."""
    if isinstance(trouble, socket.timeout):
        return "no answer"
    names = {errno.ECONNREFUSED: "refused", errno.EHOSTUNREACH: "host unreachable", errno.ENETUNREACH: "no route"}
    return names.get(trouble.errno) or trouble.strerror or str(trouble)
