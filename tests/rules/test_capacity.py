"""The capacity forecast: an example worked out by hand, what is unknown; doubt and load never help."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qms_customer.rules import capacity as c
from qms_customer.rules.capacity import (
	Bom,
	Demand,
	Item,
	Load,
	Part,
	Plant,
	Step,
	Supply,
	Workstation,
	forecast,
)
from qms_customer.rules.classification import Verdict

MET, NOT_MET, UNKNOWN = Verdict.MET, Verdict.NOT_MET, Verdict.UNKNOWN
# A Monday.
TODAY = date(2026, 6, 1)


def d(number):
	return Decimal(str(number))


def june(day):
	return date(2026, 6, day)


# Saturdays, Sundays and the Dragon Boat Festival, Friday 19 June.
HOLIDAYS = frozenset(
	day for day in (TODAY + timedelta(days=i) for i in range(214)) if day.weekday() > 4 or day == june(19)
)


def station(name, **changes):
	return replace(
		Workstation(
			name,
			minutes=480,
			holidays=HOLIDAYS,
			known_until=date(2026, 12, 31),
			holiday_list="China 2026",
		),
		**changes,
	)


# A pump takes an hour of assembly, two bodies and four seals. Bodies are pressed ten at a time in four hours,
# of five kilograms of steel. Seals and steel are bought.
PUMP = Bom(
	"BOM-PUMP", "PUMP", d(1), (Step("Assemble", d(60), "Assembly"),), (Part("BODY", d(2)), Part("SEAL", d(4)))
)
BODY = Bom("BOM-BODY", "BODY", d(10), (Step("Press", d(240), "Press"),), (Part("STEEL", d(5)),))
ITEMS = (
	Item("PUMP", "BOM-PUMP", stock=d(4)),
	Item("BODY", "BOM-BODY", stock=d(20)),
	Item("SEAL", lead_time_days=7, stock=d(100)),
	Item("STEEL", lead_time_days=3),
)
PLANT = Plant(
	today=TODAY,
	workstations=(station("Assembly"), station("Press")),
	items=ITEMS,
	boms=(PUMP, BODY),
	committed=(Demand("PUMP", d(16), june(12), "SO-1"),),
	in_review=(Demand("PUMP", d(8), june(12), "SO-2", "2026-05-30 10:00"),),
)
OWN = (Demand("PUMP", d(20), june(22), "SO-3"),)


def facts(found):
	return [(e.verdict, e.message.format(*e.args)) for e in found.evidence]


def weeks(found, name):
	loaded = next(one for one in found.loaded if one.name == name)
	return [(w.capacity, w.committed, w.in_review, w.own) for w in loaded.weeks]


@pytest.mark.rule("B1", "C8")
def test_the_example_worked_out_by_hand():
	"""Two levels, holidays and three orders that overlap.

	Stock, in order: SO-1 (committed) takes the 4 pumps, makes 12, takes 24 bodies: the 20 in stock, 4 are
	pressed; and 48 seals. SO-2 (in review) makes 8 pumps of 16 bodies, all pressed, and 32 seals. This order
	makes 20 pumps of 40 bodies, all pressed; of 80 seals 20 are left in stock, 60 are ordered today and there
	on 8 June. Steel is ordered today for everybody, there on 4 June, so that nothing is pressed before Friday
	5 June.

	Press, minutes: SO-1 4 x 24 = 96, SO-2 16 x 24 = 384, this order 40 x 24 = 960: together 1440 = 24 h.
	Assembly: 12 x 60 = 720, 480, 1200: together 2400 = 40 h.

	This order, backwards from the end of 22 June: 1200 minutes of assembly are 2.5 days, the 22nd, the 18th
	(19 to 21 June are off) and the afternoon of the 17th. The bodies are pressed by noon of the 17th.
	Forwards: pressing from 5 June for 2 days, that is the 5th and the 8th; the seals come on the 8th;
	assembly may begin on the 9th.

	Press from 5 to 17 June works 9 days, 72 h: 24 h are needed. Assembly from 5 to 22 June (the others may
	begin on the 5th, too) works 11 days, 88 h: 40 h are needed, 48 h are left. From the 9th on it works 9
	days, 72 h, and needs 20 h: 52 h are left, so that the former is the tighter one.
	"""
	found = forecast(PLANT, OWN)
	assert found.verdict is MET
	assert facts(found) == [
		(
			MET,
			"Assembly: 40.0 h needed from 2026-06-05 to 2026-06-22 (20.0 h by this order), 88.0 h available",
		),
		(MET, "Press: 24.0 h needed from 2026-06-05 to 2026-06-17 (16.0 h by this order), 72.0 h available"),
	]
	# Weeks from Monday to Sunday, each work in the week by whose end it is needed: the others' by 12 June
	# (the second week), ours by 22 June (assembly, the fourth) and 17 June (pressing, the third).
	assert weeks(found, "Assembly")[:5] == [
		(2400, 0, 0, 0),
		(2400, 720, 480, 0),
		(1920, 0, 0, 0),
		(2400, 0, 0, 1200),
		(2400, 0, 0, 0),
	]
	assert weeks(found, "Press")[:4] == [
		(2400, 0, 0, 0),
		(2400, 96, 384, 0),
		(1920, 0, 0, 960),
		(2400, 0, 0, 0),
	]
	assert len(weeks(found, "Press")) == 13
	assert found.earliest == june(22)


@pytest.mark.rule("B1", "C8")
def test_the_example_with_a_work_order_under_way():
	"""A work order of 82 h until 18 June: 82 + 40 = 122 h until 22 June, where 15 days give 120 h.

	On 23 June there are 128 h: that is the answer.
	"""
	busy = replace(PLANT, loads=(Load(82 * 60, june(18), "Assembly"),))
	found = forecast(busy, OWN)
	assert found.verdict is NOT_MET
	assert (
		NOT_MET,
		"Assembly: 122.0 h needed from 2026-06-01 to 2026-06-22 (20.0 h by this order), 120.0 h available",
	) in facts(found)
	assert facts(found)[-1] == (NOT_MET, "All of it would be possible by 2026-06-23")
	assert found.earliest == june(23)
	assert forecast(busy, (replace(OWN[0], due=june(23)),)).verdict is MET


@pytest.mark.rule("C8")
def test_the_example_too_early_for_its_seals():
	"""Due on 10 June, assembly would begin at noon of the 8th, but the seals come in the course of that day.

	By 11 June it would begin at noon of the 9th.
	"""
	found = forecast(PLANT, (replace(OWN[0], due=june(10)),))
	assert (NOT_MET, "SEAL: 80 needed at the beginning of 2026-06-08, there on 2026-06-08") in facts(found)
	assert found.earliest == june(11)


@pytest.mark.rule("C8")
def test_a_purchase_order_that_comes_before_what_would_be_ordered_today_is_used():
	slow = tuple(replace(i, lead_time_days=30) if i.code == "SEAL" else i for i in ITEMS)
	late = replace(PLANT, items=slow)
	assert forecast(late, OWN).verdict is NOT_MET
	there = replace(late, supplies=(Supply("SEAL", d(60), june(15)),))
	assert forecast(there, OWN).verdict is MET
	# Noon of the 17th is when assembly begins: what comes on the 17th is too late.
	assert forecast(replace(late, supplies=(Supply("SEAL", d(60), june(17)),)), OWN).verdict is NOT_MET
	assert forecast(replace(late, supplies=(Supply("SEAL", d(59), june(15)),)), OWN).verdict is NOT_MET


@pytest.mark.rule("C8")
def test_what_others_ordered_first_is_not_counted_twice():
	"""A work order for 20 pumps serves this order, unless an order ahead takes it."""
	coming = replace(PLANT, supplies=(Supply("PUMP", d(20), june(15)),), in_review=(), committed=())
	found = forecast(replace(coming, items=(replace(ITEMS[0], stock=d(0)), *ITEMS[1:])), OWN)
	assert facts(found) == [(MET, "All that is made is in stock or on its way in time")]
	assert found.loaded == ()
	taken = forecast(replace(coming, committed=(Demand("PUMP", d(20), june(30)),)), OWN)
	# 4 in stock and 20 coming, 20 taken: 16 are made.
	assert sum(w.own for one in taken.loaded if one.name == "Assembly" for w in one.weeks) == 16 * 60


@pytest.mark.rule("C8")
def test_orders_in_review_stand_in_the_order_in_which_their_reviews_began():
	"""The stock of 4 goes to the review that began first, though its goods are due later."""
	first = Demand("PUMP", d(4), june(30), "SO-8", "2026-05-01")
	second = Demand("PUMP", d(4), june(10), "SO-9", "2026-05-02")
	plant = replace(PLANT, committed=(), in_review=(second, first))
	in_review = weeks(forecast(plant, OWN), "Assembly")
	assert [w[2] for w in in_review[:5]] == [0, 240, 0, 0, 0]


@pytest.mark.rule("C8")
def test_sub_assemblies_being_made_are_used_only_where_they_come_in_time():
	bare = tuple(replace(i, stock=d(0)) if i.code == "BODY" else i for i in ITEMS)
	plant = replace(PLANT, items=bare, committed=(), in_review=())
	own = (Demand("PUMP", d(24), june(22)),)
	used = forecast(replace(plant, supplies=(Supply("BODY", d(40), june(10)),)), own)
	assert used.verdict is MET
	assert [one.name for one in used.loaded] == ["Assembly"]
	# Too late: it makes its own.
	made = forecast(replace(plant, supplies=(Supply("BODY", d(40), june(21)),)), own)
	assert made.verdict is MET
	assert {one.name for one in made.loaded} == {"Assembly", "Press"}


@pytest.mark.rule("C8")
def test_fixed_times_batches_loss_and_the_pause_between_operations():
	"""100 pieces at 4 % loss are 104.1666…; a fixed hour, and 30 minutes for each 50 of them: 62.5, so 63."""
	bom = Bom(
		"B",
		"X",
		d(1),
		(Step("Set up", d(60), "Press", fixed=True), Step("Run", d(30), "Assembly", batch=d(50))),
	)
	plant = Plant(
		TODAY,
		(station("Assembly"), station("Press")),
		(Item("X", "B"),),
		(replace(bom, loss=d(4)),),
		gap=24 * 60,
	)
	found = forecast(plant, (Demand("X", d(100), june(3)),))
	assert {one.name: sum(w.own for w in one.weeks) for one in found.loaded} == {"Assembly": 63, "Press": 60}
	assert found.verdict is MET
	# A day between the two: not on the day after tomorrow's eve.
	assert forecast(plant, (Demand("X", d(100), june(1)),)).verdict is NOT_MET


@pytest.mark.rule("C8")
def test_any_workstation_of_a_type():
	"""Two presses of a type: what is planned on one of them leaves less for what may run on any."""
	bom = Bom("B", "X", d(1), (Step("Press", d(480), kind="Presses"),))
	presses = (station("Press 1", kind="Presses"), station("Press 2", kind="Presses"))
	plant = Plant(TODAY, presses, (Item("X", "B"),), (bom,))
	own = (Demand("X", d(4), june(2)),)
	assert forecast(plant, own).verdict is NOT_MET  # 4 days on one unit
	own = (Demand("X", d(2), june(2)), Demand("X", d(2), june(2)))
	assert forecast(plant, own).verdict is MET
	full = replace(plant, loads=(Load(1, june(2), "Press 1"),))
	assert forecast(full, own).verdict is NOT_MET
	assert forecast(replace(plant, loads=(Load(1, june(2), kind="Presses"),)), own).verdict is NOT_MET


@pytest.mark.rule("C8")
def test_what_is_due_after_the_horizon_is_judged_at_its_end():
	year = (Demand("PUMP", d(20), date(2027, 6, 1)),)
	assert forecast(PLANT, year).verdict is MET
	assert forecast(PLANT, year).earliest == date(2027, 6, 1)
	# 5000 h of assembly are not to be had in 13 weeks.
	found = forecast(PLANT, (Demand("PUMP", d(5000), date(2027, 6, 1)),))
	assert found.verdict is NOT_MET
	assert found.earliest is None
	assert facts(found)[-1] == (NOT_MET, "It is not possible within 13 weeks from today")
	# What others need after the horizon takes nothing of it.
	later = replace(PLANT, loads=(Load(99999, TODAY + timedelta(days=91), "Assembly"),))
	assert forecast(later, OWN) == forecast(PLANT, OWN)


def without(code):
	return tuple(i for i in ITEMS if i.code != code)


@pytest.mark.rule("B2", "C8")
@pytest.mark.parametrize(
	("changes", "says"),
	[
		({"workstations": (station("Assembly"),)}, "Workstation Press has no working hours"),
		(
			{"workstations": (station("Assembly"), station("Press", minutes=0))},
			"Workstation Press has no working hours",
		),
		(
			{"boms": (PUMP, replace(BODY, parts=(Part("PUMP", d(1)),)))},
			"BOM loop: PUMP → BODY → PUMP",
		),
		(
			{"boms": (PUMP, replace(BODY, parts=(Part("BODY", d(1)),)))},
			"BOM loop: BODY → BODY",
		),
		(
			{"workstations": (station("Assembly", known_until=june(21)), station("Press"))},
			"Assembly: its Holiday List China 2026 ends on 2026-06-21, work is planned until 2026-06-22",
		),
		({"items": without("STEEL")}, "STEEL: it has no BOM, and its lead time is not recorded"),
		(
			{"boms": (PUMP, replace(BODY, steps=()))},
			"BODY: its BOM BOM-BODY has no operations, and its lead time is not recorded",
		),
		(
			{"boms": (PUMP, replace(BODY, steps=(Step("Press", d(240)),)))},
			"BODY: operation Press has no workstation",
		),
		(
			{"boms": (PUMP, replace(BODY, steps=(Step("Press", d(0), "Press"),)))},
			"BODY: operation Press has no time",
		),
		({"boms": (PUMP, replace(BODY, quantity=d(0)))}, "BODY: its BOM BOM-BODY is of no quantity"),
	],
)
def test_what_is_not_known_is_unknown_and_named(changes, says):
	found = forecast(replace(PLANT, **changes), OWN)
	assert (UNKNOWN, says) in facts(found)
	assert found.verdict is UNKNOWN
	assert found.earliest is None


@pytest.mark.rule("B2", "C8")
def test_no_date_and_no_quantity_are_unknown():
	assert facts(forecast(PLANT, (replace(OWN[0], due=None),))) == [(UNKNOWN, "PUMP: no delivery date")]
	assert facts(forecast(PLANT, (replace(OWN[0], quantity=d(0)),))) == [
		(UNKNOWN, "PUMP: a quantity is not stated")
	]
	assert forecast(PLANT, ()).verdict is UNKNOWN


@pytest.mark.rule("C8")
def test_what_of_others_cannot_be_placed_is_counted_not_hidden():
	odd = replace(
		PLANT,
		loads=(Load(60, june(9)), Load(60, june(9), "Sold")),
		boms=(*PLANT.boms, Bom("B", "ODD", d(1), (Step("?", d(5)),))),
		items=(*ITEMS, Item("ODD", "B")),
		committed=(*PLANT.committed, Demand("ODD", d(1), june(9))),
	)
	assert forecast(odd, OWN).left_out == 3
	assert forecast(odd, OWN).evidence == forecast(PLANT, OWN).evidence


@pytest.mark.rule("C8")
def test_work_that_is_late_already_still_needs_its_time():
	"""It is behind its date, which is not this order's doing; but its hours are gone."""
	late = replace(PLANT, loads=(Load(82 * 60, date(2026, 4, 1), "Assembly"),))
	assert forecast(late, OWN).earliest == june(23)
	small = replace(PLANT, loads=(Load(20 * 60, date(2026, 4, 1), "Assembly"),))
	assert forecast(small, OWN).verdict is MET


