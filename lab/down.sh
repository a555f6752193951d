#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026, apiary.swarm maintainers
#
# Takes the lab away: its containers, volumes and network, its keys, and the engine if up.sh started it and nothing else
# runs in it. Running it twice does no harm.
#   --keep-engine  another lab is going to need it at once
#   --all          every lab of this checkout, and also what was built (build/lab and images) and the packages up.sh installed

# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$(dirname "$0")/lib.sh"

# Ansible's lasting connections, while there is still something at their other end.
close_connections() {
  local dir socket
  [[ -s $LAB_STATE/control-dir ]] || return 0
  dir=$(cat "$LAB_STATE/control-dir")
  for socket in "$dir"/*; do
    [[ ! -S $socket ]] || ssh -O exit -o "ControlPath=$socket" lab 2>/dev/null || true # one that has ended leaves its socket
  done
  rm -rf "$dir"
}

one_lab() {
  local maker
  lock "lab-$LAB_NAME"
  close_connections
  if [[ $engine == yes ]] && maker=$(elsewhere); then
    say "lab '$LAB_NAME' is another checkout's: \`make down\` in $maker takes it away"
  elif [[ $engine == yes ]]; then
    remove_labelled "$LAB_LABEL"
  elif [[ -e $LAB_STATE/inventory.json ]]; then
    say "no engine answers: what it holds of lab '$LAB_NAME' is removed when this is run with the engine running"
  fi
  remove_machines
  rm -rf "$LAB_STATE"
  rm -rf "$LAB_CACHE/logs/$LAB_NAME"
  exec {LOCK_FD}>&-
}

# This checkout's labs: those that have a directory here, and those of which only the engine still knows.
labs() {
  local state
  for state in "$LAB_BUILD"/*/; do basename "$state"; done
  [[ $engine == no ]] || docker ps --all --filter "label=apiary.lab.checkout=$LAB_ROOT" --format '{{.Label "apiary.lab"}}'
}

images() { docker images --format '{{.Repository}}:{{.Tag}}' --filter "label=apiary.lab.checkout=$LAB_ROOT" --filter dangling=false; }

remove_images() {
  local names
  mapfile -t names < <(images)
  ((${#names[@]} == 0)) || docker rmi "${names[@]}" >/dev/null 2>&1 || true # what is left is told of below
  mapfile -t names < <(images)
  ((${#names[@]} == 0)) || say "images that could not be removed, usually because another lab uses them: ${names[*]}"
  prune_images
}

# Purging an engine takes all that it holds along, whoever put it there.
engine_is_empty() {
  local held
  [[ $engine == yes ]] && held=$(docker ps --all --quiet && docker volume ls --quiet && docker images --quiet) && [[ -z $held ]]
}

# Where PID 1 is no init, a process that has ended stays as a zombie.
has_ended() { ! grep -qs '^State:[[:space:]]*[^Z[:space:]]' "/proc/$1/status"; }

# What an engine leaves when it stops: its bridge and its rules. $1 is the policy from before it was started.
forget_network() {
  local table chain policy rule
  as_root ip link delete docker0 2>/dev/null || true # some engines take it along
  for table in filter nat; do
    as_root iptables -t "$table" -S | grep -E '^-A .*(docker0|DOCKER)' | while read -r _ chain rule; do
      # shellcheck disable=SC2086 # words of a rule
      as_root iptables -t "$table" -D "$chain" $rule </dev/null
    done
    as_root iptables -t "$table" -S | sed -n 's/^-N \(DOCKER.*\)/\1/p' | while read -r chain; do
      as_root iptables -t "$table" -X "$chain" </dev/null
    done
  done
  read -ra policy <<<"$1"
  as_root iptables "${policy[@]}"
}

stop_engine() {
  local pid policy
  [[ -e $LAB_CACHE/engine-started ]] || return 0
  if [[ -n $(docker ps --quiet) ]]; then
    say "the engine goes on: other containers run in it"
    return 0
  fi
  if [[ -d /run/systemd/system ]]; then
    as_root systemctl stop docker.socket docker.service containerd.service
  else
    pid=$(as_root cat /run/docker.pid) || die "the engine has left no /run/docker.pid to stop it by"
    as_root service docker stop >/dev/null 2>&1 || true # it says "already stopped" of an engine that it did not start
    has_ended "$pid" || as_root kill "$pid"
    wait_for 30 "the end of the engine" has_ended "$pid"
  fi
  policy=$(<"$LAB_CACHE/engine-started")
  forget_network "${policy:--P FORWARD ACCEPT}"
  mv "$LAB_CACHE/engine-started" "$LAB_CACHE/engine-stopped" # its images are still there: --all starts it once more
}

# Only if nothing else has come to depend on them since. $1: is the engine empty?
remove_packages() {
  local list=$LAB_CACHE/installed-packages packages others why="no engine answers that could say whether it is empty"
  record_packages
  [[ -s $list ]] || return 0
  mapfile -t packages < <(comm -12 <(sort -u "$list") <(dpkg-query -W -f '${Package}\n' | sort))
  ((${#packages[@]})) || return 0
  if [[ $1 == no && " ${packages[*]} " == *" docker.io "* ]]; then
    [[ $engine == no ]] || why="the engine holds containers, volumes or images that are not this lab's, and would lose them"
    say "left installed, because $why: ${packages[*]}"
    return 0
  fi
  others=$(apt-get -s purge "${packages[@]}" | awk '/^Purg/ {print $2}' | sort | comm -23 - <(sort -u "$list") | xargs)
  if [[ -n $others ]]; then
    say "left installed, because others need them by now ($others): ${packages[*]}"
    return 0
  fi
  as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -y purge "${packages[@]}" >/dev/null
  say "removed ${#packages[@]} packages that the lab had installed"
}

check_settings
all=no keep_engine=no
case ${1:-} in
  '') ;;
  --keep-engine) keep_engine=yes ;;
  --all) all=yes ;;
  *) die "unknown option $1 (there are --keep-engine and --all)" ;;
esac

engine=yes
find_engine || engine=no
if [[ $all == no ]]; then
  one_lab
  [[ $engine == no || $keep_engine == yes ]] || stop_engine
  exit
fi

if [[ $engine == no && -e $LAB_CACHE/engine-stopped ]]; then
  if "$LAB_DIR/prepare.sh" >/dev/null && find_engine; then engine=yes; fi
fi
mapfile -t names < <(labs | sort -u)
for LAB_NAME in "${names[@]}"; do
  LAB_STATE=$LAB_BUILD/$LAB_NAME
  LAB_LABEL=apiary.lab=$LAB_NAME
  [[ $LAB_NAME == cache || $LAB_NAME == '*' || -z $LAB_NAME ]] || one_lab
done
empty=no
if [[ $engine == yes ]]; then
  remove_labelled "$LAB_BUILD_LABEL"
  remove_images
  if engine_is_empty; then empty=yes; fi
  stop_engine
elif [[ -e $LAB_CACHE/versions.json ]]; then
  say "no engine answers: images of the lab that it may hold stay there (label apiary.lab.checkout=$LAB_ROOT)"
fi
remove_packages "$empty"
rm -rf "$LAB_BUILD" 2>/dev/null || as_root rm -rf "$LAB_BUILD" # the files of machines are root's
