#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026, apiary.swarm maintainers
#
# power.sh off|on HOST: a power failure of a host of the lab, and the end of it

# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$(dirname "$0")/lib.sh"

find_engine || die "no engine answers"
case $LAB_KERNEL:$1 in
  :off) docker kill "$LAB_NAME-$2" >/dev/null ;;
  :on) docker start "$LAB_NAME-$2" >/dev/null ;;
  uml:off) machine kill "$2" ;;
  uml:on) die "a machine that lost its power has lost its files: take the lab down and bring it up again" ;;
  *) die "power.sh off|on HOST" ;;
esac
