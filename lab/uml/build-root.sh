#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026, apiary.swarm maintainers
#
# The files that all machines share, each with a layer of its own over them: the host image, unpacked. Prints the directory.
# build-root.sh HOST_IMAGE

# shellcheck source-path=SCRIPTDIR source=../lib.sh
source "$(dirname "$0")/../lib.sh"

image=$1
key=$(docker image inspect --format '{{.Id}}' "$image" | content_key lab/uml/build-root.sh lab/uml/lab-machine)
if [[ -d $LAB_CACHE/root-$key ]]; then
  say "$LAB_CACHE/root-$key"
  exit
fi
((EUID == 0)) || die "must be root: a root file system is unpacked"

cleanup() {
  [[ -z ${container:-} ]] || docker rm --force "$container" >/dev/null
  rm -rf "$work"
}
work=$(work_dir root)
trap cleanup EXIT
mkdir "$work/root"
container=$(docker create --label "$LAB_BUILD_LABEL" "$image")
docker export "$container" | tar -C "$work/root" -x
mkdir -p "$work/root/mnt"
rm "$work/root/.dockerenv" # by which systemd would take the machine for a container
install -m755 "$LAB_DIR/uml/lab-machine" "$work/root/usr/libexec/"
publish_dir "$work/root" root "$key"
say "$LAB_CACHE/root-$key"
