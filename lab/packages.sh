#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026, apiary.swarm maintainers
#
# Resolves the Debian packages the lab is built from and downloads them, with an apt of its own per suite: nothing of this
# machine's apt is changed. build/lab/packages/SUITE.list says what was resolved (set, address, file, hash), SUITE/ holds
# the files. Resolved once; again with --refresh, and when the mirror no longer has a file.

# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$(dirname "$0")/lib.sh"

dir=$LAB_CACHE/packages
keyring=/usr/share/keyrings/debian-archive-keyring.gpg

# own_apt SUITE COMMAND... : apt with its own sources, lists and an empty dpkg status
own_apt() {
  local suite=$1 apt=$LAB_CACHE/apt/$1
  shift
  if [[ ! -e $apt/apt.conf ]]; then
    mkdir -p "$apt"/{etc/apt.conf.d,etc/preferences.d,state/lists/partial,cache/archives/partial}
    : >"$apt/status"
    say "deb [signed-by=$keyring] $(mirror) $suite main" >"$apt/sources.list"
    # Valid-Until: a mirror may be a snapshot of last year; signatures are checked all the same.
    sed "s,@APT@,$apt,g" "$LAB_DIR/apt.conf" >"$apt/apt.conf.new"
    mv "$apt/apt.conf.new" "$apt/apt.conf"
  fi
  APT_CONFIG=$apt/apt.conf "$@"
}

# uris SUITE SET COMMAND... : lines "set address file hash" out of apt's --print-uris
uris() {
  local suite=$1 set=$2 uris
  shift 2
  uris=$(own_apt "$suite" "$@" --print-uris) ||
    die "a package the lab needs is not in Debian $suite at $(mirror) (named above; asked for: $*)"
  awk -v set="$set" -F"'" '/^\x27/ {split($3, a, " "); print set, $2, a[1], a[3]}' <<<"$uris"
}

closure() { uris "$1" "$2" apt-get install -qq -y --no-install-recommends "${@:3}"; }

resolve() {
  local suite=$1 host_packages
  [[ -n $(mirror) ]] || no_mirror
  own_apt "$suite" apt-get update -qq -o APT::Update::Error-Mode=any || die "no package lists of Debian $suite at $(mirror)"
  {
    if [[ $suite == "$LAB_BASE_SUITE" ]]; then
      mapfile -t host_packages < <(grep -v '^#' "$LAB_DIR/host/packages")
      closure "$suite" host '?essential' "${host_packages[@]}"
      closure "$suite" depot nginx docker-registry
      closure "$suite" haproxy haproxy
      mapfile -t host_packages < <(grep -v '^#' "$LAB_DIR/debian/packages")
      closure "$suite" debian-host '?essential' "${host_packages[@]}"
      mapfile -t host_packages < <(grep -v '^#' "$LAB_DIR/debian/served")
      closure "$suite" debian-served "${host_packages[@]}"
      uris "$suite" busybox apt-get download busybox-static
      uris "$suite" runtime apt-get download runc tini
      uris "$suite" engine apt-get download docker.io containerd
    else
      uris "$suite" engine apt-get download docker.io docker-cli containerd
    fi
    [[ " $LAB_NGINX_SUITES " != *" $suite "* ]] || closure "$suite" nginx nginx
  } >"$dir/$suite.list.new"
  mv "$dir/$suite.list.new" "$dir/$suite.list"
}

