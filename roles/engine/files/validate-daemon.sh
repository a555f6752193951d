# shellcheck shell=sh
# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
#
# validate-daemon.sh FILE: does this host's engine accept FILE as its daemon.json, or as a drop-in of its unit, of which the command
# line counts, beside the daemon.json that is there? If so, note that a running engine has to be restarted: before the file is
# put in place, so that an interrupted run still restarts it the next time.
# Engine 23.0 and newer can be asked. An older one reads and checks its configuration before it looks at its pid file,
# so one that finds a pid file in use has accepted the configuration, and goes no further.
accepted() {
    if dockerd --help | grep -q -- '--validate'; then
        dockerd --validate "$@"
    else
        pidfile=$(mktemp)
        echo $$ >"$pidfile"
        answer=$(timeout 20 dockerd "$@" --pidfile "$pidfile" 2>&1)
        rm -f "$pidfile"
        echo "$answer"
        case $answer in *"pid file found"*) true ;; *) false ;; esac
    fi
}

file=$1
if grep -q '^\[Service\]' "$file"; then
    # what is a variable of the unit ($DOCKER_OPTS) is not known here
    # shellcheck disable=SC2046 # words of a command line
    set -- $(sed -n 's/^ExecStart=[^ ]\+ //p' "$file" | sed 's/\$[A-Za-z_{}]\+//g')
else
    set -- --config-file "$file"
fi
accepted "$@" >&2 || exit 1
if [ -e /run/docker.pid ]; then touch /run/apiary-engine-restart; fi
