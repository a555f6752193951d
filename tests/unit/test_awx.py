# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Job templates, surveys and the execution environment: what AWX would refuse, or hand to nobody."""

from __future__ import annotations

import pathlib
import subprocess
import sys

import pytest
import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
TEMPLATES = {
    entry["name"]: entry for entry in yaml.safe_load((ROOT / "awx/job_templates.yml").read_text())["awx_job_templates"]
}
PLAYBOOKS = {path.stem for path in ROOT.glob("*.yml") if path.stem not in ("galaxy", "execution-environment")}
# for a person's own machine
NO_JOBS = {"contexts"}
ASKED = [(name, question) for name, entry in TEMPLATES.items() for question in entry.get("survey", [])]


def texts(name):
    """What a playbook says, with the roles and tasks that it may use."""
    paths = [ROOT / f"playbooks/{name}.yml", *ROOT.glob("playbooks/tasks/*.yml"), *ROOT.glob("roles/*/defaults/*.yml")]
    return "\n".join(path.read_text() for path in paths)


def test_each_playbook_has_a_job_template():
    assert {name for name in PLAYBOOKS if name not in NO_JOBS} == set(TEMPLATES)
    assert {(ROOT / f"playbooks/{name}.yml").exists() for name in PLAYBOOKS} == {True}


@pytest.mark.parametrize(("name", "question"), ASKED, ids=[f"{name}-{entry['variable']}" for name, entry in ASKED])
def test_questions_are_as_awx_takes_them_and_the_playbook_listens(name, question):
    """The rules are those of awx/api/validators and JobTemplateSurveySpec: all keys but the last four are needed."""
    kinds = {"text", "textarea", "password", "integer", "float", "multiplechoice", "multiselect"}
    assert {"question_name", "variable", "type", "required", "default"} <= set(question)
    assert set(question) <= {
        *("question_name", "question_description", "variable", "type", "required", "default", "min", "max", "choices")
    }
    assert question["type"] in kinds
    assert isinstance(question["default"], str)
    if question["type"].startswith("multi"):
        assert question["default"] in question["choices"]
        assert all(isinstance(choice, str) for choice in question["choices"])
    assert question["variable"] in texts(name)


def test_ansible_builder_accepts_the_execution_environment(tmp_path):
    command = [
        pathlib.Path(sys.executable).with_name("ansible-builder"),
        "create",
        "--context",
        str(tmp_path / "context"),
    ]
    done = subprocess.run(
        [*command, "--file", "execution-environment.yml", "--output-filename", "Containerfile"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "ansible-core>=2.18" in (tmp_path / "context/Containerfile").read_text()
