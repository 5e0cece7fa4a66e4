"""The capacity forecast on the screen: PMC answers with a date, Sales agrees it, the order follows."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import frappe
import pytest
from frappe.utils import add_days, nowdate
from playwright.sync_api import expect

from qms_customer.contract import forecast
from qms_customer.rules import people as roles
from tests.support import contracts as c
from tests.support import factory as f
from tests.support.hands import Hands

if TYPE_CHECKING:
	from tests.support.browser import DeskPage


@pytest.mark.rule("B1", "C8")
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_date_is_answered_agreed_and_written_into_the_order(
	desk: Callable[..., DeskPage], cast: c.World, lang: str
) -> None:
	settings = frappe.get_doc("QMS Customer Settings")
	settings.update({"capacity_by": forecast.BY_FORECAST, "change_reason": "Capacity"})
	c.save_settings(settings)
	plant = f.Factory()
	c.receive(plant.body, 1000)
	plant.keep_busy(8 * 28, ends=13)
	doc = c.order(plant.pump, qty=16, days=14, customer=c.customer(customer_name="Riverside Hospital"))
	review = c.start(cast, doc)
	possible = str(review.earliest_date)
	assert possible == add_days(nowdate(), 29)

	# PMC sees which workstation is overloaded, in which week, and by when it would be possible.
	pmc = Hands(desk(cast.person(roles.PLANNING), lang=lang)).open("Contract Review", review.name)
	pmc.sees(plant.assembly, where=".qms-load summary")
	pmc.sees(pmc.say("Overloaded"), where=".qms-load summary")
	expect(pmc.find(".qms-load .progress-bar.bg-danger").first).to_be_visible()
	pmc.find(".qms-load").first.scroll_into_view_if_needed()
	pmc.page.shot("1-forecast", full_page=True)
	pmc.button("Refresh Capacity Forecast", "Delivery Date")
	pmc.page.settle()
	pmc.button("Answer with a Date", "Delivery Date")
	expect(pmc.field("possible_date", pmc.dialog).locator("input")).to_have_value(
		pmc.page.evaluate("date => frappe.datetime.str_to_user(date)", possible)
	)
	# Later than asked for, without a countermeasure.
	pmc.slash("countermeasure")
	pmc.give_signature()
	pmc.refused("C8")
	pmc.close_message()
	pmc.fill(pmc.dialog, countermeasure="A second shift from next month")
	pmc.page.shot("2-answer")
	pmc.sign()
	frappe.db.rollback()
	review.reload()
	assert str(review.possible_date) == possible
	assert not pmc.has_button("Agree a Date", "Delivery Date")

	sales = Hands(desk(cast.sales, lang=lang)).open("Contract Review", review.name)
	assert not sales.has_button("Answer with a Date", "Delivery Date")
	sales.button("Agree a Date", "Delivery Date")
	sales.fill(sales.dialog, customer_answer="Dr Li agrees, by phone today")
	sales.page.shot("3-agree")
	sales.sign()
	sales.sees("Dr Li agrees, by phone today", where=".qms-panel")
	sales.page.shot("4-agreed", full_page=True)
	frappe.db.rollback()
	assert str(review.reload().agreed_date) == possible

	# The order says another date still; changed to it, it is within capacity.
	sales.open("Sales Order", doc.name)
	sales.page.evaluate(
		"""date => {
			frappe.model.set_value("Sales Order Item", cur_frm.doc.items[0].name, "delivery_date", date);
			return cur_frm.set_value("delivery_date", date);
		}""",
		possible,
	)
	sales.save()
	sales.button("Refresh Capacity Forecast")
	sales.page.wait_for_function("() => !document.querySelector('.freeze')")
	sales.find(".qms-show-review").click()
	sales.sees(sales.say("Capacity Forecast"), where=".qms-panel h6")
	# What is late of others is not this order's doing.
	sales.sees_not(sales.say("Overloaded"), where=".qms-load summary")
	sales.page.shot("5-order", full_page=True)
	sales.button("Start Contract Review")
	sales.page.settle()
	frappe.db.rollback()
	again = frappe.get_last_doc("Contract Review", {"reference_name": doc.name})
	assert (again.answered_in, str(again.agreed_date)) == (review.name, possible)
	assert again.contract_class == "Routine"
