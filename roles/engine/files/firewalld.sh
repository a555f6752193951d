#!/bin/sh
# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
#
# firewalld.sh apply|check|apply-remove|check-remove ZONE service=NAME|port=N/PROTO...: let these in, at once and for good, or no
# longer; prints what it changes.
# (ansible.posix.firewalld does the same, but nearly every EL host runs firewalld, so the role would nearly always
# need that collection.)
# shellcheck disable=SC2086 # an empty zone or --permanent is no argument
mode=$1 zone=${2:+--zone=$2}
shift 2
for what in "$@"; do
    for lasting in '' --permanent; do
        if firewall-cmd $zone $lasting "--query-$what" >/dev/null 2>&1; then step=remove; else step=add; fi
        case $mode-$step in
        apply-add | apply-remove-remove) firewall-cmd $zone $lasting "--$step-$what" >/dev/null || exit 1 ;;
        check-add | check-remove-remove) ;;
        *) continue ;;
        esac
        echo "$what $lasting"
    done
done
