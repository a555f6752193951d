#!/usr/bin/env bash
# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Builds the collection as it would be published, checks what an installed copy is worth, and runs `ansible-test sanity` over it.
# Everything is made anew below build/sanity.

set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD/build/sanity
export PATH=$PWD/.venv/bin:$PATH LC_ALL=C.UTF-8

unset ANSIBLE_CONFIG
export ANSIBLE_COLLECTIONS_PATH=$root/installed

rm -rf "$root/dist" "$root/ansible_collections" "$root/installed"
mkdir -p "$root/dist" "$root/ansible_collections/apiary/swarm"

echo "sanity: build and install"
ansible-galaxy collection build --output-path "$root/dist" >/dev/null
tarball=$(echo "$root"/dist/apiary-swarm-*.tar.gz)
unwanted=$(tar -tf "$tarball" | grep -E '^(\.|awx/|build/|collections/|inventory/|lab/|molecule/|scripts/|tests/[^/]+/|requirements|execution-environment|ansible\.cfg)' || [[ $? == 1 ]])
if [[ -n $unwanted ]]; then
  echo "sanity: the tarball holds files that belong to the checkout alone; name them in galaxy.yml, build_ignore:"
  echo "$unwanted"
  exit 1
fi
ansible-galaxy collection install "$tarball" -p "$root/installed" --offline >/dev/null

# From elsewhere, with nothing of the checkout on the path.
echo "sanity: playbooks of the installed collection"
for playbook in "$root"/installed/ansible_collections/apiary/swarm/playbooks/*.yml; do
  name=apiary.swarm.$(basename "$playbook" .yml)
  (cd "$root" && ansible-playbook -i localhost, --syntax-check "$name" >/dev/null)
  echo "sanity: $name: syntax ok"
done

# ansible-test makes a virtual environment for each test and gets pip into it with a script it downloads once into this place.
# Python brings its own pip: the script put there unpacks that one, so that no host outside the package index is needed.
# A home of its own keeps the person's real one as it is.
home=$root/home
mkdir -p "$home/.ansible/test/cache"
version=$(python -c 'from types import SimpleNamespace as python
from ansible_test._internal.python_requirements import get_venv_packages
print(get_venv_packages(python(version="3.11"))["pip"])')
cat >"$home/.ansible/test/cache/get_pip_${version//./_}.py" <<'END'
import sys
import ensurepip
ensurepip.bootstrap(default_pip=True)
END
[[ ! -d $HOME/.config/pip ]] || { mkdir -p "$home/.config" && ln -sfn "$HOME/.config/pip" "$home/.config/pip"; }


# compile and import run on each of these Pythons that this machine has, in a pyenv too: the hosts' oldest, EL 9's, ours, the newest.
pythons=$root/pythons
rm -rf "$pythons"
mkdir "$pythons"
for version in 3.8 3.9 3.11 3.13; do
  for python in "$(command -v "python$version")" "${PYENV_ROOT:-$HOME/.pyenv}"/versions/"$version".*/bin/python; do
    if [[ -x $python ]] && "$python" -c 'import ensurepip, venv' 2>/dev/null; then
      ln -s "$("$python" -c 'import sys; print(sys.executable)')" "$pythons/python$version"
      break
    fi
  done
done

cd "$root/ansible_collections/apiary/swarm"
tar -xf "$tarball"
git init -q # build/ is ignored by the checkout's git, and ansible-test asks git what files there are
log=$root/ansible-test.log
HOME=$home PATH=${PATH%%:*}:$pythons:/usr/local/bin:/usr/bin:/bin ansible-test sanity --color no >"$log" 2>&1 && status=0 || status=$?
grep -E '^(Running sanity|ERROR|FATAL|See documentation)' "$log"
# a test that ansible-test leaves out for want of a program is one that did not run
if ((status)) || grep -E '^WARNING: (Required program|All targets|Skipping sanity test "[a-z-]*" [^o])' "$log"; then
  grep -q '^ERROR' "$log" || tail -n 20 "$log"
  echo "sanity: failed; all that ansible-test printed is in build/sanity/ansible-test.log"
  exit 1
fi
echo "sanity: Pythons that are not there were left out: $(sed -n 's/^WARNING: Skipping.* on Python \([0-9.]*\).*/\1/p' "$log" | sort -uV | xargs)"
echo "sanity: $(grep -c '^Running sanity' "$log") tests of ansible-test passed"

echo "sanity: documentation of modules and roles, and what it refers to"
antsibull-docs lint-collection-docs --plugin-docs --validate-collection-refs self --skip-rstcheck .
