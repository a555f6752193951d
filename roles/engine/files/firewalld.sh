#!/bin/sh
# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
#
# firewalld.sh apply|check ZONE service=NAME|port=N/PROTO...: let these in, at once and for good; prints what it changes.
# (ansible.posix.firewalld does the same, but nearly every EL host runs firewalld, so the role would nearly always
# need that collection.)
# shellcheck disable=SC2086 # an empty zone or --permanent is no argument
mode=$1 zone=${2:+--zone=$2}
shift 2
for what in "$@"; do
    for lasting in '' --permanent; do
        firewall-cmd $zone $lasting "--query-$what" >/dev/null 2>&1 && continue
        if [ "$mode" = apply ]; then
            firewall-cmd $zone $lasting "--add-$what" >/dev/null || exit 1
        fi
        echo "$what $lasting"
    done
done
