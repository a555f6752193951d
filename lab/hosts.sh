#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026, apiary.swarm maintainers
#
# Network, depot and hosts of this lab: creates what is not there, starts what is stopped, leaves what runs, waits until
# all of it answers and writes what inventory/lab reads. hosts.sh DEPOT_IMAGE HOST_IMAGE, with DEBIAN_HOST_IMAGE DEBS where some hosts
# are Debian, or DEPOT_IMAGE ROOT KERNEL for machines

# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$(dirname "$0")/lib.sh"

depot_image=$1 host_image=$2
if some_debian; then debian_image=$3 debs=$4; else kernel=${3:-}; fi
network=$LAB_NAME

create_network() {
  local answer
  docker network inspect "$network" >/dev/null 2>&1 && return
  answer=$(docker network create --label "$LAB_LABEL" --subnet "$LAB_SUBNET" "$network" 2>&1) ||
    die "cannot make network $network with $LAB_SUBNET: $answer. Labs that there are: $(other_labs). LAB_SUBNET chooses another network"
}

other_labs() { docker network ls --filter label=apiary.lab --format '{{.Label "apiary.lab"}}' | sort | xargs; }

# What a run in another checkout, or with keys that are lost, left behind: nobody can log in there any more.
remove_orphans() {
  local all mine
  all=$(docker ps --all --quiet --filter "label=$LAB_LABEL" | sort)
  mine=$(docker ps --all --quiet --filter "label=$LAB_LABEL" --filter "label=$key" | sort)
  [[ $all != "$mine" ]] || return 0
  say "removed what was left of another lab '$LAB_NAME' (made from $(lab_maker))"
  remove_labelled "$LAB_LABEL"
  remove_machines
}

# How a container must be run so that systemd and an engine work in it.
host_flags() {
  flags=(--stop-signal SIGRTMIN+3 --tmpfs /run --tmpfs "/tmp:exec,mode=1777")
  if [[ -d /lib/modules/$(uname -r) ]]; then flags+=(-v /lib/modules:/lib/modules:ro); fi
  flags+=(--cgroupns private)
  # Where the engine itself lacks a capability, --privileged fails; SYS_RESOURCE is the one that nobody here needs.
  if docker run --rm --privileged "$host_image" /bin/true 2>/dev/null; then
    flags+=(--privileged)
    return
  fi
  flags+=(--cap-add ALL --cap-drop SYS_RESOURCE --security-opt seccomp=unconfined --security-opt apparmor=unconfined
    --security-opt systempaths=unconfined --device-cgroup-rule 'a *:* rwm')
}

state_of() { docker ps --all --filter "name=^/$1\$" --format '{{.State}}'; }

# start NAME SEED IMAGE [docker create options] : a container with the files of directory SEED laid into it before it starts
start() {
  local name=$LAB_NAME-$1 host=$1 seed=$2 image=$3 state
  shift 3
  state=$(state_of "$name")
  case $state in
    running)
      [[ $(docker inspect --format '{{.Config.Image}}' "$name") == "$image" ]] ||
        say "$name runs from another image than the present one: \`make down lab\` renews it"
      return
      ;;
    created) docker rm -v "$name" >/dev/null ;; # an interrupted start: it has not got its files yet
    exited)
      docker start "$name" >/dev/null
      return
      ;;
    '') ;;
    *) die "container $name is $state: neither running nor stopped" ;;
  esac
  docker create --name "$name" --label "$LAB_LABEL" --label "apiary.lab.checkout=$LAB_ROOT" --label "$key" --network "$network" --ip "$(address_of "$host")" "$@" "$image" >/dev/null
  tar -C "$seed" --owner=0 --group=0 -c . | docker cp - "$name:/"
  docker start "$name" >/dev/null
}

start_depot() {
  local seed=$work/depot
  install -D -m644 "$LAB_STATE/depot.crt" "$seed/certs/depot.crt"
  install -D -m600 "$LAB_STATE/depot.key" "$seed/certs/depot.key"
  install -D -m644 "$LAB_STATE/htpasswd" "$seed/certs/htpasswd"
  if some_debian; then
    start depot "$seed" "$depot_image" -v "$debs/debian:/srv/debian:ro" -v "$debs/linux/debian:/srv/linux/debian:ro" \
      -v "$debs/linux/debian:/srv/linux/ubuntu:ro"
  else
    start depot "$seed" "$depot_image"
  fi
}

# Where apt finds packages; of Ubuntu there is the name alone.
debian_seed() {
  local host=$1 seed=$2
  install -D -m644 "$debs/linux/debian/gpg" "$seed/etc/apt/keyrings/depot.asc"
  mkdir -p "$seed/etc/apt/sources.list.d"
  printf '%s\n' 'Types: deb' 'URIs: http://depot/debian' "Suites: $LAB_BASE_SUITE" 'Components: main' 'Signed-By: /etc/apt/keyrings/depot.asc' \
    >"$seed/etc/apt/sources.list.d/debian.sources"
  is_in "$host" "$LAB_UBUNTU" || return 0
  mkdir -p "$seed/usr/lib"
  sed "s/@CODENAME@/$LAB_UBUNTU_CODENAME/" "$LAB_DIR/debian/os-release.ubuntu" >"$seed/usr/lib/os-release"
}

