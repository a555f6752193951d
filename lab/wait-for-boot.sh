#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026, apiary.swarm maintainers
#
# Waits in a host, at most a minute, until systemd has started all of it; says what is wrong if something is. Polls, because
# `systemctl is-system-running --wait` was seen to miss the end of the boot.
for _ in $(seq 300); do
  state=$(systemctl is-system-running)
  case $state in
    running) exit 0 ;;
    degraded)
      echo "$1: a unit failed: $(systemctl list-units --failed --plain --no-legend)"
      exit 0
      ;;
  esac
  sleep 0.2
done
echo "$1: systemd is still '$state', waiting for: $(systemctl list-jobs --no-legend)"
