#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026, apiary.swarm maintainers
#
# The command line of the engine that the lab runs in, by sudo where this user may not talk to it. docker.sh kill apiary-worker1

# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$(dirname "$0")/lib.sh"

find_engine || true # where none answers, docker says so itself below
docker "$@"
