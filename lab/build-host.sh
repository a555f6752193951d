#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026, apiary.swarm maintainers
#
# The host image: Debian packages with the face of CentOS Stream 9. They are unpacked without their maintainer scripts (a
# tenth of the time debootstrap takes), what those would have done follows, then the files of host/rootfs and host/any,
# then the stub entries of host/stubs in the rpm database. Prints the image's name; with --have only if it is there.

# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$(dirname "$0")/lib.sh"

key=$({ packages_of "$LAB_BASE_SUITE" host; say "$LAB_SSH_USER"; } | content_key lab/build-host.sh lab/host)
if have_image "host:$key"; then
  say "apiary-lab/host:$key"
  exit
fi
[[ ${1:-} != --have ]] || exit 1
((EUID == 0)) || die "must be root: a root file system is unpacked and entered"

stub_spec() {
  cat <<END
Name: lab-stubs
Version: 9
Release: 1.el9
Summary: What the host image has from elsewhere
License: GPL-3.0-or-later
BuildArch: noarch
AutoReqProv: no
%description
%{summary}
END
  local name version epoch provided provides
  while read -r name version provides; do
    epoch=0
    if [[ $version == *:* ]]; then
      epoch=${version%%:*}
      version=${version#*:}
    fi
    cat <<END
%package -n $name
Summary: What the host image has from elsewhere
Epoch: $epoch
Version: $version
Release: 1.el9
AutoReqProv: no
END
    for provided in $provides; do say "Provides: ${provided/=/ = }"; done
    printf '%s\n' "%description -n $name" '%{summary}' "%files -n $name"
  done < <(grep -v '^#' "$LAB_DIR/host/stubs")
}

build_stubs() {
  stub_spec >"$work/stubs.spec"
  rpmbuild -bb --quiet --define "_topdir $work/rpmbuild" --define "_rpmdir $work/stubs" --define '_binary_payload w1.gzdio' \
    --define '_build_name_fmt %%{NAME}.rpm' "$work/stubs.spec"
}

# Copies a tree of the repository over the root, whatever owner and umask the checkout has.
overlay() { tar -C "$LAB_DIR/$1" --owner=0 --group=0 --mode=u=rwX,go=rX -c . | tar -C "$root" -x --keep-directory-symlink; }

# What the maintainer scripts would have done, as far as a host needs it.
maintainer_scripts() {
  local link target
  sed 's,^root:.*,root:x:0:0:root:/root:/bin/bash,' "$root/usr/share/base-passwd/passwd.master" >"$root/etc/passwd"
  say 'sshd:x:74:65534::/run/sshd:/usr/sbin/nologin' >>"$root/etc/passwd"
  cp "$root/usr/share/base-passwd/group.master" "$root/etc/group"
  say 'wheel:x:10000:' >>"$root/etc/group"
  rm -rf "$root/var/run" "$root/var/lock"
  ln -s /run "$root/var/run"
  ln -s /run/lock "$root/var/lock"
  ln -sf ../proc/self/mounts "$root/etc/mtab"
  mkdir -p "$root"/usr/local/{bin,sbin} "$root"/var/{tmp,lib/dbus,lib/rpm} "$root/root/.ssh" "$root"/etc/{sysconfig,yum.repos.d,dnf/vars}
  chmod 1777 "$root/tmp" "$root/var/tmp"
  chmod 700 "$root/root" "$root/root/.ssh"
  sed -i '/pam_selinux\|pam_motd\|pam_mail\|pam_loginuid/d' "$root/etc/pam.d/sshd"
  sed 's/^#\?UsePAM.*/UsePAM yes/' "$root/usr/share/openssh/sshd_config" >"$root/etc/ssh/sshd_config"
  # update-alternatives
  while read -r link target; do [[ -e $root/$link ]] || ln -s "$target" "$root/$link"; done <<END
usr/bin/awk mawk
usr/bin/pager less
usr/bin/which which.debianutils
usr/sbin/iptables iptables-nft
usr/sbin/iptables-save iptables-nft-save
usr/sbin/iptables-restore iptables-nft-restore
usr/sbin/ip6tables ip6tables-nft
usr/sbin/ip6tables-save ip6tables-nft-save
usr/sbin/ip6tables-restore ip6tables-nft-restore
usr/sbin/ebtables ebtables-nft
usr/sbin/arptables arptables-nft
END
  ln -sf org.fedoraproject.FirewallD1.server.policy.choice "$root/usr/share/polkit-1/actions/org.fedoraproject.FirewallD1.policy"
  # CA certificates, at EL's paths too
  mkdir -p "$root/etc/pki/tls/certs" "$root/etc/pki/rpm-gpg" "$root/etc/pki/ca-trust/source/anchors"
  cat "$root"/usr/share/ca-certificates/mozilla/*.crt >"$root/etc/ssl/certs/ca-certificates.crt"
  ln -s ../../../ssl/certs/ca-certificates.crt "$root/etc/pki/tls/certs/ca-bundle.crt"
}

centos_face() {
  local unit
  rm -rf "$root"/etc/{apt,os-release,debian_version,dpkg,fstab} "$root"/etc/rc?.d "$root"/usr/lib/{os-release,apt} "$root"/var/lib/{apt,dpkg} \
    "$root/var/cache/apt" "$root"/usr/bin/{apt,dpkg,debconf}* "$root/usr/sbin/dpkg-preconfigure" "$root/etc/dnf/aliases.d/zypper.conf" \
    "$root"/usr/lib/systemd/system/{apt-daily,dpkg-db-backup,e2scrub,fstrim}*
  # Plugins that EL has in packages of their own; `local` would keep a copy of every RPM.
  rm -rf "$root"/usr/lib/python3/dist-packages/dnf-plugins/{local,show_leaves,post-transaction-actions}.py \
    "$root"/etc/dnf/plugins/{local.conf,post-transaction-actions*}
  overlay host/rootfs
  overlay host/any
  chmod 440 "$root/etc/sudoers.d/ops"
  : >"$root/etc/fstab"
  : >"$root/etc/machine-id"
  ln -sf /etc/machine-id "$root/var/lib/dbus/machine-id"
  ln -s ../usr/lib/os-release "$root/etc/os-release"
  ln -s centos-release "$root/etc/redhat-release"
  ln -s centos-release "$root/etc/system-release"
  ln -sf dnf-3 "$root/usr/bin/yum"
  while read -r unit; do ln -sf /dev/null "$root/etc/systemd/system/$unit"; done < <(grep -v '^#' "$LAB_DIR/host/masked-units")
}

in_root() {
  mv "$work/stubs" "$root/stubs"
  # shellcheck disable=SC2016
  chroot "$root" /bin/bash -ec '
    ldconfig
    pwconv; grpconv
    systemd-sysusers
    useradd --create-home --shell /bin/bash --groups wheel --password "*" "$0"
    mv /usr/lib/systemd/system/ssh.service /usr/lib/systemd/system/sshd.service
    systemctl set-default multi-user.target
    systemctl preset-all
    rpm --initdb
    rpm -i --justdb --nodeps --nosignature /stubs/*.rpm
    rm -r /stubs
    # <&0: there is no /dev/null here yet
    python3 -m compileall -q /usr/lib/python3/dist-packages <&0 & python3 -m compileall -q /usr/lib/python3.11 <&0 & wait
  ' "$LAB_SSH_USER"
}

work=$(work_dir host)
trap 'rm -rf "$work"' EXIT
root=$work/root
mkdir "$root"
build_stubs &
packages_of "$LAB_BASE_SUITE" host | unpack "$LAB_BASE_SUITE" "$root"
wait $!
maintainer_scripts
centos_face
in_root
image=$(tar -C "$root" -c . | import_root host -c 'LABEL apiary.lab.ready=yes' -c 'CMD ["/usr/libexec/lab-init"]' -c 'ENV container=docker')
publish_image "$image" host "$key"
say "apiary-lab/host:$key"
