# Copyright (c) 2026, apiary.swarm maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The one flow of swarm_service: read all, plan all, apply side by side, wait for all.

PRIVATE to apiary.swarm: no other collection may import it.

What is read is read once, so that a run that changes nothing makes a constant number of calls. Nothing is applied
before the plans of all services are valid. A service that the engine refuses does not keep it from the others.
"""

from __future__ import annotations

import time

from ._addresses import is_local
from ._cluster import read_nodes
from ._errors import SwarmError
from ._mesh import ip_vs_support
from ._pins import image_to_ask_for, resolve, stored_image
from ._plan import NOTHING, REMOVE, ROLL_BACK, World, plan_service
from ._references import files, networks
from ._service_changes import UPDATES, carry_out, done
from ._service_ports import ingress_ports, port_conflicts
from ._swarm_state import image_of
from ._task_states import BROKEN
from ._watch import Watch, tasks_of


class Services:
    """One run over the services of a task."""

    def __init__(self, engine, wishes, check_mode=False, docker_host="unix://", missing=()):
        """check_mode: plan as if it were to be done, and note in the result what would be; missing: what is not there yet."""
        self.engine = engine
        self.wishes = wishes
        self.check_mode = check_mode
        self.docker_host = docker_host
        self.entries = {}
        self.missing = missing or ()
        self.warnings = []
        self.plans = []
        self.observed = []
        self.nodes = []
        self.world = None
        self.over = {}
        self.unresolved = []
        self.overtaken = False  # whether somebody else made or changed a service since they were read

    def prepare(self, coming=None):
        """Read and plan. Raises SwarmError if a plan is invalid; nothing is applied yet.

        coming: what is to be made before the services, in the form of World's networks and files.
        """
        self._read()
        self.plan(coming)

    def plan(self, coming=None):
        """Plan, or plan again where what the services refer to has come."""
        self.world.add(coming or {})
        self.plans = self._plan()

    def afterwards(self):
        """The services as GET /services would have them after the plans, for what may be removed then."""
        plans = {plan.name: plan for plan in self.plans if plan.changed}
        found = []
        for service in self.observed:
            plan = plans.pop(service["Spec"]["Name"], None)
            if plan is None:
                found.append(service)
            elif plan.action != REMOVE:
                found.append({"Spec": plan.spec, "PreviousSpec": service["Spec"]})
        return found + [{"Spec": plan.spec} for plan in plans.values()]

    def apply(self):
        """Carry out what was planned; read and plan first if nobody asked for that by itself."""
        if self.world is None:
            self.prepare()
        self.warnings += [f"there is no {what} yet" for what in dict.fromkeys([*self.missing, *self.world.missing])]
        self.warnings += dict.fromkeys(self.world.notes)
        for plan in self.plans:
            self._enter(plan)
        if self.check_mode:
            for plan in self.plans:
                done(self.entries[plan.name], plan, plan.action)
        else:
            self.over = self._tasks_that_are_over()
            planned = self.plans
            try:
                self.plans = carry_out(self.engine, self.wishes, planned, self.entries, self._plan_one)
                self.overtaken = any(plan is not before for plan, before in zip(self.plans, planned))
            except SwarmError as error:
                error.details.update(self.report())
                raise

    # Read

    def _read(self):
        self.nodes = read_nodes(self.engine, "read the services")
        self.observed = self.engine.services()
        self.by_name = {service["Spec"]["Name"]: service for service in self.observed}
        answers = resolve(self.engine, self.wishes, self.by_name)
        self.warnings += answers.warnings
        self.unresolved = answers.errors
        self.world = World(
            networks(self.engine, self.wishes),
            answers.pins,
            answers.platforms,
            self.check_mode,
            files(self.engine, self.wishes),
        )

    # Plan

    def _plan(self):
        plans, errors = [], list(self.unresolved)
        for wish in self.wishes:
            try:
                plans.append(self._plan_one(wish, self.by_name.get(wish.name)))
            except SwarmError as error:
                errors.append(error)
        if not errors:
            errors = port_conflicts(plans, self.observed)
        if errors:
            text = "\n".join(error.msg for error in errors)
            problems = [problem for error in errors for problem in error.details.get("problems", [error.msg])]
            raise SwarmError(
                text,
                kind=errors[0].kind,
                hint=errors[0].hint or "Nothing was changed.",
                node=self.engine.name,
                details={"problems": problems},
            )
        return plans

    def _plan_one(self, wish, service):
        # what another service of this run asked the registry for is not this one's
        asked = image_to_ask_for(wish, stored_image(self.by_name.get(wish.name)))
        world = self.world if asked else self.world.without_pins()
        return plan_service(wish, service, world, self.engine.api_version)

    def _enter(self, plan):
        """The entry of the result for a service to which nothing has been done yet."""
        service = plan.observed or {}
        spec = plan.spec or service.get("Spec")
        self.entries[plan.name] = {
            "name": plan.name,
            "id": service.get("ID"),
            "action": NOTHING,
            "changed": False,
            "diff": {},
            "tasks": [],
            "image": image_of(spec["TaskTemplate"]) if spec else None,
            "update_status": None,
            "warnings": self._mesh_warnings(plan) + _job_warnings(plan),
            "failure": None,
        }

    def _mesh_warnings(self, plan):
        if plan.spec is None or not is_local(self.docker_host):
            return []
        ports = sorted(number for number, _protocol in ingress_ports(plan.spec, plan.observed))
        mesh = ip_vs_support() if ports else {"ip_vs": None}
        if mesh["ip_vs"] is not False:
            return []
        what = ", ".join(str(port) for port in ports if port) or "a port"
        return [
            f"service {plan.name} publishes {what} in mode ingress, and the kernel of {self.engine.name} has no IP_VS "
            f"({mesh['source']}): it accepts the port and routes nothing. Publish in mode host, or use a kernel with IP_VS"
        ]

    def _tasks_that_are_over(self):
        """{service ID: IDs of broken tasks} of the services that get new tasks now (see _converge.first_look)."""
        ids = [plan.observed["ID"] for plan in self.plans if plan.action in UPDATES and plan.concerns_tasks]
        over = {}
        for task in tasks_of(self.engine, ids) if ids else ():
            if task["Status"]["State"] in BROKEN:
                over.setdefault(task["ServiceID"], []).append(task["ID"])
        return over

    # Wait

    def result(self, wait, timeout, seconds=None):
        """Wait if wanted and give the module's result; raises SwarmError with it if a service failed.

        seconds: wait no longer than that and hand on what is left to wait for, under _pending and _progress.
        """
        watch = self._watch(timeout)
        if watch.waiting:
            stale = self.overtaken or any(entry["changed"] for entry in self.entries.values())
            known = (None if stale and not self.check_mode else self.observed, self.nodes)
            try:
                if wait:
                    watch.run(self._note, seconds, known)
                else:
                    watch.show(self._note, *known)
            except SwarmError as error:
                raise interrupted(error, watch, self.entries, self.warnings)
        return finish(watch, self.entries, self.warnings, sliced=seconds is not None)

    def _watch(self, timeout):
        watch = Watch(self.engine, time.monotonic() + timeout)
        for plan in self.plans:
            entry = self.entries[plan.name]
            if entry["failure"]:
                watch.failures[plan.name] = entry["failure"]
            elif entry["id"]:
                version = plan.observed["Version"]["Index"] if entry["action"] in UPDATES else None
                written = entry["changed"] and plan.concerns_tasks
                over = self.over.get(entry["id"], ()) if written else ()
                back = entry["action"] == ROLL_BACK
                watch.add(plan.name, entry["id"], written, version, over, back, gone=entry["action"] == REMOVE)
        return watch

    def _note(self, name, tasks, service):
        note(self.entries[name], tasks, service)

    def report(self):
        return report(self.entries, self.warnings)


def continue_watch(engine, state, seconds):
    """One more slice of a wait that Services.result() handed on; the result has only what this slice saw."""
    watch = Watch.resume(engine, state)
    entries = {name: {"name": name, "changed": False, "diff": {}, "warnings": []} for name in watch.waiting}
    try:
        watch.run(lambda name, tasks, service: note(entries[name], tasks, service), seconds)
    except SwarmError as error:
        raise interrupted(error, watch, entries, [])
    return finish(watch, entries, [], sliced=True)


def note(entry, tasks, service):
    """Keep in an entry of the result what a look found (see Watch.run)."""
    entry["tasks"] = tasks
    entry["update_status"] = ((service or {}).get("UpdateStatus") or {}).get("State")


def finish(watch, entries, warnings, sliced):
    """The result of a wait. Raises the SwarmError for the services that failed, once nothing is left to wait for."""
    _tell_failures(watch, entries)
    result = report(entries, warnings)
    if sliced:
        result["_progress"] = watch.lines
    if watch.waiting:
        result["_pending"] = watch.state()
    elif watch.failures:
        first = next(iter(watch.failures.values()))
        raise SwarmError(
            "\n".join(failure["msg"] for failure in watch.failures.values()),
            kind=first["kind"],
            hint=first["hint"],
            status=first.get("status"),
            endpoint=first.get("endpoint"),
            node=watch.engine.name,
            details=result,
        )
    return result


def interrupted(error, watch, entries, warnings):
    """The SwarmError for a wait that error ended: what had failed before is told too, what still waited has failed by it."""
    known = [failure["msg"] for failure in watch.failures.values()]
    told = {"kind": error.kind, "reason": error.msg, "hint": error.hint, "tasks": [], "msg": error.msg}
    watch.failures.update({name: dict(told) for name in watch.waiting})
    _tell_failures(watch, entries)
    error.msg = "\n".join([*known, error.msg])
    error.details.update(report(entries, warnings))
    return error


def _tell_failures(watch, entries):
    for name, failure in watch.failures.items():
        if name in entries:
            entries[name]["failure"] = failure


def report(entries, warnings=()):
    """The module's result, without what went wrong; entries is {name: entry}."""
    entries = list(entries.values())
    result = {
        "changed": any(entry["changed"] for entry in entries),
        "services": entries,
        "diff": [entry["diff"] for entry in entries if entry["changed"]],
    }
    warnings = [*warnings, *(text for entry in entries for text in entry["warnings"])]
    if warnings:
        result["warnings"] = warnings
    return result


def _job_warnings(plan):
    if plan.runs_job_again and all(path[0] == "Labels" for path in plan.changed_paths):
        return [f"job {plan.name} runs again, although only its labels change: the engine does so at every update"]
    return []
