"""Walks over a real site: many people do many things in any order, each as a request would."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import frappe
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from qms_customer.messages import QMSRefusal
from qms_customer.records import verification
from tests.support import isolation
from tests.support.people import as_user

SHOW = os.environ.get("QMS_MACHINE_SHOW")
EXAMPLES = int(os.environ.get("QMS_MACHINE_EXAMPLES", 0))
REFUSED = (frappe.ValidationError, frappe.PermissionError, frappe.DoesNotExistError)
NUMBERS = st.integers(0, 11)


@dataclass(frozen=True)
class Step:
	"""What happens in a walk: how often, where it is possible, and what is drawn for it."""

	often: int
	drawn: dict[str, st.SearchStrategy]
	possible: Callable[[Any], Any] = lambda walk: True


class Walk(RuleBasedStateMachine):
	"""One walk; `people`: by what they are called in it, the users who walk."""

	steps: ClassVar[dict[str, Step]]
	people: ClassVar[dict[str, str]]
	done: ClassVar[Counter[str]]

	def __init__(self) -> None:
		super().__init__()
		frappe.db.savepoint("example")
		self.said = ""

	def teardown(self) -> None:
		try:
			self.at_the_end()
			self.done["walks"] += 1
			found = verification.verify().findings
			assert found == [], found
		finally:
			frappe.db.rollback(save_point="example")
			isolation.forget()

	def at_the_end(self) -> None:
		"""What is tried once more however short the walk was."""

	@rule(data=st.data())
	def something_happens(self, data: st.DataObject) -> None:
		"""One of the steps that are possible now."""
		names = [name for name, one in self.steps.items() if one.possible(self) for _ in range(one.often)]
		step = data.draw(st.sampled_from(names), label="step")
		drawn = {k: data.draw(v, label=k) for k, v in self.steps[step].drawn.items()}
		getattr(self, step)(**drawn)

	def attempt(self, who: str, call: Callable[[], Any], what: str = "", swallowed: bool = False) -> bool:
		"""Do it as a request would: all of it or nothing; or, swallowed, as a script that goes on after our
		refusal.
		"""
		frappe.db.savepoint("request")
		try:
			with as_user(self.people[who]):
				call()
		except REFUSED as refusal:
			if not (swallowed and isinstance(refusal, QMSRefusal)):
				frappe.db.rollback(save_point="request")
			self.forget()
			frappe.clear_messages()
			self.said = str(refusal)
			self.done[f"{what} refused"] += 1
			if SHOW:
				self.done[f"{what}: {self.said[:90]}"] += 1
			return False
		self.done[what] += 1
		return True

	def surely(self, who: str, call: Callable[[], Any], what: str) -> bool:
		"""Do what nothing stands against."""
		assert self.attempt(who, call, what), (what, self.said)
		return True

	def forget(self) -> None:
		"""Forget what is cached of what was rolled back."""


def walk(machine: type[Walk], steps: int = 10) -> None:
	"""Walk the fixed walks, or as many others as QMS_MACHINE_EXAMPLES says, told as they come, not shortened;
	QMS_MACHINE_SHOW prints what was done.
	"""
	machine.done = Counter()
	run_state_machine_as_test(
		machine,
		settings=settings(
			max_examples=EXAMPLES or 6,
			stateful_step_count=2 * steps if EXAMPLES else steps,
			derandomize=not EXAMPLES,
			deadline=None,
			database=None,
			print_blob=True,
			suppress_health_check=list(HealthCheck),
			phases=[Phase.generate] if EXAMPLES else [Phase.generate, Phase.shrink],
		),
	)
	if SHOW:
		print("\n".join(f"{n:5} {what}" for what, n in sorted(machine.done.items())))
