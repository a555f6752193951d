# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

"""The encrypted file that the unlock key is kept in."""

from __future__ import annotations

import os
import stat

import pytest
import yaml
from ansible.parsing.vault import VaultLib, VaultSecret
from ansible_collections.apiary.swarm.plugins.module_utils._errors import SwarmError
from ansible_collections.apiary.swarm.plugins.plugin_utils._key_file import KeyFile, renewed

ONE, TWO = ("default", VaultSecret(b"one")), ("ops", VaultSecret(b"two"))


def opened(path, *secrets):
    return yaml.safe_load(VaultLib(list(secrets)).decrypt(path.read_bytes()))


def test_a_new_key_pushes_the_former_ones_down():
    first = renewed({"note": "x"}, "a")
    assert first == {"note": "x", "swarm_unlock_key": "a", "swarm_unlock_former_keys": []}
    assert renewed(first, "a") is first
    later = first
    for key in "bcde":
        later = renewed(later, key)
    assert later == {"note": "x", "swarm_unlock_key": "e", "swarm_unlock_former_keys": ["d", "c", "b"]}
    # a key of before that is the present one again
    assert renewed(later, "d")["swarm_unlock_former_keys"] == ["e", "c", "b"]


def test_it_is_written_encrypted_for_its_owner_alone(tmp_path):
    path = tmp_path / "new/dir/key.yml"
    file = KeyFile(str(path), [ONE])
    assert file.variables == {}
    assert not path.parent.exists(), "looking makes nothing"
    file.write(renewed({}, "SWMKEY-1-secret"))
    assert path.read_bytes().startswith(b"$ANSIBLE_VAULT;1.1;AES256\n")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert opened(path, ONE)["swarm_unlock_key"] == "SWMKEY-1-secret"
    assert os.listdir(path.parent) == ["key.yml"], "nothing is left beside it"
    assert KeyFile(str(path), [TWO, ONE]).variables["swarm_unlock_key"] == "SWMKEY-1-secret"


class Tagged(str):
    """As Ansible hands over what is in a variable."""


def test_a_variable_of_ansible_is_a_text(tmp_path):
    path = tmp_path / "key.yml"
    KeyFile(str(path), [ONE]).write(renewed({"swarm_unlock_key": "a"}, Tagged("b")))
    assert opened(path, ONE) == {"swarm_unlock_key": "b", "swarm_unlock_former_keys": ["a"]}


def test_it_keeps_the_password_that_it_has(tmp_path):
    path = tmp_path / "key.yml"
    KeyFile(str(path), [ONE, TWO], vault_id="ops").write({"swarm_unlock_key": "a"})
    assert path.read_bytes().startswith(b"$ANSIBLE_VAULT;1.2;AES256;ops\n")
    file = KeyFile(str(path), [ONE, TWO])
    file.write(renewed(file.variables, "b"))
    assert path.read_bytes().startswith(b"$ANSIBLE_VAULT;1.2;AES256;ops\n")
    assert opened(path, TWO) == {"swarm_unlock_key": "b", "swarm_unlock_former_keys": ["a"]}
    file = KeyFile(str(path), [ONE, TWO], vault_id="default")
    file.write(file.variables)
    assert opened(path, ONE)["swarm_unlock_key"] == "b"


def test_the_old_one_stays_if_the_new_one_cannot_be_written(tmp_path, monkeypatch):
    path = tmp_path / "key.yml"
    file = KeyFile(str(path), [ONE])
    file.write({"swarm_unlock_key": "a"})

    def full(_handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(SwarmError, match="No space left"):
        file.write({"swarm_unlock_key": "b"})
    assert opened(path, ONE) == {"swarm_unlock_key": "a"}
    assert os.listdir(tmp_path) == ["key.yml"]


def encrypted(text, secret):
    return VaultLib([secret]).encrypt(text, secret[1])


@pytest.mark.parametrize(
    ("content", "secrets", "words"),
    [
        (None, [], "no vault password"),
        (b"swarm_unlock_key: a\n", [ONE], "not encrypted"),
        (encrypted("a: b", TWO), [ONE], "no vault password of this run opens it"),
        (encrypted("- secret", ONE), [ONE], "no file of variables"),
        (encrypted("{secret", ONE), [ONE], "no file of variables"),
    ],
)
def test_what_is_refused(tmp_path, content, secrets, words):
    path = tmp_path / "key.yml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(SwarmError, match=words) as caught:
        KeyFile(str(path), secrets)
    assert caught.value.kind == "key_file"
    assert "secret" not in caught.value.msg


def test_places_that_cannot_be(tmp_path):
    with pytest.raises(SwarmError, match="is a directory"):
        KeyFile(str(tmp_path), [ONE])
    with pytest.raises(SwarmError, match="no vault password with the id prod, it has default"):
        KeyFile(str(tmp_path / "key.yml"), [ONE], vault_id="prod")
