# Copyright (c) 2026, apiary.swarm maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The folder on the control host that holds the authority and the client's certificate: ca.pem, ca-key.pem, cert.pem, key.pem.

PRIVATE to apiary.swarm: no other collection may import it. The names are those that the docker CLI looks for (DOCKER_CERT_PATH).
"""

from __future__ import annotations

import os
import pathlib

from ._certificates import (
    CLIENT,
    Pair,
    is_certificate,
    is_name,
    issue,
    must_prolong,
    new_authority,
    pair_fault,
    prolonged_authority,
    why_due,
)

AUTHORITY, AUTHORITY_KEY = "ca.pem", "ca-key.pem"
GIVEN = "the authority that is given (ca_certificate, ca_key; engine_tls_ca_certificate, engine_tls_ca_key)"
# a century
MOST_DAYS = 36500
CLIENT_CERTIFICATE, CLIENT_KEY = "cert.pem", "key.pem"


class AuthorityError(Exception):
    """A sentence for people: what is wrong with the folder, and what to do."""


def refuse_odd(options):
    """Raise AuthorityError for options of tls_authority and tls_certificate that no certificate can be made of."""
    faults = []
    for option in ("days", "renew_days"):
        if option in options and not 1 <= options[option] <= MOST_DAYS:
            faults.append(f"{option} must be from 1 to {MOST_DAYS}, not {options[option]}")
    if "\0" in options["directory"]:
        faults.append(f"directory: {options['directory']!r} cannot be the name of a folder")
    if options.get("name") is not None and not options["name"].strip():
        faults.append("name is empty")
    faults += [
        f"names: {name!r} is neither an address nor a host's name in ASCII"
        for name in options.get("names") or ()
        if not is_name(name)
    ]
    if faults:
        raise AuthorityError(f"{'; '.join(faults)}. Nothing was changed.")


def keep(directory, given, days, renew_days, now, write=True):
    """See that there is an authority and, with a folder, a client's certificate that lasts. Returns (authority's PEM, what was done).

    given: a Pair of the operator's own, or None for the one in the folder. write: False only tells.
    """
    authority, done = given, []
    if given:
        _refuse_wrong(given, GIVEN)
        if must_prolong(given.certificate, renew_days, now):
            raise AuthorityError(
                f"The authority that is given ends within {renew_days} days. Prolong or replace it, and run again."
            )
    else:
        authority, done = _own_authority(directory, days, now, write)
    if not directory:
        return authority.certificate, done
    if given and _read(directory, AUTHORITY) != given.certificate:
        done.append("put the authority's certificate there")
        if write:
            _write(directory, AUTHORITY, given.certificate, 0o644)
    return authority.certificate, done + _client(directory, authority, days, renew_days, now, write)


def signer(directory, given):
    """The authority with its key, to issue something."""
    if given:
        _refuse_wrong(given, GIVEN)
        return given
    pair = Pair(_read(directory, AUTHORITY), _read(directory, AUTHORITY_KEY))
    if not pair.certificate or not pair.key:
        missing = AUTHORITY_KEY if pair.certificate else AUTHORITY
        raise AuthorityError(
            f"There is no {missing} in {directory} on the control host, so no certificate can be issued. Bring it back from where it is kept "
            "and run again. (If it is lost: move the folder away, and all certificates are made anew, by another authority.)"
        )
    _refuse_wrong(pair, f"{AUTHORITY} and {AUTHORITY_KEY} in {directory}")
    return pair


def _own_authority(directory, days, now, write):
    held = Pair(_read(directory, AUTHORITY), _read(directory, AUTHORITY_KEY))
    if held.key and not held.certificate:
        raise AuthorityError(
            f"There is {AUTHORITY_KEY} but no {AUTHORITY} in {directory} on the control host. Bring it back (each host has it as "
            "/etc/docker/tls/ca.pem), or move the key away for a new authority and new certificates everywhere. Nothing was changed."
        )
    if not held.certificate:
        made, done = new_authority(now), ["made an authority"]
    elif not is_certificate(held.certificate):
        raise AuthorityError(
            f"{AUTHORITY} in {directory} on the control host cannot be read as PEM. Bring it back from where it is kept, and run again. "
            "Nothing was changed."
        )
    elif must_prolong(held.certificate, days, now):
        made, done = prolonged_authority(signer(directory, None), now), ["prolonged the authority"]
    else:
        return held, []
    if write:
        _write(directory, AUTHORITY, made.certificate, 0o644)
        _write(directory, AUTHORITY_KEY, made.key, 0o600)
    return made, done


def _client(directory, authority, days, renew_days, now, write):
    held = Pair(_read(directory, CLIENT_CERTIFICATE), _read(directory, CLIENT_KEY))
    why = why_due(held.certificate, authority.certificate, [], renew_days, now) or pair_fault(held)
    if not why:
        return []
    if write:
        if not authority.key:
            signer(directory, None)  # which says what is missing
        made = issue(authority, "apiary.swarm client", [], CLIENT, days, now)
        _write(directory, CLIENT_KEY, made.key, 0o600)
        _write(directory, CLIENT_CERTIFICATE, made.certificate, 0o644)
    return [f"made a certificate for the client, because {why}"]


def _refuse_wrong(pair, what):
    fault = pair_fault(pair)
    if fault:
        raise AuthorityError(f"Of {what}, {fault}. Nothing was changed.")


def _read(directory, name):
    try:
        return pathlib.Path(directory, name).read_text(encoding="ascii", errors="replace")
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise AuthorityError(f"Cannot read {name} in {directory} on the control host: {error.strerror}.")


def _write(directory, name, text, mode):
    """Whole or not at all, and never for other eyes, not even for a moment."""
    target = pathlib.Path(directory, name)
    unfinished = target.with_name(f".{name}.{os.getpid()}")
    try:
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "w") as file:
            file.write(text)
        unfinished.replace(target)
    except OSError as error:
        raise AuthorityError(f"Cannot write {name} to {directory} on the control host: {error.strerror}.")
