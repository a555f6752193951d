#!/usr/bin/env bash
# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
#
# All a change must pass, quickest first; ends at the first thing that fails. Works from a clean checkout and without a terminal:
# the lab starts the engine it needs. Tests on engines mostly wait for them, so two labs work side by side. They go away behind
# it, unless KEEP_LAB=1.

set -euo pipefail
cd "$(dirname "$0")/.."
export LAB_NAME=${LAB_NAME:-apiary-test} LAB_SUBNET=${LAB_SUBNET:-172.30.78.0/24}

clean_up() {
  local status=$? name
  if [[ ! ${KEEP_LAB:-} ]]; then
    for name in "$LAB_NAME-2" "$LAB_NAME"; do LAB_NAME=$name lab/down.sh; done
  fi
  exit "$status"
}

all() {
  scripts/setup.sh dev
  trap clean_up EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM
  make lint
  make sanity
  make unit
  echo "--- lab"
  lab/up.sh --with-engine
  # a file's tests share what they made; the scenarios take longest, so they come first
  .venv/bin/pytest -v --durations=40 -n 2 -m 'not long' --dist loadfile --no-loadscope-reorder tests/scenarios tests/integration
  echo "--- test: all of it done in $SECONDS s"
}

# Another run in this checkout would take away the lab and build/sanity from under this one.
mkdir -p build
exec {lock}>build/test.lock
if ! flock --nonblock "$lock"; then
  echo "test: waiting for another \`make test\` of this checkout to end"
  flock "$lock"
fi
all {lock}>&- # what goes on running, such as an engine, must not hold the lock
