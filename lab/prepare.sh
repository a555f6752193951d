#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026, apiary.swarm maintainers
#
# Brings the control machine to where the lab can be built: tools by apt and a running engine. With --announce it only says
# what it will do. Notes in build/lab/cache what it installed and started, for down.sh.

# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$(dirname "$0")/lib.sh"

missing_packages() {
  local needed package
  while read -r needed package; do
    [[ $needed == /* && -e $needed ]] || command -v "$needed" >/dev/null || say "$package"
  done <<'END'
rpmbuild rpm
createrepo_c createrepo-c
gpg gpg
gpg-agent gpg-agent
openssl openssl
htpasswd apache2-utils
ssh openssh-client
curl curl
/usr/share/keyrings/debian-archive-keyring.gpg debian-archive-keyring
END
}

# Why no engine answers, in the engine's own words where there is one.
engine_problem() {
  if type -P docker >/dev/null; then
    docker version --format '{{.Server.Version}}' 2>&1 | tail -n1
  else
    say "there is none"
  fi
}

announce() {
  say "Lab '$LAB_NAME': $LAB_HOSTS and a depot for packages and images, as containers on $LAB_SUBNET."
  if ((${#missing[@]})); then say "  installs by apt: ${missing[*]}"; fi
  if [[ $engine == no ]]; then say "  installs and starts Docker from this machine's distribution (now: $(engine_problem))"; fi
  if [[ ! -e $LAB_CACHE/versions.json ]]; then say "  builds packages and images, once: about a minute and 1.5 GB in ${LAB_CACHE#"$LAB_ROOT/"} and Docker"; fi
  say "  \`make down\` takes the lab away, \`make clean\` also what was built and installed for it"
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
  as_root "${apt[@]}" update && # no lists yet, or too old ones
    as_root "${apt[@]}" install --no-install-recommends "$@"
}

start_engine() {
  local arguments=(-i 'localhost,')
  ((EUID == 0)) || arguments+=(--become)
  (cd "$LAB_ROOT" && "$ANSIBLE_PLAYBOOK" "${arguments[@]}" "$LAB_DIR/engine.yml")
}

mkdir -p "$LAB_CACHE"
mapfile -t missing < <(missing_packages)
engine=yes
find_engine || engine=no
case ${1:-} in
  --announce)
    announce
    exit
    ;;
  --needs-root) # exit status: is there anything to do as root?
    ((${#missing[@]})) || [[ $engine == no ]]
    exit
    ;;
esac

if ((${#missing[@]})); then
  command -v apt-get >/dev/null || die "these are missing, and there is no apt to install them: ${missing[*]}"
  with_record apt_install "${missing[@]}"
fi
if [[ $engine == no ]]; then
  [[ -x $ANSIBLE_PLAYBOOK ]] || die "no $ANSIBLE_PLAYBOOK to start an engine with: use \`make lab\`, or start Docker yourself"
  # First, so that an interrupted start is taken back as well. The engine will change the policy, down.sh restores it.
  { as_root iptables -S FORWARD 2>/dev/null || say '-P FORWARD ACCEPT'; } | sed -n 1p >"$LAB_CACHE/engine-started"
  with_record start_engine
  find_engine || die "the engine was started, but does not answer: $(engine_problem)"
fi
