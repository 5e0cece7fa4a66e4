"""What a replay reads: layouts, languages, dates, numbers, workbooks, JSON, and what is wrong with them."""

from __future__ import annotations

import csv
import io
import json
import re
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qms_customer.replay import Unusable, columns, values
from qms_customer.replay.columns import ITEM, ORDER
from qms_customer.replay.orders import Orders
from qms_customer.replay.settings import Settings, parse
from qms_customer.rules import replay as rules
from qms_customer.rules.contract import SPECIAL_MATERIAL

# Report Builder: labels as headings, the item's with its DocType behind.
BUILDER = [
	["Sr", "ID", "Customer", "Date", "Grand Total (Company Currency)", "Item Code (Sales Order Item)"],
	["Quantity (Sales Order Item)", "Delivery Date (Sales Order Item)", "Rate (Sales Order Item)"],
]
BUILDER = [[*BUILDER[0], *BUILDER[1]]]
ROWS = [
	["1", "SO-1", "Anlan", "2025-03-01", "1130", "PUMP", "2", "2025-04-01", "450"],
	["2", "SO-1", "Anlan", "2025-03-01", "1130", "SET", "10", "2025-04-02", "10"],
	["3", "SO-2", "Beiqiao", "2025-03-05", "565", "PUMP", "1", "2025-04-05", "500"],
]


def write_csv(folder: Path, rows: list[list[object]], encoding: str = "utf-8", **options) -> Path:
	text = io.StringIO()
	csv.writer(text, **options).writerows(rows)
	path = folder / "orders.csv"
	path.write_bytes(text.getvalue().encode(encoding))
	return path


def write_xlsx(folder: Path, rows: list[list[object]], merge: tuple[str, ...] = ()) -> Path:
	book = openpyxl.Workbook()
	for row in rows:
		book.active.append(row)
	for cells in merge:
		book.active.merge_cells(cells)
	path = folder / "orders.xlsx"
	book.save(path)
	return path


def read(
	path: Path, settings: Settings | None = None, **options
) -> tuple[dict[str, rules.PastOrder], Orders]:
	orders = Orders(path, settings or Settings(), **options)
	return {order.name: order for order in orders}, orders


def expect(found: dict[str, rules.PastOrder]) -> None:
	"""The orders of ROWS, however they were written."""
	assert list(found) == ["SO-1", "SO-2"]
	one, two = found.values()
	assert one.day == date(2025, 3, 1) and two.day == date(2025, 3, 5)
	assert [(line.item, line.quantity, line.due) for line in one.facts.lines] == [
		("PUMP", 2, date(2025, 4, 1)),
		("SET", 10, date(2025, 4, 2)),
	]
	assert one.facts.amount == 1130 and one.facts.quantity == 12
	assert [price.rate for price in one.facts.prices] == [450, 10]
	assert [(line.item, line.quantity, line.due) for line in two.facts.lines] == [
		("PUMP", 1, date(2025, 4, 5))
	]


# Layouts


def test_report_builder(tmp_path: Path) -> None:
	found, orders = read(write_csv(tmp_path, BUILDER + ROWS))
	expect(found)
	assert found["SO-1"].customer == "Anlan"
	assert orders.source.bad == [] and orders.source.rows == 3
	assert orders.source.absent == {
		*(rules.STANDARD, rules.STOCK, rules.LEAD_TIME, rules.PACKAGING, rules.PAYMENT_TERMS),
		*(rules.PAYMENT_METHOD, rules.DELIVERY_METHOD, rules.SPECIAL),
	}


def test_the_rows_of_an_order_need_not_stand_together(tmp_path: Path) -> None:
	expect(read(write_csv(tmp_path, [*BUILDER, ROWS[0], ROWS[2], ROWS[1]]))[0])


def test_data_import_leaves_the_parents_blank(tmp_path: Path) -> None:
	heading = ["ID", "Customer", "Date", "Grand Total (Company Currency)", "ID (Items)", "Item Code (Items)"]
	heading += ["Quantity (Items)", "Delivery Date (Items)", "Rate (Items)"]
	rows = [
		["SO-1", "Anlan", "2025-03-01", "1130", "a1", "PUMP", "2", "2025-04-01", "450"],
		["", "", "", "", "a2", "SET", "10", "2025-04-02", "10"],
		["SO-2", "Beiqiao", "2025-03-05", "565", "a3", "PUMP", "1", "2025-04-05", "500"],
	]
	expect(read(write_csv(tmp_path, [heading, *rows]))[0])


