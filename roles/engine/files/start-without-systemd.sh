#!/bin/sh
# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
#
# start-without-systemd.sh started|restarted|stopped: the engine on a machine whose first process is not systemd.
log=/var/log/dockerd.log
pidfile=/var/run/docker.pid

answers() {
    for _ in $(seq "$1"); do
        docker info >/dev/null 2>&1 && return 0
        sleep 0.5
    done
    return 1
}

if [ "$1" != started ]; then
    service docker stop >/dev/null 2>&1
    if [ -e "$pidfile" ]; then kill "$(cat "$pidfile")"; fi
    for _ in $(seq 100); do
        [ -e "$pidfile" ] || break # the engine removes it when it is done
        sleep 0.2
    done
fi
if [ "$1" = stopped ]; then exit 0; fi
answers 1 && exit 0
service docker start >/dev/null 2>&1 && answers 40 && exit 0
setsid dockerd >>"$log" 2>&1 </dev/null &
answers 60 && exit 0
tail -n 20 "$log" >&2
exit 1