download() {
  local suite=$1 set address file hash tmp
  local -a wanted=()
  tmp=$(work_dir "download-$suite")
  while read -r set address file hash; do
    [[ $set != debian-* ]] || some_debian || continue
    [[ -e $dir/$suite/$file || " ${wanted[*]} " == *" $tmp/$file "* ]] || wanted+=("$address" "$tmp/$file" "$hash")
  done <"$dir/$suite.list"
  if ((${#wanted[@]})); then
    mkdir -p "$dir/$suite" || return
    own_apt "$suite" /usr/lib/apt/apt-helper -qq download-file "${wanted[@]}" || return
    mv "$tmp"/*.deb "$dir/$suite/" || return
  fi
  rm -rf "$tmp" "$LAB_CACHE/apt/$suite"
}

one_suite() {
  local suite=$1 refresh=$2
  # Resolved for these package lists and settings? Otherwise resolve again.
  local key
  key=$(content_key lab/packages.sh lab/host/packages lab/debian/packages lab/debian/served lab/apt.conf <<<"$LAB_NGINX_SUITES $LAB_MIRROR")
  if [[ $refresh == no && -e $dir/$suite.list && $(cat "$dir/$suite.key" 2>/dev/null) == "$key" ]]; then
    download "$suite" && return
    say "the mirror has moved on: resolving Debian $suite again"
  fi
  rm -rf "$LAB_CACHE/apt/$suite"
  resolve "$suite"
  download "$suite" || die "could not download all packages of Debian $suite from $(mirror)"
  say "$key" >"$dir/$suite.key"
}

# The sources of the machines' kernel, which are large: downloaded when it is built and not kept.
kernel_source() {
  local suite=${LAB_KERNEL_SOURCE%%:*} package=${LAB_KERNEL_SOURCE#*:} found
  rm -rf "$LAB_CACHE/apt/$suite"
  [[ -n $(mirror) ]] || no_mirror
  own_apt "$suite" apt-get update -qq -o APT::Update::Error-Mode=any || die "no package lists of Debian $suite at $(mirror)"
  found=$(uris "$suite" kernel apt-get download "$package")
  read -r _ address file hash <<<"$found"
  own_apt "$suite" /usr/lib/apt/apt-helper -qq download-file "$address" "$1/$file" "$hash"
  say "$1/$file"
}

if [[ ${1:-} == --kernel ]]; then
  kernel_source "$2"
  exit
fi

refresh=no
[[ ${1:-} != --refresh ]] || refresh=yes
mkdir -p "$dir"
pids=()
for suite in $LAB_SUITES; do
  one_suite "${suite%%:*}" "$refresh" &
  pids+=($!)
done
for pid in "${pids[@]}"; do wait "$pid"; done

# What the lab will have, for people and for inventory/lab.
versions() {
  local suite separator=
  say '{'
  say '  "engines": ['
  for suite in $LAB_SUITES; do
    suite=${suite%%:*}
    printf '%s    {"suite": "%s", "engine": "%s", "containerd": "%s"}' "$separator" "$suite" \
      "$(package_version "$suite" engine docker.io)" "$(package_version "$suite" engine containerd)"
    separator=$',\n'
  done
  printf '\n  ],\n  "nginx": ['
  separator=
  for suite in $LAB_NGINX_SUITES; do
    printf '%s"%s"' "$separator" "$(package_version "$suite" nginx nginx)"
    separator=', '
  done
  printf '],\n  "runc": "%s",\n  "registry": "%s",\n  "systemd": "%s",\n  "dnf": "%s",\n  "python": "%s"\n}\n' \
    "$(package_version "$LAB_BASE_SUITE" runtime runc)" "$(package_version "$LAB_BASE_SUITE" depot docker-registry)" \
    "$(package_version "$LAB_BASE_SUITE" host systemd)" "$(package_version "$LAB_BASE_SUITE" host dnf)" \
    "$(package_version "$LAB_BASE_SUITE" host python3)"
}

versions >"$LAB_CACHE/versions.json.new"
mv "$LAB_CACHE/versions.json.new" "$LAB_CACHE/versions.json"
grep -q "\"engine\": \"$LAB_ENGINE\"" "$LAB_CACHE/versions.json" ||
  die "no engine $LAB_ENGINE; there are: $(sed -n 's/.*"engine": "\([^"]*\)".*/\1/p' "$LAB_CACHE/versions.json" | xargs)"
