# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each module with secrets in its options, or in a swarm that has some: once as it should be, and failing in every way that we know.

Values are variables of a vault file, {{ name }} of VARIABLES. A task's name says what must come of it: ok or failed.
"""

from __future__ import annotations

import sys

from .canary import authority, text

NGINX, PRIVATE, BUSYBOX = "depot:5000/nginx:1.22", "depot:5001/nginx:1.22", "depot:5000/busybox:latest"
QUIET = {"no_log": True}
LOCAL = {
    "delegate_to": "localhost",
    "connection": "local",
    "become": False,
    "vars": {"ansible_python_interpreter": sys.executable},
}
ON_WORKER = {"delegate_to": "worker2"}
NOWHERE = {"docker_host": "unix:///nowhere.sock"}
AUTH = [{"registry_url": "depot:5001", "username": "lab", "password": "{{ registry_password }}"}]
WRONG_AUTH = [{**AUTH[0], "password": "{{ wrong_password }}"}]
IDLE = {"image": NGINX, "replicas": 0}
# prints its secret as programs do, and dies of it
TELLS = {
    "image": BUSYBOX,
    "args": ["sh", "-c", "echo cannot log in with $PASSWORD >&2; exit 3"],
    "env": {"PASSWORD": "{{ env_password }}"},
    "restart_config": {"condition": "none"},
}
MANY = [{"name": "jar", "data": "{{ jar }}"}, {"name": "comb", "data": "{{ comb }}", "rolling_versions": True}]


def values(canaries, lab):
    """The variables that the tasks name; all of them are looked for from now on."""
    names = ("registry", "wrong", "env", "argument", "extra")
    made = {f"{name}_password": canaries.made(name) for name in names}
    for name in ("jar", "comb", "other", "wax", "odd"):
        made[name] = canaries.add(name, text(name))
    made["registry_password"] = canaries.add("registry", (lab.state / "registry-password").read_text().strip())
    made["wrong_token"] = canaries.add(
        "wrong token", f"SWMTKN-1-{canaries.made('digest') * 2}-{canaries.made('token')}"
    )
    made["wrong_key"] = canaries.add("wrong key", f"SWMKEY-1-{canaries.made('key')}")
    for name in ("authority", "stranger"):
        made.update(authority(name))
        canaries.add(f"key of {name}", made[f"{name}_key"])
    return made


def tasks(folder):
    """[(module, wanted, options, keywords of the task)] in the order in which they are to be done. folder: on the control host."""
    tls, contexts = f"{folder}/tls", {"manager1": "tcp://192.0.2.11:2376"}
    own = {"ca_certificate": "{{ authority_certificate }}", "ca_key": "{{ authority_key }}"}
    torn = {"ca_certificate": "{{ authority_certificate }}", "ca_key": "{{ stranger_key }}"}
    named = {"name": "worker1", "names": ["worker1"]}
    seen = {"register": "seen"}
    target = {"address": "192.0.2.1", "port": 9}
    return [
        ("swarm_init", "ok", {"labels": {"canaries": "here"}}, {}),
        ("swarm_init", "failed", {"node_cert_expiry": "never"}, {}),
        ("swarm_info", "ok", {"include": ["tokens", "unlock_key"]}, {**QUIET, "register": "told"}),
        ("swarm_info", "ok", {"include": ["nodes", "services", "tasks", "networks", "mesh"]}, seen),
        ("swarm_info", "failed", {"include": ["tokens"], **NOWHERE}, QUIET),
        *_contents("secret"),
        *_contents("config"),
        *_services(),
        *_deployments(),
        ("swarm_join", "ok", _join("{{ told.tokens.worker }}"), ON_WORKER),
        ("swarm_join", "ok", {"state": "absent"}, ON_WORKER),
        ("swarm_join", "failed", {**_join("{{ wrong_token }}"), "wait_timeout": 20}, ON_WORKER),
        ("swarm_join", "failed", _join(["{{ wrong_token }}"]), ON_WORKER),
        ("swarm_join", "failed", {**_join("{{ told.tokens.worker }}"), "colour": "red"}, ON_WORKER),
        ("swarm_join", "ok", _join("{{ told.tokens.worker }}"), ON_WORKER),
        ("swarm_rotate", "ok", {"rotate": ["worker_token"]}, {}),
        ("swarm_rotate", "failed", {"rotate": ["unlock_key"]}, {}),
        ("swarm_unlock", "ok", {"key": "{{ wrong_key }}", "former_keys": ["{{ extra_password }}"]}, {}),
        ("swarm_unlock", "failed", {"key": "{{ wrong_key }}", "former_keys": {"{{ wrong_key }}": 1}}, {}),
        ("swarm_unlock", "failed", {"key": "{{ wrong_key }}", "wait_timeout": "x"}, {}),
        ("keep_unlock_key", "ok", {"path": f"{folder}/kept.yml", "key": "{{ wrong_key }}"}, {}),
        ("keep_unlock_key", "failed", {"path": f"{folder}/plain.yml", "key": "{{ wrong_key }}"}, {}),
        ("keep_unlock_key", "failed", {"path": f"{folder}/kept.yml", "key": ["{{ wrong_key }}"], "colour": "red"}, {}),
        ("tls_authority", "ok", {"directory": tls, **own}, LOCAL),
        ("tls_authority", "failed", {"directory": tls, **torn}, LOCAL),
        ("tls_authority", "failed", {"directory": tls, **own, "colour": "red"}, LOCAL),
        ("tls_certificate", "ok", {"directory": tls, **own, **named}, {**LOCAL, **QUIET}),
        ("tls_certificate", "failed", {"directory": tls, **torn, **named}, {**LOCAL, **QUIET}),
        ("tls_certificate", "failed", {"directory": tls, **own, "name": "worker1", "names": ["ä"]}, LOCAL),
        ("docker_context", "ok", {"directory": tls, "contexts": contexts}, LOCAL),
        ("docker_context", "failed", {"directory": f"{folder}/nothing", "contexts": contexts}, LOCAL),
        ("swarm_network", "ok", {"name": "canaries"}, {}),
        ("swarm_network", "failed", {"name": "a network", "ipam_config": [{"subnet": "none"}]}, {}),
        ("swarm_network", "ok", {"name": "canaries", "state": "absent"}, {}),
        ("swarm_node", "ok", {"node": "worker1", "labels": {"canaries": "here"}}, {}),
        ("swarm_node", "failed", {"node": "nobody", "labels": {"canaries": "here"}}, {}),
        ("swarm_node", "ok", {"node": "worker1", "labels_to_remove": ["canaries"]}, {}),
        ("node_availability", "ok", {"nodes": ["worker1"], "availability": "active"}, {}),
        ("node_availability", "failed", {"nodes": ["nobody"], "availability": "active"}, {}),
        ("swarm_lock", "ok", {"purpose": "canaries"}, {}),
        ("swarm_lock", "failed", {"purpose": "canaries", "holder": "somebody else"}, {}),
        ("swarm_lock", "ok", {"state": "released"}, {}),
        ("swarm_files", "ok", {}, {}),
        ("swarm_files", "failed", {"path": "/nowhere", "colour": "red"}, {}),
        ("check_ports", "ok", {"targets": [target], "timeout": 0.5}, {}),
        ("check_ports", "failed", {"targets": [{"address": "192.0.2.1"}]}, {}),
        ("hear_nodes", "ok", {"state": "started", "token": "word", "seconds": 60}, {}),
        ("hear_nodes", "failed", {"state": "begun", "token": "word"}, {}),
        ("hear_nodes", "ok", {"state": "ended", "token": "word"}, {}),
        ("ask_nodes", "ok", {"name": "manager1", "token": "word", "targets": []}, {}),
        ("ask_nodes", "failed", {"name": "manager1", "token": "word", "targets": [{"node": "a"}]}, {}),
        ("show_status", "ok", {"hosts": [{"name": "manager1", "report": "{{ seen }}"}]}, {}),
        ("show_status", "failed", {"hosts": [{"report": "{{ seen }}"}]}, {}),
        ("show_verdict", "ok", {"seen": "{{ seen }}", "hosts": []}, {}),
        ("show_verdict", "failed", {"seen": "{{ seen }}"}, {}),
        ("show_preflight", "ok", {"hosts": []}, {}),
        ("show_preflight", "failed", {"hosts": [{"name": "manager1"}]}, {}),
        ("swarm_init", "ok", {"labels": {}}, {}),
    ]


def play(folder, broken=False):
    """The play of these tasks. broken: one more, which shows a secret."""
    made = []
    for number, (module, wanted, options, keywords) in enumerate(tasks(folder)):
        # what was to come of it is in its name
        made.append(
            {"name": f"{wanted} {number}", f"apiary.swarm.{module}": options, **keywords, "ignore_errors": True}
        )
    if broken:
        made.append({"name": "shown {{ jar }}", f"apiary.swarm.{broken}": {}, "ignore_errors": True})
    return [{"hosts": "manager1", "gather_facts": False, "become": True, "tasks": made}]


def _join(token):
    return {"role": "worker", "join_token": token, "remote_addrs": ["{{ hostvars.manager1.ansible_host }}"]}


def _contents(kind):
    """Secrets and configs: their content is nobody's to see."""
    module, many = f"swarm_{kind}", f"{kind}s"
    return [
        (module, "ok", {many: MANY}, {}),
        (module, "ok", {"name": "odd", "data": "{{ odd }}", "rolling_versions": True}, {}),
        (module, "ok", {"name": "coded", "data": "{{ other | b64encode }}", "data_is_b64": True}, {}),
        (module, "failed", {"name": "mapped", "data": {"password": "{{ extra_password }}"}}, {}),
        (module, "failed", {"name": "jar", "data": "{{ other }}"}, {}),
        (module, "failed", {"name": "n a m e", "data": "{{ other }}"}, {}),
        (module, "failed", {"name": "coded", "data": "{{ other }}!", "data_is_b64": True}, {}),
        (module, "failed", {"name": "red", "data": "{{ odd }}", "colour": "red"}, {}),
        (module, "failed", {many: [*MANY, {"name": "red", "data": "{{ odd }}", "colour": "red"}]}, {}),
        (module, "failed", {"name": "jar", "data": "{{ jar }}", **NOWHERE}, {}),
    ]


