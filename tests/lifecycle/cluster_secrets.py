# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Join tokens, unlock key and root CA: rotated, kept, used after a restart, and in no output."""

from __future__ import annotations

import os
import pathlib
import stat
import subprocess
import sys
import tempfile
import time

from harness.lab import HOSTS, MANAGERS, eventually

from .maintenance import BOOT

LOUD = ("-vvvv", "--diff")
PASSWORD = "only for this scenario"
CERTIFICATES = "/var/lib/docker/swarm/certificates"


def rotate_tokens(stage):
    """Join tokens are rotated: the old ones let nobody in, the new ones do, and members notice nothing"""
    lab = stage.lab
    lab.form_swarm()
    members = {name: row["ID"] for name, row in stage.nodes().items() if name != "worker2"}
    lab.docker("worker2", "swarm", "leave")
    lab.docker("manager1", "node", "rm", "--force", stage.nodes()["worker2"]["ID"])
    old = tokens(lab)

    refused(stage.play("rotate", ok=False, rotate="tokens,passwords"), "Cannot rotate passwords")
    refused(stage.play("rotate", ok=False), "Say what to rotate")
    refused(stage.play("rotate", ok=False, rotate="unlock_key"), "swarm_unlock_key_file")
    assert stage.play("rotate", "--check", rotate="tokens").changed(), "check mode tells"
    assert tokens(lab) == old, "nothing of that changed a token"

    run = loud(stage, "rotate", *(["--check"] if stage.broken else []), rotate="tokens", rotate_trigger="first")
    new = tokens(lab)
    assert all(new[role] != old[role] for role in old), "tokens are the old ones"
    again = loud(stage, "rotate", rotate=["tokens"], rotate_trigger="first")
    assert again.changed() == set(), again.output
    assert tokens(lab) == new
    assert lab.rows("manager1", "config", "ls") == [], "the lock was given back"

    address = f"{lab.address('manager1')}:2377"
    for role in old:
        said = lab.docker("worker2", "swarm", "join", "--token", old[role], address, ok=False)
        assert lab.swarm_state("worker2") == "inactive", f"the old token for a {role} let it in: {said}"
    lab.docker("worker2", "swarm", "join", "--token", new["worker"], address)
    stage.await_nodes(Status="Ready")
    assert {name: row["ID"] for name, row in stage.nodes().items() if name != "worker2"} == members

    loud(stage, "rotate", rotate="worker_token")
    last = tokens(lab)
    assert last["worker"] != new["worker"]
    assert last["manager"] == new["manager"]
    hidden([run, again], *old.values(), *new.values(), *last.values())
    return (
        "old tokens refused for both roles, the new one accepted; 4 members kept their IDs; second run: nothing changed"
    )


def rotate_ca(stage):
    """The root CA is rotated while requests are sent, and every node has the new one"""
    lab = stage.lab
    lab.form_swarm()
    stage.serve()
    old, old_token = root(lab), tokens(lab)
    stage.play("rotate", "--check", rotate="ca")
    assert root(lab) == old
    with stage.requests():
        began = time.monotonic()
        loud(stage, "rotate", rotate="ca", rotate_trigger="first")
        took = time.monotonic() - began
        new = root(lab)
        has_root(stage, new, old)
        again = loud(stage, "rotate", rotate="ca", rotate_trigger="first")
        assert again.changed() == set(), again.output
        assert root(lab) == new
    assert all(tokens(lab)[role] != old_token[role] for role in old_token), "tokens name the CA"
    return f"all five nodes have the new root, after {took:.0f} s"