@pytest.mark.rule("C8")
def test_an_order_that_pushes_out_a_committed_one_is_not_within_capacity():
	"""It would be in time itself, but what is due after it would not."""
	plant = replace(PLANT, loads=(Load(100 * 60, june(24), "Assembly"),))
	found = forecast(plant, OWN)
	assert (
		NOT_MET,
		"Assembly: 140.0 h needed from 2026-06-01 to 2026-06-24 (20.0 h by this order), 136.0 h available",
	) in facts(found)


@pytest.mark.rule("C8")
def test_few_facts_however_many_workstations():
	steps = tuple(Step(f"Op {i}", d(9999), f"WS {i:02}") for i in range(40))
	plant = Plant(
		TODAY,
		tuple(station(f"WS {i:02}") for i in range(40)),
		(Item("X", "B"),),
		(Bom("B", "X", d(1), steps),),
	)
	found = forecast(plant, (Demand("X", d(3), june(30)),))
	assert len(found.loaded) == 40
	assert len(found.evidence) < 3 * (c.MOST + 1) + 2
	assert (NOT_MET, "35 more of this kind") in facts(found)


def test_the_hash_of_goods_knows_items_quantities_and_dates_only():
	rows = [("A", d(2), june(1)), ("B", d(1), None), ("A", d(3), june(2))]
	assert c.goods_hash(rows) == c.goods_hash(reversed(rows))
	assert c.goods_hash(rows) == c.goods_hash([("A", d("2.000"), june(1)), *rows[1:]])
	for other in ([("A", d(2), june(2)), *rows[1:]], [("A", d(3), june(1)), *rows[1:]], rows[1:]):
		assert c.goods_hash(rows) != c.goods_hash(other)
	moved = [(item, quantity, june(9)) for item, quantity, _ in rows]
	assert c.goods_hash(rows, dates=False) == c.goods_hash(moved, dates=False)