def _services():
    """Passwords of registries always, what is in env under no_log."""
    module, wrong = "swarm_service", {"resolve_image_failure": "fail"}
    return [
        (module, "ok", {"name": "private", **IDLE, "image": PRIVATE, "registry_auth": AUTH}, {}),
        (module, "ok", {"name": "carried", **IDLE, "image": PRIVATE, "with_registry_auth": True}, {}),
        (module, "failed", {"name": "denied", **IDLE, "image": PRIVATE, "registry_auth": WRONG_AUTH, **wrong}, {}),
        (module, "failed", {"name": "text", **IDLE, "registry_auth": "depot:5001 lab {{ wrong_password }}"}, {}),
        (module, "failed", {"name": "odd", **IDLE, "registry_auth": [{**WRONG_AUTH[0], "colour": "red"}]}, {}),
        (module, "failed", {"services": [{"name": "red", **IDLE, "registry_auth": WRONG_AUTH, "colour": "red"}]}, {}),
        (module, "failed", {"service_defaults": {"registry_auth": WRONG_AUTH}, "services": [{"name": "no image"}]}, {}),
        (module, "ok", {"name": "quiet", **IDLE, "env": {"PASSWORD": "{{ env_password }}"}}, QUIET),
        (module, "ok", {"name": "quiet", **IDLE, "env": {"PASSWORD": "{{ extra_password }}"}}, QUIET),
        (module, "failed", {"name": "tells", **TELLS, "wait_timeout": 40}, QUIET),
        (module, "failed", {"name": "quiet", **IDLE, "env": ["{{ env_password }}"], "colour": "red"}, QUIET),
        (module, "failed", {"name": "quiet", "replicas": "many", "env": {"PASSWORD": "{{ env_password }}"}}, QUIET),
    ]


