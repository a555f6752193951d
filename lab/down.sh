#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026, apiary.swarm maintainers
#
# Takes the lab away: its containers, volumes and network, its keys, and the engine if up.sh started it and nothing else
# runs in it. The build cache and installed packages stay: clean.sh removes those. Running it twice does no harm.

source "$(dirname "$0")/lib.sh"

check_settings
if [[ -d $LAB_STATE ]]; then
  exec {lock_fd}>"$LAB_STATE/lock"
  flock "$lock_fd"
fi

# Ansible's lasting connections, while there is still something at their other end.
close_connections() {
  local dir socket
  [[ -s $LAB_STATE/control-dir ]] || return 0
  dir=$(cat "$LAB_STATE/control-dir")
  for socket in "$dir"/*; do
    [[ ! -S $socket ]] || ssh -O exit -o "ControlPath=$socket" lab 2>/dev/null || true
  done
  rm -rf "$dir"
}

# labelled COMMAND... : the IDs of what carries this lab's label
labelled() { docker "$@" --quiet --filter "label=$LAB_LABEL"; }

remove_all() {
  local ids
  mapfile -t ids < <(labelled ps --all)
  # Killed, not stopped: nothing in it is to be kept.
  ((${#ids[@]} == 0)) || printf '%s\n' "${ids[@]}" | xargs -P4 -n1 docker rm -fv >/dev/null
  mapfile -t ids < <(labelled volume ls)
  ((${#ids[@]} == 0)) || docker volume rm "${ids[@]}" >/dev/null
  mapfile -t ids < <(labelled network ls)
  ((${#ids[@]} == 0)) || docker network rm "${ids[@]}" >/dev/null
}

stop_engine() {
  local pid
  [[ -e $LAB_CACHE/engine-started ]] || return 0
  if [[ -n $(docker ps --quiet) ]]; then
    say "the engine goes on: other containers run in it. The last \`make down\` stops it"
    return 0
  fi
  if [[ -d /run/systemd/system ]]; then
    as_root systemctl stop docker.socket docker.service containerd.service
  else
    as_root service docker stop >/dev/null 2>&1 || true
    pid=$(cat /run/docker.pid /var/run/docker.pid 2>/dev/null | head -n1) || true
    if [[ -n $pid && -d /proc/$pid ]]; then
      as_root kill "$pid"
      wait_for 30 "the end of the engine" test ! -d "/proc/$pid"
    fi
  fi
  rm "$LAB_CACHE/engine-started"
}

close_connections
if docker info >/dev/null 2>&1; then
  remove_all
  stop_engine
elif [[ -e $LAB_STATE/inventory.json ]]; then
  say "no engine answers: containers of the lab that it may still hold are removed when it runs and this is run again"
fi
rm -rf "$LAB_STATE"
rm -f "$LAB_CACHE/logs/$LAB_NAME"-*
