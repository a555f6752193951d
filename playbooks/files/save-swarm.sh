#!/bin/sh
# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
#
# save-swarm.sh WORK SWARM: stop the engine, copy directory SWARM to WORK/swarm.tar, start the engine again. Whatever happens to
# this script or to the connection, the engine is started. Prints how many milliseconds it was not there and the copy took.
set -eu
umask 077
work=$1 swarm=$2
now() { date +%s%3N; }

[ -d /run/systemd/system ] || { echo "this host has no systemd to stop the engine with" >&2; exit 1; }
units=docker.service
if systemctl cat docker.socket >/dev/null 2>&1; then units="docker.socket $units"; fi # else the next client starts it again
rm -rf "$work"
mkdir -p "$work"

trap 'systemctl start docker.service' EXIT
trap 'exit 1' HUP INT TERM
begin=$(now)
# shellcheck disable=SC2086 # words
systemctl stop $units
copy=$(now)
# what the log's next file will be made of has nothing in it
tar -C "${swarm%/*}" --sparse --exclude='*.tmp' -cf "$work/swarm.tar" "${swarm##*/}"
copied=$(now)
systemctl start docker.service
trap - EXIT
echo "{\"stopped\": $(($(now) - begin)), \"copying\": $((copied - copy))}"
