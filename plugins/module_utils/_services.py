# Copyright (c) 2026, apiary.swarm maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The one flow of swarm_service: read all, plan all, apply one by one, wait for all.

PRIVATE to apiary.swarm: no other collection may import it.

What is read is read once, so that a run that changes nothing makes a constant number of calls. Nothing is applied
before the plans of all services are valid. A service that the engine refuses does not keep it from the others.
"""

from __future__ import annotations

import time

from . import _images
from ._addresses import is_local
from ._cluster import read_nodes
from ._converge import BROKEN
from ._engine import TRANSIENT, retry
from ._errors import SwarmError
from ._mesh import ip_vs_support
from ._plan import CREATE, NOTHING, RECREATE, REMOVE, ROLL_BACK, UPDATE, World, plan_service
from ._references import files, networks
from ._service_ports import ingress_ports, order_of_work, port_conflicts, released_ports, taken_ports
from ._swarm_state import image_of
from ._watch import Watch, tasks_of

# Somebody else was quicker: read again, plan again.
_CONFLICTS = frozenset(("out_of_sequence", "name_conflict", "not_found"))
# The engine refuses this service; the others may be all right.
_OF_ONE_SERVICE = frozenset(("invalid", "port_in_use", "conflict", "engine")) | _CONFLICTS


_UPDATES = (UPDATE, ROLL_BACK)


class Services:
    """One run over the services of a task."""

    def __init__(self, engine, wishes, check_mode=False, docker_host="unix://"):
        self.engine = engine
        self.wishes = wishes
        self.check_mode = check_mode
        self.docker_host = docker_host
        self.entries = {}
        self.warnings = []
        self.plans = []
        self.observed = []
        self.nodes = []
        self.world = None
        self.over = {}
        self.released = set()

    def apply(self):
        """Read, plan, apply. Raises SwarmError before anything is applied if a plan is invalid."""
        self._read()
        self.plans = self._plan()
        self.warnings += [f"there is no {what} yet" for what in dict.fromkeys(self.world.missing)]
        self.warnings += dict.fromkeys(self.world.notes)
        for plan in self.plans:
            self._enter(plan)
        if self.check_mode:
            for plan in self.plans:
                self._done(plan, plan.action)
        else:
            self.over = self._tasks_that_are_over()
            steps = list(zip(self.wishes, self.plans))
            for index in order_of_work(self.plans):
                self._carry_out(*steps[index])

    # Read

    def _read(self):
        self.nodes = read_nodes(self.engine, "read the services")
        self.observed = self.engine.services()
        self.by_name = {service["Spec"]["Name"]: service for service in self.observed}
        pins, platforms = self._resolve_images()
        self.world = World(
            networks(self.engine, self.wishes), pins, platforms, self.check_mode, files(self.engine, self.wishes)
        )

    def _resolve_images(self):
        """Ask the registry for the digests that are wanted; an image it does not tell of keeps its tag, with a warning."""
        pins, platforms = {}, {}
        for image in dict.fromkeys(filter(None, map(self._image_to_resolve, self.wishes))):
            try:
                answer = self.engine.get(f"/distribution/{image}/json", what=f"look up {image} in its registry")
            except SwarmError as error:
                self.warnings.append(
                    f"image {image} is not pinned, each node pulls the tag by itself and may get another version: {error.msg}"
                )
                continue
            pins[image], found = _images.pinned(image, answer)
            if found:
                platforms[pins[image]] = found
        return pins, platforms

    def _image_to_resolve(self, wish):
        image = wish.options.get("image")
        if not image or wish.state != "present" or wish.resolve_image == "never":
            return None
        try:
            tagged = _images.tagged(image)
        except ValueError:
            return None  # the plan will say so, with what else is wrong
        service = self.by_name.get(wish.name)
        stored = service and service["Spec"]["TaskTemplate"].get("ContainerSpec", {}).get("Image")
        if wish.resolve_image == "changed" and stored and _images.same(stored, tagged):
            return None
        return tagged

    # Plan

    def _plan(self):
        plans, errors = [], []
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
        return plan_service(wish, service, self.world, self.engine.api_version)

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

    def _done(self, plan, action):
        self.entries[plan.name].update(action=action, changed=plan.changed, diff=plan.diff)

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

    # Apply

    def _tasks_that_are_over(self):
        """{service ID: IDs of broken tasks} of the services that get new tasks now (see _converge.first_look)."""
        ids = [plan.observed["ID"] for plan in self.plans if plan.action in _UPDATES and plan.concerns_tasks]
        over = {}
        for task in tasks_of(self.engine, ids) if ids else ():
            if task["Status"]["State"] in BROKEN:
                over.setdefault(task["ServiceID"], []).append(task["ID"])
        return over

    def _carry_out(self, wish, plan):
        entry = self.entries[wish.name]
        current = [plan]

        def attempt():
            try:
                if current[0].action == RECREATE:
                    self._delete(current[0])
                    current[0] = plan._replace(action=CREATE)
                    entry.update(action=REMOVE, changed=True)  # the truth, should the creation fail
                return self._send(current[0])
            except SwarmError as error:
                if error.kind in _CONFLICTS:
                    current[0] = self._plan_one(wish, self._find(wish.name))
                raise

        kinds = TRANSIENT | _CONFLICTS
        if taken_ports(plan) & self.released:
            kinds |= {"port_in_use"}  # the managers hold a port for a moment after it was released
        try:
            answer = retry(attempt, kinds=kinds, attempts=9, delay=0.15)
        except SwarmError as error:
            if entry["changed"]:
                self._restore(plan, entry, error)
            if error.kind not in _OF_ONE_SERVICE:
                error.details.update(self.report())
                raise
            self._refused(entry, error)
        else:
            done = current[0]
            self.released |= released_ports(plan)
            action = RECREATE if plan.action == RECREATE and done.changed else done.action
            self._done(done, action)
            entry["id"] = (answer or {}).get("ID") or entry["id"]
            entry["warnings"] += _engine_warnings(answer)
            self.plans[self.wishes.index(wish)] = done

    def _restore(self, plan, entry, error):
        """Make a service again as it was, which was removed to be made anew; says in error whether that went well."""
        reason = error.msg.rstrip(".")
        error.msg = f"Service {plan.name} was removed, to be made anew, and could not be: {reason}"
        if error.status is None:
            return  # no answer: what there is now, nobody knows
        try:
            made = retry(
                lambda: self.engine.post(
                    "/services/create", plan.observed["Spec"], what=f"make service {plan.name} again as it was"
                )
            )
        except SwarmError as second:
            error.msg += f". {second.msg}"
            return
        entry.update(action=RECREATE, id=made["ID"])
        error.msg += ". The service was made again as it was"

    def _refused(self, entry, error):
        entry["failure"] = {
            "kind": error.kind,
            "reason": error.msg,
            "hint": error.hint or "Correct the service and run again.",
            "tasks": [],
            "msg": error.msg,
            "status": error.status,
            "endpoint": error.endpoint,
        }

    def _send(self, plan):
        if plan.action == REMOVE:
            self._delete(plan)
        elif plan.action == CREATE:
            return self.engine.post("/services/create", plan.spec, what=f"create service {plan.name}")
        elif plan.action == UPDATE:
            return self._update(plan, plan.spec, f"update service {plan.name}", registryAuthFrom="spec")
        elif plan.action == ROLL_BACK:
            # the engine takes the spec that it has itself, but wants to see one
            return self._update(plan, plan.observed["Spec"], f"roll service {plan.name} back", rollback="previous")
        return None

    def _update(self, plan, spec, what, **query):
        path = f"/services/{plan.observed['ID']}/update"
        return self.engine.post(path, spec, what=what, version=plan.observed["Version"]["Index"], **query)

    def _delete(self, plan):
        self.engine.delete(f"/services/{plan.observed['ID']}", what=f"remove service {plan.name}")

    def _find(self, name):
        found = self.engine.services(name=[name])  # a filter by prefix
        return next((service for service in found if service["Spec"]["Name"] == name), None)

    # Wait

    def result(self, wait, timeout, seconds=None):
        """Wait if wanted and give the module's result; raises SwarmError with it if a service failed.

        seconds: wait no longer than that and hand on what is left to wait for, under _pending and _progress.
        """
        watch = self._watch(timeout)
        if watch.waiting:
            unchanged = self.check_mode or not any(entry["changed"] for entry in self.entries.values())
            known = (self.observed if unchanged else None, self.nodes)
            try:
                if wait:
                    watch.run(self._note, seconds, known)
                else:
                    watch.show(self._note, *known)
            except SwarmError as error:
                error.details.update(self.report())
                raise
        return finish(watch, self.entries, self.warnings, sliced=seconds is not None)

    def _watch(self, timeout):
        watch = Watch(self.engine, time.monotonic() + timeout)
        for plan in self.plans:
            entry = self.entries[plan.name]
            if entry["failure"]:
                watch.failures[plan.name] = entry["failure"]
            elif entry["id"]:
                version = plan.observed["Version"]["Index"] if entry["action"] in _UPDATES else None
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
    watch.run(lambda name, tasks, service: note(entries[name], tasks, service), seconds)
    return finish(watch, entries, [], sliced=True)


def note(entry, tasks, service):
    """Keep in an entry of the result what a look found (see Watch.run)."""
    entry["tasks"] = tasks
    entry["update_status"] = ((service or {}).get("UpdateStatus") or {}).get("State")


def finish(watch, entries, warnings, sliced):
    """The result of a wait. Raises the SwarmError for the services that failed, once nothing is left to wait for."""
    for name, failure in watch.failures.items():
        if name in entries:
            entries[name]["failure"] = failure
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


def _engine_warnings(answer):
    answer = answer or {}
    found = answer.get("Warnings") or answer.get("Warning") or []
    return [found] if isinstance(found, str) else list(found)
