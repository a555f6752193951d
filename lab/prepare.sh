#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026, apiary.swarm maintainers
#
# Brings the control machine to where the lab can be built: tools by apt and a running engine. With --announce it only says
# what it will do, with --can-build nothing; both fail where there is no mirror to build the lab from. Notes in
# build/lab/cache what it installed and started, for down.sh.

# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$(dirname "$0")/lib.sh"

missing_packages() {
  local needed package
  while read -r needed package; do
    [[ $needed == /* && -e $needed ]] || command -v "$needed" >/dev/null || say "$package"
  done < <(
    tools
    [[ $LAB_KERNEL != uml ]] || tools_for_machines
  )
}

tools() {
  cat <<'END'
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

# To build a kernel, and to make cables for it.
tools_for_machines() {
  cat <<'END'
gcc gcc
/usr/include/stdio.h libc6-dev
make make
flex flex
bison bison
bc bc
xz xz-utils
ip iproute2
ethtool ethtool
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

# All of it as root, not by --become: Ansible's workers have no terminal, so sudo would ask them for a password once more.
# The settings keep it from writing into the checkout, or into this user's home.
start_engine() {
  if command -v dpkg >/dev/null; then configure_packages; fi
  as_root env HOME=/root "ANSIBLE_CONFIG=$LAB_ROOT/ansible.cfg" "LC_ALL=$LC_ALL" PYTHONDONTWRITEBYTECODE=1 \
    "$ANSIBLE_PLAYBOOK" -i localhost, "$LAB_DIR/engine.yml"
}

# The lab's packages are there, or it is known where they come from.
have_mirror() { [[ -e $LAB_CACHE/versions.json || -n $(mirror) ]]; }

# Else apt may only lack its lists; Ubuntu's knows no Debian mirror with them either.
mirror_possible() { have_mirror || ! grep -Eqs '^ID(_LIKE)?=.*ubuntu' /etc/os-release; }

find_mirror() {
  have_mirror || apt_get update
  have_mirror || no_mirror
}

mkdir -p "$LAB_CACHE"
mirror_possible || no_mirror
[[ ${1:-} != --can-build ]] || exit 0
mapfile -t missing < <(missing_packages)
engine=yes
find_engine || engine=no
case ${1:-} in
  --announce)
    announce
    exit
    ;;
  --needs-root) # exit status: is there anything to do as root?
    ((${#missing[@]})) || [[ $engine == no ]] || ! have_mirror
    exit
    ;;
esac

find_mirror # first: without one, all that follows would be in vain
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
