#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026, apiary.swarm maintainers
#
# The depot's image: nginx over RPMs and wheels, and the registry with the images already pushed to it. Prints its name.
# build-depot.sh RPMS WHEELS IMAGES (directories that the other steps printed)

# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$(dirname "$0")/lib.sh"

rpms=$1 wheels=$2 images=$3
key=$(printf '%s\n' "${rpms##*/}" "${wheels##*/}" "${images##*/}" | content_key lab/build-depot.sh)
if have_image "depot:$key"; then
  say "apiary-lab/depot:$key"
  exit
fi

cleanup() {
  [[ -z ${filler:-} ]] || docker rm -fv "$filler" >/dev/null
  ((${#temporary[@]} == 0)) || docker rmi -f "${temporary[@]}" >/dev/null
}
temporary=()
trap cleanup EXIT

base=$(import_root depot -c 'CMD ["/start"]' <"$images/depot.tar")
filler=$(docker run -d --label "$LAB_BUILD_LABEL" -p 127.0.0.1::5002 "$base" docker-registry serve /etc/registry-fill.yml)
port=$(docker port "$filler" 5002 | head -n1)
registry=127.0.0.1:${port##*:}
wait_for 20 "the depot's registry" docker exec "$filler" wget -q -O /dev/null http://127.0.0.1:5002/v2/

# push TAR NAME:TAG [docker import options]
push() {
  local tar=$1 name=$registry/$2
  shift 2
  temporary+=("$(docker import "$@" "$tar" "$name")")
  docker push -q "$name"
}

push "$images/busybox.tar" busybox:latest -c 'CMD ["sh"]'
for tar in "$images"/nginx-*.tar; do
  version=${tar##*/nginx-}
  version=${version%.tar}
  push "$tar" "nginx:${version%.*}" -c 'EXPOSE 80' -c 'CMD ["nginx"]'
done
for tar in "$images"/haproxy-*.tar; do
  version=${tar##*/haproxy-}
  version=${version%.tar}
  # not root, as in upstream's image
  push "$tar" "haproxy:${version%.*}" -c 'USER haproxy' -c 'CMD ["haproxy", "-W", "-db", "-f", "/etc/haproxy/haproxy.cfg"]'
done
docker stop -t 2 "$filler" >/dev/null
docker cp "$rpms/linux" "$filler:/srv/"
docker cp "$wheels" "$filler:/srv/wheels"
image=$(docker commit -c "LABEL ${LAB_BUILD_LABEL%%=*}=" -c 'CMD ["/start"]' "$filler")
publish_image "$image" depot "$key"
say "apiary-lab/depot:$key"
