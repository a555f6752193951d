# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

"""The authority, what it signs, and when something is made anew. openssl and Python's ssl are the judges."""

from __future__ import annotations

import datetime
import socket
import ssl
import stat
import threading

import pytest
from ansible_collections.apiary.swarm.plugins.plugin_utils._authority import AuthorityError, keep, signer
from ansible_collections.apiary.swarm.plugins.plugin_utils._certificates import (
    CLIENT,
    SERVER,
    Pair,
    issue,
    must_prolong,
    new_authority,
    pair_fault,
    prolonged_authority,
    why_due,
)

NOW = datetime.datetime.now(datetime.timezone.utc)
NAMES = ["manager1", "localhost", "127.0.0.1", "fd00::1"]


@pytest.fixture(scope="module")
def authority():
    return new_authority(NOW)


@pytest.fixture(scope="module")
def server(authority):
    return issue(authority, "manager1", NAMES, SERVER, 365, NOW)


def later(**distance):
    return NOW + datetime.timedelta(**distance)


def files(folder, pair):
    paths = folder / "certificate", folder / "key"
    for path, text in zip(paths, pair, strict=True):
        path.write_text(text)
    return list(map(str, paths))


def spoken(tmp_path, authority, served, client, trusted=None):
    """What a server that wants a certificate of its authority says to a client, or raises."""
    listening = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    listening.load_cert_chain(*files(tmp_path, served))
    listening.load_verify_locations(cadata=authority.certificate)
    listening.verify_mode = ssl.CERT_REQUIRED
    calling = ssl.create_default_context(cadata=(trusted or authority).certificate)
    calling.verify_flags |= ssl.VERIFY_X509_STRICT
    if client:
        calling.load_cert_chain(*files(tmp_path, client))
    ours, theirs = socket.socketpair()
    failed = []

    def serve():
        try:
            with listening.wrap_socket(theirs, server_side=True) as connection:
                connection.sendall(b"welcome")
        except OSError as error:
            failed.append(error)
            theirs.close()

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        with calling.wrap_socket(ours, server_hostname="manager1") as connection:
            return connection.recv(10)
    finally:
        ours.close()
        thread.join()


def test_client_and_server_of_one_authority_believe_each_other(tmp_path, authority, server):
    assert spoken(tmp_path, authority, server, issue(authority, "client", [], CLIENT, 365, NOW)) == b"welcome"


@pytest.mark.parametrize("who", ["nobody", "another authority's", "a server's"])
def test_no_other_client_is_let_in(tmp_path, authority, server, who):
    client = {
        "nobody": None,
        "another authority's": issue(new_authority(NOW), "client", [], CLIENT, 365, NOW),
        "a server's": issue(authority, "manager2", ["manager2"], SERVER, 365, NOW),
    }[who]
    # the server's refusal comes after the client believes itself connected: as an alert, or as the end of the connection
    try:
        heard = spoken(tmp_path, authority, server, client)
    except (ssl.SSLError, ConnectionError):
        heard = b""
    assert heard == b""


def test_an_authority_that_was_prolonged_is_the_same(tmp_path, authority, server):
    assert not must_prolong(authority.certificate, 365, NOW)
    assert must_prolong(authority.certificate, 365, later(days=3650 - 364))
    after = prolonged_authority(authority, NOW)
    assert after.certificate != authority.certificate
    assert why_due(server.certificate, after.certificate, NAMES, 30, NOW) == ""
    client = issue(after, "client", [], CLIENT, 365, NOW)
    assert spoken(tmp_path, authority, server, client) == b"welcome"
    assert spoken(tmp_path, after, server, client, trusted=authority) == b"welcome"


