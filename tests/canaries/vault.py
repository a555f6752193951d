# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

"""A folder of the control host with what an operator keeps there: a vault password, files of variables, docker's configuration."""

from __future__ import annotations

import base64
import json
import pathlib

from ansible.constants import DEFAULT_VAULT_ID_MATCH
from ansible.parsing.vault import VaultLib, VaultSecret


class Vault:
    def __init__(self, canaries, folder):
        self.folder = pathlib.Path(folder)
        password = canaries.made("vault password")
        self._vault = VaultLib([(DEFAULT_VAULT_ID_MATCH, VaultSecret(password.encode()))])
        (self.folder / "password").write_text(password)
        (self.folder / "plain.yml").write_text("---\nnot: encrypted\n")

    def keep(self, name, variables):
        """A file of variables, encrypted. Returns the words that give it to a run."""
        path = self.folder / f"{name}.yml"
        path.write_bytes(self._vault.encrypt(json.dumps(variables)))
        return [f"-e @{path}", f"--vault-password-file {self.folder}/password"]

    def log_in(self, registry, user, password):
        """docker login, as far as its file goes. Returns the environment of runs that are to use it."""
        place = self.folder / "docker"
        place.mkdir()
        auth = base64.b64encode(f"{user}:{password}".encode()).decode()
        (place / "config.json").write_text(json.dumps({"auths": {registry: {"auth": auth}}}))
        return {"DOCKER_CONFIG": str(place)}
