# Copyright (c) 2026, apiary.swarm maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files of environment variables on the host that the module runs on, read as the CLI reads those of --env-file.

PRIVATE to apiary.swarm: no other collection may import it.

No message quotes a line: it may hold a password.
"""

from __future__ import annotations

import os

from ._errors import SwarmError


def parse(content, environment):
    """The variables in a file's bytes, as a list of NAME=value. Raises ValueError that tells all lines that are none.

    A value is what follows the first =, with quotes and blanks. A name alone has its value from environment, and is left
    out if there is none.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ValueError(f"line {line} is not UTF-8") from None
    variables, wrong = [], []
    for number, whole in enumerate(text.split("\n"), 1):
        line = (whole[:-1] if whole.endswith("\r") else whole).lstrip()
        if not line or line.startswith("#"):
            continue
        name, equals, value = line.partition("=")
        if not name or any(character.isspace() for character in name):
            wrong.append(str(number))
        elif equals:
            variables.append(f"{name}={value}")
        elif name in environment:
            variables.append(f"{name}={environment[name]}")
    if wrong:
        lines = f"line {wrong[0]} does" if len(wrong) == 1 else f"lines {', '.join(wrong)} do"
        raise ValueError(f"{lines} not begin with the name of a variable, without blanks, and =")
    return variables


def with_env_files(wishes, node, missing=None):
    """The wishes with the variables of their files under their own env. Raises SwarmError with all that is wrong.

    missing: a list that takes the files that are not there, which is no error then: in check mode a task before would have
    made them.
    """
    files, problems = {}, []
    for wish in wishes:
        for path in wish.env_files if wish.state != "absent" else ():
            try:
                if path not in files:
                    with open(path, "rb") as file:
                        files[path] = parse(file.read(), os.environ)
            except (OSError, ValueError) as error:
                files[path] = []
                if isinstance(error, FileNotFoundError) and missing is not None:
                    missing.append(f"file {path} on {node}")
                    continue
                reason = error.strerror if isinstance(error, OSError) else error
                problems.append(f"Service {wish.name}: env_files: {path} on {node}: {reason}")
    if problems:
        raise SwarmError("\n".join(problems), hint="Nothing was changed.", node=node, details={"problems": problems})
    return [_with_env(wish, [text for path in wish.env_files for text in files.get(path, ())]) for wish in wishes]


def _with_env(wish, variables):
    if not wish.env_files or wish.state == "absent":
        return wish
    env = wish.options.get("env")
    if isinstance(env, dict):
        env = dict((text.split("=", 1) for text in variables), **{str(name): value for name, value in env.items()})
    elif isinstance(env, str):
        env = variables + [text for text in env.split(",") if text]
    elif env is None or isinstance(env, list):
        env = variables + (env or [])
    return wish._replace(options=dict(wish.options, env=env))