def test_data_export_has_a_block_of_headings(tmp_path: Path) -> None:
	rows = [
		["Data Import Template"],
		["Table:", "Sales Order"],
		[""],
		["Notes:"],
		["Please do not change the template headings."],
		[
			"DocType:",
			"Sales Order",
			"",
			"",
			"",
			"~",
			"Sales Order Item",
			"items",
			"",
			"",
			"",
			"~",
			"Payment Schedule",
		],
		["Column Labels:", "ID", "Customer", "Date", "Grand Total (Company Currency)", "", "ID", "Item Code"],
		[
			"Column Name:",
			"name",
			"customer",
			"transaction_date",
			"base_grand_total",
			"~",
			"name",
			"item_code",
		],
		["Mandatory:", "Yes", "Yes", "Yes", "No", "", "Yes", "No", "Yes", "No", "Yes", "", "Yes", "Yes"],
		[
			"Type:",
			"Data",
			"Link",
			"Date",
			"Currency",
			"",
			"Data",
			"Link",
			"Float",
			"Date",
			"Currency",
			"",
			"Data",
		],
		["Info:", "", "Valid Customer", "dd-mm-yyyy", "", "", "", "Valid Item", "", "dd-mm-yyyy"],
		["Start entering data below this line"],
		[
			"",
			'"SO-1"',
			"Anlan",
			"01-03-2025",
			"1130",
			"",
			'"r1"',
			"PUMP",
			"2",
			"01-04-2025",
			"450",
			"",
			'"p1"',
			"30 days",
		],
		["", "", "", "", "", "", '"r2"', "SET", "10", "02-04-2025", "10"],
		[
			"",
			'"SO-2"',
			"Beiqiao",
			"05-03-2025",
			"565",
			"",
			'"r3"',
			"PUMP",
			"1",
			"05-04-2025",
			"500",
			"",
			'"p2"',
			"",
		],
		["", "", "", "", "", "", "", "", "", "", "", "", '"p3"', "60 days"],
	]
	rows[6] += ["Quantity", "Delivery Date", "Rate", "", "ID", "Payment Term"]
	rows[7] += ["qty", "delivery_date", "rate", "~", "name", "payment_term"]
	found, orders = read(write_csv(tmp_path, rows))
	expect(found)
	assert found["SO-1"].facts.payment_terms == "30 days"
	assert rules.PAYMENT_TERMS not in orders.source.absent
	# Nothing tells day and month apart here, and the reader is told so.
	assert [note.args[:2] for note in orders.source.notes] == [
		("transaction_date", "01-03-2025"),
		("delivery_date", "01-04-2025"),
	]


def test_json_of_the_rest_api(tmp_path: Path) -> None:
	docs = [
		{
			"name": "SO-1",
			"customer": "Anlan",
			"transaction_date": "2025-03-01",
			"base_grand_total": 1130.0,
			"items": [
				{"item_code": "PUMP", "qty": 2.0, "delivery_date": "2025-04-01", "rate": 450},
				{"item_code": "SET", "qty": 10, "delivery_date": "2025-04-02", "rate": 10},
			],
			"qms_requirements": [{"special": SPECIAL_MATERIAL, "none_identified": 0}],
		},
		{
			"name": "SO-2",
			"transaction_date": "2025-03-05",
			"base_grand_total": 565,
			"items": [{"item_code": "PUMP", "qty": 1, "delivery_date": "2025-04-05", "rate": 500}],
		},
	]
	path = tmp_path / "orders.json"
	lines = "\n".join(json.dumps(doc) for doc in docs)
	for text in (
		json.dumps(docs),
		json.dumps({"message": docs}),
		json.dumps({"data": docs}, indent=1),
		lines,
	):
		path.write_text(text)
		found, _orders = read(path)
		expect(found)
		assert found["SO-1"].facts.special == (SPECIAL_MATERIAL,)
	flat = [
		{"name": "SO-1", "transaction_date": "2025-03-01", "item_code": code, "qty": 1} for code in ("A", "B")
	]
	path.write_text(json.dumps({"message": flat}))
	assert len(read(path)[0]["SO-1"].facts.lines) == 2


def test_a_long_json_list_is_read_in_pieces(tmp_path: Path) -> None:
	docs = [
		{
			"name": f"SO-{n}",
			"transaction_date": "2025-03-01",
			"note": "供" * 900,
			"items": [{"item_code": "A", "qty": n}],
		}
		for n in range(2500)
	]
	path = tmp_path / "orders.json"
	path.write_text(json.dumps(docs, ensure_ascii=False), encoding="utf-8")
	found, _orders = read(path)
	assert len(found) == 2500 and found["SO-2499"].facts.quantity == 2499