# Properties: small plants of three levels, two workstations and a few orders, busy enough to fail often.

QUANTITIES = st.integers(1, 40).map(Decimal)
DATES = st.integers(-5, 100).map(lambda n: TODAY + timedelta(days=n))
PLACES = st.sampled_from([("W1", ""), ("W2", ""), ("", "T")])
STEPS = st.lists(
	st.builds(lambda place, minutes: Step("op", Decimal(minutes), *place), PLACES, st.integers(1, 60)),
	min_size=1,
	max_size=2,
).map(tuple)
HOLIDAY = st.frozensets(st.integers(0, 90).map(lambda n: TODAY + timedelta(days=n)), max_size=30)
STATIONS = st.tuples(
	*(
		st.builds(
			Workstation,
			name=st.just(name),
			minutes=st.sampled_from([120, 480]),
			units=st.integers(1, 2),
			holidays=HOLIDAY,
			kind=st.just("T"),
		)
		for name in ("W1", "W2")
	)
)
DEMANDS = st.lists(
	st.builds(
		Demand,
		item=st.sampled_from(["A", "B", "C"]),
		quantity=QUANTITIES,
		due=DATES,
		since=st.sampled_from(["1", "2"]),
	),
	max_size=4,
).map(tuple)
SUPPLIES = st.lists(
	st.builds(Supply, item=st.sampled_from(["A", "B", "C", "M"]), quantity=QUANTITIES, on=DATES), max_size=4
).map(tuple)
LOADS = st.lists(
	st.builds(lambda place, minutes, due: Load(minutes, due, *place), PLACES, st.integers(1, 9000), DATES),
	max_size=4,
).map(tuple)


