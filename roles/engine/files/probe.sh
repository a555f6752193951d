# shellcheck shell=sh
# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
#
# What is on this host: key=value lines. Sent as raw text, so it needs a POSIX shell and neither Python nor a file.
PATH=$PATH:/usr/sbin:/sbin

(
    . /etc/os-release
    echo "os_id=$ID"
    echo "os_like=$ID $ID_LIKE"
    echo "os_major=${VERSION_ID%%.*}"
    echo "os_name=$PRETTY_NAME"
    echo "os_codename=${UBUNTU_CODENAME:-$VERSION_CODENAME}"
)

python=${PYTHON:-python3}
echo "python=$($python -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null)"
echo "sdk_wanted=$($SDK_PYTHON -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null)"
# Debian has the module venv, and leaves out what it needs to put pip into an environment.
if $SDK_PYTHON -c 'import ensurepip' 2>/dev/null; then echo venv=yes; fi
if [ -e /etc/ssl/certs/ca-certificates.crt ]; then echo authorities=yes; fi
if [ -d /run/systemd/system ]; then echo systemd=yes; fi
if systemctl is-active --quiet firewalld 2>/dev/null; then echo firewalld=yes; fi
if grep -qs '^ENABLED=yes' /etc/ufw/ufw.conf && command -v ufw >/dev/null; then echo ufw=yes; fi

# An installation that was interrupted half-way does not count.
if command -v dockerd >/dev/null && command -v docker >/dev/null && command -v containerd >/dev/null; then
    dockerd --version | sed 's/^Docker version \([^,+]*\).*/engine=\1/'
    if systemctl is-enabled --quiet docker 2>/dev/null; then echo enabled=yes; fi
    info=$(DOCKER_HOST='' timeout 20 docker info --format '{{if .ServerVersion}}running=yes{{end}}
running_version={{.ServerVersion}}
swarm={{.Swarm.LocalNodeState}}
control={{.Swarm.ControlAvailable}}
engine_id={{.ID}}
live_restore={{.LiveRestoreEnabled}}
node_id={{.Swarm.NodeID}}
node_addr={{.Swarm.NodeAddr}}{{with .Swarm.Cluster}}
pool={{join .DefaultAddrPool " "}}
subnet_size={{.SubnetSize}}
data_path_port={{.DataPathPort}}{{end}}' 2>/dev/null)
    case $info in
    running=yes*) echo "$info" ;;
    # A stopped engine answers nothing; its state file tells whether it belongs to a swarm.
    *) if [ -e /var/lib/docker/swarm/docker-state.json ]; then echo swarm=stopped; fi ;;
    esac
fi
if [ -e /etc/docker/daemon.json ]; then
    echo daemon_json=yes
    # of all that is in it this alone: it may hold a proxy's password
    if tr -d ' \t\r\n' </etc/docker/daemon.json | grep -q '"live-restore":true'; then echo live_restore_file=yes; fi
fi
if [ -e /run/apiary-engine-restart ]; then echo restart_due=yes; fi

# The API over TLS ($TLS: yes if it is wanted) and the rules for peers. Never the key, which stands above the certificate in its file.
lines() { base64 | tr -d '\n'; }
tls=/etc/docker/tls
if [ -e $tls/server.pem ]; then
    sha256sum <$tls/ca.pem | sed 's/^\([^ ]*\).*/tls_ca=\1/'
    echo "tls_certificate=$(sed -n '/BEGIN CERTIFICATE/,/END CERTIFICATE/p' $tls/server.pem | lines)"
