#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026, apiary.swarm maintainers
#
# The machines' kernel: user-mode Linux from Debian's sources, with what kernel.config asks for. Prints the file. Once built, it
# is asked for no newer sources. Why Debian's own package does not serve: docs/mesh.md.

# shellcheck source-path=SCRIPTDIR source=../lib.sh
source "$(dirname "$0")/../lib.sh"

key=$(content_key lab/uml/build-kernel.sh lab/uml/kernel.config <<<"$LAB_KERNEL_SOURCE")
if [[ -d $LAB_CACHE/kernel-$key ]]; then
  say "$LAB_CACHE/kernel-$key/linux"
  exit
fi

work=$(work_dir kernel)
trap 'rm -rf "$work"' EXIT
source_package=$("$LAB_DIR/packages.sh" --kernel "$work" | tail -n1)
mkdir "$work/linux"
dpkg-deb --fsys-tarfile "$source_package" | tar -x -O --wildcards './usr/src/*.tar.xz' | tar -C "$work/linux" -xJ --strip-components=1

# One of several at work on this machine: it takes what the others leave.
make=(nice make -C "$work/linux" ARCH=um)
"${make[@]}" -s "KCONFIG_ALLCONFIG=$LAB_DIR/uml/kernel.config" allnoconfig
lacking=$(grep '^CONFIG_' "$LAB_DIR/uml/kernel.config" | grep -vxFf "$work/linux/.config" || [[ $? == 1 ]])
[[ -z $lacking ]] || die "the kernel of $LAB_KERNEL_SOURCE has not, or not without more: $(xargs <<<"$lacking")"
"${make[@]}" -j"$(nproc)" linux >&2

mkdir "$work/result"
strip -o "$work/result/linux" "$work/linux/linux"
publish_dir "$work/result" kernel "$key"
say "$LAB_CACHE/kernel-$key/linux"