@st.composite
def plants(draw):
	boms = tuple(
		Bom(
			f"B{item}",
			item,
			Decimal(draw(st.integers(1, 3))),
			draw(STEPS),
			(Part(part, Decimal(draw(st.integers(1, 3)))),),
		)
		for item, part in (("A", "B"), ("B", "C"), ("C", "M"))
	)
	items = (
		*(Item(b.item, b.name, stock=Decimal(draw(st.integers(0, 20)))) for b in boms),
		Item("M", lead_time_days=draw(st.one_of(st.integers(1, 40), st.none())), stock=draw(QUANTITIES)),
	)
	return Plant(
		TODAY, draw(STATIONS), items, boms, draw(SUPPLIES), draw(LOADS), draw(DEMANDS), draw(DEMANDS)
	)


OWNS = st.lists(
	st.builds(Demand, item=st.sampled_from(["A", "B", "C"]), quantity=QUANTITIES, due=DATES),
	min_size=1,
	max_size=3,
).map(tuple)


def holds(plant, own):
	return forecast(plant, own).verdict is MET


def by(plant, own):
	"""The earliest date; never, if there is none."""
	return forecast(plant, own).earliest or date.max


@pytest.mark.rule("B2", "C8")
@given(plants(), OWNS, LOADS, DEMANDS)
def test_more_load_never_makes_it_earlier(plant, own, loads, demands):
	more = replace(plant, loads=plant.loads + loads, committed=plant.committed + demands)
	assert by(more, own) >= by(plant, own)
	assert not (holds(more, own) and not holds(plant, own))


