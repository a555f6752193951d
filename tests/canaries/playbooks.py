# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every playbook with all the secrets that an operator can give it: done, and failing where it has them in hand.

One swarm goes through all of them. steps() yields (playbook, wanted, options, variables) when the lab is ready for it.
"""

from __future__ import annotations

import pathlib

from harness.edge import certificate, variables
from harness.lab import HOSTS, MANAGERS, eventually
from lifecycle.maintenance import ANY_CONTAINERD, BOOT, MIDDLE, NEW

from .canary import authority, text

PRIVATE = "depot:5001/nginx:1.22"
AWAY = ("manager2", "manager3")
TOLD = ("worker token", "manager token", "unlock key")
TELL = "cat /etc/docker/tls/server.pem /var/lib/docker/swarm/certificates/swarm-node.key 2>/dev/null; " + "; ".join(
    f"printf '\\0'; timeout 20 docker swarm {words} -q 2>/dev/null"
    for words in ("join-token worker", "join-token manager", "unlock-key")
)
STOP, START = "systemctl stop docker.socket docker", "systemctl start docker"


class Story:
    def __init__(self, lab, canaries, vault):
        self.lab, self.canaries, self.vault = lab, canaries, vault
        self.place = vault.folder
        self.kept = self.place / "kept/unlock-key.yml"
        self.backups = self.place / "backups"
        self.declared = self._declared()
        self.given = vault.keep("variables", self.declared)

    def steps(self):
        for part in (self._site, self._looks, self._keys, self._maintenance, self._nodes, self._copies):
            yield from part()

    def learn(self):
        """Secrets that the engines and the collection have made since, as far as any host is there to tell them."""
        for host in HOSTS:
            for name, value in zip(
                (f"key of {host}", *TOLD), self.lab.ssh(host, TELL, ok=False).split("\0"), strict=False
            ):
                if value.strip():
                    self.canaries.add(name, value.strip())
        for path in self.place.glob("tls/*key.pem"):
            self.canaries.add(path.name, path.read_text())
        for path in self.backups.glob("*.tar.gz"):
            self.canaries.add("backup", path.read_bytes())

    # --- the steps -------------------------------------------------------------------------------------------------------

    def _site(self):
        yield "site", "ok", self.given, {}
        for host in MANAGERS:
            assert self.lab.ssh(host, "stat -c %a /etc/docker/daemon.json") == "600", (
                "a proxy's password is for all to read"
            )
        for name, tags, broken in (
            (
                "content",
                "services",
                {"services_secrets": [*self._contents(), {"name": "fixed", "data": self._text("other")}]},
            ),
            (
                "registry",
                "services",
                {"services_list": [{**self._web(), "registry_auth": self._auth("wrong"), "image": "depot:5001/no:1"}]},
            ),
            ("authority", "engine", {"engine_tls_ca_key": self._pair("stranger")["key"], "engine_tls_renew_days": 364}),
            ("certificate", "edge", {"edge_certificates": [{**self._pair("www"), "key": self._pair("other")["key"]}]}),
            ("proxy", "engine", {"engine_daemon": self._proxy("other proxy", colour="red")}),
            (
                "unlock",
                "engine",
                {"swarm_unlock_key": self.canaries.made("no key"), "engine_daemon": self._proxy("new proxy")},
            ),
        ):
            given = self.vault.keep(f"broken-{name}", {**self.declared, **broken})
            yield "site", "failed", [*given, f"--tags {tags}"], {"services_wait_timeout": 30}

    def _looks(self):
        """What only looks, at a swarm as it should be, and with an engine stopped."""
        for name in ("status", "verify", "preflight", "contexts"):
            yield name, "ok", self.given, {}
        self.lab.ssh("worker2", STOP)
        yield "status", "failed", self.given, {"status_row": "none"}
        yield "verify", "failed", self.given, {"verify_http": {"edge": {"path": "/", "status": 418}}}
        yield "preflight", "failed", self.given, {"swarm_advertise_addr": "192.0.2.1"}
        yield "contexts", "failed", self.given, {"engine_tls_directory": f"{self.place}/nothing"}
        self.lab.ssh("worker2", START)

    def _keys(self):
        yield (
            "rotate",
            "failed",
            self.given,
            {"rotate": "unlock_key", "swarm_unlock_key_file": f"{self.place}/plain.yml"},
        )
        yield "rotate", "ok", self.given, {"rotate": "tokens,unlock_key,ca"}
        self.lab.ssh("manager2", "systemctl restart docker")
        wrong = self.vault.keep("wrong", {"swarm_unlock_key": f"SWMKEY-1-{self.canaries.made('wrong key')}"})
        yield "unlock", "failed", wrong, {}
        yield "unlock", "ok", self._key(), {}

    def _maintenance(self):
        """With autolock on: each manager that is taken out is unlocked again."""
        self.lab.let_reboot(["manager3"])
        alone = "--limit manager3"
        older = {"engine_version": MIDDLE, "upgrade_allow_downgrade": True, **ANY_CONTAINERD}
        newer = {"engine_version": NEW, **ANY_CONTAINERD}
        yield "reboot", "failed", [*self.given, alone], BOOT
        yield "reboot", "ok", [*self.given, *self._key()[:1], alone], BOOT
        yield "upgrade", "failed", self.given, {"engine_version": "99.9.9"}
        for version in (older, newer):  # an older manager would not let newer engines in, after it was restored
            yield "upgrade", "ok", [*self.given, *self._key()[:1], alone], version
        yield "backup", "failed", self.given, {"backup_directory": str(self.backups)}

    def _nodes(self):
        unlocked = {"swarm_settings": {"autolock_managers": False}}
        yield "site", "ok", [*self.given, "--tags swarm"], unlocked
        yield "remove_node", "failed", self.given, {"remove_node_hosts": MANAGERS}
        yield "remove_node", "ok", self.given, {"remove_node_hosts": "worker2"}
        yield "replace_node", "failed", self.given, {"replace_node_hosts": "worker7"}
        self.lab.power_off("worker1")
        eventually(lambda: self._down("worker1"), 90)
        self.lab.rebuild("worker1")
        yield "replace_node", "ok", self.given, {"replace_node_hosts": "worker1", **unlocked}

    def _copies(self):
        yield "backup", "ok", self.given, {"backup_directory": str(self.backups)}
        self.learn()
        (archive,) = self.backups.glob("*.tar.gz")
        damaged = self._damaged(archive)
        yield "recover", "failed", self.given, {"recover_confirm": "yes"}
        yield "reset", "failed", self.given, {}
        yield "reset", "ok", self.given, {"confirm": "yes"}
        yield "site", "ok", [*self.given, "--tags hosts,engine"], {}  # with which restore.yml begins
        yield "restore", "failed", self.given, {"restore_archive": str(damaged)}
        yield (
            "restore",
            "ok",
            self.given,
            {"restore_archive": str(archive), "swarm_settings": {"autolock_managers": False}},
        )
        for host in AWAY:
            self.lab.power_off(host)
        yield "recover", "ok", self.given, {"recover_confirm": "yes"}
        for host in AWAY:
            self.lab.power_on(host)

    # --- what they are given ----------------------------------------------------------------------------------------------

    def _declared(self):
        own = authority()
        self.canaries.add("key of the authority", own["authority_key"])
        web = self._web()
        return variables(
            [web],
            services_secrets=[*self._contents(), {"name": "fixed", "data": self._text("fixed")}],
            services_configs=[{"name": "wax", "data": self._text("wax"), "rolling_versions": True}],
            edge_certificates=[self._pair("www")],
            edge_stats_password=self.canaries.made("statistics"),
            engine_tls=True,
            engine_tls_directory=str(self.place / "tls"),
            engine_tls_ca_certificate=own["authority_certificate"],
            engine_tls_ca_key=own["authority_key"],
            engine_daemon=self._proxy("proxy"),
            swarm_labels={"edge": "true"},
            swarm_settings={"autolock_managers": True},
            swarm_unlock_key_file=str(self.kept),
        )

    def _web(self):
        return {
            "name": "web",
            "image": PRIVATE,
            "replicas": 2,
            "registry_auth": self._auth("registry"),
            "secrets": ["jar"],
            "configs": ["wax"],
            "edge": {"host": "www.lab", "check": "/"},
        }

    def _contents(self):
        return [{"name": "jar", "data": self.canaries.once("jar", text), "rolling_versions": True}]

    def _auth(self, name):
        password = (self.lab.state / "registry-password").read_text().strip()
        known = self.canaries.add(name, password) if name == "registry" else self.canaries.made(name)
        return [{"registry_url": "depot:5001", "username": "lab", "password": known}]

    def _proxy(self, name, **more):
        """Nobody is sent through it."""
        return {
            "proxies": {"http-proxy": f"http://bee:{self.canaries.made(name)}@192.0.2.9:3128", "no-proxy": "*"},
            **more,
        }

    def _text(self, name):
        return self.canaries.add(name, text(name))

    def _pair(self, name):
        pair = certificate(f"{name}.lab")
        self.canaries.add(f"key of {name}", pair["key"])
        return pair

    def _key(self):
        return [f"-e @{self.kept}", f"--vault-password-file {self.place}/password"]

    def _down(self, host):
        rows = self.lab.rows("manager1", "node", "ls")
        assert any(row["Hostname"] == host and row["Status"] == "Down" for row in rows), rows

    def _damaged(self, archive):
        damaged = pathlib.Path(self.place / "damaged.tar.gz")
        damaged.write_bytes(archive.read_bytes()[:-1] + b"x")
        for suffix in (".json", ".tar.gz.sha256"):
            beside = archive.with_name(archive.name.replace(".tar.gz", suffix))
            damaged.with_name(f"damaged{suffix}").write_text(beside.read_text())
        return damaged
