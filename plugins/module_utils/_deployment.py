# Copyright (c) 2026, apiary.swarm maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The one flow of swarm_deploy: networks, secrets and configs come before the services that use them, and go after them.

PRIVATE to apiary.swarm: no other collection may import it.

All is read and planned before anything is applied, the services with what is to be made before them. What is to be
removed goes when the services run, so that one that fails can still go back to what it had.
"""

from __future__ import annotations

import platform
import time

from . import _content_changes as contents
from . import _network_changes as networks
from ._cluster import Clock, read_nodes
from ._contents import CONFIG, SECRET
from ._env_files import with_env_files
from ._errors import SwarmError
from ._networks import refuse_twice
from ._services import Services, continue_watch
from ._wishes import wishes_of

SORTS = (SECRET, CONFIG)
# The ID of what is not made yet, in plans and in the diffs of check mode.
NEW = "(new)"
# What is removed at the end waits for the last tasks to let go of it, however late it is.
_SECONDS_TO_GO = 20


def deploy(engine, params, check_mode):
    """Bring what a task declares to what is declared, in the order that it needs; returns the module's result."""
    # not the other lists: they are no options of services, though they are called as some of those are
    about_services = {option: params[option] for option in ("service_defaults", "undeclared", "_registry_auth")}
    missing = [] if check_mode else None
    wishes = wishes_of(dict(about_services, services=params["services"] or []))
    wishes = with_env_files(wishes, platform.node(), missing)
    parts = Parts(engine, params)
    clock = Clock(params["wait_timeout"])
    read_nodes(engine, "read the swarm")
    parts.read_and_plan()
    services = Services(engine, wishes, check_mode, params["docker_host"], missing)
    services.prepare(parts.meant())
    parts.settle(services.observed, services.afterwards())
    if check_mode:
        services.apply()
        return _joined(services.result(False, 0), parts.told(late=True))
    try:
        something_new = parts.makes_something()
        parts.carry_out(clock)
        if something_new:
            services.plan(parts.meant())
        services.apply()
        answer = services.result(params["wait"], clock.left, params["_slice"])
    except SwarmError as error:
        raise _half_done(error, parts.told(late=False))
    rest = {"going": parts.going(), "early": parts.told(late=False), "late": parts.told(late=True)}
    return _ended(engine, answer, rest, clock)


def continue_deployment(engine, state, seconds):
    """One more slice of the wait that deploy() handed on."""
    rest = state.pop("deployment")
    clock = Clock(state["deadline"] - time.monotonic())
    try:
        answer = continue_watch(engine, state, seconds)
    except SwarmError as error:
        raise _half_done(error, rest["early"])
    return _ended(engine, answer, rest, clock)


def _ended(engine, answer, rest, clock):
    """The result of a slice: the rest is handed on, or done if nothing is left to wait for."""
    if answer.get("_pending"):
        answer["_pending"]["deployment"] = rest
        return answer
    try:
        _remove(engine, rest["going"], Clock(max(clock.left, _SECONDS_TO_GO)))
    except SwarmError as error:
        error.details.update(answer)
        raise _half_done(error, rest["early"])
    return _joined(answer, rest["late"])


def _remove(engine, going, clock):
    for sort in SORTS:
        contents.remove(engine, sort, going[sort.many])
    for network in going["networks"]:
        networks.remove(engine, network, clock)
    networks.await_gone(engine, going["networks"], clock)


def _joined(answer, told):
    """The result about the services, with that about the rest; the diffs in the order of work."""
    return dict(
        answer,
        changed=answer["changed"] or bool(told["diff"]),
        diff=told["diff"] + answer["diff"],
        warnings=told["warnings"] + answer.get("warnings", []),
        **{many: told[many] for many in ("networks", "secrets", "configs")},
    )


def _half_done(error, told):
    """The error, with what had been done before it."""
    known = {"changed": False, "diff": [], "services": [], **error.details}
    error.details.update(_joined(known, told))
    return error


