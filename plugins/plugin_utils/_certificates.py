# Copyright (c) 2026, apiary.swarm maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An authority of one's own, and the certificates that it signs for engines and their clients.

PRIVATE to apiary.swarm: no other collection may import it. Runs on the control host, where ansible-core brings cryptography along.
Pure: the time is an argument. Keys are EC P-256, without a passphrase. What a library says of a key is never passed on.
"""

from __future__ import annotations

import datetime
import hashlib
import ipaddress
import re
from typing import NamedTuple

from ..module_utils._addresses import is_ip

try:
    from cryptography import x509
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
except ImportError:
    x509 = None

AUTHORITY_DAYS = 3650
_HOST = re.compile(
    r"(?=.{1,253}$)(\*\.)?[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?(\.[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?)*"
)
SERVER, CLIENT = "server", "client"
# for a clock that is behind ours
EARLIER = datetime.timedelta(hours=1)


class Pair(NamedTuple):
    """A certificate and its key, as PEM text."""

    certificate: str
    key: str


def new_authority(now):
    """An authority that did not exist before. Its name is of its own: two of one name would be taken for each other."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = _name(f"apiary.swarm {_key_id(key.public_key())[:4].hex()}")
    return Pair(_authority_certificate(key, name, now), _pem(key))


def prolonged_authority(authority, now):
    """The same authority with a later end: what it signed stays good, also for who has only its old certificate."""
    old = x509.load_pem_x509_certificate(authority.certificate.encode())
    key = serialization.load_pem_private_key(authority.key.encode(), None)
    return Pair(_authority_certificate(key, old.subject, now), authority.key)


def must_prolong(certificate, days, now):
    """Whether the authority would end before a certificate that it signs today for so many days."""
    return _end(x509.load_pem_x509_certificate(certificate.encode())) < now + datetime.timedelta(days=days)


def issue(authority, name, names, usage, days, now):
    """A new certificate by an authority. usage: SERVER or CLIENT, one does not do for the other; names: host names and addresses."""
    signer = x509.load_pem_x509_certificate(authority.certificate.encode())
    key = ec.generate_private_key(ec.SECP256R1())
    purpose = x509.ExtendedKeyUsageOID.SERVER_AUTH if usage == SERVER else x509.ExtendedKeyUsageOID.CLIENT_AUTH
    builder = (
        _builder(_name(name), signer.subject, key, days, now)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(digital_signature=True), critical=True)
        .add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier(_signer_id(signer), None, None), critical=False)
    )
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName([_general(each) for each in names]), critical=False)
    private = serialization.load_pem_private_key(authority.key.encode(), None)
    return Pair(_text(builder.sign(private, hashes.SHA256())), _pem(key))


def is_certificate(text):
    try:
        x509.load_pem_x509_certificate(text.encode())
    except (ValueError, UnsupportedAlgorithm):
        return False
    return True


def is_name(text):
    """Whether a certificate can be made out for it: an address, or a host's name in ASCII, with * as its first part or not."""
    return bool(_HOST.fullmatch(text)) or is_ip(text)


def why_due(certificate, authority, names, renew_days, now):
    """Why a certificate must be made anew, or an empty text. certificate and authority are PEM, the former empty if there is none."""
    if not certificate:
        return "there is none"
    try:
        mine = x509.load_pem_x509_certificate(certificate.encode())
    except (ValueError, UnsupportedAlgorithm):
        return "it cannot be read"
    if _authority_id(mine) != _signer_id(x509.load_pem_x509_certificate(authority.encode())):
        return "another authority signed it"
    missing = [name for name in names if _general(name) not in _names(mine)]
    if missing:
        return f"it is not made out for {', '.join(missing)}"
    end = _end(mine)
    if end < now + datetime.timedelta(days=renew_days):
        return f"it ends on {end:%Y-%m-%d}"
    return ""


def pair_fault(pair):
    """What is wrong with a certificate and its key, or an empty text. Nothing of their content is in it."""
    if x509 is None:
        return "cannot be checked without the Python package cryptography on the control host"
    try:
        public = x509.load_pem_x509_certificate(pair.certificate.encode()).public_key()
    except (ValueError, UnsupportedAlgorithm):
        return "the certificate cannot be read as PEM"
    try:
        private = serialization.load_pem_private_key(pair.key.encode(), None)
    except TypeError:
        return "the key has a passphrase"
    except (ValueError, UnsupportedAlgorithm):
        return "the key cannot be read as PEM"
    return "" if _key_id(public) == _key_id(private.public_key()) else "certificate and key do not belong together"


# --- inside ------------------------------------------------------------------------------------------------------------


def _authority_certificate(key, name, now):
    builder = (
        _builder(name, name, key, AUTHORITY_DAYS, now)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(key_cert_sign=True, crl_sign=True), critical=True)
        .add_extension(x509.AuthorityKeyIdentifier(_key_id(key.public_key()), None, None), critical=False)
    )
    return _text(builder.sign(key, hashes.SHA256()))


def _builder(subject, issuer, key, days, now):
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - EARLIER)
        .not_valid_after(now + datetime.timedelta(days=days))
        .add_extension(x509.SubjectKeyIdentifier(_key_id(key.public_key())), critical=False)
    )


def _name(text):
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, text[:64])])


def _key_usage(**wanted):
    every = (
        "digital_signature content_commitment key_encipherment data_encipherment key_agreement key_cert_sign "
        "crl_sign encipher_only decipher_only"
    )
    return x509.KeyUsage(**{name: wanted.get(name, False) for name in every.split()})


def _general(name):
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _names(certificate):
    try:
        return list(certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value)
    except x509.ExtensionNotFound:
        return []


def _key_id(public):
    form = (serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(public.public_bytes(*form)).digest()[:20]


def _signer_id(certificate):
    """What a certificate signed by this one calls its key. An authority of the operator's own names its key as it likes."""
    try:
        return certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    except x509.ExtensionNotFound:
        return _key_id(certificate.public_key())


def _authority_id(certificate):
    try:
        return certificate.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value.key_identifier
    except x509.ExtensionNotFound:
        return None


def _end(certificate):
    if hasattr(certificate, "not_valid_after_utc"):
        return certificate.not_valid_after_utc
    return certificate.not_valid_after.replace(tzinfo=datetime.timezone.utc)  # before cryptography 42


def _text(certificate):
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def _pem(key):
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return key.private_bytes(*form).decode()
