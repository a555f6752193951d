#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026, apiary.swarm maintainers
#
# A signed RPM repository as upstream's mirror has it, with the engines of three Debian suites. Prints its directory.

# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$(dirname "$0")/lib.sh"

suites=()
for entry in $LAB_SUITES; do suites+=("${entry%%:*}"); done
key=$({
  say "$LAB_SUITES"
  packages_of "$LAB_BASE_SUITE" runtime
  for suite in "${suites[@]}"; do packages_of "$suite" engine; done
} | content_key lab/build-rpms.sh lab/rpms)
if [[ -d $LAB_CACHE/rpms-$key ]]; then
  say "$LAB_CACHE/rpms-$key"
  exit
fi

# debs SUITE SET DIR : unpack a set
debs() {
  local file
  for file in $(packages_of "$1" "$2"); do dpkg-deb -x "$LAB_CACHE/packages/$1/$file" "$3"; done
}

# one_engine SUITE CONTAINERD_NEEDED : the packages of a suite's engine into $packages
one_engine() {
  local suite=$1 from=$work/$1 root=$work/$1/root units engine engine_deb file
  mkdir -p "$root/usr/bin" "$root/usr/lib/systemd/system" "$root/etc/containerd"
  debs "$suite" engine "$from"
  units=$from/usr/lib/systemd/system
  [[ -d $units ]] || units=$from/lib/systemd/system
  mv "$from"/usr/{sbin/dockerd,sbin/docker-proxy,bin/docker,bin/containerd,bin/containerd-shim-runc-v2,bin/ctr} "$root/usr/bin"
  # Newer suites' runc and tini need a newer glibc than EL 9 has.
  cp "$work/runtime/usr/sbin/runc" "$root/usr/bin/runc"
  cp "$work/runtime/usr/bin/tini-static" "$root/usr/bin/docker-init"
  cp "$units/docker.socket" "$units/containerd.service" "$root/usr/lib/systemd/system"
  # shellcheck disable=SC2016 # systemd's variable
  sed 's,/usr/sbin/dockerd,/usr/bin/dockerd,; s, \$DOCKER_OPTS,,; /^EnvironmentFile/d' "$units/docker.service" \
    >"$root/usr/lib/systemd/system/docker.service"
  cp "$LAB_DIR/rpms/config.toml" "$root/etc/containerd"
  engine=$(package_version "$suite" engine docker.io)
  engine_deb=$(packages_of "$suite" engine | sed -n 's/^docker\.io_\(.*\)-[^-]*$/\1/p') # 20.10.24+dfsg1
  for file in dockerd docker; do
    python3 "$LAB_DIR/rpms/go_version.py" "$root/usr/bin/$file" "$engine_deb" "$engine"
  done
  rpmbuild -bb --quiet --target x86_64 --define "_topdir $from/rpmbuild" --define "_rpmdir $packages" \
    --define '_build_name_fmt %%{NAME}-%%{VERSION}-%%{RELEASE}.%%{ARCH}.rpm' --define '_binary_payload w3.zstdio' \
    --define "source_root $root" --define "engine_version $engine" --define "containerd_needed $2" \
    --define "containerd_version $(package_version "$suite" engine containerd)" "$LAB_DIR/rpms/docker-ce.spec"
  rm -rf "$from"
}

sign() {
  make_signing_key "$repo/linux/centos/gpg"
  rpmsign --define "_gpg_name $LAB_SIGNER" --define "_gpg_path $GNUPGHOME" --define "__gpg $(command -v gpg)" --addsign "$packages"/*.rpm
  createrepo_c -q --no-database "$stable"
  gpg --batch --yes --detach-sign --armor "$stable/repodata/repomd.xml"
}

cleanup() {
  forget_signing_key
  rm -rf "$work"
}

work=$(work_dir rpms)
trap cleanup EXIT
repo=$work/repo
stable=$repo/linux/centos/9/x86_64/stable
packages=$stable/Packages
mkdir -p "$packages"
ln -s 9 "$repo/linux/centos/10"
cp "$LAB_DIR/rpms/docker-ce.repo" "$repo/linux/centos/docker-ce.repo"
debs "$LAB_BASE_SUITE" runtime "$work/runtime"
pids=()
for entry in $LAB_SUITES; do
  one_engine "${entry%%:*}" "${entry##*:}" &
  pids+=($!)
done
for pid in "${pids[@]}"; do wait "$pid"; done
sign
publish_dir "$repo" rpms "$key"
say "$LAB_CACHE/rpms-$key"
