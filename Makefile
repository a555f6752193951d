# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
#
# The face of the project for a person at a terminal: `make` shows what there is.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

VENV := .venv/bin
export PATH := $(CURDIR)/$(VENV):$(PATH)
export ANSIBLE_CONFIG := $(CURDIR)/ansible.cfg
export PYTHONUNBUFFERED := 1
# a bare machine has no locale set, and Ansible wants one with UTF-8
export LC_ALL := C.UTF-8

# $(call step,TITLE,COMMAND): what runs, its output, and the seconds it took
step = @echo "--- $(1)"; $(2) && echo "--- $(1): done in $$SECONDS s"

.PHONY: help
help: ## this table
	@echo "apiary.swarm: an inventory becomes a Docker Swarm"; echo
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/\1\t\2/p' $(MAKEFILE_LIST) | expand -t 15 | sed 's/^/  make /'

## --- for everyone -----------------------------------------------------------------------------------------------------

.PHONY: demo
demo: ## five hosts on this machine, a swarm on them, a service on it
	@scripts/demo.sh

.PHONY: lab
lab: ## the five hosts and the depot alone, ready for `ansible-playbook -i inventory/lab site.yml`
	@scripts/setup.sh demo
	$(call step,lab,lab/up.sh)

.PHONY: down
down: ## removes the lab: containers, networks, volumes, keys; stops an engine that it started
	@lab/down.sh

.PHONY: clean
clean: ## the same, and all that was built or installed for it: build/, .venv/, packages
	@lab/down.sh --all
	@rm -rf build .venv .ansible .pytest_cache .ruff_cache .hypothesis

## --- for maintainers --------------------------------------------------------------------------------------------------

.PHONY: test
test: ## everything a change must pass: lint, sanity, unit, integration, molecule, faults-fast
	@scripts/test.sh

.PHONY: test-all
test-all: test long differential edge lifecycle faults mesh canaries endurance ## the same, and what takes longer

.PHONY: venv
venv:
	@scripts/setup.sh dev

.PHONY: lint
lint: venv ## linters over code, YAML, playbooks, scripts and docs
	$(call step,ruff,ruff check . && ruff format --check .)
	$(call step,yamllint,yamllint --strict .)
	$(call step,ansible-lint,ansible-lint)
	$(call step,shellcheck,git ls-files -z --cached --others --exclude-standard '*.sh' .ci/run | xargs -0 shellcheck -x)
	$(call step,changelog,antsibull-changelog lint)

.PHONY: sanity
sanity: venv ## builds the tarball, installs it, runs ansible-test sanity and antsibull-docs over it
	$(call step,sanity,scripts/sanity.sh)

.PHONY: unit
unit: venv ## pure functions, in seconds
	$(call step,unit,pytest -q tests/unit)

.PHONY: integration
integration: venv ## modules against real engines (T=... gives pytest arguments)
	$(call step,integration,pytest -v tests/integration $(T))

.PHONY: molecule
molecule: venv ## the walk-through, and hosts of two families, as stories on real engines (T=... as above)
	$(call step,molecule,pytest -v tests/scenarios $(T))

.PHONY: long
long: venv ## the tests on real engines that `make test` leaves out because each takes minutes
	$(call step,long,pytest -v -m long tests/scenarios tests/integration)

.PHONY: differential
differential: venv ## swarm_service against the CLI, on each version of the engine (BREAK=, ONLY=, ENGINES=: see tests/README.md)
	@tests/differential/run.py

.PHONY: edge
edge: venv ## requests to the edge while services, routes and nodes change: is one lost? (BREAK=: see tests/README.md)
	$(call step,edge,tests/edge/run.py)

.PHONY: lifecycle
lifecycle: venv ## upgrades, reboots, lost nodes, backup: is a request lost meanwhile? (BREAK=, ONLY=: see tests/README.md)
	@tests/lifecycle/run.py

.PHONY: faults
faults: venv ## hosts, engines, networks, registries and plays fail: is anything lost? (BREAK=, ONLY=, SEED=: see tests/README.md)
	@tests/faults/run.py

.PHONY: faults-fast
faults-fast: venv ## some of them, on one swarm, in five minutes
	@tests/faults/run.py fast

.PHONY: mesh
mesh: venv ## a published port answers on every node: on a kernel that has IP_VS, one of our own if need be (BREAK=: see docs/mesh.md)
	@tests/mesh/run.py

.PHONY: canaries
canaries: venv ## every playbook and module with secrets, at -vvvv: is one seen in output, events, logs, process lists? (BREAK=, ONLY=)
	@tests/canaries/run.py

.PHONY: endurance
endurance: venv ## 200 updates of a service, 20 runs of site.yml: what has grown on the hosts and here? (BREAK=, UPDATES=, RUNS=)
	@tests/endurance/run.py

# community.docker comes from the ansible package, 500 MB: for the two targets below alone
build/bench/ansible_collections: requirements-bench.txt
	@pip install -qq --disable-pip-version-check --no-deps --no-compile --upgrade --target build/bench -r $<
	@touch $@

.PHONY: migration
migration: venv build/bench/ansible_collections ## a playbook for community.docker, run by its module and then by ours
	$(call step,migration,pytest -v tests/migration $(T))

.PHONY: bench
bench: venv build/bench/ansible_collections ## seconds for a swarm and for 100 services, ours and others' (T=services: that part alone)
	$(call step,bench,\
	  LAB_NAME=$${LAB_NAME:-apiary-bench} LAB_SUBNET=$${LAB_SUBNET:-172.30.79.0/24} \
	  ANSIBLE_COLLECTIONS_PATH="$(CURDIR)/collections:$(CURDIR)/build/bench" tests/bench/bench.py $(T))

.PHONY: build
build: venv ## the collection's tarball, in build/
	@ansible-galaxy collection build --force --output-path build

.PHONY: flags
flags: venv ## docs/flags.md anew from the options of swarm_service
	@scripts/flags_doc.py

.PHONY: lock
lock: ## requirements*.txt anew from requirements*.in (needs pip-tools)
	@for list in requirements requirements-dev; do \
	  pip-compile --quiet --upgrade --no-header --strip-extras --no-emit-index-url --no-emit-find-links \
	    --no-emit-trusted-host --no-emit-options --output-file $$list.txt $$list.in; \
	done
