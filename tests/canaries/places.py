# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where a secret could have got to: process lists while something runs, and then logs and whatever was left in temporary places.

A mark is put into each of them, so that one that was not looked at is noticed.
"""

from __future__ import annotations

import base64
import pathlib
import secrets
import subprocess
import threading
import time

from harness.lab import HOSTS, ROOT

# every folder in which Ansible, our modules, pip or a shell puts what is for a while
TEMPORARY = "/tmp /var/tmp /dev/shm /root /home/ops /run/user /run/apiary* /var/lib/docker/apiary-* /var/lib/docker/tmp"
SEEN = "/run/canaries"
BEGIN = (
    "rm -rf {seen}; mkdir {seen}; echo {mark} | systemd-cat; echo {mark} | tee /tmp/canaries-mark >/var/log/canaries-mark;"
    " curl -sk https://depot:5000/v2/{mark} >/dev/null; stat -c %Y /proc/1; date +%s.%N"
)
LIST = ": {mark}; until [ -e {seen}/enough ]; do ps -eo args; sleep 0.2; done | awk '!seen[$0]++' >{seen}/processes"
PLACES = {
    "processes": "cat {seen}/processes",
    "journal": "journalctl --no-pager --all --output=cat --since=@{since}",
    "log files": "find /var/log -type f ! -path '*/journal/*' -exec cat {{}} +",
    "temporary files": f"find {TEMPORARY} -xdev -type f -print -exec cat {{{{}}}} + 2>/dev/null",
}
END = "rm -rf {seen} /tmp/canaries-mark /var/log/canaries-mark; stat -c %Y /proc/1"


class Watch:
    """with Watch(lab) as watch: …; afterwards found() gives {place: bytes} of the time in between."""

    def __init__(self, lab):
        self.lab, self.mark = lab, f"mark{secrets.token_hex(8)}"

    def __enter__(self):
        self.began = time.time()
        told = {host: self._ssh(host, BEGIN).split() for host in HOSTS}
        # a host that is off has nothing to tell
        self._starts = {host: words for host, words in told.items() if len(words) == 2}
        self._over, self._lines = threading.Event(), set()
        self._lists = [self.lab.start_ssh(host, LIST.format(mark=self.mark, seen=SEEN)) for host in self._starts]
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_exception):
        self._over.set()
        self._thread.join()
        for host in HOSTS:
            self._ssh(host, "mkdir -p {seen}; touch {seen}/enough")
        for process in self._lists:
            try:
                process.communicate(timeout=30)
            except subprocess.TimeoutExpired:  # its host was rebooted, or built anew
                process.kill()

    def found(self):
        found = {"log of the depot's registries": self._depot(), "processes here": b"\n".join(self._lines)}
        marked = list(found)
        for host in HOSTS:
            boot, since = self._starts.get(host, (None, int(self.began)))
            places = {f"{place} of {host}": self._bytes(host, command, since) for place, command in PLACES.items()}
            found.update(places)
            marked += places if self._ssh(host, END) == boot else []
        unseen = [place for place in marked if self.mark.encode() not in found[place]]
        assert not unseen, f"these were not looked at: {', '.join(unseen)}"
        return found

    def _ssh(self, host, command):
        return self.lab.ssh(host, command.format(mark=self.mark, seen=SEEN), ok=False, timeout=120)

    def _bytes(self, host, command, since):
        """What a command on a host writes; nothing if the host is off."""
        told = self.lab.ssh(
            host, f"({command.format(seen=SEEN, since=since)}) | base64 --wrap=0", ok=False, timeout=120
        )
        return base64.b64decode(told)

    def _depot(self):
        command = [str(ROOT / "lab/docker.sh"), "logs", "--since", f"{self.began:.3f}", f"{self.lab.name}-depot"]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=60, check=True)
        return done.stdout + done.stderr

    def _look(self):
        # the lists on the hosts are begun by a process here, whose command line has the mark in it
        while not self._over.wait(0.1):
            for path in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
                try:
                    self._lines.add(path.read_bytes().replace(b"\0", b" "))
                except OSError:
                    continue
