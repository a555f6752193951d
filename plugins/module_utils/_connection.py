# Copyright (c) 2026, apiary.swarm maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The connection options that every module takes: community.docker's names, and where they come from.

PRIVATE to apiary.swarm: no other collection may import it.
"""

from __future__ import annotations

import os
import re

from ansible.module_utils.basic import env_fallback

from ._errors import SwarmError
from ._units import MOST_SECONDS

DEFAULT_DOCKER_HOST = "unix:///var/run/docker.sock"
DEFAULT_SDK_PYTHON = "/opt/apiary/sdk/bin/python"
_VERSION = re.compile(r"auto|[0-9]{1,4}\.[0-9]{1,4}")


def connection_spec():
    """The argument spec of doc fragment apiary.swarm.connection, a fresh dict at each call."""

    def from_env(variable):
        return (env_fallback, [variable])

    return {
        "docker_host": {
            "type": "str",
            "default": DEFAULT_DOCKER_HOST,
            "fallback": from_env("DOCKER_HOST"),
            "aliases": ["docker_url"],
        },
        "tls": {"type": "bool", "default": False, "fallback": from_env("DOCKER_TLS")},
        "validate_certs": {
            "type": "bool",
            "default": False,
            "fallback": from_env("DOCKER_TLS_VERIFY"),
            "aliases": ["tls_verify"],
        },
        "tls_hostname": {"type": "str", "fallback": from_env("DOCKER_TLS_HOSTNAME")},
        "ca_path": {"type": "path", "aliases": ["ca_cert", "tls_ca_cert", "cacert_path"]},
        "client_cert": {"type": "path", "aliases": ["tls_client_cert", "cert_path"]},
        "client_key": {"type": "path", "aliases": ["tls_client_key", "key_path"]},
        "api_version": {
            "type": "str",
            "default": "auto",
            "fallback": from_env("DOCKER_API_VERSION"),
            "aliases": ["docker_api_version"],
        },
        "timeout": {"type": "int", "default": 60, "fallback": from_env("DOCKER_TIMEOUT")},
        "sdk_python": {"type": "path", "default": DEFAULT_SDK_PYTHON, "fallback": from_env("APIARY_SDK_PYTHON")},
    }


def client_arguments(params):
    """Connection options of a task as keyword arguments of docker.APIClient.

    Certificates that the task does not name are looked for in DOCKER_CERT_PATH, as the CLI does.
    Raises SwarmError (kind invalid) for options that contradict each other, or that the SDK would stumble over.
    """
    if params["docker_host"].startswith("ssh://"):
        # docker-py needs paramiko for it, even where it calls the ssh client, and its requirements do not have that
        raise SwarmError(
            f"docker_host: {params['docker_host']}: an engine is not asked over ssh",
            hint="Run the task on that host (hosts, delegate_to), which Ansible reaches over ssh; or name tcp://HOST:PORT.",
        )
    if not _VERSION.fullmatch(params["api_version"]):
        raise SwarmError(f"api_version: '{params['api_version']}' is neither auto nor a version such as 1.41")
    if not 0 < params["timeout"] <= MOST_SECONDS:
        raise SwarmError(f"timeout: {params['timeout']} is not a number of seconds from 1 to {MOST_SECONDS}")
    arguments = {
        "base_url": params["docker_host"],
        "version": params["api_version"],
        "timeout": params["timeout"],
    }
    if params["tls"] or params["validate_certs"]:
        arguments["tls"] = _tls_config(params)
        arguments["base_url"] = params["docker_host"].replace("tcp://", "https://", 1)
    return arguments


def _tls_config(params):
    from docker.errors import TLSParameterError
    from docker.tls import TLSConfig

    certificates = os.environ.get("DOCKER_CERT_PATH")

    def path_of(option, name):
        if params[option] or not certificates:
            return params[option]
        return os.path.join(certificates, name)

    cert, key, ca = path_of("client_cert", "cert.pem"), path_of("client_key", "key.pem"), path_of("ca_path", "ca.pem")
    if bool(cert) != bool(key):
        raise SwarmError("client_cert and client_key go together: name both or none")
    for option, path in (("client_cert", cert), ("client_key", key), ("ca_path", ca)):
        if path and not os.path.isfile(path):
            raise SwarmError(f"{option}: there is no file {path} on this host")
    try:
        return TLSConfig(client_cert=(cert, key) if cert else None, ca_cert=ca, verify=params["validate_certs"])
    except TLSParameterError as error:
        raise SwarmError(f"The TLS options do not fit together: {error}")
