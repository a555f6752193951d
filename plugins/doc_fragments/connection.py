# Copyright (c) 2026, apiary.swarm maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """How a module reaches the engine."""

    DOCUMENTATION = r"""
options:
  docker_host:
    description:
      - The engine's address, C(unix://PATH) or C(tcp://HOST:PORT). For another host's engine behind a socket, run the task
        on that host.
      - If not set, the environment variable E(DOCKER_HOST) of the host is used.
    type: str
    default: unix:///var/run/docker.sock
    aliases: [docker_url]
  tls:
    description:
      - Encrypt the connection without checking who answers.
      - If not set, the environment variable E(DOCKER_TLS) is used.
    type: bool
    default: false
  validate_certs:
    description:
      - Encrypt the connection and check the engine's certificate.
      - If not set, the environment variable E(DOCKER_TLS_VERIFY) is used.
    type: bool
    default: false
    aliases: [tls_verify]
  tls_hostname:
    description:
      - The name to expect in the engine's certificate, if it is not the one in O(docker_host).
      - If not set, the environment variable E(DOCKER_TLS_HOSTNAME) is used.
    type: str
  ca_path:
    description:
      - File with the certificate of the authority that signed the engine's.
      - If not set, C(ca.pem) in the folder named by E(DOCKER_CERT_PATH) is used.
    type: path
    aliases: [ca_cert, tls_ca_cert, cacert_path]
  client_cert:
    description:
      - File with this client's certificate.
      - If not set, C(cert.pem) in the folder named by E(DOCKER_CERT_PATH) is used.
    type: path
    aliases: [tls_client_cert, cert_path]
  client_key:
    description:
      - File with the key of O(client_cert).
      - If not set, C(key.pem) in the folder named by E(DOCKER_CERT_PATH) is used.
    type: path
    aliases: [tls_client_key, key_path]
  api_version:
    description:
      - The API version to speak; V(auto) takes the engine's own.
      - If not set, the environment variable E(DOCKER_API_VERSION) is used.
    type: str
    default: auto
    aliases: [docker_api_version]
  timeout:
    description:
      - Seconds to wait for one answer of the engine.
      - If not set, the environment variable E(DOCKER_TIMEOUT) is used.
    type: int
    default: 60
  sdk_python:
    description:
      - Interpreter of the virtual environment that holds the docker SDK, used if the host's own Python has none.
      - Role P(apiary.swarm.engine#role) makes it.
      - If not set, the environment variable E(APIARY_SDK_PYTHON) is used.
    type: path
    default: /opt/apiary/sdk/bin/python
requirements:
  - "Docker SDK for Python >= 5.0 on the host that runs the module"
  - "Docker Engine >= 20.10 (API 1.41)"
"""
