# Copyright (c) 2026, apiary.swarm maintainers
# SPDX-License-Identifier: GPL-3.0-or-later

"""The judge of `make differential`: what it calls a difference, what it forgives, and that it tells what it need not."""

from __future__ import annotations

import pytest
from differential.cases import PAIRS, chains, cli_words, task_options
from differential.engines import Outcome
from differential.judge import Judge, differences, judgement

GROUPS = "TaskTemplate.ContainerSpec.Groups"


def spec(groups=None, **more):
    container = {} if groups is None else {"Groups": groups}
    return {"Name": "web", "TaskTemplate": {"ContainerSpec": container}, **more}


@pytest.mark.parametrize("theirs", [None, [], False, 0, "", {}, {"a": None}])
def test_absent_null_and_each_empty_value_are_different_things(theirs):
    others = [{"x": value} for value in (None, [], False, 0, "", {"a": 0})] + [{}]
    found = [other for other in others if not list(differences({"x": theirs}, other))]
    assert found == [other for other in others if other == {"x": theirs} and type(other["x"]) is type(theirs)]


def test_only_what_is_deliberate_is_forgiven_and_it_is_counted():
    judge = Judge()
    other_order = (spec(["1", "2"]), spec(["2", "1"]))
    assert judge.problems(*other_order, {"--group"}) == []
    assert judge.problems(*other_order, {"--env"}) == [f'{GROUPS}: CLI ["1", "2"], module ["2", "1"]']
    assert judge.problems(spec(["1", "2"]), spec(["2", "3"]), {"--group"}) != []
    assert judge.problems(spec(), spec(Labels={"io.apiary.declared": "image"}), set()) != [], "all labels of it"
    assert judge.problems(spec(Labels={}), spec(Labels={"io.apiary.declared": "image"}), set()) == []
    assert {entry["field"]: entry["cases"] for entry in judge.table()}[GROUPS] == 1
    assert "--mode Mode.*: forgiven, and never needed" in judge.unused()
    assert not [text for text in judge.unused() if GROUPS in text]


def test_a_refusal_is_right_only_of_an_engine_too_old():
    def problems(theirs, ours, flags=("--env",)):
        return judgement(Judge(), theirs, ours, set(flags))[0]

    made, too_old = Outcome(spec()), Outcome(refused="Service web: env: needs API 1.99, and the engine speaks 1.41")
    unknown = Outcome(refused="unknown flag: --env\nUsage: docker")
    assert problems(made, made) == []
    assert problems(made, made._replace(again="the second run: 1 -> 2")) == ["the second run: 1 -> 2"]
    assert problems(Outcome(refused="--env requires API version 1.99"), too_old) == []
    assert problems(Outcome(refused="--env is not known"), Outcome(refused="env: there is no such thing"))
    assert problems(made, too_old)
    assert problems(made, too_old, ["--mount"]) == []
    assert problems(too_old, made)
    assert problems(made, Outcome())
    assert problems(unknown, too_old)
    assert problems(unknown, too_old, ["--memory-swap"]) == []


def test_the_cases_are_the_same_each_time_and_each_has_its_own_name():
    first, second = chains((1, 51)), chains((1, 51))
    assert [(chain.name, *map(task_options, chain.states)) for chain in first] == [
        (chain.name, *map(task_options, chain.states)) for chain in second
    ]
    names = [chain.name for chain in first]
    assert len(set(names)) == len(names)
    pairs = {str([cli_words("", state) for state in chain.states]) for chain in first if chain.name.startswith("pair-")}
    assert len(pairs) == PAIRS
