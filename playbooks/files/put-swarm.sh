#!/bin/sh
# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
#
# put-swarm.sh WORK SWARM CHECKSUM: stop the engine, put what WORK/swarm.tar.gz has in place of directory SWARM, start the engine again. The
# directory is replaced by a single step, and never if the host is in a swarm. CHECKSUM stays there, to tell what it was made of. Whatever happens, the engine is started.
set -eu
umask 077
work=$1 swarm=$2 checksum=$3

[ -d /run/systemd/system ] || { echo "this host has no systemd to stop the engine with" >&2; exit 1; }
units=docker.service
if systemctl cat docker.socket >/dev/null 2>&1; then units="docker.socket $units"; fi # else the next client starts it again
rm -rf "$swarm.new"
mkdir "$swarm.new"
tar -C "$swarm.new" --strip-components=1 -xzf "$work/swarm.tar.gz"
test -e "$swarm.new/docker-state.json" || { echo "the archive holds no swarm" >&2; exit 1; }
echo "$checksum" >"$swarm.new/apiary-restored"

trap 'systemctl start docker.service' EXIT
trap 'exit 1' HUP INT TERM
# shellcheck disable=SC2086 # words
systemctl stop $units
if [ -e "$swarm/docker-state.json" ]; then
    rm -rf "$swarm.new"
    echo "this host is in a swarm already" >&2
    exit 1
fi
rm -rf "$swarm"
mv "$swarm.new" "$swarm"
sync -f "$swarm"