fi
if [ "$TLS" = yes ] || [ -e /etc/systemd/system/docker.service.d/zz-apiary-tls.conf ]; then
    # of all that is in it the files, the commands and what is ours: a proxy's drop-in may hold a password
    echo "unit=$(systemctl cat docker.service 2>/dev/null | awk '
        /^# \/[^ ]*\.(service|conf)$/ { print; ours = /zz-apiary-tls\.conf$/; more = 0; next }
        ours || more || /^[ \t]*ExecStart[ \t]*=/ { print; if (!/^[#;]/) more = !ours && /\\$/ }' | lines)"
fi
if command -v nft >/dev/null; then echo nft=yes; fi
if [ -e /etc/apiary/peers.nft ]; then
    echo "peers=$(lines </etc/apiary/peers.nft)"
    if systemctl is-enabled --quiet apiary-peers && nft list table inet apiary_swarm >/dev/null 2>&1; then echo peers_loaded=yes; fi
fi
sdk=/opt/apiary/sdk
if [ -e $sdk/requirements.txt ]; then
    sha256sum <$sdk/requirements.txt | sed 's/^\([^ ]*\).*/sdk_requirements=\1/'
    for packages in "$sdk"/lib/python*/site-packages; do
        packages=${packages#"$sdk/lib/python"}
        echo "sdk_python=${packages%%/*}"
    done
fi

# --- what a swarm needs of a host; docs/preflight.md says what is made of it

# state MODULE: loaded, builtin, loadable, missing, or unknown where nothing lists what the kernel has
tree=/lib/modules/$(uname -r)
state() {
    case $1 in # what shows one that is built in and has no parameters
    ip_vs) sign=/proc/net/ip_vs ;;
    br_netfilter) sign=/proc/sys/net/bridge/bridge-nf-call-iptables ;;
    *) sign= ;;
    esac
    if grep -q "^$1 " /proc/modules 2>/dev/null; then
        echo loaded
    elif [ -e "/sys/module/$1" ] || { [ "$sign" ] && [ -e "$sign" ]; } || grep -q "/$1\.ko" "$tree/modules.builtin" 2>/dev/null; then
        echo builtin
    elif modprobe --dry-run --quiet "$1" 2>/dev/null; then
        echo loadable
    elif [ -s "$tree/modules.dep" ] || [ -s "$tree/modules.builtin" ] || { [ "$sign" ] && [ ! -e /proc/modules ]; }; then
        echo missing
    else
        echo unknown
    fi
}
found=
for module in $MODULES; do found="$found $module:$(state "$module")"; done
echo "modules=$found"
if [ -e /etc/modules-load.d/apiary-swarm.conf ]; then echo "modules_kept=$(grep -v '^#' /etc/modules-load.d/apiary-swarm.conf | tr '\n' ' ')"; fi

if [ -e /sys/fs/cgroup/cgroup.controllers ]; then
    echo "cgroup=2 $(cat /sys/fs/cgroup/cgroup.controllers)"
elif [ -e /proc/cgroups ]; then
    echo "cgroup=1 $(awk '$4 == 1 { printf "%s ", $1 }' /proc/cgroups)"
fi

# $ASKED: the control host's clock when it asked
echo "clock=$ASKED $(date +%s)"
echo "hostname=$(cat /proc/sys/kernel/hostname)"
# only to be compared: the ID itself is nobody's business
if [ -s /etc/machine-id ]; then sha256sum </etc/machine-id | sed 's/^\(.\{16\}\).*/machine=\1/'; fi
links=
for link in /sys/class/net/*; do
    case ${link##*/} in lo | veth*) continue ;; esac
    if read -r mtu <"$link/mtu"; then links="$links ${link##*/}:$mtu"; fi
done 2>/dev/null
echo "links=$links"
if command -v ip >/dev/null; then
    ip -4 route get 8.8.8.8 2>/dev/null | sed -n 's/.* src \([^ ]*\).*/default=\1/p'
    echo "addresses=$(ip -o addr show scope global | awk '{ printf "%s:%s ", $2, $4 }')"
    echo "networks=$(ip -4 route show | awk '$1 ~ /^[0-9]/ { for (i = 2; i < NF; i++) if ($i == "dev") printf "%s:%s ", $(i + 1), $1 }')"
fi
exit 0
