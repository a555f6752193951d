# Copyright (c) 2026, apiary.swarm maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Carrying out the plans of _services: many side by side, each again where somebody else was quicker.

PRIVATE to apiary.swarm: no other collection may import it.
"""

from __future__ import annotations

from ._engine import TRANSIENT, retry, side_by_side
from ._errors import SwarmError
from ._pins import auth_headers, credentials_for, credentials_for_update
from ._plan import CREATE, RECREATE, REMOVE, ROLL_BACK, UPDATE
from ._service_ports import order_of_work, released_ports, taken_ports

UPDATES = (UPDATE, ROLL_BACK)

# Somebody else was quicker: read again, plan again.
_CONFLICTS = frozenset(("out_of_sequence", "name_conflict", "not_found"))
# The engine refuses this service; the others may be all right.
_OF_ONE_SERVICE = frozenset(("invalid", "immutable", "port_in_use", "conflict", "engine")) | _CONFLICTS


def carry_out(engine, wishes, plans, entries, plan_again):
    """Carry out plans, in the order that their ports ask for; returns them as they were carried out.

    entries     {name: entry of the result}, which are kept up to date; one that is refused gets its failure there
    plan_again  (wish, service or None) -> Plan, for what has changed since it was planned

    Raises SwarmError for what concerns all of them, such as an engine that does not answer; further groups are not begun then.
    """
    carried, released = list(plans), set()
    for plan in plans:
        if not plan.changed:
            done(entries[plan.name], plan, plan.action)

    def change(index, own_engine):
        plan = plans[index]
        one = _Change(own_engine, wishes[index], plan, entries[plan.name], plan_again)
        return one.carry_out(port_was_released=bool(taken_ports(plan) & released))

    for group in order_of_work(plans):
        changing = [index for index in group if plans[index].changed]
        try:
            for index, plan in zip(changing, side_by_side(engine, change, changing)):
                carried[index] = plan
                if not entries[plan.name]["failure"]:
                    released.update(released_ports(plans[index]))
        except SwarmError as error:
            refused = [entry["failure"]["msg"] for entry in entries.values() if entry["failure"]]
            error.msg = "\n".join([error.msg, *refused])
            raise
    return carried


def done(entry, plan, action):
    """Note in an entry of the result what was done, or in check mode would be."""
    entry.update(action=action, changed=plan.changed, diff=plan.diff)


class _Change:
    """One service and its plan."""

    def __init__(self, engine, wish, plan, entry, plan_again):
        self.engine = engine
        self.wish = wish
        self.plan = self.current = plan
        self.entry = entry
        self.plan_again = plan_again
        self.sent = None  # the plan of a request that may have been carried out without our being told
        self.removed = None  # the service that was removed to be made anew

    def carry_out(self, port_was_released):
        """Returns the plan as it was carried out in the end; a refusal is noted in the entry."""
        kinds = TRANSIENT | _CONFLICTS
        if port_was_released:
            kinds |= {"port_in_use"}  # the managers hold a port for a moment after it was released
        try:
            answer = retry(self._attempt, kinds=kinds, attempts=9, delay=0.15)
        except SwarmError as error:
            if self.removed:
                self._restore(error)
            if error.kind not in _OF_ONE_SERVICE:
                raise
            self._refused(error)
            return self.plan
        self.entry["id"] = (answer or {}).get("ID") or (self.current.observed or {}).get("ID") or self.entry["id"]
        self.entry["warnings"] += _engine_warnings(answer)
        if (self.sent or self.removed) and not self.current.changed:
            # it came about after all, although the answer said that it did not
            carried = self.plan if self.removed else self.sent
            done(self.entry, carried, carried.action)
            return carried
        done(self.entry, self.current, RECREATE if self.removed else self.current.action)
        return self.current

    def _attempt(self):
        try:
            if self.current.action == RECREATE:
                self._delete(self.current)
                self.removed = self.current.observed
                self.current = self.current._replace(action=CREATE)
                self.entry.update(action=REMOVE, changed=True)  # the truth, should the creation fail
            return self._send(self.current)
        except SwarmError as error:
            if error.kind in TRANSIENT:
                self.sent = self.current
            if error.kind in _CONFLICTS:
                found = self._find(self.wish.name)
                if found or not self.removed:  # what was removed is made anew as planned, with what it had
                    self.current = self.plan_again(self.wish, found)
            raise

    def _restore(self, error):
        """Make a service again as it was, which was removed to be made anew; says in error whether that went well."""
        name, spec = self.plan.name, self.removed["Spec"]
        reason = error.msg.rstrip(".")
        error.msg = f"Service {name} was removed, to be made anew, and could not be: {reason}"
        if error.kind in ("timeout", "unreachable"):
            return  # no answer: what there is now, nobody knows
        try:
            made = retry(lambda: self._create(spec, f"make service {name} again as it was"))
        except SwarmError as second:
            error.msg += f". {second.msg}"
            return
        self.entry.update(action=RECREATE, id=made["ID"])
        error.msg += ". The service was made again as it was"

    def _refused(self, error):
        self.entry["failure"] = {
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
            return self._create(plan.spec, f"create service {plan.name}")
        elif plan.action == UPDATE:
            auth = credentials_for_update(self.wish, plan.observed["Spec"], plan.spec)
            # without new credentials those that the swarm has of it stay
            keep = {} if auth else {"registryAuthFrom": "spec"}
            return self._update(plan, plan.spec, f"update service {plan.name}", headers=auth_headers(auth), **keep)
        elif plan.action == ROLL_BACK:
            # the engine takes the spec that it has itself, but wants to see one
            return self._update(plan, plan.observed["Spec"], f"roll service {plan.name} back", rollback="previous")
        return None

    def _create(self, spec, what):
        return self.engine.post(
            "/services/create", spec, what=what, headers=auth_headers(credentials_for(self.wish, spec))
        )

    def _update(self, plan, spec, what, **keywords):
        path = f"/services/{plan.observed['ID']}/update"
        return self.engine.post(path, spec, what=what, version=plan.observed["Version"]["Index"], **keywords)

    def _delete(self, plan):
        self.engine.delete(f"/services/{plan.observed['ID']}", what=f"remove service {plan.name}")

    def _find(self, name):
        found = self.engine.services(name=[name])  # a filter by prefix
        return next((service for service in found if service["Spec"]["Name"] == name), None)


def _engine_warnings(answer):
    answer = answer or {}
    found = answer.get("Warnings") or answer.get("Warning") or []
    return [found] if isinstance(found, str) else list(found)