@pytest.mark.rule("C8")
@given(plants(), OWNS, st.integers(0, 1), st.integers(1, 500), st.integers(0, 2))
def test_more_capacity_never_makes_it_later(plant, own, which, minutes, units):
	stations = list(plant.workstations)
	one = stations[which]
	stations[which] = replace(
		one, minutes=one.minutes + minutes, units=one.units + units, holidays=frozenset()
	)
	more = replace(plant, workstations=tuple(stations))
	assert by(more, own) <= by(plant, own)


@pytest.mark.rule("C8")
@given(plants(), OWNS, st.integers(1, 60))
def test_a_later_date_never_makes_it_harder(plant, own, days):
	if holds(plant, own):
		assert holds(plant, [replace(o, due=o.due + timedelta(days=days)) for o in own])


@pytest.mark.rule("C8")
@given(plants(), OWNS)
def test_the_earliest_date_is_the_first_one_that_holds(plant, own):
	found = forecast(plant, own)
	if found.verdict is NOT_MET and found.earliest:
		assert holds(plant, [replace(o, due=max(o.due, found.earliest)) for o in own])
		last = max(o.due for o in own)
		if found.earliest > last:
			day = found.earliest - timedelta(days=1)
			assert not holds(plant, [replace(o, due=max(o.due, day)) for o in own])