def test_bundles_count_as_their_components(tmp_path: Path) -> None:
	doc = {
		"name": "SO-1",
		"transaction_date": "2025-03-01",
		"items": [{"item_code": "KIT", "qty": 2, "rate": 9, "delivery_date": "2025-04-01"}],
		"packed_items": [{"parent_item": "KIT", "item_code": "PUMP", "qty": 4}],
	}
	path = tmp_path / "orders.json"
	path.write_text(json.dumps([doc]))
	facts = read(path)[0]["SO-1"].facts
	assert [(line.item, line.quantity, line.due) for line in facts.lines] == [("PUMP", 4, date(2025, 4, 1))]
	assert [price.item for price in facts.prices] == ["KIT"]


# Languages and encodings

CHINESE = ["锶", "ID", "客户", "日期", "总计（公司货币）", "物料代码 (销售订单物料)", "数量 (销售订单物料)"]
CHINESE += ["交货日期 (销售订单物料)", "单价 (销售订单物料)"]
GERMAN = [
	"Pos",
	"ID",
	"Kunde",
	"Datum",
	"Gesamtbetrag (Unternehmenswährung)",
	"Artikel-Code (Auftrags-Artikel)",
]
GERMAN += ["Menge (Auftrags-Artikel)", "Liefertermin (Auftrags-Artikel)", "Preis (Auftrags-Artikel)"]
FRENCH = ["Sr", "ID", "Client", "Date", "Total TTC (Devise de la Société)", "Code de l'Article (Articles)"]
FRENCH += ["Quantité (Articles)", "Date de livraison (Articles)", "Prix (Articles)"]
SPANISH = ["Sr", "Identificador", "Cliente", "Fecha", "Suma total (Divisa por defecto)"]
SPANISH += [
	"Código del Producto (Productos)",
	"Cantidad (Productos)",
	"Fecha de entrega (Productos)",
	"Precio (Productos)",
]
FIELDS = ["idx", "name", "customer", "transaction_date", "base_grand_total", "items.item_code", "items.qty"]
FIELDS += ["items.delivery_date", "`tabSales Order Item`.`rate`"]
BARE = ["No", "订单号", "客户", "订单日期", "总金额", "物料编码", "数量", "交货日期", "单价"]


