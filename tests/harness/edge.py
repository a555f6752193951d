# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the tests of role edge put behind it, and certificates for it."""

from __future__ import annotations

import datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

NGINX = "depot:5000/nginx:1.22"
# says who asked, as far as the edge told it: by header, and on 8081 by PROXY protocol
WHO = """
server {
  listen 8080;
  listen 8081 proxy_protocol;
  default_type text/plain;
  location / { return 200 "by $proxy_protocol_addr for $http_x_forwarded_for over $http_x_forwarded_proto\\n"; }
}
"""
# nginx finishes what it is at when it is told to stop so
SERVED = {
    "image": NGINX,
    "networks": ["edge"],
    "endpoint_mode": "dnsrr",
    "stop_signal": "SIGQUIT",
    "update_config": {"monitor": "1s"},
}
QUICK = {
    "edge_drain_seconds": 2,
    "edge_stop_seconds": 10,
    "edge_backend_timeout": 12,
    "edge_service_options": {
        "update_config": {
            "order": "stop-first",
            "parallelism": 1,
            "delay": "2s",
            "monitor": "1s",
            "failure_action": "rollback",
        }
    },
}


def variables(services, **more):
    """Variables of site.yml for these services and an edge in front of them that changes quickly."""
    return {
        "services_networks": [{"name": "edge"}],
        "services_configs": [{"name": "who", "data": WHO}],
        "services_defaults": SERVED,
        "services_list": services,
        "edge_image": "depot:5000/haproxy:2.6",
        **QUICK,
        **more,
    }


def who(routes, **more):
    """A service that answers with what it was told of the client."""
    configs = [{"config_name": "who", "filename": "/etc/nginx/conf.d/who.conf"}]
    return {"name": "who", "replicas": 2, "configs": configs, "edge": routes, **more}


def certificate(name):
    """A certificate of its own for a name, and its key, in PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.timezone.utc)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=30))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), False)
        .sign(key, hashes.SHA256())
    )
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return {
        "name": name.partition(".")[0],
        "certificate": made.public_bytes(serialization.Encoding.PEM).decode(),
        "key": key.private_bytes(*form).decode(),
    }
