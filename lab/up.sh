#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026, apiary.swarm maintainers
#
# Five hosts and a depot on this machine, from nothing: up.sh [--with-engine] [--refresh]
#   --with-engine  hosts that have their engine and the SDK already
#   --refresh      ask the package mirror again, and build what has changed
# What is up to date is not built again, what runs is left alone. Settings: settings.sh; how it works: docs/lab.md.

# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$(dirname "$0")/lib.sh"

with_engine=no
packages_options=()
for argument in "$@"; do
  case $argument in
    --with-engine) with_engine=yes ;;
    --refresh) packages_options=(--refresh) ;;
    *) die "unknown option $argument (there are --with-engine and --refresh)" ;;
  esac
done
check_settings
[[ $with_engine == no ]] || ! some_debian || die "--with-engine is for hosts that are CentOS, all of them: LAB_DEBIAN and LAB_UBUNTU must be empty"

# Each step runs in the background, as a process group of its own: Ctrl-C reaches this script, which ends all of them.
set -m
declare -A groups=()
# shellcheck disable=SC2317 # by trap
stop_all() {
  local status=$? group
  trap - EXIT
  trap '' INT TERM
  for group in "${groups[@]}"; do
    kill -TERM -- "-$group" 2>/dev/null || true # a step may just have ended
    ((EUID == 0)) || sudo -n kill -TERM -- "-$group" 2>/dev/null || true # what runs by sudo is not this user's to end
  done
  { wait; } 2>/dev/null # which also tells which were terminated
  exit "$status"
}
trap stop_all EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

seconds_since() { awk -v a="$1" -v b="$EPOCHREALTIME" 'BEGIN {printf "%.1f", b - a}'; }

# step NAME WHAT COMMAND... : runs it with its noise in a log and its result in a file, and says how long it took
step() {
  local name=$1 what=$2 log=$LAB_LOGS/$1 begin=$EPOCHREALTIME
  shift 2
  if ! "$@" >"$log.out" 2>"$log.log" {lab_lock}>&- {build_lock}>&-; then
    printf '  %-40s failed\n' "$what"
    tail -n 20 "$log.out" "$log.log" >&2
    die "$what: failed; all that was said is in $log.log"
  fi
  printf '  %-40s %5s s\n' "$what" "$(seconds_since "$begin")"
}
result_of() { tail -n1 "$LAB_LOGS/$1.out"; }

# start NAME ... begins a step, finish NAME... waits for steps, run NAME ... does both
start() {
  step "$@" &
  groups[$1]=$!
}
finish() {
  local name
  for name in "$@"; do
    wait "${groups[$name]}"
    unset "groups[$name]"
  done
}
# follow NAME : says now and then how far a long step is that runs, by its log
follow() {
  local next=$((SECONDS + 5)) log=$LAB_LOGS/$1.log
  while kill -0 "${groups[$1]}" 2>/dev/null; do
    if ((SECONDS >= next)); then
      next=$((SECONDS + 20))
      printf '    %s: line %s, %s\n' "$1" "$(wc -l <"$log")" "$(tail -n1 "$log" | xargs)"
    fi
    sleep 1
  done
}
run() {
  start "$@"
  finish "$1"
}

debian_host() { "$LAB_DIR/build-debian-host.sh" --have || as_root "$LAB_DIR/build-debian-host.sh"; }

# In the foreground, while there is a terminal to ask on: steps in the background and with a log have none.
ask_for_root() {
  ((EUID == 0)) || as_root true
}

begin=$EPOCHREALTIME
mkdir -p "$LAB_LOGS" "$LAB_STATE"
lock "lab-$LAB_NAME"
lab_lock=$LOCK_FD
lock build
build_lock=$LOCK_FD
rm -rf "$LAB_CACHE/tmp" 2>/dev/null || as_root rm -rf "$LAB_CACHE/tmp"

"$LAB_DIR/prepare.sh" --announce
if "$LAB_DIR/prepare.sh" --needs-root; then ask_for_root; fi
run prepare "tools and engine of this machine" "$LAB_DIR/prepare.sh"
find_engine || die "no engine answers"
if maker=$(elsewhere); then
  die "a lab '$LAB_NAME' of another checkout runs already: \`make down\` in $maker, or choose another LAB_NAME and LAB_SUBNET"
fi
remove_labelled "$LAB_BUILD_LABEL" # left by a build that was killed
run packages "Debian packages" "$LAB_DIR/packages.sh" "${packages_options[@]}"
if [[ -z $LAB_IMAGE ]] && ! "$LAB_DIR/build-host.sh" --have >/dev/null; then ask_for_root; fi
if some_debian && ! "$LAB_DIR/build-debian-host.sh" --have >/dev/null; then ask_for_root; fi
start host "host image" "$LAB_DIR/host-image.sh"
start rpms "signed RPMs of three engines" "$LAB_DIR/build-rpms.sh"
start wheels "wheels of the Docker SDK" "$LAB_DIR/build-wheels.sh"
start images "nginx, busybox, registry" "$LAB_DIR/build-images.sh"
if some_debian; then start debian-host "Debian host image" debian_host; fi
if [[ $LAB_KERNEL == uml ]]; then start kernel "kernel of the machines" "$LAB_DIR/uml/build-kernel.sh"; fi
finish rpms wheels images
if some_debian; then start debs "signed .debs for Debian hosts" "$LAB_DIR/build-debs.sh" "$(result_of rpms)"; fi
start depot "depot" "$LAB_DIR/build-depot.sh" "$(result_of rpms)" "$(result_of wheels)" "$(result_of images)"
finish host depot
host_image=$(result_of host)
if [[ $with_engine == yes ]]; then
  run engine-host "host image with engine $LAB_ENGINE" "$LAB_DIR/build-engine-host.sh" "$(result_of depot)" "$host_image"
  host_image=$(result_of engine-host)
fi
hosts_from=("$host_image")
if some_debian; then
  finish debian-host debs
  hosts_from=("$host_image" "$(result_of debian-host)" "$(result_of debs)")
fi
if [[ $LAB_KERNEL == uml ]]; then
  run root "files of the machines" as_root env "LAB_NAME=$LAB_NAME" "$LAB_DIR/uml/build-root.sh" "$host_image"
  follow kernel
  finish kernel
  hosts_from=("$(result_of root)" "$(result_of kernel)")
fi
prune_images
exec {build_lock}>&-

export LAB_TMP=$LAB_STATE/tmp
rm -rf "$LAB_TMP"
run keys "keys and certificates" "$LAB_DIR/keys.sh"
run hosts "$(wc -w <<<"$LAB_HOSTS") hosts and the depot" "$LAB_DIR/hosts.sh" "$(result_of depot)" "${hosts_from[@]}"
cat "$LAB_LOGS/hosts.out"
say "The lab is up after $(seconds_since "$begin") s. Try: ssh -F ${LAB_STATE#"$PWD/"}/ssh_config manager1"