def rotate_ca_continued(stage):
    """A rotation of the root CA that does not end, because a node was lost, is ended by the next run and not begun anew"""
    lab = stage.lab
    lab.form_swarm()
    old, forced = root(lab), "{{.Swarm.Cluster.Spec.CAConfig.ForceRotate}}"
    # for a minute the managers do not notice that it is away
    lab.docker("manager1", "swarm", "update", "--dispatcher-heartbeat", "20s")
    stage.play("rotate", "--check", rotate="ca")
    assert root(lab) == old
    lab.ssh("worker2", "systemctl stop docker.socket docker")
    run = stage.play("rotate", "--limit", "!worker2", ok=False, rotate="ca", rotate_trigger="x", swarm_wait_timeout=8)
    said = "\n".join(run.messages().values())
    assert "has not ended in time" in said, run.output
    assert "worker2" in said, run.output
    assert lab.rows("manager1", "config", "ls") == [], "the lock was given back"
    eventually(lambda: expect(stage.nodes()["worker2"]["Status"], "Down"), 120)
    run = stage.play("rotate", "--limit", "!worker2", ok=False, rotate="ca", rotate_trigger="x")
    refused(run, "worker2 cannot be reached")
    lab.ssh("worker2", "systemctl start docker")
    stage.await_nodes(Status="Ready")
    if stage.broken:
        lab.docker("manager1", "swarm", "ca", "--rotate", "--detach")
    assert stage.play("rotate", rotate="ca", rotate_trigger="x").changed() == set()
    assert lab.docker("manager1", "info", "--format", forced) == "1", "it was begun anew"
    has_root(stage, root(lab), old)
    return "it did not end without worker2, was refused then, and ended when that was back: one rotation in three runs"


def autolock(stage):
    """Autolock is switched on, managers are restarted and unlocked, the key is rotated, and it is switched off again"""
    lab = stage.lab
    lab.form_swarm()
    with tempfile.TemporaryDirectory(prefix="apiary-keys-") as directory:
        place = pathlib.Path(directory)
        (place / "password").write_text(PASSWORD)
        keys = Keys(stage, place / "secrets/unlock-key.yml", place / "password")
        seen = [switch_on(stage, keys)]
        seen.append(unlock_one(stage, keys))
        seen.append(rotate_key(stage, keys))
        seen.append(unlock_all(stage, keys))
        seen.append(restart_by_site(stage, keys))
        seen.append(reboot_one(stage, keys))
        keys.site(autolock_managers=False)
        restart(lab, "manager2")
        eventually(lambda: expect(lab.swarm_state("manager2"), "active"))
        assert keys.file.exists()
        hidden(keys.runs, *keys.known)
        logs = {host: lab.ssh(host, "journalctl --no-pager") for host in HOSTS}
        assert not [host for host in HOSTS for key in keys.known if key in logs[host]], "a key is in the journal"
    return "; ".join([*seen, "switched off: a restarted manager is not locked"])


# --- autolock, step by step -------------------------------------------------------------------------------------------------


class Keys:
    """The file that the unlock key is kept in, the runs that have it, and all keys that there were, as the CLI tells them."""

    def __init__(self, stage, file, password):
        self.stage, self.file, self.known, self.runs = stage, file, [], []
        self.password = ("--vault-password-file", str(password))

    def present(self, manager="manager1"):
        """The swarm's key."""
        key = self.stage.lab.docker(manager, "swarm", "unlock-key", "-q")
        if key not in self.known:
            self.known.append(key)
        return key

    def kept(self):
        """What ansible-vault finds in the file, as text."""
        command = [f"{os.path.dirname(sys.executable)}/ansible-vault", "view", *self.password, str(self.file)]
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout

    def play(self, name, *options, password=True, **extra):
        """A run that keeps the key."""
        given = self.password if password else ()
        run = loud(self.stage, name, *given, *options, swarm_unlock_key_file=str(self.file), **extra)
        self.runs.append(run)
        return run

    def site(self, password=True, ok=True, **settings):
        return self.play("site", "--tags", "swarm", password=password, ok=ok, swarm_settings=settings)

    def unlock(self, *options, file=None, ok=True):
        """unlock.yml, with what is in the file, or in another one."""
        run = loud(self.stage, "unlock", "-e", f"@{file or self.file}", *self.password, *options, ok=ok)
        self.runs.append(run)
        return run