def _deployments():
    module = "swarm_deploy"
    whole = {
        "secrets": MANY,
        "configs": MANY,
        "services": [{"name": "web", **IDLE, "secrets": ["jar", "comb"], "configs": ["jar"]}],
    }
    changed = [{"name": "comb", "data": "{{ other }}", "rolling_versions": True}]
    gone = [{"name": name, "state": "absent"} for name in ("private", "carried", "quiet", "tells", "web")]
    rolling = [{"name": name, "state": "absent", "rolling_versions": True} for name in ("comb", "odd")]
    kept = [*rolling, *({"name": name, "state": "absent"} for name in ("jar", "coded"))]
    return [
        (module, "ok", whole, {}),
        (
            module,
            "ok",
            {"secrets": changed, "configs": changed, "services": [{"name": "web", "registry_auth": AUTH}]},
            {},
        ),
        (
            module,
            "failed",
            {**whole, "services": [{"name": "web", "replicas": "many", "registry_auth": WRONG_AUTH}]},
            {},
        ),
        (module, "failed", {"secrets": [{"name": "jar", "data": "{{ other }}"}]}, {}),
        (module, "failed", {"secrets": {"jar": "{{ jar }}"}, "configs": [{"jar": "{{ jar }}"}]}, {}),
        (module, "failed", {**whole, "colour": "red"}, {}),
        # the difference shows what is removed, with its env
        (module, "ok", {"services": gone, "secrets": kept, "configs": kept}, QUIET),
    ]