@pytest.mark.parametrize(
	"heading", [CHINESE, GERMAN, FRENCH, SPANISH, FIELDS, BARE], ids=lambda h: h[1] + h[3]
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_languages_and_encodings(tmp_path: Path, heading: list[str], encoding: str) -> None:
	if encoding == "gb18030" and not any(c >= "\u4e00" for c in "".join(heading)):
		heading = [*heading[:-1], heading[-1], "备注"]
	expect(read(write_csv(tmp_path, [heading, *ROWS], encoding))[0])


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_delimiters(tmp_path: Path, delimiter: str) -> None:
	expect(read(write_csv(tmp_path, BUILDER + ROWS, delimiter=delimiter, quoting=csv.QUOTE_ALL))[0])


def test_an_encoding_that_is_neither(tmp_path: Path) -> None:
	path = tmp_path / "orders.csv"
	path.write_bytes(
		"ID;Datum;Artikel-Code;Menge\nSO-1;01.03.2025;Kanüle \xff;1\n".encode("latin-1") + b"\x81\xff\xff"
	)
	with pytest.raises(Unusable, match="neither UTF-8 nor GB18030"):
		read(path)
	found, _orders = read(path, encoding="latin-1")
	assert found["SO-1"].facts.quantity == 1
	with pytest.raises(Unusable) as refused:
		read(path, encoding="utf-99")
	assert refused.value.usage


def test_headings_of_ones_own(tmp_path: Path) -> None:
	rows = [["Beleg", "Vom", "Was", "Wieviel"], ["SO-1", "2025-03-01", "PUMP", "2"]]
	path = write_csv(tmp_path, rows)
	with pytest.raises(Unusable, match="no row of headings"):
		read(path)
	own = {"Beleg": "name", "vom": "transaction_date", "Was": "item_code", "Wieviel": "items.qty"}
	found, _orders = read(path, parse({"replay": {"columns": own}}))
	assert found["SO-1"].facts.quantity == 2


def test_the_second_of_two_equal_labels_is_the_items(tmp_path: Path) -> None:
	rows = [
		["ID", "Date", "Delivery Date", "Item Code", "Quantity", "Delivery Date"],
		["SO-1", "2025-03-01", "2025-03-31", "PUMP", "1", "2025-03-20"],
		["", "", "", "SET", "1", ""],
	]
	lines = read(write_csv(tmp_path, rows))[0]["SO-1"].facts.lines
	assert [line.due for line in lines] == [date(2025, 3, 20), date(2025, 3, 31)]


def test_the_labels_are_those_of_erpnext() -> None:
	"""Each label names its field when it stands alone or behind its table, whatever its width."""
	for target, labels in columns.FIELDS.items():
		for label in labels:
			table = next(iter(columns.TABLES[target[0]]))
			if target[0] != ORDER:
				assert target in columns.candidates(f"{label} ({table})"), label
				assert target in columns.candidates(f"{label}（{table}）"), label
			else:
				assert target in columns.candidates(label), label
	assert columns.candidates("Amount (Sales Taxes and Charges)") == []


# Dates and numbers


@pytest.mark.parametrize(
	("written", "expected"),
	[
		(["2025-03-01", "2025-03-31"], [(3, 1), (3, 31)]),
		(["01-03-2025", "31-03-2025"], [(3, 1), (3, 31)]),
		(["03/01/2025", "03/31/2025"], [(3, 1), (3, 31)]),
		(["01.03.2025", "02.03.2025"], [(3, 1), (3, 2)]),
		(["2025年3月1日", "2025/3/31"], [(3, 1), (3, 31)]),
		(["20250301", "45747"], [(3, 1), (3, 31)]),
		(["2025-03-01 10:11:12", "2025-03-31T00:00:00"], [(3, 1), (3, 31)]),
		(["２０２５－０３－０１", "31/03/2025"], [(3, 1), (3, 31)]),
	],
)
def test_dates(tmp_path: Path, written: list[str], expected: list[tuple[int, int]]) -> None:
	rows = [["ID", "Date", "Item Code", "Quantity"]]
	rows += [[f"SO-{n}", day, "PUMP", "1"] for n, day in enumerate(written)]
	found, orders = read(write_csv(tmp_path, rows))
	assert [(o.day.month, o.day.day) for o in found.values()] == expected
	assert not orders.source.notes


def test_one_column_decides_for_the_other(tmp_path: Path) -> None:
	rows = [["ID", "Date", "Delivery Date", "Item Code", "Quantity"]]
	rows += [
		["SO-1", "03/01/2025", "03/31/2025", "PUMP", "1"],
		["SO-2", "03/02/2025", "04/01/2025", "PUMP", "1"],
	]
	found, orders = read(write_csv(tmp_path, rows))
	assert [o.day for o in found.values()] == [date(2025, 3, 1), date(2025, 3, 2)]
	assert not orders.source.notes


def test_ambiguous_dates_are_named_and_can_be_set(tmp_path: Path) -> None:
	rows = [["ID", "Date", "Item Code", "Quantity"], ["SO-1", "03/01/2025", "PUMP", "1"]]
	path = write_csv(tmp_path, rows)
	found, orders = read(path)
	assert found["SO-1"].day == date(2025, 1, 3)
	(note,) = orders.source.notes
	assert note.args == ("Date", "03/01/2025", "day-month-year", "replay.date_format")
	found, orders = read(path, parse({"replay": {"date_format": "mm/dd/yyyy"}}))
	assert found["SO-1"].day == date(2025, 3, 1) and not orders.source.notes


def test_a_column_of_two_minds(tmp_path: Path) -> None:
	rows = [["ID", "Date", "Item Code", "Quantity"]]
	rows += [
		[f"SO-{n}", day, "PUMP", "1"] for n, day in enumerate(["31/03/2025", "30/03/2025", "03/31/2025"])
	]
	found, orders = read(write_csv(tmp_path, rows))
	assert list(found) == ["SO-0", "SO-1"]
	(bad,) = orders.source.bad
	assert (bad.line, bad.order, bad.args) == (4, "SO-2", ("03/31/2025",))
	assert orders.source.notes[0].args == ("Date", "day-month-year", "1")


@pytest.mark.parametrize(
	("written", "expected"),
	[
		(["1,234.56", "1,000"], ["1234.56", "1000"]),
		(["1.234,56", "1.000"], ["1234.56", "1000"]),
		(["1 234,56", "1 000"], ["1234.56", "1000"]),
		(["1'234.56", "1'000"], ["1234.56", "1000"]),
		(["12,34,567.89", "1,00,000"], ["1234567.89", "100000"]),
		(["¥ 1,234.50", "CNY 20"], ["1234.50", "20"]),
		(["1.234.567", "2"], ["1234567", "2"]),
		(["0.125", "1.5"], ["0.125", "1.5"]),
		(["1234,5 €", "1.000"], ["1234.5", "1000"]),
		(["１，２３４．５", "1"], ["1234.5", "1"]),
		(["1e3", "2.5E-1"], ["1e3", "0.25"]),
	],
)
def test_numbers(tmp_path: Path, written: list[str], expected: list[str]) -> None:
	rows = [["ID", "Date", "Item Code", "Quantity"]]
	rows += [[f"SO-{n}", "2025-03-01", "PUMP", number] for n, number in enumerate(written)]
	found, orders = read(write_csv(tmp_path, rows))
	assert [o.facts.quantity for o in found.values()] == [Decimal(e) for e in expected]
	assert not orders.source.notes and not orders.source.bad


def test_ambiguous_numbers_are_named_and_can_be_set(tmp_path: Path) -> None:
	rows = [["ID", "Date", "Item Code", "Quantity"], ["SO-1", "2025-03-01", "PUMP", "1.000"]]
	path = write_csv(tmp_path, rows)
	found, orders = read(path)
	assert found["SO-1"].facts.quantity == 1
	assert orders.source.notes[0].args == ("Quantity", "1.000", "1,234.56", "replay.number_format")
	found, orders = read(path, parse({"replay": {"number_format": "#.###,##"}}))
	assert found["SO-1"].facts.quantity == 1000 and not orders.source.notes


@given(
	st.dates(date(1990, 1, 1), date(2100, 12, 31)),
	st.sampled_from(["%Y-%m-%d", "%d-%m-%Y", "%d.%m.%Y", "%m/%d/%Y", "%Y%m%d"]),
)
def test_every_date_is_read_as_it_was_written(day: date, form: str) -> None:
	way = values.MONTH_FIRST if form == "%m/%d/%Y" else values.DAY_FIRST
	assert values.read_date(day.strftime(form), way) == day
	assert values.read_date((day - date(1899, 12, 30)).days) == day


@given(st.decimals(-(10**9), 10**9, places=2), st.booleans())
def test_every_number_is_read_as_it_was_written(number: Decimal, comma: bool) -> None:
	text = f"{number:,.2f}"
	if comma:
		text = text.translate(str.maketrans(",.", ".,"))
	column = values.NumberColumn()
	column.see(text)
	way = values.decide_numbers([column])[0].way
	assert way == (values.COMMA if comma else values.POINT)
	assert values.read_number(text, way) == number


@given(st.text(max_size=12), st.sampled_from([values.POINT, values.COMMA]))
def test_whatever_a_cell_holds_it_is_read_or_refused(text: str, way: str) -> None:
	"""Never anything but a value, nothing, or Unreadable."""
	for reader in (lambda t: values.read_number(t, way), lambda t: values.read_date(t), values.read_flag):
		try:
			reader(text)
		except values.Unreadable:
			pass
	column, dates = values.NumberColumn(), values.DateColumn()
	column.see(text)
	dates.see(text)


# Workbooks


def test_a_workbook(tmp_path: Path) -> None:
	rows = [
		[
			int(n),
			name,
			customer,
			datetime.fromisoformat(day),
			float(total),
			item,
			int(quantity),
			date.fromisoformat(due),
			float(rate),
		]
		for n, name, customer, day, total, item, quantity, due, rate in ROWS
	]
	expect(read(write_xlsx(tmp_path, BUILDER + rows))[0])


def test_merged_cells_stand_for_all_their_rows(tmp_path: Path) -> None:
	title = ["Orders of March"] + [""] * 8
	rows = [title, *BUILDER, *[list(row) for row in ROWS]]
	rows[3][1:5] = [None] * 4
	# A1:I1 the title, B:E the order of rows 3 and 4, C its customer.
	found, orders = read(write_xlsx(tmp_path, rows, ("A1:I1", "B3:B4", "C3:C4", "D3:D4", "E3:E4")))
	expect(found)
	assert not orders.source.bad


def test_an_item_that_is_merged_and_a_quantity_that_is(tmp_path: Path) -> None:
	rows = [
		["ID", "Date", "Item Code", "Delivery Date (Items)", "Quantity"],
		["SO-1", "2025-03-01", "PUMP", "2025-04-01", 4],
		[None, None, None, "2025-05-01", 6],
		["SO-2", "2025-03-02", "SET", "2025-04-01", 8],
		[None, None, "SET", "2025-05-01", None],
	]
	found, orders = read(write_xlsx(tmp_path, rows, ("C2:C3", "E4:E5")))
	assert [(line.item, line.quantity) for line in found["SO-1"].facts.lines] == [("PUMP", 4), ("PUMP", 6)]
	# The quantity stands for both rows; it counts once, and the other row is named.
	assert found["SO-2"].facts.quantity == 8
	assert [(bad.line, bad.args) for bad in orders.source.bad] == [(5, ("Quantity",))]


def test_sheets(tmp_path: Path) -> None:
	path = write_xlsx(tmp_path, BUILDER + ROWS)
	book = openpyxl.load_workbook(path)
	book.create_sheet("Notes", 0).append(["nothing here"])
	book.save(path)
	with pytest.raises(Unusable, match="no row of headings"):
		read(path)
	expect(read(path, sheet="Sheet")[0])
	with pytest.raises(Unusable, match="Notes, Sheet"):
		read(path, sheet="Orders")


@pytest.mark.parametrize(
	("name", "content", "said"),
	[
		("orders.xlsx", b"PK\x03\x04 damaged", "cannot be read"),
		("orders.xlsx", b"ID,Date", "is called .xlsx"),
		("orders.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "old or encrypted"),
		("orders.pdf", b"%PDF-1.7", "of a kind that is not read"),
		("orders.csv", b"", "is empty"),
		("orders.csv", b"\n\n , \n", "is empty"),
		("orders.csv", b"alpha,beta\n1,2\n", "no row of headings"),
		(
			"orders.csv",
			b"ID,Customer,Status\nSO-1,A,Draft\n",
			r"Date \(transaction_date\), Item Code \(item_code\), Quantity \(qty\)",
		),
		("orders.csv", b"ID,Date,Item Code,Quantity\n", "no order that can be used"),
		("orders.json", b"{", "no JSON"),
		("orders.json", b'[{"name": "SO-1"}', "ends in the middle"),
		("orders.json", b'[{"name": "SO-1", "transaction_date": "2025-03-01"}]', "Item Code"),
		("orders.json", b"[1, 2]", "impossible without"),
	],
)
def test_what_cannot_be_used(tmp_path: Path, name: str, content: bytes, said: str) -> None:
	path = tmp_path / name
	path.write_bytes(content)
	with pytest.raises(Unusable) as refused:
		read(path)
	assert re.search(said, str(refused.value)), str(refused.value)


def test_a_missing_column_is_named_with_what_was_found(tmp_path: Path) -> None:
	path = write_csv(tmp_path, [["ID", "Date", "Item Code", "Colour"], ["SO-1", "2025-03-01", "PUMP", "red"]])
	with pytest.raises(Unusable) as refused:
		read(path)
	lacking, found, unknown, _where = refused.value.args
	assert lacking == "Quantity (qty)" and found == "ID, Date, Item Code" and unknown == "Colour"


# Bad rows


def test_bad_rows_are_listed_and_the_others_count(tmp_path: Path) -> None:
	heading = ["ID", "Date", "Item Code", "Quantity", "Delivery Date (Items)", "Grand Total", "Status"]
	rows = [
		heading,
		["", "2025-03-01", "PUMP", "1", "", "", ""],
		["SO-1", "2025-03-01", "PUMP", "two", "2025-04-01", "100", ""],
		["SO-1", "", "SET", "5", "2025-04-01", "", ""],
		["SO-1", "", "", "5", "2025-04-01", "", ""],
		["SO-1", "", "SET", "", "2025-04-01", "", ""],
		["SO-1", "", "SET", "-1", "2025-04-01", "", ""],
		["SO-1", "", "SET", "5", "soon", "", ""],
		heading,
		["SO-2", "yesterday", "SET", "5", "", "", ""],
		["SO-3", "", "SET", "5", "", "", ""],
		["SO-4", "2025-03-01", "", "", "", "", ""],
		["SO-5", "2025-03-01", "SET", "5", "", "a lot", ""],
		["SO-6", "2025-03-01", "SET", "5", "", "1", "Cancelled"],
		["SO-7", "2025-03-01", "SET", "5", "", "1", "草案"],
		["SO-8", "2025-03-01", "SET", "5", "", "1", "To Deliver"],
		["Total", "", "", "45", "", "99999", ""],
	]
	found, orders = read(write_csv(tmp_path, rows))
	source = orders.source
	assert list(found) == ["SO-1", "SO-8"]
	assert found["SO-1"].facts.quantity == 5 and found["SO-1"].facts.amount == 100
	assert [(b.line, b.order, b.message.format(*b.args)) for b in source.bad] == [
		(2, "", "It has no order number, and there is none above"),
		(3, "SO-1", "two is no value that can be read"),
		(5, "SO-1", "The row has no item"),
		(6, "SO-1", "The row has no quantity"),
		(7, "SO-1", "The quantity is negative: -1"),
		(8, "SO-1", "soon is no value that can be read"),
		(10, "SO-2", "yesterday is no date that can be read"),
		(11, "SO-3", "The order has no date"),
		(12, "SO-4", "The order has no lines"),
		(13, "SO-5", "a lot is no number that can be read"),
	]
	assert source.incomplete == 1
	assert source.excluded == {"not readable": 4, "cancelled": 1, "drafts": 1}


def test_docstatus(tmp_path: Path) -> None:
	rows = [["ID", "Document Status", "Date", "Item Code", "Quantity"]]
	rows += [[f"SO-{n}", str(n), "2025-03-01", "PUMP", "1"] for n in range(3)]
	found, orders = read(write_csv(tmp_path, rows))
	assert list(found) == ["SO-1"] and orders.source.excluded == {"drafts": 1, "cancelled": 1}


# What the facts come from


def amounts(tmp_path: Path, heading: list[str], *rows: list[str]) -> list[Decimal | None]:
	base = ["ID", "Date", "Item Code", "Quantity"]
	given = [[f"SO-{n}", "2025-03-01", "PUMP", "2", *row] for n, row in enumerate(rows)]
	found, _orders = read(write_csv(tmp_path, [base + heading, *given]))
	return [order.facts.amount for order in found.values()]


def test_the_value_in_company_currency(tmp_path: Path) -> None:
	assert amounts(tmp_path, ["Grand Total", "Exchange Rate"], ["100", "7.2"], ["100", ""]) == [720, 100]
	assert amounts(tmp_path, ["Grand Total", "Currency"], ["100", "CNY"], ["50", "CNY"], ["9", "USD"]) == [
		100,
		50,
		None,
	]
	assert amounts(tmp_path, ["Grand Total", "Grand Total (Company Currency)"], ["100", "720"]) == [720]
	assert amounts(tmp_path, ["Rate"], ["30.5"]) == [61]
	assert amounts(tmp_path, ["Amount (Company Currency)"], ["61"], [""]) == [61, None]
	assert amounts(tmp_path, [], []) == [None]


def test_items_add_lead_times_and_standards(tmp_path: Path) -> None:
	items = tmp_path / "items.csv"
	items.write_text(
		"ID,Item Group,Lead Time in days,Maintain Stock,Product Standard\n"
		"PUMP,Pumps,21,1,Q/QTC 012\nSET,Sets,0,1,\nSVC,Services,,0,\nBAD,X,soon,1,\n"
	)
	rows = [["ID", "Date", "Item Code", "Quantity"]]
	rows += [["SO-1", "2025-03-01", code, "1"] for code in ("PUMP", "SET", "SVC", "OTHER")]
	found, orders = read(write_csv(tmp_path, rows), items=items)
	lines = {line.item: line for line in found["SO-1"].facts.lines}
	assert lines["PUMP"].lead_time_days == 21 and lines["PUMP"].standard.number == "Q/QTC 012"
	assert lines["SET"].lead_time_days is None and lines["SET"].standard is None
	assert not lines["SVC"].goods and lines["OTHER"].goods and lines["OTHER"].lead_time_days is None
	# A file of items that has the column is evidence, also where it says nothing.
	assert not {rules.LEAD_TIME, rules.STANDARD} & found["SO-1"].absent
	assert orders.source.from_items == {rules.LEAD_TIME, rules.STANDARD}
	assert [bad.order for bad in orders.source.bad] == ["items.csv: BAD"]
	(tmp_path / "wrong.csv").write_text("Colour\nred\n")
	with pytest.raises(Unusable, match="no list of items"):
		read(write_csv(tmp_path, rows), items=tmp_path / "wrong.csv")


def test_scope(tmp_path: Path) -> None:
	rows = [["ID", "Company", "Date", "Item Code", "Item Group", "Quantity", "Is Stock Item"]]
	rows += [
		["SO-1", "A", "2025-03-01", "PUMP", "Pumps", "1", "1"],
		["SO-2", "B", "2025-03-01", "PUMP", "Pumps", "1", "1"],
		["SO-3", "A", "2025-03-01", "SET", "Sets", "1", "1"],
		["SO-4", "A", "2025-03-01", "SVC", "Pumps", "1", "0"],
	]
	path = write_csv(tmp_path, rows)
	settings = parse({"gate_services": 0, "replay": {"companies": ["A"], "item_groups": ["Pumps"]}})
	found, orders = read(path, settings)
	assert list(found) == ["SO-1"] and orders.source.excluded.total() == 3
	# The table of the settings, whether live yet or not; what is asked for goes before it.
	table = [{"for_company": "B"}, {"for_company": "A", "item_group": "Sets", "live_since": "2025-01-01"}]
	assert list(read(path, parse({"scope": table}))[0]) == ["SO-2", "SO-3"]
	assert list(read(path, parse({"scope": [*table, {"for_company": ""}]}))[0]) == [
		f"SO-{n}" for n in (1, 2, 3, 4)
	]
	assert list(read(path, parse({"scope": table, "replay": {"companies": ["B"]}}))[0]) == ["SO-2"]
	with pytest.raises(Unusable, match="has to be a list"):
		parse({"scope": "A"})


# Settings


def test_settings_as_exported() -> None:
	exported = {
		"doctype": "QMS Customer Settings",
		"name": "QMS Customer Settings",
		"modified_by": "Administrator",
		"__last_sync_on": "2025-01-01",
		"small_amount": 5000.0,
		"small_quantity": "100",
		"large_amount": 0,
		"opinion_due_days": 3,
		"gate_services": 1,
		"departments": [
			{
				"doctype": "Review Department",
				"idx": n,
				"department": d.name,
				"role": d.role,
				"circulated": 1,
				"convened": 1,
			}
			for n, d in enumerate((*rules_departments(), extra()))
		],
		"record_forms": [],
	}
	for found in (exported, [exported], {"message": exported}, {"docs": [exported]}, {"data": exported}):
		s = parse(found)
		assert s.thresholds.small_amount == 5000 and s.thresholds.small_quantity == 100
		# 0 switches a limit off; what is not there has its default.
		assert s.thresholds.large_amount is None and s.thresholds.large_quantity == 10000
		assert s.departments[-1].name == "Regulatory Affairs"


def rules_departments():
	from qms_customer.rules.aspects import DEPARTMENTS

	return DEPARTMENTS


def extra():
	from qms_customer.rules.aspects import Department

	return Department("Regulatory Affairs", "QMS Quality", True, True)


@pytest.mark.parametrize(
	("found", "said"),
	[
		({"large_amont": 1}, "large_amont"),
		({"replay": {"assumptions": {}}}, "replay.assumptions"),
		({"replay": {"assume": {"stock": True}}}, "replay.assume.stock"),
		({"replay": {"assume": {"in_stock": "maybe"}}}, "true or false"),
		({"replay": {"assume": {"lead_time_days": 0}}}, "whole days"),
		({"replay": {"assume": []}}, "has to be an object"),
		({"replay": []}, None),
		({"replay": {"columns": {"Menge": "amountt"}}}, "no field"),
		({"replay": {"date_format": "yy"}}, "one of"),
		({"replay": {"companies": "A"}}, "has to be a list"),
		({"replay": {"try_amounts": ["x"]}}, "has to be a number"),
		({"large_amount": -1}, "not negative"),
		({"large_amount": True}, "has to be a number"),
		({"small_amount": 9, "small_quantity": 1, "large_amount": 8}, "lies above"),
		({"small_amount": 9}, "both limits"),
		({"departments": [{"department": "Sales", "role": "X"}]}, "must take part"),
		({"departments": [{"departmnt": "Sales"}]}, "departments.departmnt"),
		({"departments": {}}, None),
		({"doctype": "Sales Order"}, "does not hold settings"),
		([], "does not hold settings"),
		("x", "does not hold settings"),
	],
)
def test_settings_that_are_wrong(found: object, said: str | None) -> None:
	if said is None:
		assert parse(found)
		return
	with pytest.raises(Unusable) as refused:
		parse(found, "settings.json")
	assert refused.value.usage
	assert said in str(refused.value)


def test_assumptions() -> None:
	assert parse({}).assumptions == rules.IN_ORDER and not parse({}).assumptions_given
	s = parse({"replay": {"assume": {"lead_time_days": 30, "in_stock": True, "packaging": None}}})
	assert s.assumptions == rules.Assumptions(in_stock=True, lead_time_days=30) and s.assumptions_given
	assert parse({"replay": {"assume": {}}}).assumptions == rules.NOTHING


def test_fields_are_known() -> None:
	assert {(ORDER, "name"), (ITEM, "qty")} <= set(columns.FIELDS)
	assert columns.DATES | columns.NUMBERS | columns.FLAGS <= set(columns.FIELDS)
