#!/bin/bash
# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
#
# What an operator would write without us: the swarm and one service by the docker CLI over ssh.
# cli.sh SSH_CONFIG IMAGE NAME=ADDRESS...   the first three are managers.
set -euo pipefail
ssh_config=$1 image=$2
shift 2
names=() addresses=()
for host in "$@"; do
  names+=("${host%%=*}")
  addresses+=("${host#*=}")
done
on() { ssh -F "$ssh_config" "$1" sudo docker "${@:2}"; }

first=${names[0]} leader=${addresses[0]}
on "$first" swarm init --advertise-addr "$leader" >/dev/null
manager_token=$(on "$first" swarm join-token -q manager)
worker_token=$(on "$first" swarm join-token -q worker)
join() { on "${names[$1]}" swarm join --token "$2" --advertise-addr "${addresses[$1]}" "$leader:2377" >/dev/null; }
join 1 "$manager_token"
join 2 "$manager_token"
join 3 "$worker_token" &
join 4 "$worker_token" &
wait
on "$first" node update --label-add bench=yes "${names[3]}" >/dev/null
on "$first" network create --driver overlay bench >/dev/null
# without --detach the CLI waits until the service is up and has stayed up for five seconds, as our module does
timeout 120 ssh -F "$ssh_config" "$first" sudo docker service create --quiet --name bench --replicas 3 --network bench \
  --env A=1 --publish published=8080,target=80,mode=host "$image" >/dev/null
