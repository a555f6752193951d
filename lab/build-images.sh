#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026, apiary.swarm maintainers
#
# The roots of the small images as tar files: nginx-VERSION.tar of two Debian suites, haproxy-VERSION.tar and busybox.tar for
# services, and depot.tar (nginx and docker-registry). Each is a few packages and a busybox for its shell. Prints the directory.

# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$(dirname "$0")/lib.sh"

key=$({
  packages_of "$LAB_BASE_SUITE" depot
  packages_of "$LAB_BASE_SUITE" busybox
  packages_of "$LAB_BASE_SUITE" haproxy
  for suite in $LAB_NGINX_SUITES; do packages_of "$suite" nginx; done
} | content_key lab/build-images.sh lab/images lab/depot)
if [[ -d $LAB_CACHE/images-$key ]]; then
  say "$LAB_CACHE/images-$key"
  exit
fi

# What of the packages' closure the programs really load.
wanted='^(libc6|zlib1g|libpcre2-8-0|libssl3(t64)?|libzstd1|libcrypt1|nginx|nginx-common|docker-registry'
wanted+='|haproxy|liblua5.3-0|libopentracing[^_]*|libsystemd0|libcap2|libgcrypt20|libgpg-error0|liblzma5|liblz4-1|libstdc[^_]*|libgcc-s1)_'

busybox_root() {
  local applet
  packages_of "$LAB_BASE_SUITE" busybox | unpack "$LAB_BASE_SUITE" "$1"
  for applet in $("$1/bin/busybox" --list); do [[ -e $1/bin/$applet ]] || ln -s busybox "$1/bin/$applet"; done
  mkdir -p "$1"/{dev,etc,proc,run,sys,tmp}
  chmod 1777 "$1/tmp"
  cp "$LAB_DIR"/images/{passwd,group} "$1/etc/"
}

# program_root SUITE SET DIR
program_root() {
  packages_of "$1" "$2" | grep -E "$wanted" | unpack "$1" "$3"
  busybox_root "$3"
  rm -rf "$3"/usr/lib/x86_64-linux-gnu/gconv "$3"/usr/share/{nginx/modules-available,perl5,gcc*} "$3"/etc/nginx/{sites-enabled,modules-enabled}/*
  mkdir -p "$3"/etc/nginx/conf.d "$3"/var/{log,lib,cache}/nginx "$3/var/www/html"
}

pack() { tar -C "$1" --owner=0 --group=0 -cf "$work/images/$2.tar" .; }

nginx_image() {
  local root=$work/nginx-$1
  program_root "$1" nginx "$root"
  cp "$LAB_DIR/images/nginx/nginx.conf" "$root/etc/nginx/nginx.conf"
  cp "$LAB_DIR/images/nginx/index.html" "$root/usr/share/nginx/html/index.html"
  pack "$root" "nginx-$(package_version "$1" nginx nginx)"
}

haproxy_image() {
  local root=$work/haproxy
  program_root "$LAB_BASE_SUITE" haproxy "$root"
  pack "$root" "haproxy-$(package_version "$LAB_BASE_SUITE" haproxy haproxy)"
}

depot_image() {
  local root=$work/depot
  program_root "$LAB_BASE_SUITE" depot "$root"
  mkdir -p "$root"/{srv,certs,var/lib/registry}
  cp "$LAB_DIR/depot/nginx.conf" "$root/etc/nginx/nginx.conf"
  cp "$LAB_DIR"/depot/registry-*.yml "$root/etc/"
  install -m755 "$LAB_DIR/depot/start" "$root/start"
  pack "$root" depot
}

work=$(work_dir images)
trap 'rm -rf "$work"' EXIT
mkdir "$work/images"
busybox_root "$work/busybox"
pack "$work/busybox" busybox
for suite in $LAB_NGINX_SUITES; do nginx_image "$suite"; done
haproxy_image
depot_image
publish_dir "$work/images" images "$key"
say "$LAB_CACHE/images-$key"