class Parts:
    """The networks, secrets and configs of a deployment: their wishes, plans, and what came of them."""

    def __init__(self, engine, params):
        self.engine = engine
        self.wishes = {many: params[many] or [] for many in ("networks", *(sort.many for sort in SORTS))}
        refuse_twice(self.wishes["networks"])
        for sort in SORTS:
            contents.refuse_twice(sort, self.wishes[sort.many])
        self.plans = {}
        self.made = {many: {} for many in self.wishes}

    def read_and_plan(self):
        self.plans["networks"] = networks.read_and_plan(self.engine, self.wishes["networks"])
        for sort in SORTS:
            self.plans[sort.many] = contents.read_and_plan(self.engine, sort, self.wishes[sort.many])

    def makes_something(self):
        """Whether there is something afterwards that services can refer to and could not before."""
        return any(entry.action in ("created", "recreated") for plans in self.plans.values() for entry in plans)

    def meant(self):
        """What names mean to the services of this task, in the form of World's networks and files: what is made, and what is declared."""
        found = {}
        for entry in self.plans["networks"]:
            if entry.spec:
                found[entry.name] = self.made["networks"].get(entry.name, {"Id": NEW})["Id"]
            elif entry.present and entry.action != "removed":
                found[entry.name] = entry.present["Id"]
        meant = {"networks": found} if found else {}
        for sort in SORTS:
            for entry in self.plans[sort.many]:
                if entry.action in ("created", "recreated"):
                    pair = (self.made[sort.many].get(entry.name, NEW), entry.spec["Name"])
                elif entry.action == "removed" or not entry.present:
                    continue
                else:
                    pair = (entry.present["ID"], entry.present["Spec"]["Name"])
                meant.setdefault("files", {}).setdefault(sort.word, {}).update({entry.name: pair, pair[1]: pair})
        return meant

    def settle(self, now, then):
        """Keep old versions that services use, and refuse to take anything else from under one.

        now and then: the services before and after this run; what is made anew goes first, what is to be absent last.
        """
        for action, services in (("recreated", now), ("removed", then)):
            plans = [entry for entry in self.plans["networks"] if entry.action == action]
            networks.refuse_used(self.engine, plans, lambda services=services: services)
        for sort in SORTS:
            settled = {}
            for first, services in ((True, now), (False, then)):
                plans = [entry for entry in self.plans[sort.many] if (entry.action == "recreated") is first]
                plans = contents.settled(self.engine, sort, plans, lambda services=services: services)
                settled.update({entry.name: entry for entry in plans})
            self.plans[sort.many] = [settled[entry.name] for entry in self.plans[sort.many]]

    def carry_out(self, clock):
        """Apply all but the removals that wait for the services."""
        early = self._early()
        for sort in SORTS:
            wishes, plans = self.wishes[sort.many], early[sort.many]
            self._carried_out(sort.many, plans, contents.carry_out(self.engine, sort, wishes, plans))
        wishes, plans = self.wishes["networks"], early["networks"]
        self._carried_out("networks", plans, networks.carry_out(self.engine, wishes, plans, clock))

    def _carried_out(self, many, early, done):
        """Keep what was made, and the plans of what somebody else was quicker with."""
        carried, self.made[many] = done
        self.plans[many] = [
            planned if now is begun else now for planned, begun, now in zip(self.plans[many], early, carried)
        ]

    def _early(self):
        """The plans without what is removed when the services run."""
        early = {"networks": [self._kept(entry) for entry in self.plans["networks"]]}
        for sort in SORTS:
            early[sort.many] = [
                entry if entry.action == "recreated" else self._kept(entry)._replace(going=())
                for entry in self.plans[sort.many]
            ]
        return early

    @staticmethod
    def _kept(entry):
        return entry._replace(action="unchanged") if entry.action == "removed" else entry

    def going(self):
        """What is to be removed when the services run, as plain data without content."""
        removed = [entry.present for entry in self.plans["networks"] if entry.action == "removed"]
        going = {"networks": [{key: network.get(key) for key in ("Id", "Name", "Ingress")} for network in removed]}
        for sort in SORTS:
            plans = (entry for entry in self.plans[sort.many] if entry.action != "recreated")
            things = (thing for entry in plans for thing in entry.going)
            going[sort.many] = [{"ID": thing["ID"], "Spec": {"Name": thing["Spec"]["Name"]}} for thing in things]
        return going

    def told(self, late):
        """The rows of the result, the diffs and the warnings; late: with what is removed when the services run."""
        plans = self.plans if late else self._early()
        told = {"diff": [], "warnings": []}
        answers = [("networks", networks.result(plans["networks"], self.made["networks"]))]
        answers += [
            (sort.many, contents.result(sort, plans[sort.many], self.made[sort.many], alone=False)) for sort in SORTS
        ]
        for many, answer in answers:
            told[many] = answer[many]
            told["warnings"] += answer.get("warnings", [])
            if answer["changed"]:
                told["diff"].append(dict(answer["diff"], before_header=many, after_header=many))
        return told
