# Copyright (c) 2026, apiary.swarm maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is in an archive of images, as a filter."""

from __future__ import annotations

from ansible.errors import AnsibleFilterError

from ..plugin_utils._image_archives import ArchiveError
from ..plugin_utils._image_archives import image_archive as read

DOCUMENTATION = r"""
name: image_archive
short_description: Say which images are in an archive of C(docker save)
version_added: 1.0.0
author:
  - apiary.swarm maintainers (@apiary-swarm)
description:
  - Reads the table of contents of an archive on the control host. Fails, with the reason, for a file that is none.
options:
  _input:
    description: The archive's absolute path, compressed or not.
    type: path
    required: true
"""

EXAMPLES = r"""
- name: Look into archives
  ansible.builtin.set_fact:
    archived: "{{ engine_image_archives | map('apiary.swarm.image_archive') | list }}"
"""

RETURN = r"""
_value:
  description: RV(ignore:path), and RV(ignore:images), each with its RV(ignore:names) and the RV(ignore:ids) that engines may give it.
  type: dict
"""


def image_archive(path):
    try:
        return read(path)
    except ArchiveError as error:
        raise AnsibleFilterError(str(error)) from error


class FilterModule:
    def filters(self):
        return {"image_archive": image_archive}
