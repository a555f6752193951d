# Copyright (c) 2026, apiary.swarm maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which archives have images that a host lacks, as a filter."""

from __future__ import annotations

from ..plugin_utils._image_archives import lacking

DOCUMENTATION = r"""
name: lacking_images
short_description: Say which archives have images that a host lacks
version_added: 1.0.0
author:
  - apiary.swarm maintainers (@apiary-swarm)
description:
  - An image is there if the host has one with the same ID and all of its names.
positional: lines
options:
  _input:
    description: What filter P(apiary.swarm.image_archive#filter) said of each archive.
    type: list
    elements: dict
    required: true
  lines:
    description: For each image that the host has of these, JSON with its C(id) and C(names).
    type: list
    elements: str
    required: true
"""

EXAMPLES = r"""
- name: Say which archives are to be loaded
  ansible.builtin.debug:
    msg: "{{ archived | apiary.swarm.lacking_images(inspected.stdout_lines) }}"
"""

RETURN = r"""
_value:
  description: The paths of those archives.
  type: list
  elements: path
"""


class FilterModule:
    def filters(self):
        return {"lacking_images": lacking}
