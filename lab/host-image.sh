#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026, apiary.swarm maintainers
#
# The image the hosts are made from: LAB_IMAGE if it says that it is ready, an image derived from it by centos/Dockerfile
# if it does not, the one built from Debian packages if LAB_IMAGE is empty. Prints its name.

# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$(dirname "$0")/lib.sh"

if [[ -z $LAB_IMAGE ]]; then
  "$LAB_DIR/build-host.sh" --have || as_root "$LAB_DIR/build-host.sh"
  exit
fi

docker image inspect "$LAB_IMAGE" >/dev/null 2>&1 || docker pull "$LAB_IMAGE" >&2 || die "no image $LAB_IMAGE"
if [[ $(docker image inspect --format '{{index .Config.Labels "apiary.lab.ready"}}' "$LAB_IMAGE") == yes ]]; then
  say "$LAB_IMAGE"
  exit
fi

key=$(docker image inspect --format '{{.Id}}' "$LAB_IMAGE" | content_key lab/centos lab/host/any lab/host/masked-units)
if ! have_image "host:$key"; then
  docker build -q --build-arg "BASE=$LAB_IMAGE" --build-arg "LAB_USER=$LAB_SSH_USER" --label apiary.lab.step=host \
    --label "apiary.lab.checkout=$LAB_ROOT" -f "$LAB_DIR/centos/Dockerfile" -t "apiary-lab/host:$key" "$LAB_DIR/host" >&2
fi
say "apiary-lab/host:$key"
