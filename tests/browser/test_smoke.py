"""The Desk opens, without an error behind the user's back."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from tests.support.people import make_user

if TYPE_CHECKING:
	from tests.support.browser import DeskPage


def test_desk_opens(desk: Callable[..., DeskPage]) -> None:
	page = desk("Administrator")
	assert page.evaluate("frappe.session.user") == "Administrator"
	assert page.evaluate("frappe.boot.disable_async")
	page.go("/app/customer")
	page.wait_for_selector(".page-head .title-text:visible")
	assert len(page.screenshot()) > 1000


def test_desk_in_chinese_on_a_phone(desk: Callable[..., DeskPage]) -> None:
	page = desk(make_user("Sales User"), lang="zh", phone=True, path="/app/customer/new")
	assert page.evaluate("frappe.boot.lang") == "zh"
	assert page.evaluate("__('Customer')") == "客户"
	page.shot()


def test_a_refusal_is_expected(desk: Callable[..., DeskPage]) -> None:
	page = desk(path="/app/todo")
	with page.expect_refusal() as refusal:
		page.evaluate("() => { frappe.call('frappe.client.insert', {doc: {doctype: 'ToDo'}}) }")
	assert refusal.responses and refusal.messages
	with pytest.raises(AssertionError), page.expect_refusal(timeout=0.5):
		pass
	with page.expect_problem("console: oops"):
		page.evaluate("console.error('oops')")
