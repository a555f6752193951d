# shellcheck shell=bash disable=SC2034
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026, apiary.swarm maintainers
#
# The lab's settings. Each can be set in the environment; docs/lab.md explains them.

LAB_NAME=${LAB_NAME:-apiary}                  # prefix of containers, network and label: two labs, two names
LAB_SUBNET=${LAB_SUBNET:-172.30.77.0/24}      # two labs at once need two subnets
LAB_HOSTS=${LAB_HOSTS:-manager1 manager2 manager3 worker1 worker2}
LAB_DEBIAN=${LAB_DEBIAN:-}                    # which of the hosts are Debian 12; empty: none, and nothing is built for it
LAB_UBUNTU=${LAB_UBUNTU:-}                    # which are the same and say that they are Ubuntu
LAB_IMAGE=${LAB_IMAGE:-}                      # host image; empty: build one. With a real network: a CentOS Stream image
LAB_ENGINE=${LAB_ENGINE:-28.5.2}            # engine version that inventory/lab asks for
LAB_MIRROR=${LAB_MIRROR:-}                    # Debian mirror; empty: the one this machine's apt uses
LAB_KERNEL=${LAB_KERNEL:-}                    # uml: each host is a machine with a kernel that has IP_VS; empty: containers

# Debian suites the engines come from, oldest first, and the containerd that upstream's RPM of that engine asks for.
LAB_SUITES=${LAB_SUITES:-bookworm:1.6.4 trixie:1.6.24 forky:1.7.27}
# The suite of the host image and the depot. Newer suites' systemd does not boot on cgroup v1, and bookworm has EL 9's own
# versions of systemd and dnf.
LAB_BASE_SUITE=bookworm
# What hosts of LAB_UBUNTU say that they are.
LAB_UBUNTU_CODENAME=noble
# Suites the nginx images come from: one version to start with and one to update to.
LAB_NGINX_SUITES="bookworm trixie"
# The Pythons the depot serves the Docker SDK for: EL 9's own and the host image's.
LAB_PYTHONS="3.9 3.11"

# Suite and package of the sources of the kernel for LAB_KERNEL=uml. Before 6.16 it traces every system call: too slow.
LAB_KERNEL_SOURCE=${LAB_KERNEL_SOURCE:-forky:linux-source-7.2}

LAB_SSH_USER=ops

LAB_ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
LAB_DIR=$LAB_ROOT/lab
LAB_BUILD=$LAB_ROOT/build/lab
LAB_CACHE=$LAB_BUILD/cache                    # what was built, for all labs of this checkout
LAB_STATE=$LAB_BUILD/$LAB_NAME                # this lab's keys, certificates and inventory
LAB_LOGS=$LAB_CACHE/logs/$LAB_NAME            # what each step said when this lab was last brought up
LAB_TMP=${LAB_TMP:-$LAB_CACHE/tmp}
LAB_LABEL=apiary.lab=$LAB_NAME                # on containers, volumes and the network
LAB_BUILD_LABEL=apiary.lab.build=$LAB_ROOT    # on containers that only live while something is built
ANSIBLE_PLAYBOOK=${ANSIBLE_PLAYBOOK:-$LAB_ROOT/.venv/bin/ansible-playbook}