def switch_on(stage, keys):
    lab = stage.lab
    run = keys.site(password=False, ok=False, autolock_managers=True)
    refused(run, "no vault password")
    assert lab.docker("manager1", "swarm", "unlock-key", "-q", ok=False) == "", "autolock was switched on all the same"
    keys.site(autolock_managers=True)
    assert f"swarm_unlock_key: {keys.present()}\n" in keys.kept()
    assert stat.S_IMODE(keys.file.stat().st_mode) == 0o600
    assert keys.file.read_bytes().startswith(b"$ANSIBLE_VAULT;1.1;AES256\n")
    run = keys.site(autolock_managers=True)
    assert run.changed() == set(), run.output
    return "on: the key is kept in a vault file, 0600"


def unlock_one(stage, keys):
    lab = stage.lab
    restart(lab, "manager2")
    run = stage.play("site", "--tags", "swarm", ok=False)
    assert "Run unlock.yml" in run.messages()["manager2"], run.output
    refused(stage.play("unlock", ok=False), "swarm_unlock_key is not set")
    wrong = keys.file.with_name("wrong.yml")  # not as a word of the command: Ansible itself shows those at -vvvv
    wrong.write_text(f"swarm_unlock_key: {keys.present()[:-4]}AAAA\n")
    run = keys.unlock(file=wrong, ok=False)
    assert set(run.messages()) == {"manager2"}, run.output
    assert "Could not unlock the manager on manager2: the key that was given is not its own" in run.output, run.output
    assert "WARNING: swarm_unlock_key is not the" in run.output, "the managers that work tell"
    assert keys.unlock("--check").changed() == {"manager2"}
    assert lab.swarm_state("manager2") == "locked"
    assert keys.unlock().changed() == {"manager2"}
    if stage.broken:
        restart(lab, "manager2")
    stage.await_nodes(Status="Ready")
    assert stage.nodes()["manager2"]["ManagerStatus"] in ("Reachable", "Leader")
    assert keys.unlock().changed() == set()
    return "a restarted manager was locked, refused a wrong key, and was Reachable after unlock.yml"


def rotate_key(stage, keys):
    """While manager3 is away, which hears of it later."""
    lab = stage.lab
    before = keys.present()
    lab.ssh("manager3", "systemctl stop docker.socket docker")
    eventually(lambda: expect(stage.nodes()["manager3"]["ManagerStatus"], "Unreachable"))
    run = keys.play("rotate", ok=False, rotate="unlock_key", rotate_trigger="first")
    assert set(run.messages()) == {"manager3"}, run.output
    assert "manager3 cannot be reached and will not hear" in " ".join(run.output.split()), run.output
    after = keys.present()
    assert after != before
    assert f"swarm_unlock_key: {after}\n" in keys.kept()
    assert f"- {before}\n" in keys.kept()
    run = keys.play("rotate", ok=False, rotate="unlock_key", rotate_trigger="first")
    assert run.changed() == set(), run.output
    assert keys.present() == after
    lab.ssh("manager3", "systemctl start docker")
    eventually(lambda: expect(lab.swarm_state("manager3"), "locked"))
    assert keys.unlock().changed() == {"manager3"}
    stage.await_nodes(Status="Ready")
    # as a run leaves it that dies when the key is rotated and not kept yet
    lab.docker("manager1", "swarm", "unlock-key", "--rotate", "-q")
    run = keys.play("rotate", rotate="unlock_key", rotate_trigger="first")
    assert f"swarm_unlock_key: {keys.present()}\n" in keys.kept()
    return "rotated while manager3 was away: the old key unlocked it; a run that died before the key was kept was made up for"