start_host() {
  local host=$1 seed=$work/$1 port image=$host_image
  install -D -m600 "$LAB_STATE/host-$host" "$seed/etc/ssh/ssh_host_ed25519_key"
  install -D -m644 "$LAB_STATE/host-$host.pub" "$seed/etc/ssh/ssh_host_ed25519_key.pub"
  install -D -m644 "$LAB_STATE/id.pub" "$seed/etc/ssh/authorized_keys.d/$LAB_SSH_USER"
  # Not by docker's --hostname and --add-host: those make every host known to every other one, which is role hosts' work.
  say "$host" >"$seed/etc/hostname"
  printf '%s\n' '127.0.0.1 localhost localhost.localdomain' '::1 localhost localhost.localdomain' "$(address_of depot) depot" >"$seed/etc/hosts"
  for port in 5000 5001; do install -D -m644 "$LAB_STATE/ca.crt" "$seed/etc/docker/certs.d/depot:$port/ca.crt"; done
  if [[ $LAB_KERNEL == uml ]]; then
    machine start "$host" "$seed" "$host_image" "$kernel"
    return
  fi
  if is_in "$host" "$LAB_DEBIAN $LAB_UBUNTU"; then
    debian_seed "$host" "$seed"
    image=$debian_image
  fi
  # On volumes: an engine's layers cannot lie on the layers of the engine below it.
  start "$host" "$seed" "$image" "${flags[@]}" \
    --mount "type=volume,dst=/var/lib/docker,volume-label=$LAB_LABEL" --mount "type=volume,dst=/var/lib/containerd,volume-label=$LAB_LABEL"
}

host_state() {
  if [[ $LAB_KERNEL == uml ]]; then "$LAB_DIR/uml/machine.sh" state "$1"; else state_of "$LAB_NAME-$1"; fi
}

last_words() {
  if [[ $LAB_KERNEL == uml ]]; then tail -n 5 "$LAB_STATE/machines/$1/console.log"; else docker logs --tail 5 "$LAB_NAME-$1" 2>&1; fi
}

# ended_or HOST COMMAND... : succeeds also when there is nothing left to wait for
ended_or() { [[ $(host_state "$1") != running ]] || "${@:2}"; }

wait_for_host() {
  # a machine that hangs may let one in and then say nothing more
  local host=$1 ssh=(timeout 90 ssh -F "$LAB_STATE/ssh_config" -o ConnectTimeout=2 "$1")
  wait_for 120 "ssh on $LAB_NAME-$host" ended_or "$host" "${ssh[@]}" true
  [[ $(host_state "$host") == running ]] || die "$LAB_NAME-$host has ended: $(last_words "$host")"
  "${ssh[@]}" sh -s "$host" <"$LAB_DIR/wait-for-boot.sh" || die "$LAB_NAME-$host lets one in and does not answer: $(last_words "$host")"
}

wait_for_depot() {
  local ports=(80 5000 5001) port
  for port in "${ports[@]}"; do wait_for 20 "port $port of the depot" bash -c "</dev/tcp/$(address_of depot)/$port"; done
}

# Sockets of Ansible's connections to this lab: short (a socket's path is limited), and of this lab alone.
control_dir() {
  [[ -s $LAB_STATE/control-dir ]] || mktemp -d "/tmp/apiary-$LAB_NAME.XXXXXX" >"$LAB_STATE/control-dir"
  local dir
  dir=$(cat "$LAB_STATE/control-dir")
  [[ -d $dir ]] || mkdir -m700 "$dir" # /tmp is cleared when the machine starts
  say "$dir"
}

write_inventory() {
  local host pairs=()
  for host in $LAB_HOSTS; do pairs+=("$host=$(address_of "$host")"); done
  python3 - "$LAB_STATE" "$(control_dir)" "$LAB_SSH_USER" "$LAB_ENGINE" "$LAB_CACHE/versions.json" "${pairs[@]}" \
    >"$LAB_STATE/inventory.json.new" <<'END'
import json
import sys

state, control_dir, user, engine, versions, *pairs = sys.argv[1:]
containerd = {entry["engine"]: entry["containerd"] for entry in json.load(open(versions))["engines"]}
addresses = dict(pair.split("=") for pair in pairs)
inventory = {
    "_meta": {"hostvars": {host: {"ansible_host": address} for host, address in addresses.items()}},
    "all": {
        "children": ["swarm_managers", "swarm_workers"],
        "vars": {
            "ansible_user": user,
            "ansible_ssh_private_key_file": f"{state}/id",
            "ansible_ssh_common_args": f"-F '{state}/ssh_config'",
            "ansible_control_path_dir": control_dir,
            "ansible_python_interpreter": "/usr/bin/python3",
            "engine_version": engine,
            "engine_containerd_version": containerd[engine],
        },
    },
    "swarm_managers": {"hosts": [host for host in addresses if host.startswith("manager")]},
    "swarm_workers": {"hosts": [host for host in addresses if host.startswith("worker")]},
}
json.dump(inventory, sys.stdout, indent=2)
END
  mv "$LAB_STATE/inventory.json.new" "$LAB_STATE/inventory.json"
}

work=$(work_dir hosts)
trap 'rm -rf "$work"' EXIT
key=$(key_label)
remove_orphans
create_network
[[ $LAB_KERNEL == uml ]] || host_flags
pids=()
start_depot &
pids+=($!)
for host in $LAB_HOSTS; do
  start_host "$host" &
  pids+=($!)
done
for pid in "${pids[@]}"; do wait "$pid"; done
pids=()
for host in $LAB_HOSTS; do
  wait_for_host "$host" &
  pids+=($!)
done
wait_for_depot
for pid in "${pids[@]}"; do wait "$pid"; done
write_inventory
