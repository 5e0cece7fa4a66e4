"""K4: the forms of the records."""

from __future__ import annotations

from dataclasses import replace

import pytest

from qms_customer.rules import forms


@pytest.mark.rule("K4")
def test_each_type_of_record_that_the_procedures_name_has_a_form_and_its_years() -> None:
	years = {f.record_type: f.years for f in forms.DEFAULTS}
	assert years[forms.ROUTINE_REVIEW] == years[forms.NON_ROUTINE_REVIEW] == 5
	assert years["Contract Register"] == years["Customer Register"] == forms.PERMANENT
	assert (years["Sales Order"], years["Return Slip"], years["Contract Change Notice"]) == (5, 3, 5)
	assert all(f.number and f.version and f.owner for f in forms.DEFAULTS)
	assert len({f.number for f in forms.DEFAULTS}) == len(forms.DEFAULTS)
	assert forms.refusals(forms.DEFAULTS) == []


@pytest.mark.rule("K4")
def test_a_table_that_contradicts_itself_is_refused() -> None:
	one = forms.DEFAULTS[0]
	assert len(forms.refusals([one, one])) == 1
	for change in ({"number": " "}, {"version": ""}, {"years": -1}):
		(found,) = forms.refusals([replace(one, **change)])
		assert found.rule == "K4" and found.args == (one.record_type,)