def unlock_all(stage, keys):
    lab = stage.lab
    for host in MANAGERS:
        lab.ssh(host, "systemctl stop docker.socket docker")
    for host in MANAGERS:
        lab.ssh(host, "systemctl start docker")
    for host in MANAGERS:
        eventually(lambda host=host: expect(lab.swarm_state(host), "locked"))
    began = time.monotonic()
    assert keys.unlock("--forks", "1").changed() == set(MANAGERS)
    took = time.monotonic() - began
    stage.await_nodes(Status="Ready")
    return f"all three managers locked: Reachable after {took:.0f} s, with one fork"


def restart_by_site(stage, keys):
    """A daemon.json that changes: each manager is restarted and unlocked."""
    lab = stage.lab

    def site(*options, ok=True, **extra):
        run = loud(
            stage, "site", "--tags", "engine", *options, ok=ok, engine_daemon={"max-concurrent-uploads": 4}, **extra
        )
        keys.runs.append(run)
        return run

    started = {host: lab.ssh(host, "systemctl show -P ActiveEnterTimestamp docker") for host in MANAGERS}
    run = site(ok=False, swarm_unlock_key="another")
    assert "swarm_unlock_key is not the key of this swarm" in run.output
    assert started == {host: lab.ssh(host, "systemctl show -P ActiveEnterTimestamp docker") for host in MANAGERS}
    site("-e", f"@{keys.file}", *keys.password)
    assert all(lab.ssh(host, "systemctl show -P ActiveEnterTimestamp docker") != started[host] for host in MANAGERS)
    stage.await_nodes(Status="Ready")
    assert {lab.swarm_state(host) for host in HOSTS} == {"active"}
    return "site.yml restarted three managers and unlocked each"


def reboot_one(stage, keys):
    """Alone in its run, so that there is nobody else to ask."""
    stage.lab.let_reboot(["manager3"])
    refused(stage.play("reboot", "--limit", "manager3", ok=False, **BOOT), "would not come back without the unlock key")
    run = loud(stage, "reboot", "--limit", "manager3", "-e", f"@{keys.file}", *keys.password, **BOOT)
    keys.runs.append(run)
    assert run.changed() == {"manager3"}, run.output
    stage.await_nodes(Status="Ready", Availability="Active")
    assert stage.nodes()["manager3"]["ManagerStatus"] in ("Reachable", "Leader")
    return "reboot.yml rebooted one and unlocked it"


# --- the judge --------------------------------------------------------------------------------------------------------------


def loud(stage, name, *options, ok=True, **extra):
    return stage.play(name, *LOUD, *options, ok=ok, **extra)


def hidden(runs, *secrets):
    """None of these is in the output of any run, whole or by its secret part."""
    for run in runs:
        for secret in secrets:
            assert secret not in run.output
            assert secret.rpartition("-")[2] not in run.output


def refused(run, *words):
    assert run.rc != 0, run.output
    assert run.changed() == set(), run.output
    text = "\n".join(run.messages().values())
    assert all(word in text for word in words), run.output


def tokens(lab):
    return {role: lab.docker("manager1", "swarm", "join-token", "-q", role) for role in ("worker", "manager")}


def root(lab, manager="manager1"):
    return lab.docker(manager, "swarm", "ca")


def has_root(stage, wanted, old):
    """Every node trusts this root and no other, and has a certificate of it."""
    lab = stage.lab
    assert wanted != old
    assert {root(lab, manager) for manager in MANAGERS} == {wanted}
    assert {row["TLSStatus"] for row in lab.rows("manager1", "node", "ls")} == {"Ready"}
    for host in HOSTS:
        assert lab.ssh(host, f"cat {CERTIFICATES}/swarm-root-ca.crt") == wanted, host
        lab.ssh(host, f"cd {CERTIFICATES} && openssl verify -CAfile swarm-root-ca.crt swarm-node.crt")


def restart(lab, host):
    lab.ssh(host, "systemctl restart docker")


def expect(value, wanted):
    assert value == wanted, f"{value}, not {wanted}"
