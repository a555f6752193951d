#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026, apiary.swarm maintainers
#
# What makes this lab's hosts known to each other and to nobody else, once a lab: the key to log in with, the hosts' own
# keys, the depot's authority and certificate, the password of its second registry. All below build/lab/NAME.

# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$(dirname "$0")/lib.sh"

made_for=$LAB_STATE/made-for # written last: all of it is there
wanted="$LAB_HOSTS on $LAB_SUBNET${LAB_KERNEL:+ with kernel $LAB_KERNEL}${LAB_DEBIAN:+, Debian $LAB_DEBIAN}${LAB_UBUNTU:+, Ubuntu $LAB_UBUNTU}"
if [[ -e $made_for ]]; then
  [[ $(<"$made_for") == "$wanted" ]] ||
    die "lab '$LAB_NAME' was made for $(<"$made_for"), now it is to be $wanted: take it down first (make down)"
  exit
fi

work=$(work_dir keys)
trap 'rm -rf "$work"' EXIT
umask 077

ssh-keygen -q -t ed25519 -N '' -C "lab $LAB_NAME" -f "$work/id"
for host in $LAB_HOSTS; do
  ssh-keygen -q -t ed25519 -N '' -C "$host" -f "$work/host-$host"
  read -r type public _ <"$work/host-$host.pub"
  say "$host,$(address_of "$host") $type $public" >>"$work/known_hosts"
done

ec=(-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes)
{
  openssl req -x509 "${ec[@]}" -days 365 -subj "/CN=lab $LAB_NAME" -keyout "$work/ca.key" -out "$work/ca.crt"
  openssl req "${ec[@]}" -subj /CN=depot -keyout "$work/depot.key" -out "$work/depot.csr"
  openssl x509 -req -in "$work/depot.csr" -CA "$work/ca.crt" -CAkey "$work/ca.key" -CAcreateserial -days 365 -out "$work/depot.crt" \
    -extfile <(say "subjectAltName=DNS:depot,DNS:localhost,IP:$(address_of depot),IP:127.0.0.1")
} 2>"$work/openssl.log" || die "openssl: $(cat "$work/openssl.log")"
openssl rand -hex 16 >"$work/registry-password"
htpasswd -iBn lab <"$work/registry-password" 2>/dev/null | sed '/^$/d' >"$work/htpasswd"
rm "$work"/{openssl.log,depot.csr}

mkdir -p "$LAB_STATE"
mv "$work"/* "$LAB_STATE/"

# Nothing of the user's own ssh configuration reaches the lab, and nothing of the lab's leaves it.
{
  for host in $LAB_HOSTS; do printf 'Host %s\n  HostName %s\n' "$host" "$(address_of "$host")"; done
  cat <<END
Host *
  User $LAB_SSH_USER
  IdentityFile "$LAB_STATE/id"
  IdentitiesOnly yes
  UserKnownHostsFile "$LAB_STATE/known_hosts"
  GlobalKnownHostsFile /dev/null
  StrictHostKeyChecking yes
  ForwardAgent no
END
} >"$LAB_STATE/ssh_config"
say "$wanted" >"$made_for"
