# Copyright (c) 2026, apiary.swarm maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether certificates and keys of role edge can be used.

PRIVATE to apiary.swarm: no other collection may import it. Runs on the control host, where ansible-core brings cryptography along.

What a library says of a key is never passed on: it might quote it.
"""

from __future__ import annotations

import re

try:
    from cryptography import x509
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import serialization
except ImportError:
    x509 = None

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,40}")


def certificate_faults(certificates):
    """Sentences about what is wrong with certificates, each a dict of name, certificate and key in PEM."""
    if certificates and x509 is None:
        return [
            "edge_certificates: cannot be checked without the Python package cryptography on the control host. Install it."
        ]
    faults, names = [], []
    for entry in certificates:
        name = str(entry.get("name", "")) if isinstance(entry, dict) else ""
        missing = [key for key in ("name", "certificate", "key") if not isinstance(entry, dict) or not entry.get(key)]
        if missing:
            faults.append(f"edge_certificates: {name or 'an entry'} has no {', '.join(missing)}.")
        elif not _NAME.fullmatch(name):
            faults.append(
                f"edge_certificates: '{name}' is no name of letters, digits, '.', '_' and '-', of at most 41."
            )
        elif name in names:
            faults.append(f"edge_certificates: {name} is there twice.")
        else:
            faults += _pair(name, str(entry["certificate"]), str(entry["key"]))
        names.append(name)
    return faults


def _pair(name, certificate, key):
    try:
        public = x509.load_pem_x509_certificate(certificate.encode()).public_key()
    except (ValueError, UnsupportedAlgorithm) as error:
        return [f"edge_certificates: the certificate of {name} cannot be read as PEM ({type(error).__name__})."]
    try:
        private = serialization.load_pem_private_key(key.encode(), None)
    except TypeError:
        return [
            f"edge_certificates: the key of {name} has a passphrase. HAProxy would ask for it: store it without one."
        ]
    except (ValueError, UnsupportedAlgorithm) as error:
        return [f"edge_certificates: the key of {name} cannot be read as PEM ({type(error).__name__})."]
    if _bytes(public) != _bytes(private.public_key()):
        return [
            f"edge_certificates: certificate and key of {name} do not belong together. If the certificate was renewed, take the "
            "key it was asked for with; in a chain the host's own certificate comes first."
        ]
    return []


def _bytes(key):
    return key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
