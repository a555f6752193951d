# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

"""A node comes back after its certificate has expired. No engine issues one that lives for less than an hour, so this one is made here."""

from __future__ import annotations

import base64
import datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from harness.lab import HOSTS, check, eventually

DIRECTORY = "/var/lib/docker/swarm/certificates"
DAY = datetime.timedelta(days=1)


def certificate_expired(scene):
    """A worker's certificate expired while it was off: modules there and site.yml say so; it leaves, and site.yml brings it in again"""
    lab, authority = scene.lab, _authority()
    _rotate(scene, authority)
    old = dict(scene.nodes())["worker2"]
    lab.ssh("worker2", "systemctl stop docker.socket docker")
    issued = x509.load_pem_x509_certificate(lab.ssh("worker2", f"cat {DIRECTORY}/swarm-node.crt").encode())
    _put(scene, "worker2", f"{DIRECTORY}/swarm-node.crt", _pem(_expired(issued, authority)) + _pem(authority[0]))
    lab.ssh("worker2", "systemctl start docker.socket docker")
    eventually(lambda: check(lab.swarm_state("worker2") == "error"), 60)
    told = lab.module("worker2", "swarm_info")
    assert told["swarm"]["obstacle"] == "certificate_expired", told["swarm"]
    run = scene.play("site", ok=False)
    text = run.messages()["worker2"]
    assert "expired" in text, text
    assert dict(scene.nodes())["worker2"] == old
    if not scene.broken:
        lab.docker("worker2", "swarm", "leave", "--force")
        lab.docker("manager1", "node", "rm", "--force", old)
    again = scene.play("site", ok=None)
    assert again.rc == 0, again.output
    assert [host for host, _id in scene.nodes()] == HOSTS
    assert dict(scene.nodes())["worker2"] != old
    return f"{text.splitlines()[0]:.200}"


def _authority():
    """A root certificate and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "swarm-ca")])
    now = datetime.datetime.now(datetime.timezone.utc)
    builder = x509.CertificateBuilder(
        name, name, key.public_key(), x509.random_serial_number(), now - 3 * DAY, now + 3650 * DAY
    )
    for extension in (
        x509.BasicConstraints(ca=True, path_length=1),
        x509.KeyUsage(False, False, False, False, False, True, True, False, False),
    ):
        builder = builder.add_extension(extension, critical=True)
    builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    return builder.sign(key, hashes.SHA256()), key


def _rotate(scene, authority):
    """All nodes get certificates of this authority."""
    certificate, key = authority
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )
    _put(scene, "manager1", "/run/authority.crt", _pem(certificate))
    _put(scene, "manager1", "/run/authority.key", private.decode())
    files = ["--ca-cert", "/run/authority.crt", "--ca-key", "/run/authority.key"]
    scene.lab.docker("manager1", "swarm", "ca", "--rotate", "--detach", "--quiet", *files)
    scene.sh("manager1", "rm /run/authority.key")
    rotating = ["info", "--format", "{{.Swarm.Cluster.RootRotationInProgress}}"]
    eventually(lambda: check(scene.lab.docker("manager1", *rotating) == "false", "the root is still rotated"), 90)


def _expired(issued, authority):
    """The same certificate, which ended yesterday."""
    certificate, key = authority
    now = datetime.datetime.now(datetime.timezone.utc)
    builder = x509.CertificateBuilder(
        certificate.subject, issued.subject, issued.public_key(), x509.random_serial_number(), now - 2 * DAY, now - DAY
    )
    for extension in issued.extensions:
        builder = builder.add_extension(extension.value, extension.critical)
    return builder.sign(key, hashes.SHA256())


def _pem(certificate):
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def _put(scene, host, path, text):
    scene.sh(host, f"echo {base64.b64encode(text.encode()).decode()} | base64 -d >{path}")