def test_when_a_certificate_is_due(authority, server):
    assert why_due(server.certificate, authority.certificate, NAMES[:2], 30, NOW) == ""
    assert why_due("", authority.certificate, [], 30, NOW) == "there is none"
    assert why_due("nonsense", authority.certificate, [], 30, NOW) == "it cannot be read"
    assert "another authority" in why_due(server.certificate, new_authority(NOW).certificate, NAMES, 30, NOW)
    assert "made out for worker1, 10.0.0.1" in why_due(
        server.certificate, authority.certificate, ["worker1", *NAMES, "10.0.0.1"], 30, NOW
    )
    assert why_due(server.certificate, authority.certificate, NAMES, 30, later(days=334)) == ""
    assert "it ends on" in why_due(server.certificate, authority.certificate, NAMES, 30, later(days=336))


def test_pairs_that_do_not_fit(authority, server):
    assert pair_fault(server) == ""
    assert "belong together" in pair_fault(Pair(server.certificate, authority.key))
    assert pair_fault(Pair("x", server.key)) == "the certificate cannot be read as PEM"
    assert pair_fault(Pair(server.certificate, "x")) == "the key cannot be read as PEM"


# --- the folder


def listing(folder):
    return {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}


def test_the_folder_is_made_once(tmp_path):
    folder = tmp_path / "a" / "tls"
    _certificate, done = keep(folder, None, 365, 30, NOW, write=False)
    assert len(done) == 2
    assert not folder.exists()
    certificate, done = keep(folder, None, 365, 30, NOW)
    assert done == ["made an authority", "made a certificate for the client, because there is none"]
    assert listing(folder) == {"ca.pem": 0o644, "ca-key.pem": 0o600, "cert.pem": 0o644, "key.pem": 0o600}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert keep(folder, None, 365, 30, NOW) == (certificate, [])
    _certificate, done = keep(folder, None, 365, 30, later(days=340))
    assert [action.split(", ")[0] for action in done] == ["made a certificate for the client"]
    assert keep(folder, None, 365, 30, later(days=340))[1] == []


def test_an_authority_near_its_end_is_prolonged(tmp_path):
    keep(tmp_path, None, 365, 30, NOW)
    _certificate, done = keep(tmp_path, None, 365, 30, later(days=3400))
    assert done[0] == "prolonged the authority"


def test_a_key_that_is_elsewhere_is_asked_for_only_when_it_is_needed(tmp_path):
    keep(tmp_path, None, 365, 30, NOW)
    (tmp_path / "ca-key.pem").unlink()
    assert keep(tmp_path, None, 365, 30, NOW)[1] == []
    with pytest.raises(AuthorityError, match=r"no ca-key.pem in .*Bring it back"):
        keep(tmp_path, None, 365, 30, later(days=340))
    with pytest.raises(AuthorityError, match="no ca-key.pem"):
        signer(tmp_path, None)


def test_a_key_of_another_authority_is_not_used(tmp_path):
    keep(tmp_path, None, 365, 30, NOW)
    (tmp_path / "ca-key.pem").write_text(new_authority(NOW).key)
    with pytest.raises(AuthorityError, match="do not belong together"):
        signer(tmp_path, None)


def test_an_authority_of_the_operators_own(tmp_path, authority):
    assert keep("", authority, 365, 30, NOW) == (authority.certificate, [])
    assert signer("", authority) == authority
    keep(tmp_path, authority, 365, 30, NOW)
    assert set(listing(tmp_path)) == {"ca.pem", "cert.pem", "key.pem"}
    assert keep(tmp_path, authority, 365, 30, NOW)[1] == []
    with pytest.raises(AuthorityError, match="ends within 30 days"):
        keep("", authority, 365, 30, later(days=3640))
    with pytest.raises(AuthorityError, match="do not belong together"):
        keep("", Pair(authority.certificate, new_authority(NOW).key), 365, 30, NOW)


def test_a_folder_that_cannot_be_used_is_named(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(AuthorityError, match=r"Cannot read ca.pem in .*file on the control host: Not a directory"):
        keep(tmp_path / "file", None, 365, 30, NOW)
