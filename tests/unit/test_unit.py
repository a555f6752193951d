# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

"""The drop-in that adds to the engine's command line, from what systemctl cat says."""

from __future__ import annotations

from ansible_collections.apiary.swarm.plugins.plugin_utils._unit import DROP_IN, unit_plan

UNIT = """# /usr/lib/systemd/system/docker.service
[Unit]
Description=Docker Application Container Engine
# ExecStart=/no

[Service]
Type=notify
ExecStart=/usr/bin/dockerd -H fd:// --containerd=/run/containerd/containerd.sock
ExecReload=/bin/kill -s HUP $MAINPID
"""
OVERRIDE = """
# /etc/systemd/system/docker.service.d/override.conf
[Service]
ExecStart=
ExecStart=/usr/bin/dockerd -H fd:// \\
    --debug
"""
OPTIONS = ["-H", "tcp://0.0.0.0:2376", "--tlsverify"]


def command(text):
    return unit_plan(text, OPTIONS)["wanted"].splitlines()[-1]


def test_options_are_added_to_the_units_own_command():
    found = unit_plan(UNIT, OPTIONS)
    assert (found["present"], found["fault"]) == ("", "")
    assert found["wanted"].splitlines()[1:] == [
        "[Service]",
        "ExecStart=",
        "ExecStart=/usr/bin/dockerd -H fd:// --containerd=/run/containerd/containerd.sock -H tcp://0.0.0.0:2376 --tlsverify",
    ]


def test_a_drop_in_of_the_operator_counts():
    assert command(UNIT + OVERRIDE).split() == [
        *["ExecStart=/usr/bin/dockerd", "-H", "fd://", "--debug"],
        *OPTIONS,
    ]


def test_what_was_written_before_is_seen_and_not_added_to():
    once = unit_plan(UNIT, OPTIONS)["wanted"]
    text = f"{UNIT}\n# {DROP_IN}\n{once}\n"
    assert unit_plan(text, OPTIONS) == {"present": once, "wanted": once, "fault": ""}
    assert unit_plan(text, []) == {"present": once, "wanted": "", "fault": ""}
    newer = text.replace("containerd.sock\n", "containerd.sock --new\n", 1)
    assert "--new -H tcp" in unit_plan(newer, OPTIONS)["wanted"]


def test_a_unit_that_cannot_be_added_to():
    assert "says no command" in unit_plan("", OPTIONS)["fault"]
    assert unit_plan("", [])["fault"] == ""
    for more in ("-H tcp://0.0.0.0:2375", "--host=tcp://[::]:2376", "--tlsverify"):
        text = f"{UNIT}# /etc/systemd/system/docker.service.d/10-machine.conf\n[Service]\nExecStart=\nExecStart=/usr/bin/dockerd {more}\n"
        assert "already has the engine listen on TCP" in unit_plan(text, OPTIONS)["fault"]
        assert unit_plan(text, OPTIONS)["wanted"] == ""
