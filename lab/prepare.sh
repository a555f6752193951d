#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026, apiary.swarm maintainers
#
# Brings the control machine to where the lab can be built: tools by apt and a running engine. Says first what it will do.
# Notes in build/lab what it installed and started, so that down.sh stops, and clean.sh removes, just that.

source "$(dirname "$0")/lib.sh"

missing_packages() {
  local needed package
  while read -r needed package; do
    [[ $needed == /* && -e $needed ]] || command -v "$needed" >/dev/null || say "$package"
  done <<'END'
rpmbuild rpm
createrepo_c createrepo-c
gpg gnupg
openssl openssl
htpasswd apache2-utils
ssh openssh-client
/usr/share/keyrings/debian-archive-keyring.gpg debian-archive-keyring
END
}

engine_answers() { docker info >/dev/null 2>&1; }

announce() {
  say "The lab '$LAB_NAME': $LAB_HOSTS and a depot for packages and images, as containers on network $LAB_SUBNET."
  if ((${#missing[@]})); then say "  will install by apt: ${missing[*]}"; fi
  if [[ $engine == no ]]; then
    say "  will install and start Docker, from this machine's own distribution ($(engine_problem))"
  fi
  if [[ ! -e $LAB_CACHE/versions.json ]]; then
    say "  will build images and packages, about a minute and 1.5 GB, once ($LAB_CACHE)"
  fi
  say "  \`make down\` takes the lab away again, \`make clean\` also what was built and installed for it"
}

# Why no engine answers, in the engine's own words where there is one.
engine_problem() {
  if command -v docker >/dev/null; then
    docker info 2>&1 >/dev/null | tail -n1
  else
    say "there is none"
  fi
}

installed() { dpkg-query -W -f '${db:Status-Abbrev} ${Package}\n' | awk '/^ii/ {print $2}' | sort; }

# with_record COMMAND... : runs it and adds the packages it brought to the list of what the lab installed
with_record() {
  local before status=0
  before=$(installed)
  "$@" || status=$?
  comm -13 <(say "$before") <(installed) >>"$LAB_CACHE/installed-packages"
  return "$status"
}

apt_install() {
  local apt=(env DEBIAN_FRONTEND=noninteractive apt-get -qq -y)
  as_root "${apt[@]}" install --no-install-recommends "$@" && return
  as_root "${apt[@]}" update # no lists yet, or too old ones
  as_root "${apt[@]}" install --no-install-recommends "$@"
}

start_engine() {
  local arguments=()
  ((EUID == 0)) || arguments=(--become)
  "$ANSIBLE_PLAYBOOK" "$LAB_DIR/engine.yml" "${arguments[@]}"
  engine_answers || die "the engine was started, but this user cannot talk to it: $(engine_problem)"
}

mkdir -p "$LAB_CACHE/logs"
mapfile -t missing < <(missing_packages)
engine=yes
engine_answers || engine=no
if [[ ${1:-} == --announce ]]; then
  announce
  exit
fi

if ((${#missing[@]})); then
  command -v apt-get >/dev/null || die "these tools are missing and there is no apt to install them: ${missing[*]}"
  with_record apt_install "${missing[@]}"
fi
if [[ $engine == no ]]; then
  [[ -x $ANSIBLE_PLAYBOOK ]] || die "no $ANSIBLE_PLAYBOOK to start an engine with: run \`make .venv\`, or start Docker yourself"
  : >"$LAB_CACHE/engine-started" # before: an interrupted start is stopped as well
  with_record start_engine
fi
