# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the tests against real engines share: a lab of their own, runs of Ansible, and the engines' own CLI as the judge."""
