# Copyright (c) 2026, apiary.swarm maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A file of variables, encrypted as ansible-vault does it, that a swarm's unlock key is kept in.

PRIVATE to apiary.swarm: no other collection may import it. Runs on the control host.

The file is encrypted in memory and put in the old one's place when it is on disk, so that at any moment the one or the other is
there, and never a plain text. The keys before the present one stay in it: a manager that was away when the key was rotated wants
the one that it knew.
"""

from __future__ import annotations

import os
import pathlib
import tempfile

import yaml
from ansible.errors import AnsibleError
from ansible.parsing.vault import VaultLib, is_encrypted, match_secrets

from ..module_utils._errors import SwarmError

KEY, FORMER = "swarm_unlock_key", "swarm_unlock_former_keys"
KEPT = 3  # keys from before
_NODE = "the control host"


def renewed(variables, key):
    """The variables of the file with this key in them; the same ones if it is there already. Pure."""
    key = str(key)  # a variable of Ansible is a text of a class of its own
    present, former = variables.get(KEY), variables.get(FORMER)
    former = former if isinstance(former, list) else [former]  # whatever somebody wrote there by hand
    if present == key:
        return variables
    texts = [one for one in [present, *former] if isinstance(one, str)]
    before = [one for one in dict.fromkeys(texts) if one and one != key]
    return {**variables, KEY: key, FORMER: before[:KEPT]}


class KeyFile:
    """The file at a path, with the vault secrets [(label, secret)] of this run. Raises SwarmError for all that is wrong with it."""

    def __init__(self, path, secrets, vault_id=None):
        if "\0" in path:
            raise SwarmError(f"path: {path!r} cannot be the name of a file", kind="key_file", node=_NODE)
        self.path = pathlib.Path(os.path.abspath(os.path.expanduser(path)))
        self._vault = VaultLib(secrets)
        self._label, self._secret = self._own(secrets, vault_id)
        self._refuse_place()
        self.variables = self._read(keep_label=vault_id is None)

    def write(self, variables):
        """Put these in the place of what is there."""
        text = "---\n# Kept by apiary.swarm, see module keep_unlock_key.\n" + yaml.safe_dump(variables, sort_keys=False)
        data = self._vault.encrypt(text, self._secret, vault_id=self._label)
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            # beside it: a rename must not leave the file system; readable by its owner alone
            handle, name = tempfile.mkstemp(dir=self.path.parent, prefix=f".{self.path.name}.")
            try:
                with os.fdopen(handle, "wb") as file:
                    file.write(data)
                    file.flush()
                    os.fsync(file.fileno())
                os.replace(name, self.path)
            except BaseException:
                os.unlink(name)
                raise
        except OSError as error:
            raise self._error(f"it cannot be written: {error.strerror}")
        self.variables = variables

    def _own(self, secrets, vault_id):
        if not secrets:
            raise self._error(
                "this run has no vault password, and the key is never written in plain text",
                "Run with --vault-password-file, --vault-id or --ask-vault-pass (in AWX: a credential of type Vault).",
            )
        found = match_secrets(secrets, [vault_id]) if vault_id else secrets
        if not found:
            labels = ", ".join(label for label, _secret in secrets)
            raise self._error(
                f"this run has no vault password with the id {vault_id}, it has {labels}", "Correct vault_id."
            )
        return found[0]

    def _refuse_place(self):
        """What can be known before the key is there: whether it could be written."""
        if self.path.is_dir():
            raise self._error("it is a directory", "Name a file.")
        there = next(parent for parent in self.path.parents if parent.exists())
        if not os.access(there, os.W_OK | os.X_OK):
            raise self._error(f"{there} cannot be written to", "Name a place of your own.")

    def _read(self, keep_label):
        try:
            data = self.path.read_bytes()
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise self._error(f"it cannot be read: {error.strerror}")
        if not is_encrypted(data):
            raise self._error(
                "it is there and not encrypted", "Encrypt it (ansible-vault encrypt), or name another file."
            )
        try:
            text, label, secret = self._vault.decrypt_and_get_vault_id(data)
        except AnsibleError:
            raise self._error("no vault password of this run opens it", "Give the password that it was encrypted with.")
        if keep_label:
            self._label, self._secret = label, secret
        try:
            variables = yaml.safe_load(text) or {}
        except (yaml.YAMLError, ValueError, RecursionError):  # ValueError: a date that is none, such as 2026-99-99
            variables = None  # what the parser says would quote what is in it
        if not isinstance(variables, dict):
            raise self._error("what is encrypted in it is no file of variables", "Name another file.")
        return variables

    def _error(self, text, hint=None):
        return SwarmError(
            f"The unlock key cannot be kept in {self.path}: {text}", kind="key_file", hint=hint, node=_NODE
        )
