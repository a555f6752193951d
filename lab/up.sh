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

# Each background step gets a process group of its own, so that Ctrl-C can end all of it.
set -m
groups=()
# shellcheck disable=SC2317 # by trap
stop_all() {
  local status=$? group
  trap - EXIT INT TERM
  for group in "${groups[@]}"; do kill -TERM -- "-$group" 2>/dev/null || true; done
  exit "$status"
}
trap stop_all EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# step NAME WHAT COMMAND... : runs a step with its noise in a log, and says how long it took
step() {
  local name=$1 what=$2 log=$LAB_CACHE/logs/$LAB_NAME-$1.log start=$EPOCHREALTIME
  shift 2
  if ! "$@" >"$LAB_CACHE/logs/$LAB_NAME-$name.out" 2>"$log" {lab_lock}>&- {build_lock}>&-; then
    printf '  %-40s failed\n' "$what"
    tail -n 20 "$log" "$LAB_CACHE/logs/$LAB_NAME-$name.out" >&2
    die "step '$name' failed: all of its output is in $log"
  fi
  printf '  %-40s %5.1f s\n' "$what" "$(awk -v a="$start" -v b="$EPOCHREALTIME" 'BEGIN {print b - a}')"
}
result_of() { tail -n1 "$LAB_CACHE/logs/$LAB_NAME-$1.out"; }

background() {
  "$@" &
  groups+=($!)
}
wait_all() {
  local group
  for group in "${groups[@]}"; do wait "$group"; done
  groups=()
}

depot_step() {
  step depot "depot" "$LAB_DIR/build-depot.sh" "$(result_of rpms)" "$(result_of wheels)" "$(result_of images)"
}

# In the foreground, while there is a terminal to ask on: steps in the background and with a log have none.
ask_for_root() {
  ((EUID == 0)) || as_root true
}

begin=$EPOCHREALTIME
mkdir -p "$LAB_CACHE/logs" "$LAB_STATE"
lock "lab-$LAB_NAME"
lab_lock=$LOCK_FD
lock build
build_lock=$LOCK_FD
rm -rf "$LAB_CACHE/tmp" 2>/dev/null || as_root rm -rf "$LAB_CACHE/tmp"

"$LAB_DIR/prepare.sh" --announce
if "$LAB_DIR/prepare.sh" --needs-root; then ask_for_root; fi
step prepare "tools and engine of this machine" "$LAB_DIR/prepare.sh"
find_engine || die "no engine answers"
step packages "Debian packages" "$LAB_DIR/packages.sh" "${packages_options[@]}"
if [[ -z $LAB_IMAGE ]] && ! "$LAB_DIR/build-host.sh" --have >/dev/null; then ask_for_root; fi
background step host "host image" "$LAB_DIR/host-image.sh"
background step rpms "signed RPMs of three engines" "$LAB_DIR/build-rpms.sh"
rpms=${groups[-1]}
background step wheels "wheels of the Docker SDK" "$LAB_DIR/build-wheels.sh"
wheels=${groups[-1]}
background step images "nginx, busybox, registry" "$LAB_DIR/build-images.sh"
images=${groups[-1]}
wait "$rpms"
wait "$wheels"
wait "$images"
background depot_step
wait_all
host_image=$(result_of host)
if [[ $with_engine == yes ]]; then
  step engine-host "host image with engine $LAB_ENGINE" "$LAB_DIR/build-engine-host.sh" "$(result_of depot)" "$host_image"
  host_image=$(result_of engine-host)
fi
exec {build_lock}>&-

export LAB_TMP=$LAB_STATE/tmp
rm -rf "$LAB_TMP"
step keys "keys and certificates" "$LAB_DIR/keys.sh"
step hosts "$(wc -w <<<"$LAB_HOSTS") hosts and the depot" "$LAB_DIR/hosts.sh" "$(result_of depot)" "$host_image"
cat "$LAB_CACHE/logs/$LAB_NAME-hosts.out"
printf 'The lab is up after %.0f s. Try: ssh -F %s manager1\n' \
  "$(awk -v a="$begin" -v b="$EPOCHREALTIME" 'BEGIN {print b - a}')" "${LAB_STATE#"$PWD/"}/ssh_config"
