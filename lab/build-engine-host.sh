#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026, apiary.swarm maintainers
#
# The host image with the engine and the SDK already in it, for tests that are not about installing. Made from the host
# image by dnf and pip out of the depot, as role engine does it. Prints its name.
# build-engine-host.sh DEPOT_IMAGE HOST_IMAGE

# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$(dirname "$0")/lib.sh"

depot_image=$1 host_image=$2
key=$({
  say "$LAB_ENGINE $host_image"
  # What it takes from the depot: the repository as such, whose key changes with every build, and the SDK.
  say "$depot_image"
} | content_key lab/build-engine-host.sh roles/engine/files/sdk-requirements.txt)
if have_image "engine-host:$key"; then
  say "apiary-lab/engine-host:$key"
  exit
fi

name=apiary-lab-build-$$
# After a failure not all of it is there. What stays all the same is found by its label when the lab is next brought up.
cleanup() {
  docker rm -fv "$name-depot" "$name-host" >/dev/null 2>&1 || true
  docker network rm "$name" >/dev/null 2>&1 || true
}
trap cleanup EXIT
docker network create --label "$LAB_BUILD_LABEL" "$name" >/dev/null
docker run -d --name "$name-depot" --label "$LAB_BUILD_LABEL" --network "$name" --network-alias depot "$depot_image" nginx >/dev/null
wait_for 20 "the depot" docker exec "$name-depot" wget -q -O /dev/null http://127.0.0.1/linux/centos/gpg

# The containerd that belongs to the engine: without a version dnf takes the newest.
containerd=$(sed -n "s/.*\"engine\": \"$LAB_ENGINE\", \"containerd\": \"\([^\"]*\)\".*/\1/p" "$LAB_CACHE/versions.json")
docker run -i --name "$name-host" --label "$LAB_BUILD_LABEL" --network "$name" "$host_image" \
  /bin/sh -es "$LAB_ENGINE" "$containerd" <<'END'
curl -sSf http://depot/linux/centos/docker-ce.repo -o /etc/yum.repos.d/docker-ce.repo
rpm --import http://depot/linux/centos/gpg
dnf -y -q install "docker-ce-3:$1" "docker-ce-cli-1:$1" "docker-ce-rootless-extras-$1" "containerd.io-$2"
dnf -q clean all
systemctl enable docker
curl -sSf http://depot/wheels/requirements.txt -o /tmp/requirements.txt
python3 -m venv /opt/apiary/sdk
/opt/apiary/sdk/bin/pip install -q --disable-pip-version-check --no-index --find-links http://depot/wheels/ --trusted-host depot -r /tmp/requirements.txt
cp /tmp/requirements.txt /opt/apiary/sdk/requirements.txt
END
image=$(docker commit -c "LABEL ${LAB_BUILD_LABEL%%=*}=" -c 'CMD ["/usr/libexec/lab-init"]' -c 'LABEL apiary.lab.step=engine-host' \
  -c "LABEL apiary.lab.checkout=\"$LAB_ROOT\"" "$name-host")
publish_image "$image" engine-host "$key"
say "apiary-lab/engine-host:$key"
