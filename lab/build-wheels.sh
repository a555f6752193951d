#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026, apiary.swarm maintainers
#
# The Docker SDK's wheels for each Python the hosts may have, as role engine pins them: a flat directory, and below simple/
# an index for pip. Only wheels that run anywhere (py3-none-any). Prints the directory.

# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$(dirname "$0")/lib.sh"

requirements=roles/engine/files/sdk-requirements.txt
python=$(dirname "$ANSIBLE_PLAYBOOK")/python

key=$(content_key lab/build-wheels.sh "$requirements" <<<"$LAB_PYTHONS")
if [[ -d $LAB_CACHE/wheels-$key ]]; then
  say "$LAB_CACHE/wheels-$key"
  exit
fi

# pip asks its own Python, not --python-version, whether a requirement's marker applies.
requirements_for() {
  "$python" - "$LAB_ROOT/$requirements" "$1" <<'END'
import sys
from packaging.requirements import Requirement

path, version = sys.argv[1:]
for line in open(path, encoding="utf-8"):
    text = line.partition("#")[0].strip()
    if text:
        requirement = Requirement(text)
        if requirement.marker is None or requirement.marker.evaluate({"python_version": version}):
            print(f"{requirement.name}{requirement.specifier}")
END
}

work=$(work_dir wheels)
trap 'rm -rf "$work"' EXIT
mkdir "$work/wheels"
for version in $LAB_PYTHONS; do
  requirements_for "$version" >"$work/requirements-$version"
  "$python" -m pip download --quiet --disable-pip-version-check --no-deps --only-binary=:all: --implementation py --abi none \
    --platform any --python-version "$version" --dest "$work/wheels" --requirement "$work/requirements-$version"
done
for wheel in "$work"/wheels/*.whl; do
  file=$(basename "$wheel")
  name=$(tr '[:upper:]_.' '[:lower:]--' <<<"${file%%-*}")
  mkdir -p "$work/wheels/simple/$name"
  say "<a href=\"../../$file\">$file</a><br>" >>"$work/wheels/simple/$name/index.html"
done
cp "$LAB_ROOT/$requirements" "$work/wheels/requirements.txt"
publish_dir "$work/wheels" wheels "$key"
say "$LAB_CACHE/wheels-$key"
