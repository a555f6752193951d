# shellcheck shell=sh
# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
#
# validate-daemon.sh FILE: does this host's engine accept FILE as its daemon.json? If so, note that a running engine has
# to be restarted: before the file is put in place, so that an interrupted run still restarts it the next time.
# Engine 23.0 and newer can be asked. An older one reads and checks its configuration before it looks at its pid file,
# so one that finds a pid file in use has accepted the configuration, and goes no further.
accepted() {
    if dockerd --help | grep -q -- '--validate'; then
        dockerd --validate --config-file "$1"
    else
        pidfile=$(mktemp)
        echo $$ >"$pidfile"
        answer=$(timeout 20 dockerd --config-file "$1" --pidfile "$pidfile" 2>&1)
        rm -f "$pidfile"
        echo "$answer"
        case $answer in *"pid file found"*) true ;; *) false ;; esac
    fi
}

accepted "$1" >&2 || exit 1
if [ -e /run/docker.pid ]; then touch /run/apiary-engine-restart; fi