@pytest.mark.rule("B2", "C8")
@given(plants(), OWNS, st.sampled_from(["hours", "lead", "step", "loop", "due"]))
@settings(max_examples=200)
def test_unknown_is_never_met(plant, own, what):
	"""Whatever is taken away from what is known, it is not met unless stock makes it needless."""
	boms, stations, items = plant.boms, plant.workstations, plant.items
	if what == "hours":
		stations = ()
	elif what == "lead":
		items = tuple(replace(i, lead_time_days=None, stock=d(0)) for i in items)
		plant = replace(plant, supplies=())
	elif what == "step":
		boms = tuple(replace(b, steps=(Step("?", d(1)),)) for b in boms)
	elif what == "loop":
		boms = (*boms[:2], replace(boms[2], parts=(Part("A", d(1)),)))
		items = tuple(replace(i, stock=d(0)) for i in items)
		plant = replace(plant, supplies=())
	else:
		own = tuple(replace(o, due=None) for o in own)
	found = forecast(replace(plant, boms=boms, workstations=stations, items=items), own)
	if found.verdict is MET:
		assert what in ("hours", "step")
		assert not found.loaded


@given(plants(), OWNS, st.randoms())
def test_the_order_of_rows_does_not_matter(plant, own, random):
	def shuffled(rows):
		rows = list(rows)
		random.shuffle(rows)
		return tuple(rows)

	other = Plant(
		plant.today,
		*(
			shuffled(getattr(plant, name))
			for name in ("workstations", "items", "boms", "supplies", "loads", "committed", "in_review")
		),
	)
	assert forecast(other, shuffled(own)) == forecast(plant, own)


@given(plants(), OWNS, st.integers(1, 3))
def test_the_work_of_an_order_stands_in_the_weeks(plant, own, times):
	"""Whatever it needs of a workstation is shown, and nothing twice."""
	found = forecast(plant, own)
	names = {one.name for one in found.loaded}
	assert len(names) == len(found.loaded)
	for one in found.loaded:
		assert len(one.weeks) == c.WEEKS
		assert sum(w.own for w in one.weeks) > 0
