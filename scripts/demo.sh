#!/usr/bin/env bash
# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
#
# From nothing to a five-node swarm with a service on it, on this machine. Running it again changes nothing that stands.

set -euo pipefail
cd "$(dirname "$0")/.."
lab=${LAB_NAME:-apiary}

step() {
  local start=$SECONDS title=$1
  shift
  printf '\n\033[1m==> %s\033[0m\n' "$title"
  "$@"
  printf '==> %s: %d s\n' "$title" $((SECONDS - start))
}

# The service is published by the hosts that run it: ask the swarm for one of them, then that host for the page.
fetch_page() {
  local ssh=(ssh -n -T -F "build/lab/$lab/ssh_config") node address
  node=$("${ssh[@]}" manager1 sudo docker service ps httpd --filter desired-state=running --format '{{.Node}}' | head -n 1)
  address=$("${ssh[@]}" -G "$node" | awk '$1 == "hostname" {print $2}')
  echo "\$ curl http://$address:8080/     ($node)"
  curl --silent --show-error --fail --max-time 10 --retry 5 --retry-connrefused "http://$address:8080/" | sed -n 's/.*<title>\(.*\)<\/title>.*/\1/p'
}

cat <<'END'
apiary.swarm demo: five hosts on this machine, a Docker Swarm on them, a web service on the swarm.

It will put ansible-core into .venv/ (python3-venv by apt if that is missing), and the lab says below what it needs.
Nothing else of this machine is changed; `make down` takes the lab away, `make clean` all of it.
END
lab/prepare.sh --can-build
step "Ansible" scripts/setup.sh demo
step "The lab: five hosts and a depot" lab/up.sh
step "The swarm: ansible-playbook -i inventory/lab site.yml" .venv/bin/ansible-playbook -i inventory/lab site.yml
step "A page from the service" fetch_page
step "The state: ansible-playbook -i inventory/lab status.yml" .venv/bin/ansible-playbook -i inventory/lab status.yml
cat <<END

The swarm stands after $SECONDS s. To go on, \`source .venv/bin/activate\`, and then for example:

  ansible-playbook -i inventory/lab site.yml      # again: nothing changes
  ansible -i inventory/lab manager1 -m apiary.swarm.swarm_service -a 'name=httpd image=depot:5000/nginx:1.26'
  ansible -i inventory/lab manager1 -m apiary.swarm.node_availability -a 'nodes=manager1 availability=drain'
  ansible-playbook -i inventory/lab status.yml    # after each of them
  lab/docker.sh kill $lab-worker2                 # a host dies; \`lab/docker.sh start\` brings it back
  ssh -F build/lab/$lab/ssh_config manager1       # a host; the engine's own CLI is sudo docker
  make down                                       # takes it all away
END
