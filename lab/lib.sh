# shellcheck shell=bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026, apiary.swarm maintainers
#
# What every script of the lab needs: settings, messages, content keys, atomic results, packages.

set -euo pipefail
umask 022
export LC_ALL=C.UTF-8 # Ansible runs in no other kind of locale

# shellcheck source-path=SCRIPTDIR source=settings.sh
source "$(dirname "${BASH_SOURCE[0]}")/settings.sh"

say() { printf '%s\n' "$*"; }
die() { printf 'lab: %s\n' "$*" >&2; exit 1; }

as_root() {
  if ((EUID == 0)); then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo -- "$@"
  else
    die "must be root for: $* (this user is $(id -un), and there is no sudo)"
  fi
}

# Address of a host of the lab: depot .5, managerN .1N, workerN .2N.
address_of() {
  local base=${LAB_SUBNET%.*/24}
  case $1 in
    depot) say "$base.5" ;;
    manager[1-9]) say "$base.$((10 + ${1#manager}))" ;;
    worker[1-9]) say "$base.$((20 + ${1#worker}))" ;;
    *) die "host '$1': hosts are called manager1 to manager9 and worker1 to worker9" ;;
  esac
}

check_settings() {
  [[ $LAB_NAME =~ ^[a-z][a-z0-9-]*$ && $LAB_NAME != cache ]] ||
    die "LAB_NAME '$LAB_NAME': lower case letters, digits and dashes, and not 'cache'"
  [[ $LAB_SUBNET =~ ^[0-9]+\.[0-9]+\.[0-9]+\.0/24$ ]] || die "LAB_SUBNET '$LAB_SUBNET': a /24 network such as 172.30.77.0/24"
  local host
  for host in $LAB_HOSTS; do address_of "$host" >/dev/null; done
  for host in $LAB_DEBIAN $LAB_UBUNTU; do
    is_in "$host" "$LAB_HOSTS" || die "LAB_DEBIAN and LAB_UBUNTU: $host is no host of the lab (LAB_HOSTS is $LAB_HOSTS)"
  done
  [[ -z $LAB_KERNEL ]] || ! some_debian || die "LAB_KERNEL and LAB_DEBIAN, LAB_UBUNTU: a machine with a kernel of its own is CentOS"
  [[ -z $LAB_KERNEL || $LAB_KERNEL == uml ]] || die "LAB_KERNEL '$LAB_KERNEL': uml, or empty for this machine's own"
  [[ $(uname -m) == x86_64 ]] || die "the lab's engines are built for x86_64, this machine is $(uname -m)"
}

# Is any host of the lab Debian, by itself or with Ubuntu's name? What only such hosts need is built only then.
some_debian() { [[ -n $LAB_DEBIAN$LAB_UBUNTU ]]; }

# is_in NAME LIST : is it one of the words?
is_in() { [[ " $2 " == *" $1 "* ]]; }

# The docker command line, by sudo where this user may not talk to the engine.
docker() {
  if [[ ${LAB_DOCKER:-} == sudo ]]; then sudo -- env docker "$@"; else command docker "$@"; fi
}

# find_engine : is there an engine that answers? Settles how to talk to it, for this script and those it starts.
find_engine() {
  local answer
  export LAB_DOCKER=
  answer=$(docker version --format '{{.Server.Version}}' 2>&1) && return
  if ((EUID != 0)) && [[ $answer == *"permission denied"* ]]; then
    LAB_DOCKER=sudo
    docker version >/dev/null 2>&1 && return
    LAB_DOCKER=
  fi
  return 1
}

