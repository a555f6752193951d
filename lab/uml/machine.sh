#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026, apiary.swarm maintainers
#
# A host of the lab as a machine of its own: a process that is a kernel (user-mode Linux), with a cable to the lab's bridge. Run as root.
#   machine.sh start HOST SEED ROOT KERNEL    switches it on; SEED and ROOT are the directories of its own files and of those that
#                                             all machines share. What it writes is in its memory, and lost with its power
#   machine.sh kill HOST                      a power failure
#   machine.sh state HOST                     prints running, exited, or nothing if there is none
#   machine.sh remove                         all machines of this lab, with their network
#
# The ends of the cables that the kernels hold are in a network namespace: on this machine's own network, ends that nobody
# gave an address would answer for its addresses. Taking the namespace away takes all cables along.

# shellcheck source-path=SCRIPTDIR source=../lib.sh
source "$(dirname "$0")/../lib.sh"

namespace=apiary-$LAB_NAME
machines=$LAB_STATE/machines
memory=1G

# The process that holds a machine: its end is that of all the machine's processes. The name of the kernel's process is asked
# as well, for numbers of processes are used again.
holder_of() {
  local pid
  pid=$(cat "$machines/$1/pid" 2>/dev/null) && [[ $(tr '\0' ' ' <"/proc/$pid/cmdline") == *" umid=$(umid "$1") "* ]] && say "$pid"
} 2>/dev/null

umid() { say "$LAB_NAME-$1"; }

state() {
  if holder_of "$1" >/dev/null; then
    say running
  elif [[ -d $machines/$1 ]]; then
    say exited
  fi
}

# A host's address in hexadecimal, with $2 between the numbers.
hex_address() {
  local numbers
  IFS=. read -ra numbers <<<"$(address_of "$1")"
  printf "%02x$2%02x$2%02x$2%02x" "${numbers[@]}"
}

# The namespace and a cable into it, for one machine after the other. A cable is named by the host's address: names of
# interfaces are short.
plug_in() {
  local host=$1 bridge cable
  flock 9
  ip netns add "$namespace" 2>/dev/null || true # the first of the machines made it; without one the next line says so
  bridge=br-$(docker network inspect --format '{{slice .Id 0 12}}' "$LAB_NAME")
  cable=um$(hex_address "$host" '')
  ip netns exec "$namespace" ip link show "$host" >/dev/null 2>&1 && return
  ip link add "$cable" type veth peer name "$host" netns "$namespace"
  ip link set "$cable" master "$bridge" up
  ip netns exec "$namespace" ip link set "$host" arp off up
  # The kernels know nothing of checksums that a card would add, or of packets that it would cut.
  ethtool -K "$cable" tx off >/dev/null
  ip netns exec "$namespace" ethtool -K "$host" tx off >/dev/null
}

start() {
  local host=$1 dir=$machines/$1
  [[ $(state "$host") != running ]] || return 0
  mkdir -p "$dir"
  plug_in "$host" 9>"$machines/lock"
  tar -C "$2" --owner=0 --group=0 -cf "$dir/seed.tar" .
  ln -sfn "$4" "$dir/linux"
  rm -rf "${dir:?}/$(umid "$host")" # what the kernel before left there: it would take itself for running
  (
    cd "$dir"
    # TMPDIR: the machine's memory is a file there
    TMPDIR=/dev/shm exec setsid ip netns exec "$namespace" unshare --fork --pid --kill-child --mount-proc \
      ./linux uml_dir=./ "umid=$(umid "$host")" "mem=$memory" seccomp=on root=/dev/root rootfstype=hostfs "rootflags=$3" ro \
      "vec0:transport=raw,ifname=$host,mac=02:00:$(hex_address "$host" :)" con=null con0=null,fd:1 con1=null,fd:1 quiet \
      init=/usr/libexec/lab-machine -- "$(address_of "$host")/24" "${LAB_SUBNET%.*/24}.1" "$dir"
  ) </dev/null >"$dir/console.log" 2>&1 &
  say $! >"$dir/pid"
}

kill_machine() {
  local pid
  pid=$(holder_of "$1") || return 0
  kill -KILL "$pid"
  wait_for 10 "the end of machine $1" ended "$pid"
}

ended() { ! kill -0 "$1" 2>/dev/null; }

remove() {
  local pids
  if [[ -e /run/netns/$namespace ]]; then
    mapfile -t pids < <(ip netns pids "$namespace")
    ((${#pids[@]} == 0)) || kill -KILL "${pids[@]}" 2>/dev/null || true # the end of one is that of others
    wait_for 10 "the end of all machines" none_left
    ip netns delete "$namespace"
  fi
  rm -rf "$machines"
}

none_left() { [[ -z $(ip netns pids "$namespace") ]]; }

case $1 in
  start) start "${@:2}" ;;
  kill) kill_machine "$2" ;;
  state) state "$2" ;;
  remove) remove ;;
  *) die "machine.sh: unknown command $1" ;;
esac
