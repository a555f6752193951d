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
)

python=${PYTHON:-python3}
echo "python=$($python -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null)"
echo "sdk_wanted=$($SDK_PYTHON -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null)"
if [ -d /run/systemd/system ]; then echo systemd=yes; fi
if systemctl is-active --quiet firewalld 2>/dev/null; then echo firewalld=yes; fi

# An installation that was interrupted half-way does not count.
if command -v dockerd >/dev/null && command -v docker >/dev/null && command -v containerd >/dev/null; then
    dockerd --version | sed 's/^Docker version \([^,+]*\).*/engine=\1/'
    if systemctl is-enabled --quiet docker 2>/dev/null; then echo enabled=yes; fi
    info=$(DOCKER_HOST='' timeout 20 docker info --format '{{if .ServerVersion}}running=yes{{end}}
swarm={{.Swarm.LocalNodeState}}
control={{.Swarm.ControlAvailable}}' 2>/dev/null)
    case $info in
    running=yes*) echo "$info" ;;
    # A stopped engine answers nothing; its state file tells whether it belongs to a swarm.
    *) if [ -e /var/lib/docker/swarm/docker-state.json ]; then echo swarm=stopped; fi ;;
    esac
fi
if [ -e /etc/docker/daemon.json ]; then echo daemon_json=yes; fi
if [ -e /run/apiary-engine-restart ]; then echo restart_due=yes; fi
sdk=/opt/apiary/sdk
if [ -e $sdk/requirements.txt ]; then
    sha256sum <$sdk/requirements.txt | sed 's/^\([^ ]*\).*/sdk_requirements=\1/'
    for packages in "$sdk"/lib/python*/site-packages; do
        packages=${packages#"$sdk/lib/python"}
        echo "sdk_python=${packages%%/*}"
    done
fi
exit 0
