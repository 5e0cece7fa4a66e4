"""The three criteria, the path they lead to, and that doubt never lowers scrutiny."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from qms_customer.rules import classification as c
from qms_customer.rules.classification import (
	Criterion,
	Evidence,
	Facts,
	Line,
	Path,
	Price,
	Standard,
	Thresholds,
	Verdict,
	classify,
	has_risen,
	override_refusal,
)

TODAY = date(2026, 5, 20)
DUE = TODAY + timedelta(days=30)
STANDARD = Standard("YZB 1234", "2", date(2020, 1, 1), None)
THRESHOLDS = Thresholds(Decimal(1000), Decimal(10), Decimal(100000), Decimal(1000))


def line(**changes):
	return replace(
		Line(item="A", quantity=Decimal(5), standard=STANDARD, free=Decimal(50), lead_time_days=10, due=DUE),
		**changes,
	)


def facts(*lines, **changes):
	lines = lines or (line(),)
	return replace(
		Facts(
			today=TODAY,
			lines=lines,
			prices=[Price(ln.item, Decimal(100)) for ln in lines],
			packaging="Standard",
			payment_terms="Net 30",
			payment_method="Wire",
			delivery_method="Sea",
			special=(),
			amount=Decimal(5000),
			quantity=sum((ln.quantity for ln in lines), Decimal()),
		),
		**changes,
	)


def path(*lines, **changes):
	return classify(facts(*lines, **changes), THRESHOLDS).path


def verdicts(*lines, **changes):
	return {k.code: k.verdict for k in classify(facts(*lines, **changes), THRESHOLDS).criteria}


MET, NOT_MET, UNKNOWN = Verdict.MET, Verdict.NOT_MET, Verdict.UNKNOWN

STANDARDS = st.one_of(
	st.none(),
	st.just(STANDARD),
	st.builds(
		Standard,
		number=st.just("YZB 1"),
		version=st.just("1"),
		valid_from=st.one_of(st.none(), st.dates(date(2020, 1, 1), date(2027, 1, 1))),
		valid_to=st.one_of(st.none(), st.dates(date(2026, 1, 1), date(2027, 12, 31))),
		enabled=st.booleans(),
	),
)
DUES = st.one_of(st.none(), st.dates(TODAY - timedelta(days=5), TODAY + timedelta(days=90)))
LINES = st.builds(
	Line,
	item=st.sampled_from(["A", "B"]),
	quantity=st.integers(0, 30).map(Decimal),
	goods=st.sampled_from([True, True, True, False]),
	standard=STANDARDS,
	free=st.one_of(st.none(), st.integers(-5, 60).map(Decimal)),
	lead_time_days=st.one_of(st.none(), st.integers(-1, 60)),
	due=DUES,
	disabled=st.sampled_from([False, False, False, True]),
)
# Mostly routine, so that paths below "convened" are drawn often.
GOOD = st.builds(
	line,
	item=st.sampled_from(["A", "B"]),
	quantity=st.integers(1, 30).map(Decimal),
	free=st.integers(0, 60).map(Decimal),
	lead_time_days=st.integers(1, 60),
	due=st.dates(TODAY, TODAY + timedelta(days=90)),
)
LIMITS = st.one_of(st.none(), st.integers(0, 300).map(Decimal))
ANY_THRESHOLDS = st.builds(Thresholds, LIMITS, LIMITS, LIMITS, LIMITS)
TEXTS = st.sampled_from(["", "  ", "stated"])
PRICES = st.lists(st.builds(Price, st.just("A"), st.integers(-1, 9).map(Decimal), st.booleans()), max_size=3)
FACTS = st.builds(
	Facts,
	today=st.just(TODAY),
	lines=st.lists(st.one_of(GOOD, LINES), max_size=4),
	prices=PRICES,
	packaging=TEXTS,
	payment_terms=TEXTS,
	payment_method=TEXTS,
	delivery_method=TEXTS,
	special=st.lists(st.sampled_from(["Technical", "Packaging", "Other"]), max_size=2),
	amount=st.integers(0, 400).map(Decimal),
	quantity=st.integers(0, 400).map(Decimal),
)


def total(lines):
	return sum((ln.quantity for ln in lines), Decimal())


def of(lines):
	return facts(*lines, amount=total(lines) * 10)


# B1


@pytest.mark.rule("B1")
def test_b1_routine_when_all_three_hold():
	found = classify(facts(), THRESHOLDS)
	assert found.routine
	assert [k.code for k in found.criteria] == ["a", "b", "c"]
	assert set(c.CRITERIA) == {"a", "b", "c"}


@pytest.mark.rule("B1", "B2")
@pytest.mark.parametrize(
	("change", "verdict"),
	[
		({"standard": None}, UNKNOWN),
		({"standard": replace(STANDARD, valid_from=None)}, UNKNOWN),
		({"standard": replace(STANDARD, valid_from=TODAY)}, MET),
		({"standard": replace(STANDARD, valid_from=TODAY + timedelta(days=1))}, NOT_MET),
		({"standard": replace(STANDARD, valid_to=DUE)}, MET),
		({"standard": replace(STANDARD, valid_to=DUE - timedelta(days=1))}, NOT_MET),
		({"standard": replace(STANDARD, valid_to=DUE), "due": None}, UNKNOWN),
		({"standard": replace(STANDARD, valid_to=TODAY - timedelta(days=1)), "due": None}, NOT_MET),
		({"standard": replace(STANDARD, enabled=False)}, NOT_MET),
		({"disabled": True}, NOT_MET),
		({"goods": False, "standard": None}, MET),
	],
	ids=str,
)
def test_b1a_standard(change, verdict):
	assert verdicts(line(**change))["a"] is verdict


@pytest.mark.rule("B1", "A7")
def test_b1a_technical_requirement_deviates():
	assert verdicts(special=("Technical",))["a"] is NOT_MET
	assert verdicts(special=("Packaging",))["a"] is MET


@pytest.mark.rule("B1")
def test_b1a_of_an_items_lines_the_latest_delivery_counts_for_the_standard():
	ending = replace(STANDARD, valid_to=DUE)
	late = line(standard=ending, due=DUE + timedelta(days=1))
	early = line(standard=ending, due=TODAY)
	assert verdicts(late, early)["a"] is verdicts(early, late)["a"] is NOT_MET
	assert verdicts(early)["a"] is MET


@pytest.mark.rule("B1", "B2")
@pytest.mark.parametrize(
	("change", "verdict", "in_stock"),
	[
		({}, MET, True),
		({"free": Decimal(5)}, MET, True),
		({"free": Decimal("4.999")}, MET, False),
		({"free": None}, MET, False),
		({"free": Decimal(0), "lead_time_days": 30}, MET, False),
		({"free": Decimal(0), "lead_time_days": 31}, NOT_MET, False),
		({"free": Decimal(0), "lead_time_days": 0}, UNKNOWN, False),
		({"free": Decimal(0), "lead_time_days": None}, UNKNOWN, False),
		({"free": Decimal(0), "lead_time_days": -3}, UNKNOWN, False),
		({"free": Decimal(0), "due": None}, UNKNOWN, False),
		({"quantity": Decimal(0)}, UNKNOWN, False),
		({"quantity": Decimal(-1)}, UNKNOWN, False),
		({"goods": False, "free": None, "lead_time_days": None, "due": None}, MET, True),
	],
	ids=str,
)
def test_b1b_capacity(change, verdict, in_stock):
	criterion, stocked = c.judge_capacity(facts(line(**change)))
	assert (criterion.verdict, stocked) == (verdict, in_stock)


@pytest.mark.rule("B1")
def test_b1b_lines_of_an_item_share_its_stock():
	half = line(quantity=Decimal(30), lead_time_days=31)
	assert verdicts(half)["b"] is MET
	assert verdicts(half, half)["b"] is NOT_MET
	assert verdicts(half, replace(half, item="B"))["b"] is MET


@pytest.mark.rule("B1", "B2")
def test_b1b_the_worst_of_an_items_lines_binds():
	none_free = line(free=Decimal(0), lead_time_days=20)
	assert verdicts(none_free, replace(none_free, due=TODAY + timedelta(days=19)))["b"] is NOT_MET
	assert verdicts(none_free, replace(none_free, due=None))["b"] is UNKNOWN
	assert verdicts(none_free, replace(none_free, lead_time_days=None))["b"] is UNKNOWN
	assert verdicts(none_free, replace(none_free, lead_time_days=31))["b"] is NOT_MET
	assert verdicts(line(), line(quantity=Decimal(0)))["b"] is UNKNOWN


@pytest.mark.rule("B1", "B2", "A9")
@pytest.mark.parametrize("field", ["packaging", "payment_terms", "payment_method", "delivery_method"])
def test_b1c_each_term_is_explicit(field):
	assert verdicts(**{field: " "})["c"] is UNKNOWN
	assert path(**{field: ""}) is Path.CONVENED


@pytest.mark.rule("B1", "B2")
def test_b1c_each_line_has_a_price_or_is_free_on_purpose():
	priced, unpriced, free = (
		Price("A", Decimal(1)),
		Price("B", Decimal(0)),
		Price("C", Decimal(0), free_item=True),
	)
	assert verdicts(prices=[priced, unpriced])["c"] is NOT_MET
	assert verdicts(prices=[Price("A", Decimal(-1))])["c"] is NOT_MET
	assert verdicts(prices=[priced, free])["c"] is MET
	assert verdicts(prices=[])["c"] is UNKNOWN


# B2


@pytest.mark.rule("B2")
@given(FACTS, ANY_THRESHOLDS)
def test_b2_unknown_or_not_met_is_never_routine(facts_, thresholds):
	found = classify(facts_, thresholds)
	evidence = {e.verdict for k in found.criteria for e in k.evidence}
	all_met = evidence == {MET} and all(k.evidence for k in found.criteria)
	assert found.routine is all_met
	if not all_met:
		assert found.path is Path.CONVENED


@pytest.mark.rule("B2")
@given(st.lists(st.sampled_from(list(Verdict)), max_size=5))
def test_b2_the_worst_evidence_is_the_verdict_and_none_is_unknown(kinds):
	criterion = Criterion("a", tuple(Evidence(v, "") for v in kinds))
	wanted = NOT_MET if NOT_MET in kinds else UNKNOWN if UNKNOWN in kinds or not kinds else MET
	assert criterion.computed is criterion.verdict is wanted


@pytest.mark.rule("B2")
def test_b2_a_contract_without_lines_is_not_routine():
	assert not classify(facts(lines=[], prices=[]), THRESHOLDS).routine


@pytest.mark.rule("B2")
@given(
	GOOD,
	st.sampled_from(
		[
			{"standard": None},
			{"free": None, "lead_time_days": None},
			{"free": None, "due": None},
			{"quantity": Decimal(0)},
		]
	),
	st.lists(GOOD, max_size=3),
	st.randoms(),
)
def test_b2_one_unknown_line_among_good_ones_is_convened(known, lost, others, random):
	lines = [*others, replace(known, **lost)]
	random.shuffle(lines)
	assert classify(of(lines), Thresholds()).path is Path.CONVENED


# B3


@pytest.mark.rule("B3")
@given(st.sampled_from(list(Verdict)), st.sampled_from(["", " ", "\n"]))
def test_b3_no_override_to_met_without_reason_and_signer(computed, blank):
	for reason, signer in ((blank, "anna"), ("measured", blank), (blank, blank)):
		assert bool(override_refusal(computed, MET, reason, signer)) is (computed is not MET)
	assert override_refusal(computed, MET, "measured", "anna") == ""


@pytest.mark.rule("B3")
@given(st.sampled_from(list(Verdict)))
def test_b3_more_scrutiny_is_always_allowed(computed):
	assert override_refusal(computed, NOT_MET, "", "") == ""
	assert override_refusal(MET, UNKNOWN, "", "") == ""
	assert override_refusal(NOT_MET, UNKNOWN, "reason", "anna")


@pytest.mark.rule("B3")
@given(FACTS, ANY_THRESHOLDS, st.dictionaries(st.sampled_from("abc"), st.sampled_from([NOT_MET, UNKNOWN])))
def test_b3_overrides_towards_scrutiny_never_lower_it(facts_, thresholds, overrides):
	plain, overridden = classify(facts_, thresholds), classify(facts_, thresholds, overrides)
	assert overridden.path.rank >= plain.path.rank
	if overrides:
		assert overridden.path is Path.CONVENED


@pytest.mark.rule("B3")
@given(FACTS, st.dictionaries(st.sampled_from("abc"), st.sampled_from(list(Verdict))))
def test_b3_evidence_is_kept_beside_the_override(facts_, overrides):
	plain, overridden = classify(facts_, Thresholds()), classify(facts_, Thresholds(), overrides)
	for before, after in zip(plain.criteria, overridden.criteria, strict=True):
		assert after.evidence == before.evidence
		assert after.computed is before.computed
		assert after.verdict is overrides.get(after.code, before.computed)


@pytest.mark.rule("B3")
def test_b3_override_to_met_does_not_touch_size_nor_special():
	everything = {k: MET for k in "abc"}
	assert classify(facts(special=("Other",)), THRESHOLDS, everything).path is Path.CONVENED
	assert classify(facts(amount=Decimal(100000)), THRESHOLDS, everything).path is Path.CONVENED


# B4, monotony


@pytest.mark.rule("B4")
@given(st.sampled_from(list(Path)), st.sampled_from(list(Path)))
def test_b4_risen_is_strictly_more_scrutiny(approved, now):
	order = [Path.SIGNATURE, Path.SALES, Path.CIRCULATED, Path.CONVENED]
	assert has_risen(approved, now) is (order.index(now) > order.index(approved))


@pytest.mark.rule("B2", "B4", "C5")
@given(
	st.lists(st.one_of(GOOD, LINES), min_size=1, max_size=4),
	st.one_of(GOOD, LINES),
	ANY_THRESHOLDS,
	st.data(),
)
def test_adding_a_line_never_lowers_scrutiny(lines, more, thresholds, data):
	at = data.draw(st.integers(0, len(lines)))
	before = classify(of(lines), thresholds)
	after = classify(of([*lines[:at], more, *lines[at:]]), thresholds)
	assert after.path.rank >= before.path.rank
	for old, new in zip(before.criteria, after.criteria, strict=True):
		assert old.verdict is MET or new.verdict is not MET


@pytest.mark.rule("B2", "B4", "C5")
@given(st.lists(GOOD, min_size=1, max_size=4), st.integers(1, 200), ANY_THRESHOLDS, st.data())
def test_raising_a_quantity_never_lowers_scrutiny(lines, more, thresholds, data):
	at = data.draw(st.integers(0, len(lines) - 1))
	raised = list(lines)
	raised[at] = replace(lines[at], quantity=lines[at].quantity + more)
	assert classify(of(raised), thresholds).path.rank >= classify(of(lines), thresholds).path.rank


@pytest.mark.rule("B2", "B4")
@given(st.lists(GOOD, min_size=1, max_size=4), st.integers(1, 90), ANY_THRESHOLDS, st.data())
def test_shortening_a_date_never_lowers_scrutiny(lines, days, thresholds, data):
	"""With a standard that does not end: where one does, an earlier delivery may rightly fall within it."""
	at = data.draw(st.integers(0, len(lines) - 1))
	sooner = list(lines)
	sooner[at] = replace(lines[at], due=lines[at].due - timedelta(days=days))
	assert classify(of(sooner), thresholds).path.rank >= classify(of(lines), thresholds).path.rank


@pytest.mark.rule("B2", "B4")
@given(st.lists(GOOD, min_size=1, max_size=4), ANY_THRESHOLDS, st.data())
def test_less_stock_or_longer_lead_time_never_lowers_scrutiny(lines, thresholds, data):
	less, longer = data.draw(st.integers(0, 60)), data.draw(st.integers(0, 60))
	worse = [replace(ln, free=ln.free - less, lead_time_days=ln.lead_time_days + longer) for ln in lines]
	assert classify(of(worse), thresholds).path.rank >= classify(of(lines), thresholds).path.rank


@pytest.mark.rule("B1")
@given(st.lists(LINES, min_size=1, max_size=4), ANY_THRESHOLDS, st.randoms())
def test_order_of_lines_does_not_matter(lines, thresholds, random):
	shuffled = list(lines)
	random.shuffle(shuffled)
	before, after = classify(of(lines), thresholds), classify(of(shuffled), thresholds)
	assert after.path is before.path
	assert [k.verdict for k in after.criteria] == [k.verdict for k in before.criteria]


@pytest.mark.rule("B1", "C2")
@given(st.lists(GOOD, min_size=1, max_size=3), st.data())
def test_splitting_a_line_changes_nothing(lines, data):
	whole = lines[0]
	assume(whole.quantity >= 2)
	part = Decimal(data.draw(st.integers(1, int(whole.quantity) - 1)))
	split = [replace(whole, quantity=part), replace(whole, quantity=whole.quantity - part), *lines[1:]]
	assert classify(of(split), THRESHOLDS).path is classify(of(lines), THRESHOLDS).path


# C2-C5

SHORT = {"free": Decimal(0)}


@pytest.mark.rule("C2", "C9")
def test_c2_routine_and_in_stock_is_sales_alone():
	assert path() is Path.SALES


@pytest.mark.rule("C2", "C3")
def test_c3_one_item_short_is_circulated():
	assert path(line(**SHORT)) is Path.CIRCULATED
	assert path(line(), line(item="B", **SHORT)) is Path.CIRCULATED


@pytest.mark.rule("C4")
@pytest.mark.parametrize(
	"changes",
	[
		{"amount": Decimal(100000)},
		{"quantity": Decimal(1000)},
		{"special": ("Other",)},
		{"packaging": ""},
	],
	ids=str,
)
def test_c4_non_routine_large_or_special_is_convened(changes):
	found = classify(facts(**changes), THRESHOLDS)
	assert found.path is Path.CONVENED
	assert found.reasons


@pytest.mark.rule("C4")
@pytest.mark.parametrize(
	"changes", [{"amount": Decimal("99999.99")}, {"quantity": Decimal("999.999")}], ids=str
)
def test_c4_below_the_limit_is_not_large(changes):
	assert path(**changes) is Path.SALES


@pytest.mark.rule("C5")
@pytest.mark.parametrize(
	("amount", "quantity", "wanted"),
	[
		("999.99", "9.99", Path.SIGNATURE),
		("1000", "9", Path.SALES),
		("999", "10", Path.SALES),
	],
)
def test_c5_small_is_below_amount_and_quantity(amount, quantity, wanted):
	assert path(amount=Decimal(amount), quantity=Decimal(quantity)) is wanted


@pytest.mark.rule("C5")
@pytest.mark.parametrize("field", ["small_amount", "small_quantity"])
def test_c5_is_off_unless_both_limits_are_set(field):
	off = replace(THRESHOLDS, **{field: None})
	assert classify(facts(amount=Decimal(1), quantity=Decimal(1)), off).path is Path.SALES


@pytest.mark.rule("C4", "C5")
@given(FACTS, ANY_THRESHOLDS)
def test_c5_signature_alone_only_for_small_routine_plain_contracts(facts_, thresholds):
	found = classify(facts_, thresholds)
	if found.path is Path.SIGNATURE:
		assert found.routine and found.small and not found.large and not found.special
		assert facts_.amount < thresholds.small_amount and facts_.quantity < thresholds.small_quantity
	if found.path is Path.SALES:
		assert found.routine and found.in_stock
	if found.large or found.special:
		assert found.path is Path.CONVENED
	assert not (found.large and found.small)


@pytest.mark.rule("C9")
def test_c9_paths_are_ranked_by_scrutiny():
	assert [p.rank for p in (Path.SIGNATURE, Path.SALES, Path.CIRCULATED, Path.CONVENED)] == [0, 1, 2, 3]


@pytest.mark.rule("C4", "C5")
def test_c4_what_is_large_by_quantity_is_not_small_by_amount():
	thresholds = Thresholds(Decimal(1000), Decimal(10), None, Decimal(2))
	found = classify(facts(amount=Decimal(1), quantity=Decimal(2)), thresholds)
	assert (found.large, found.small, found.path) == (True, False, Path.CONVENED)


@pytest.mark.rule("B2", "C4", "C5")
def test_an_unknown_value_is_neither_known_to_be_small_nor_not_to_be_large():
	unknown = facts(amount=None, quantity=Decimal(1))
	found = classify(unknown, THRESHOLDS)
	assert (found.large, found.small, found.path) == (True, False, Path.CONVENED)
	assert any("exchange rate" in e.message and e.verdict is UNKNOWN for e in found.reasons)
	# Where no amount makes an order large, it is merely not small.
	found = classify(unknown, Thresholds(Decimal(1000), Decimal(10)))
	assert (found.large, found.small, found.path) == (False, False, Path.SALES)


MADE = line(made=True, free=Decimal(0))


@pytest.mark.rule("B1", "B2", "C8")
def test_what_is_made_is_judged_by_the_forecast_where_the_settings_say_so():
	"""Lead times decide alone where there is none asked for; a missing forecast is unknown, not met."""
	assert verdicts(MADE)["b"] is MET
	assert verdicts(MADE, capacity=())["b"] is UNKNOWN
	for verdict in Verdict:
		fact = Evidence(verdict, "Assembly")
		assert verdicts(MADE, capacity=(fact,))["b"] is verdict
		bought = line(item="C", free=None)
		criterion = c.judge_capacity(facts(MADE, replace(MADE, item="B"), bought, capacity=(fact,)))[0]
		# The forecast is of the order as a whole, what is bought keeps its lead time.
		assert criterion.evidence[1:] == (fact,)
		assert "lead time" in criterion.evidence[0].message


@pytest.mark.rule("B1", "C8")
def test_stock_needs_no_forecast():
	criterion, in_stock = c.judge_capacity(facts(line(made=True), capacity=()))
	assert (criterion.computed, in_stock) == (MET, True)


@pytest.mark.rule("B2", "C8")
@given(st.lists(st.sampled_from(Verdict), max_size=4))
def test_a_forecast_never_hides_another_fact(found):
	"""Whatever the forecast says, what else is not met stays so."""
	late = line(free=Decimal(0), lead_time_days=300, item="Z")
	forecast = tuple(Evidence(v, "Assembly") for v in found)
	assert verdicts(MADE, late, capacity=forecast)["b"] is NOT_MET
