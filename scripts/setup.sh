#!/usr/bin/env bash
# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
#
# setup.sh demo|dev: makes .venv from the locked requirements. `demo` is what a control host needs (ansible-core), `dev` adds the
# tests' tools. Done once for each state of the lock: .venv/.demo-ready and .venv/.dev-ready say so.

# shellcheck source-path=SCRIPTDIR source=../lab/lib.sh
source "$(dirname "$0")/../lab/lib.sh"
cd "$LAB_ROOT"
case ${1:-} in
  demo) lock=requirements.txt ;;
  dev) lock=requirements-dev.txt ;;
  *) echo "usage: $0 demo|dev" >&2 && exit 2 ;;
esac
stamp=.venv/.$1-ready
ready() { cmp -s "$lock" "$stamp"; }
if ready; then exit; fi
lock setup
if ready; then exit; fi # by the run that was waited for

# A Python for the virtual environment: new enough, and one that can make a virtual environment with pip in it.
python=
find_python() {
  local candidate
  for candidate in python3 /usr/bin/python3 python3.11 python3.12 python3.13; do
    if "$candidate" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
      python=$candidate
      return
    fi
  done
  return 1
}

# .venv/.made: an interrupted venv has a Python already, and no pip
if [[ ! -e .venv/.made ]] || ! .venv/bin/python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
  rm -rf .venv
  if ! find_python; then
    if ! command -v apt-get >/dev/null; then
      echo "setup: found no Python 3.11 or newer that can make virtual environments. Install one, then run this again." >&2
      exit 1
    fi
    echo "setup: installing python3-venv with apt"
    with_record apt_install python3-venv >/dev/null
    if ! find_python; then
      echo "setup: this system's python3 is older than 3.11, and ansible-core needs 3.11. Install python3.11 and python3.11-venv (or newer)." >&2
      exit 1
    fi
  fi
  echo "setup: making .venv with $("$python" --version)"
  "$python" -m venv .venv
  touch .venv/.made
fi
echo "setup: installing $(grep -c == "$lock") packages of $lock into .venv"
.venv/bin/python -m pip install -qq --disable-pip-version-check --requirement "$lock"
cp "$lock" "$stamp"
