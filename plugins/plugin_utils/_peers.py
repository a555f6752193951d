# Copyright (c) 2026, apiary.swarm maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rules for nftables that let the ports of a swarm be reached by its peers alone.

PRIVATE to apiary.swarm: no other collection may import it. Runs on the control host. Pure.

A table of its own, before the chains of others: it only takes away. What it lets pass, firewalld or ufw may still refuse, and
none of the rules that the engine made is touched.
"""

from __future__ import annotations

import ipaddress
from urllib.parse import quote

from ..module_utils._addresses import split
from ._preflight import look, wishes
from ._preflight_paths import GOSSIP, MANAGERS

TABLE = "apiary_swarm"
PEER = "# peer "
RULES = """\
table inet {table}
delete table inet {table}
table inet {table} {{
    set peers4 {{ type ipv4_addr; flags interval; auto-merge;{peers4} }}
    set peers6 {{ type ipv6_addr; flags interval; auto-merge;{peers6} }}
    set api4 {{ type ipv4_addr; flags interval; auto-merge;{api4} }}
    set api6 {{ type ipv6_addr; flags interval; auto-merge;{api6} }}
    chain input {{
        type filter hook input priority -10; policy accept;
        iifname "lo" accept
        tcp dport {{ {tcp} }} goto peers
        udp dport {{ {udp} }} goto peers
        meta l4proto esp goto peers
{api}    }}
    chain peers {{
        ip saddr @peers4 accept
        ip6 saddr @peers6 accept
        counter reject with icmpx type admin-prohibited
    }}
    chain api {{
        ip saddr @api4 accept
        ip6 saddr @api6 accept
        goto peers
    }}
}}
"""


def peer_addresses(row):
    """Addresses under which a host's packets come to the others, from what is known and declared of it (swarm, describe.yml)."""
    host = look(row)
    return [each for each in dict.fromkeys([host["address"], host["data_address"]]) if each and _network(each)]


def declared_addresses(variables):
    """The same from a host's variables alone, for a host that was not looked at."""
    named = [str(variables.get(name) or "") for name in ("swarm_advertise_addr", "swarm_data_path_addr")]
    return [each for each in dict.fromkeys(named) if _network(each)]


def peer_rules(written, described, declared, more=(), settings=None, api_port=None, api_allow=()):
    """{text, missing}: the file of rules, and the names of hosts whose address neither this run nor the file knows.

    written is the file as it is; described {name: row} of the hosts that this run looked at, declared {name: addresses} of all hosts
    of the inventory, by their variables alone; more are addresses and networks that count as peers; settings is swarm_settings. api_port
    is the port of the engine's API over TLS, None without one; the peers and api_allow may come there.
    """
    hosts = [look(row) for row in described.values()]
    known = _known(written)
    peers = {}
    for name, own in declared.items():
        seen = peer_addresses(described[name]) if name in described else []
        peers[name] = seen or [address for address in own if _network(address)] or known.get(_word(name), [])
    members = [*more, *(address for addresses in peers.values() for address in addresses)]
    managing = {MANAGERS, *(int(split(host["listen_addr"], str(MANAGERS))[1]) for host in hosts if host["manager"])}
    rules = RULES.format(
        table=TABLE,
        tcp=_listed({*managing, GOSSIP}),
        udp=_listed({GOSSIP, wishes(settings or {}, [], hosts)["data_path_port"]}),
        api=f"        tcp dport {api_port} goto api\n" if api_port else "",
        **{f"peers{version}": _elements(members, version) for version in (4, 6)},
        **{f"api{version}": _elements(api_allow, version) for version in (4, 6)},
    )
    head = ["# Role engine of apiary.swarm wrote this (engine_firewall: peers): who may reach the ports of the swarm."]
    head += [f"{PEER}{_word(name)} {' '.join(addresses)}" for name, addresses in sorted(peers.items()) if addresses]
    return {
        "text": "\n".join([*head, rules]),
        "missing": sorted(name for name, addresses in peers.items() if not addresses),
    }


def not_networks(texts):
    """Those that are neither an address nor a network."""
    return [text for text in texts if not _network(text)]


def _known(written):
    lines = [line.removeprefix(PEER).split() for line in written.splitlines() if line.startswith(PEER)]
    return {line[0]: [address for address in line[1:] if _network(address)] for line in lines if line}


def _word(name):
    """A host's name as one word of one line, whatever is in it; most are as they are."""
    return quote(name, safe=":@[]", errors="replace")


def _network(text):
    try:
        return ipaddress.ip_network(str(text), strict=False)
    except ValueError:
        return None


def _elements(texts, version):
    networks = sorted({net for net in map(_network, texts) if net and net.version == version})
    named = [str(network.network_address if network.num_addresses == 1 else network) for network in networks]
    return f" elements = {{ {', '.join(named)} }}" if named else ""


def _listed(ports):
    return ", ".join(map(str, sorted(ports)))
