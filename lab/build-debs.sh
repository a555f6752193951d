#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026, apiary.swarm maintainers
#
# What Debian hosts install from: debian/, signed as Debian's own archive is, with what such a host needs of the distribution; and
# linux/debian, linux/ubuntu, the layout of upstream's mirror, with the engines that the RPMs have. Prints the directory.
# build-debs.sh RPMS (the directory that build-rpms.sh printed)

# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$(dirname "$0")/lib.sh"

rpms=$1
key=$({ say "${rpms##*/}"; served; } | content_key lab/build-debs.sh lab/debs)
if [[ -d $LAB_CACHE/debs-$key ]]; then
  say "$LAB_CACHE/debs-$key"
  exit
fi

# control NAME VERSION RPM : the fields by which apt decides, as upstream's packages have them. Of the distribution's engine: one of
# the two, never both.
control() {
  printf '%s\n' "Package: $1" "Version: $2" 'Architecture: amd64' 'Maintainer: Lab packages <lab@example.test>' 'Section: admin' \
    'Priority: optional' 'Description: From the RPM of the same name'
  case $1 in
    docker-ce)
      say "Depends: containerd.io (>= $(rpm -qp --nosignature --requires "$3" | sed -n 's/^containerd.io >= //p')), docker-ce-cli, iptables," \
        "libc6, libdevmapper1.02.1, libseccomp2, libsystemd0"
      say 'Recommends: docker-ce-rootless-extras'
      say 'Conflicts: docker.io'
      ;;
    docker-ce-cli) say 'Conflicts: docker.io, docker-cli' ;;
    containerd.io) printf '%s\n' 'Depends: libc6, libseccomp2' 'Provides: containerd, runc' 'Conflicts: containerd, runc' 'Replaces: containerd, runc' ;;
  esac
}

# one_package RPM : as a .deb in upstream's pool
one_package() {
  local rpm=$1 name version epoch=5: root file=${1##*/}
  name=${file%-*-*} # docker-ce-28.5.2-1.el9.x86_64.rpm
  version=${file#"$name-"}
  version=${version%%-*}
  [[ $name != containerd.io ]] || epoch=
  version=$version-1~debian.12~bookworm
  root=$work/$name-$version
  mkdir -p "$root/DEBIAN"
  rpm2archive - <"$rpm" | tar -xz -C "$root"
  control "$name" "$epoch$version" "$rpm" >"$root/DEBIAN/control"
  if [[ -d $LAB_DIR/debs/$name ]]; then install -m755 -t "$root/DEBIAN" "$LAB_DIR/debs/$name"/*; fi
  [[ ! -d $root/etc ]] || (cd "$root" && find etc -type f -printf '/%p\n') >"$root/DEBIAN/conffiles"
  dpkg-deb --root-owner-group -Znone --build "$root" "$pool/${name}_${version}_amd64.deb" >/dev/null
  rm -rf "$root"
}

# stanza FILE : its entry in an index, for the directory above dists/
stanza() {
  dpkg-deb --field "$1"
  printf '%s\n' "Filename: $1" "Size: $(stat -c %s "$1")" "SHA256: $(sha256sum <"$1" | cut -d' ' -f1)" ''
}

# index DIRECTORY SUITE COMPONENT ORIGIN : dists/SUITE with all packages below DIRECTORY/pool, signed
index() {
  local file dists=dists/$2 component=$3
  cd "$1"
  mkdir -p "$dists/$component/binary-amd64"
  find pool/ -name '*.deb' | sort | while read -r file; do stanza "$file"; done >"$dists/$component/binary-amd64/Packages"
  cd "$dists"
  {
    printf '%s\n' "Origin: $4" "Label: $4" "Suite: $2" "Codename: $2" "Date: $(date -Ru)" 'Architectures: amd64' "Components: $component" 'SHA256:'
    file=$component/binary-amd64/Packages
    say " $(sha256sum <"$file" | cut -d' ' -f1) $(stat -c %s "$file") $file"
  } >"$work/Release"
  gpg --batch --yes --clearsign --output InRelease "$work/Release"
  cd "$work"
}

cleanup() {
  forget_signing_key
  rm -rf "$work"
}

work=$(work_dir debs)
trap cleanup EXIT
repo=$work/repo
pool=$repo/linux/debian/pool
mkdir -p "$pool" "$repo/debian/pool"
# without the epoch in the name, whose colon is written %3a there
served | while read -r file; do cp -l "$LAB_CACHE/packages/$LAB_BASE_SUITE/$file" "$repo/debian/pool/${file/_[0-9]%3a/_}"; done
export LAB_DIR work pool
export -f one_package control say
# shellcheck disable=SC2016 # for the inner shell
find "$rpms/linux/centos/9" -name '*.rpm' -print0 | xargs -0 -P"$(nproc)" -n1 bash -o pipefail -euc 'one_package "$0"'
make_signing_key "$repo/linux/debian/gpg"
index "$repo/debian" "$LAB_BASE_SUITE" main Debian
index "$repo/linux/debian" "$LAB_BASE_SUITE" stable Docker
index "$repo/linux/debian" "$LAB_UBUNTU_CODENAME" stable Docker
publish_dir "$repo" debs "$key"
say "$LAB_CACHE/debs-$key"