# remove_labelled LABEL : containers, volumes and networks that carry it
remove_labelled() {
  local id ids pids=()
  mapfile -t ids < <(docker ps --all --quiet --filter "label=$1")
  for id in "${ids[@]}"; do
    docker rm --force --volumes "$id" >/dev/null & # killed, not stopped: nothing in it is to be kept
    pids+=($!)
  done
  for id in "${pids[@]}"; do wait "$id"; done
  mapfile -t ids < <(docker volume ls --quiet --filter "label=$1")
  ((${#ids[@]} == 0)) || docker volume rm "${ids[@]}" >/dev/null
  mapfile -t ids < <(docker network ls --quiet --filter "label=$1")
  ((${#ids[@]} == 0)) || docker network rm "${ids[@]}" >/dev/null
}

# --- whose the containers of this lab are ------------------------------------------------------------------------------
# Another checkout may have a lab of the same name. Its hosts know other keys, so they are of no use here.

lab_running() { [[ -n $(docker ps --quiet --filter "label=$LAB_LABEL") ]]; }

# The checkout that made what there is of this lab; nothing if there is nothing.
lab_maker() {
  docker ps --all --filter "label=$LAB_LABEL" --format '{{.Label "apiary.lab.checkout"}}' | sort -u | tail -n 1
}

# elsewhere : succeeds, and prints the checkout, if this lab runs for another one that still has its keys
elsewhere() {
  local maker
  maker=$(lab_maker)
  [[ -n $maker && $maker != "$LAB_ROOT" && -e $maker/build/lab/$LAB_NAME/made-for ]] && lab_running && say "$maker"
}

# The key that lets one into this lab's hosts, as a label of theirs.
key_label() { say "apiary.lab.key=$(sha256sum <"$LAB_STATE/id.pub" | cut -c1-16)"; }

# machine COMMAND [ARGUMENT...] : lab/uml/machine.sh, as root
machine() { as_root env "LAB_NAME=$LAB_NAME" "LAB_SUBNET=$LAB_SUBNET" "$LAB_DIR/uml/machine.sh" "$@"; }

remove_machines() { [[ ! -d $LAB_STATE/machines && ! -e /run/netns/apiary-$LAB_NAME ]] || machine remove; }

# lock NAME : waits for another run to end; LOCK_FD is open as long as the lock is held
lock() {
  mkdir -p "$LAB_CACHE/locks"
  exec {LOCK_FD}>"$LAB_CACHE/locks/$1"
  flock -n "$LOCK_FD" || { say "  waiting for another run to end ($1)"; flock "$LOCK_FD"; }
}

# wait_for SECONDS WHAT COMMAND... : polls until the command succeeds
wait_for() {
  local seconds=$1 what=$2 until=$((SECONDS + $1))
  shift 2
  until "$@" >/dev/null 2>&1; do
    ((SECONDS < until)) || die "$what: waited $seconds s for it"
    sleep 0.2
  done
}

# --- results that are whole or not there --------------------------------------------------------------------------------
# A step's result is named by the content of everything it was made from, is made under another name and renamed when it
# is whole. So an interrupted build leaves nothing that the next one could take for a result.

# content_key PATH... : hash of these files (below the project's root) and of standard input
content_key() {
  { (cd "$LAB_ROOT" && find "$@" -type f -print0 | sort -z | xargs -0 sha256sum); cat; } | sha256sum | cut -c1-16
}

# work_dir NAME : a directory to work in; up.sh removes what interrupted runs left
work_dir() { mkdir -p "$LAB_TMP" && mktemp -d "$LAB_TMP/$1.XXXXXX"; }

# publish_dir WORK STEP KEY : WORK becomes STEP's result, older results of the step go
publish_dir() {
  local old final=$LAB_CACHE/$2-$3
  mv -T "$1" "$final"
  for old in "$LAB_CACHE/$2"-????????????????; do
    [[ $old == "$final" ]] || rm -rf "$old"
  done
}

have_image() { docker image inspect "apiary-lab/$1" >/dev/null 2>&1; }

# publish_image ID STEP KEY : tags image ID as STEP's result, older results of the step in this checkout go
publish_image() {
  local old
  docker tag "$1" "apiary-lab/$2:$3"
  for old in $(docker images --filter "label=apiary.lab.step=$2" --filter "label=apiary.lab.checkout=$LAB_ROOT" \
    --format '{{.Repository}}:{{.Tag}}' "apiary-lab/$2"); do
    [[ $old == "apiary-lab/$2:$3" ]] || docker rmi "$old" >/dev/null 2>&1 || true # a running lab may still use it
  done
}

# Images without a name: superseded, or left by an interrupted build. Not while a step builds, whose image has no name yet.
# The engine prunes for one at a time: where another checkout does it now, the next run will do.
prune_images() { docker image prune --force --filter "label=apiary.lab.checkout=$LAB_ROOT" >/dev/null 2>&1 || true; }

# import_root STEP [docker import options] : makes an untagged image of a tar stream, prints its ID
import_root() {
  local step=$1
  shift
  docker import -c "LABEL apiary.lab.step=$step" -c "LABEL apiary.lab.checkout=\"$LAB_ROOT\"" "$@" -
}

# --- this machine's own packages -------------------------------------------------------------------------------------------

# LAB_MIRROR, or the Debian mirror that this machine's own apt uses; nothing if apt knows none, as on Ubuntu or without lists
mirror() {
  if [[ -n $LAB_MIRROR ]]; then
    say "${LAB_MIRROR%/}"
  elif command -v apt-get >/dev/null; then
    # shellcheck disable=SC2016 # apt's own placeholders
    apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Origin: Debian' 'Label: Debian' | sed -n '1s,/$,,p'
  fi
}

no_mirror() {
  die "the lab is built from Debian's packages, and this machine's apt knows no Debian mirror: set LAB_MIRROR to the address of one"
}

apt_get() { as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -y -o DPkg::Lock::Timeout=120 "$@"; }

# Ends what an interrupted installation left half done; without that, apt does nothing more.
configure_packages() { as_root env DEBIAN_FRONTEND=noninteractive dpkg --configure -a; }

# apt_install PACKAGE... : the second time with fresh lists, for there may be none yet, or too old ones
apt_install() {
  apt_get install --no-install-recommends "$@" 2>/dev/null && return
  configure_packages && apt_get update && apt_get install --no-install-recommends "$@"
}

installed() { dpkg-query -W -f '${db:Status-Abbrev} ${Package}\n' | awk '/^ii/ {print $2}' | sort -u; }

# with_record COMMAND... : runs it and adds the packages it brought to the list of what down.sh --all removes again
with_record() {
  local status=0
  mkdir -p "$LAB_CACHE"
  record_packages
  installed >"$LAB_CACHE/packages-before.new"
  mv "$LAB_CACHE/packages-before.new" "$LAB_CACHE/packages-before"
  "$@" || status=$?
  record_packages
  return "$status"
}

# What came since with_record began. After an interruption it is asked later: what came more than an hour after is not the lab's.
record_packages() {
  local before=$LAB_CACHE/packages-before
  [[ -e $before ]] || return 0
  comm -13 "$before" <(installed) | comm -12 - <(
    find /var/lib/dpkg/info -name '*.list' ! -newermt "@$(($(stat -c %Y "$before") + 3600))" -printf '%f\n' |
      sed 's/\(:[a-z0-9-]*\)\?\.list$//' | sort -u
  ) >>"$LAB_CACHE/installed-packages"
  rm "$before"
}

# --- signed repositories ---------------------------------------------------------------------------------------------------
# A key is made for one repository and thrown away: only its public half is kept.
LAB_SIGNER='Lab packages <lab@example.test>'

# make_signing_key FILE : a key for gpg in this process and those it starts, its public half in FILE
make_signing_key() {
  GNUPGHOME=$(mktemp -d /tmp/apiary-lab-gpg.XXXXXX) # short: gpg-agent's socket lives in it
  export GNUPGHOME
  gpg --batch --quiet --passphrase '' --quick-gen-key "$LAB_SIGNER" rsa3072 sign never
  gpg --armor --export "$LAB_SIGNER" >"$1"
}

forget_signing_key() {
  [[ -n ${GNUPGHOME:-} ]] || return 0
  gpgconf --kill all || true # an agent that has ended by itself is no matter: its home goes next
  rm -rf "$GNUPGHOME"
}

# --- Debian packages -----------------------------------------------------------------------------------------------------
# packages_of SUITE SET : the file names of a resolved set (lab/packages.sh), one a line
packages_of() { awk -v set="$2" '$1 == set {print $3}' "$LAB_CACHE/packages/$1.list"; }

# served : the file names of what the depot serves to Debian hosts: what they do not have
served() {
  packages_of "$LAB_BASE_SUITE" debian-served | grep -vxFf <(packages_of "$LAB_BASE_SUITE" debian-host)
}

# package_version SUITE SET NAME : upstream's part of a package's version, as in 20.10.24+dfsg1-1+deb12u1
package_version() {
  local file
  file=$(packages_of "$1" "$2" | grep "^$3_") || die "no package $3 in Debian $1"
  file=${file#*_}
  file=${file%%_*}
  file=${file#*%3a} # the epoch
  say "${file%%[-+~]*}"
}

# unpack SUITE DIR < file names : the packages' files in a merged-/usr tree, without documentation and maintainer scripts
unpack() {
  local dir
  mkdir -p "$2"/usr/{bin,sbin,lib,lib64}
  for dir in bin sbin lib lib64; do ln -sfn "usr/$dir" "$2/$dir"; done
  # shellcheck disable=SC2016 # for the inner shell
  (cd "$LAB_CACHE/packages/$1" && ROOT=$2 xargs -P"$(nproc)" -n1 bash -o pipefail -ec \
    'dpkg-deb --fsys-tarfile "$0" | tar -x -C "$ROOT" --keep-directory-symlink --exclude=./usr/share/{doc,man,locale,info,lintian,bug,zsh,bash-completion}')
}
