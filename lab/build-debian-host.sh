#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026, apiary.swarm maintainers
#
# The image of Debian hosts: Debian 12 as it is, with dpkg, apt and the packages' own scripts run. The packages are unpacked first,
# so that there is something to run dpkg in, which then installs them. Prints the image's name; with --have only if it is there.

# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$(dirname "$0")/lib.sh"

key=$({ packages_of "$LAB_BASE_SUITE" debian-host; say "$LAB_SSH_USER"; } |
  content_key lab/build-debian-host.sh lab/debian/rootfs lab/host/any lab/host/masked-units)
if have_image "debian-host:$key"; then
  say "apiary-lab/debian-host:$key"
  exit
fi
[[ ${1:-} != --have ]] || exit 1
((EUID == 0)) || die "must be root: a root file system is unpacked and entered"

overlay() { tar -C "$LAB_DIR/$1" --owner=0 --group=0 --mode=u=rwX,go=rX -c . | tar -C "$root" -x --keep-directory-symlink; }

# Nothing may start here: what the packages' scripts ask is answered by policy-rc.d. ssh's keys are each lab's own.
install_packages() {
  mkdir "$root/debs"
  packages_of "$LAB_BASE_SUITE" debian-host | (cd "$LAB_CACHE/packages/$LAB_BASE_SUITE" && xargs cp -t "$root/debs")
  printf '%s\n' '#!/bin/sh' 'exit 101' >"$root/usr/sbin/policy-rc.d"
  chmod 755 "$root/usr/sbin/policy-rc.d"
  # dpkg's own needs before its own preinst scripts can run
  mkdir -p "$root"/{dev,proc,run,sys,tmp,root} "$root"/var/{tmp,lib/dpkg/info}
  chmod 1777 "$root/tmp" "$root/var/tmp"
  : >"$root/var/lib/dpkg/status"
  [[ -e $root/dev/null ]] || mknod -m 666 "$root/dev/null" c 1 3
  DEBIAN_FRONTEND=noninteractive PATH=/usr/sbin:/usr/bin chroot "$root" /bin/bash -ec '
    dpkg --force-depends --unpack /debs/*.deb
    dpkg --configure --pending
    rm -r /debs /usr/sbin/policy-rc.d
  '
}

finish() {
  local unit
  overlay host/any
  chmod 440 "$root/etc/sudoers.d/ops"
  PATH=/usr/sbin:/usr/bin chroot "$root" useradd --create-home --shell /bin/bash --password '*' "$LAB_SSH_USER"
  PATH=/usr/sbin:/usr/bin chroot "$root" systemctl set-default multi-user.target
  rm -f "$root"/etc/ssh/ssh_host_*
  : >"$root/etc/fstab"
  : >"$root/etc/machine-id"
  ln -sf /etc/machine-id "$root/var/lib/dbus/machine-id" # else all hosts had the one that dbus has just made
  while read -r unit; do ln -sf /dev/null "$root/etc/systemd/system/$unit"; done < <(
    grep -v '^#' "$LAB_DIR/host/masked-units"
    # what starts by itself after a while
    printf '%s.timer\n' apt-daily apt-daily-upgrade dpkg-db-backup e2scrub_all fstrim
  )
}

work=$(work_dir debian-host)
trap 'rm -rf "$work"' EXIT
root=$work/root
mkdir "$root"
packages_of "$LAB_BASE_SUITE" debian-host | unpack "$LAB_BASE_SUITE" "$root"
overlay debian/rootfs
install_packages
finish
image=$(tar -C "$root" -c . | import_root debian-host -c 'LABEL apiary.lab.ready=yes' -c 'CMD ["/usr/libexec/lab-init"]' -c 'ENV container=docker')
publish_image "$image" debian-host "$key"
say "apiary-lab/debian-host:$key"
