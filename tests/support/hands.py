"""What a person does on the screen of the Desk: clicks and types, by field names, whatever the language."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import Locator, expect

from tests.support import env
from tests.support.browser import DeskPage, Refusal


class Hands:
	"""A person at a DeskPage. Labels are given in English and looked up in the language of the page."""

	def __init__(self, page: DeskPage) -> None:
		self.page = page
		page.calm()

	def say(self, text: str, context: str | None = None) -> str:
		"""Return a text in the user's language."""
		return self.page.evaluate("([text, context]) => __(text, null, context)", [text, context])

	def open(self, doctype: str, name: str) -> Hands:
		"""Open a form by its address."""
		slug = doctype.lower().replace(" ", "-")
		self.page.go(f"/app/{slug}/{name}")
		return self

	def find(self, selector: str) -> Locator:
		"""Return what is visible of a selector: the Desk keeps the forms that one has left."""
		return self.page.locator(selector).locator("visible=true")

	def text(self, selector: str) -> str:
		"""Return the visible text of the first match."""
		return self.find(selector).first.inner_text()

	@property
	def headline(self) -> str:
		"""The line above the form."""
		return self.text(".form-message-container")

	def sees(self, *texts: str, where: str = ".page-container") -> None:
		"""Wait until each text stands on the page."""
		for text in texts:
			expect(self.find(where).filter(has_text=text).first).to_be_visible()

	def sees_not(self, *texts: str, where: str = ".page-container") -> None:
		"""Assert that none of the texts stands on the page."""
		self.page.settle()
		for text in texts:
			expect(self.find(where).filter(has_text=text)).to_have_count(0)

	# Buttons

	def tab(self, fieldname: str) -> None:
		"""Open a tab of the form."""
		self.find(f'.form-tabs .nav-link[data-fieldname="{fieldname}"]').click()

	def has_button(self, label: str, group: str = "") -> bool:
		"""Return whether the form has a button of its own."""
		return self._button(label, group).count() > 0

	def button(self, label: str, group: str = "", context: str | None = None, of: str | None = None) -> None:
		"""Press a button of the form; on a telephone it is in the menu. `of`: the context of its group."""
		if self.page.viewport_size["width"] < 768:
			said = self.say(label, context)
			name = f"{self.say(group, of)} > {said}" if group else said
			self.menu(name, translated=True)
			return
		if group:
			said = self._encoded(group, of)
			self.find(f'.inner-group-button[data-label="{said}"] > button').click()
		self._button(label, group, context, of).locator("visible=true").click()
		self.page.settle()

	def _button(self, label: str, group: str, context: str | None = None, of: str | None = None) -> Locator:
		page = self.page.locator(".page-container").locator("visible=true").last
		if group:
			group_ = f'.inner-group-button[data-label="{self._encoded(group, of)}"]'
			return page.locator(f'{group_} .dropdown-item[data-label="{self._encoded(label, context)}"]')
		return page.locator(f'.custom-actions > button[data-label="{self._encoded(label, context)}"]')

	def _encoded(self, label: str, context: str | None = None) -> str:
		return self.page.evaluate(
			"([label, context]) => encodeURIComponent(__(label, null, context))", [label, context]
		)

	def steps(self) -> int:
		"""Return how many buttons of ours the form offers, those of the workflow too; what shows the record,
		its versions, is none.
		"""
		self.page.settle()
		page = self.page.locator(".page-container").locator("visible=true").last
		record = self._encoded("Record")
		buttons = (
			".custom-actions > button",
			f'.inner-group-button:not([data-label="{record}"]) > button',
			".actions-btn-group > button",
		)
		return sum(page.locator(one).locator("visible=true").count() for one in buttons)

	def actions(self) -> list[str]:
		"""Return what the menu Actions offers, in the user's language."""
		self.page.settle()
		return [
			one.strip()
			for one in self.page.locator(".page-container")
			.locator("visible=true")
			.last.locator(".actions-btn-group .user-action .menu-item-label")
			.all_text_contents()
		]

	def action(self, label: str) -> None:
		"""Choose from the menu Actions."""
		# The menu is made anew whenever the form is refreshed: a choice made meanwhile would be lost.
		self.page.settle()
		self.find(".actions-btn-group > button").click()
		self.find(".actions-btn-group .menu-item-label").get_by_text(self.say(label), exact=True).click()
		self.page.settle()

	def menu(self, label: str, translated: bool = False) -> None:
		"""Choose from the menu with the three dots."""
		label = label if translated else self.say(label)
		self.find(".menu-btn-group > button").click()
		self.find(".menu-btn-group .menu-item-label").get_by_text(label, exact=True).first.click()
		self.page.settle()

	def primary(self) -> None:
		"""Press the black button: Save, Submit."""
		self.find(".page-actions .primary-action").click()
		self.page.settle()

	def save(self) -> None:
		"""Save the form."""
		self.primary()
		self.page.wait_for_function("() => !cur_frm.is_dirty() && !cur_frm.is_new()")
		self.page.settle()

	def submit(self) -> None:
		"""Press Submit, and Yes."""
		self.primary()
		self.yes()

	def yes(self) -> None:
		"""Answer the question of the Desk with Yes."""
		self.find(".modal.show .btn-modal-primary").last.click()
		self.page.settle()

	# Dialogs

	@property
	def dialog(self) -> Locator:
		"""The dialog on top."""
		return self.page.locator(".modal.show").locator("visible=true").last

	def send(self) -> None:
		"""Press the button of the dialog and wait until it has closed."""
		dialog = self.page.locator(".qms-dialog.show").last
		dialog.locator(".btn-modal-primary").click()
		self.page.settle()
		# Two requests follow one another; a loaded machine takes its time for the second.
		expect(self.page.locator(".qms-dialog.show")).to_have_count(0)
		self.page.settle()

	def give_signature(self, password: str = env.PASSWORD) -> None:
		"""Type the signature that the dialog asks for: the user id where it does, and the password."""
		box = self.field("qms_password", self.dialog).locator("input")
		box.wait_for()
		user = self.field("qms_user", self.dialog)
		if user.count():
			user.locator("input").fill(self.page.user)
		box.fill(password)

	def sign(self, password: str = env.PASSWORD) -> None:
		"""Sign in the dialog, and wait until it has closed."""
		self.give_signature(password)
		self.send()

	def slash(self, fieldname: str) -> None:
		"""Mark a field of the dialog as one that does not apply."""
		self.field(fieldname, self.dialog).locator(".qms-slash").click()
		expect(self.field(fieldname, self.dialog).locator("textarea")).to_have_value("/")

	def refused(self, *texts: str, do: Callable[[], Any] | None = None) -> Refusal:
		"""Press the button of the dialog (or `do`) and be refused; the texts are in the message on the
		screen.
		"""
		with self.page.expect_refusal() as refusal:
			do() if do else self.dialog.locator(".btn-modal-primary").click()
		message = self.find(".modal.show .msgprint-dialog .msgprint").last
		for text in texts:
			expect(message).to_contain_text(text)
		return refusal

	def close_message(self) -> None:
		"""Close the message on top."""
		self.find(".modal.show .msgprint-dialog .btn-modal-close").last.click()
		expect(self.page.locator(".modal.show .msgprint-dialog")).to_have_count(0)

	# Fields

	def field(self, fieldname: str, within: Locator | None = None) -> Locator:
		"""Return a field of the form or of a dialog."""
		selector = f'.frappe-control[data-fieldname="{fieldname}"]'
		return (within.locator(selector) if within else self.page.locator(selector)).locator("visible=true")

	def value(self, fieldname: str, within: Locator | None = None) -> str:
		"""Return what stands in a field."""
		return self.field(fieldname, within).locator("input, textarea, select").first.input_value()

	def fill(self, within: Locator | None = None, **values: Any) -> None:
		"""Type into fields, choose from selects and links."""
		for fieldname, value in values.items():
			self._enter(self.field(fieldname, within).last, value)

	def _enter(self, control: Locator, value: Any) -> None:
		kind = control.get_attribute("data-fieldtype")
		if kind == "Select":
			control.locator("select").select_option(value)
		elif kind == "Check":
			control.locator("input").set_checked(bool(value))
		elif kind == "Link":
			box = control.locator("input").first
			box.click()
			box.fill(value)
			control.locator("[role=option]").filter(has_text=value).first.click()
			expect(box).to_have_value(re.compile(".+"))
			# An answer to what was typed that comes late would open the list again, over the next field. Tab
			# would open the next one: a link that the person may not search answers with a message.
			box.blur()
			self.page.settle()
		else:
			box = control.locator("input, textarea").first
			box.fill(str(value))
			# Tab would open the calendar of a date that comes next.
			box.blur()
		self.page.settle()

	def cell(self, table: str, row: int, fieldname: str, value: Any) -> None:
		"""Type into a cell of a table of the form."""
		grid_row = self.find(f'.frappe-control[data-fieldname="{table}"] .grid-row[data-idx="{row}"]')
		cell = grid_row.locator(f'.grid-static-col[data-fieldname="{fieldname}"]')
		cell.scroll_into_view_if_needed()
		box = cell.locator("input:enabled, textarea, select").locator("visible=true")
		if not box.count():
			cell.click()
		box = box.first
		if cell.locator("select").count():
			box.select_option(value)
		elif box.get_attribute("type") == "checkbox":
			box.set_checked(bool(value))
		elif cell.locator(".link-field, .awesomplete").count():
			box.fill(value)
			cell.locator("[role=option]").filter(has_text=value).first.click()
		else:
			# Tab in a last column would open the next row.
			box.fill(str(value))
			box.blur()
		self.page.settle()

	def add_row(self, table: str) -> None:
		"""Press Add Row of a table."""
		self.find(f'.frappe-control[data-fieldname="{table}"] .grid-add-row').click()

	def attach(self, table: str, row: int, fieldname: str, file: Path) -> None:
		"""Upload a file into a cell of a table."""
		grid_row = self.find(f'.frappe-control[data-fieldname="{table}"] .grid-row[data-idx="{row}"]')
		cell = grid_row.locator(f'.grid-static-col[data-fieldname="{fieldname}"]')
		button = cell.locator(".btn-attach").locator("visible=true")
		if not button.count():
			cell.click()
		button.first.click()
		self.dialog.locator("input[type=file]").first.set_input_files(file)
		self.dialog.locator(".btn-modal-primary").click()
		expect(self.page.locator(".modal.show")).to_have_count(0)
		self.page.settle()

	# The inbox

	def inbox(self, doctype: str, name: str) -> None:
		"""Find a document in the ERP inbox, the list of Workflow Actions, and open it from there."""
		self.page.go("/app/workflow-action")
		self.find(".list-row").filter(has_text=name).first.locator(".list-subject a").first.click()
		slug = doctype.lower().replace(" ", "-")
		self.page.wait_for_url(f"**/app/{slug}/{name}")
		self.page.settle()
