"""Make the sample: `python -m qms_customer.replay.sample.make [FOLDER]`. The same files every time.

Everything in it is invented: the company, its customers, its products. It is written as the Report Builder of
an ERPNext exports it, with what real exports have: drafts, cancelled orders, prices that were forgotten, and
a few rows that somebody has spoilt.
"""

import csv
import json
import random
import sys
from datetime import date, timedelta
from pathlib import Path

SEED = 13485
YEAR = 2025
COMPANY = "Linglong Medical Devices"
ORDERS = 1500

# (code, name, group, price, lead time in days or None, usual quantity, how often)
ITEMS = (
	("IP-100", "Infusion Pump IP-100", "Infusion", 6200, 21, (1, 12), 10),
	("IP-200", "Infusion Pump IP-200, two channels", "Infusion", 9800, 28, (1, 10), 8),
	("SP-50", "Syringe Pump SP-50", "Infusion", 5400, 21, (1, 16), 8),
	("IS-STD", "Infusion Set, standard", "Disposables", 3.2, 10, (500, 6000), 16),
	("IS-PED", "Infusion Set, paediatric", "Disposables", 4.6, 14, (200, 2500), 9),
	("EX-150", "Extension Line 150 cm", "Disposables", 2.1, 10, (500, 5000), 9),
	("SY-50", "Syringe 50 ml", "Disposables", 1.7, 7, (1000, 8000), 11),
	("PM-12", "Patient Monitor PM-12", "Monitoring", 15800, 35, (1, 8), 7),
	("PM-15", "Patient Monitor PM-15, modular", "Monitoring", 26500, 42, (1, 6), 5),
	("SPO2-A", "SpO2 Sensor, adult", "Accessories", 180, 14, (5, 80), 10),
	("SPO2-N", "SpO2 Sensor, neonatal", "Accessories", 210, 14, (5, 50), 6),
	("ECG-5", "ECG Cable, 5 leads", "Accessories", 260, 14, (4, 40), 7),
	("NIBP-M", "NIBP Cuff, medium", "Accessories", 95, 10, (5, 60), 8),
	("DEF-1", "Defibrillator DEF-1", "Emergency", 31800, 45, (1, 4), 3),
	("AED-2", "AED-2 with case", "Emergency", 12800, 30, (1, 10), 4),
	("ASP-9", "Suction Unit ASP-9", "Emergency", 4300, 21, (1, 8), 4),
	("RACK-4", "Docking Rack, 4 pumps, to drawing", "Infusion", 7400, None, (1, 4), 3),
	("KIT-TR", "Transport Kit, customer's packaging", "Emergency", 9900, None, (1, 5), 2),
	("BAT-L", "Battery Pack, lithium", "Accessories", 420, 18, (2, 30), 5),
	("SVC-CAL", "Calibration on site", "Services", 900, None, (1, 6), 4),
)
GROUPS = (
	# (group, customers, share of the orders, factor on quantities, payment terms)
	("Hospital", 34, 46, 1.0, ("30 days", "60 days", "90 days")),
	("Clinic", 26, 22, 0.4, ("Cash before delivery", "30 days")),
	("Distributor", 12, 24, 3.2, ("30 days", "50 % in advance, 50 % before delivery")),
	("Export", 6, 8, 6.0, ("L/C at sight", "T/T in advance")),
)
PLACES = (
	*("Anlan", "Beiqiao", "Chengxi", "Dongwan", "Fulin", "Guyang", "Hexin", "Jinshui", "Kanglu", "Lanting"),
	*("Mingde", "Nanpu", "Pinghe", "Qingshan", "Renji", "Shangyuan", "Taihe", "Wutong", "Xinglin", "Yunfeng"),
)
KINDS = {
	"Hospital": ("People's Hospital", "Central Hospital", "Children's Hospital", "Maternity Hospital"),
	"Clinic": ("Family Clinic", "Day Surgery", "Dental Clinic"),
	"Distributor": ("Medical Trading Co.", "Healthcare Supply Co."),
	"Export": ("Medical GmbH", "Devices LLC", "Salud S.A."),
}
# Orders of a working day over the year: spring festival, the ends of the quarters, the end of the year.
SEASON = (0.8, 0.45, 1.2, 0.95, 1.0, 1.15, 0.95, 0.9, 1.2, 0.8, 1.1, 1.5)
HEADINGS = (
	*("Sr", "ID", "Status", "Company", "Customer", "Customer Name", "Customer Group", "Date"),
	*("Grand Total (Company Currency)", "Payment Terms Template", "Item Code (Sales Order Item)"),
	*(
		"Item Name (Sales Order Item)",
		"Quantity (Sales Order Item)",
		"Qty as per Stock UOM (Sales Order Item)",
	),
	*("Rate (Sales Order Item)", "Amount (Sales Order Item)", "Delivery Date (Sales Order Item)"),
)


def customers(chance: random.Random) -> dict[str, list[tuple[str, str]]]:
	"""Return (number, name) of the customers of each group."""
	found, number = {}, 0
	for group, count, *_rest in GROUPS:
		names = [f"{place} {kind}" for place in PLACES for kind in KINDS[group]]
		found[group] = []
		for name in chance.sample(names, count):
			number += 1
			found[group].append((f"C-{number:04d}", name))
	return found


def working_days() -> list[date]:
	"""Return the weekdays of the year but the first week of October and of the spring festival."""
	days = (date(YEAR, 1, 2) + timedelta(days=n) for n in range(363))
	holidays = {date(YEAR, 10, d) for d in range(1, 9)} | {date(YEAR, 2, d) for d in range(1, 5)}
	return [d for d in days if d.weekday() < 5 and d not in holidays]


def orders() -> list[list[object]]:
	"""Return the rows of the export, the heading first."""
	chance = random.Random(SEED)
	clients, days = customers(chance), working_days()
	weights = [SEASON[d.month - 1] for d in days]
	chosen = sorted(chance.choices(days, weights, k=ORDERS))
	rows: list[list[object]] = [list(HEADINGS)]
	for number, day in enumerate(chosen, 1):
		name = f"SAL-ORD-{YEAR}-{number:05d}"
		group, _count, _share, factor, terms = chance.choices(GROUPS, [g[2] for g in GROUPS])[0]
		code, customer = chance.choice(clients[group])
		lines = _lines(chance, day, factor)
		total = sum(line[3] * line[4] for line in lines)
		status = chance.choices(("Completed", "To Deliver and Bill", "Cancelled", "Draft"), (88, 9, 2, 1))[0]
		stated = chance.choice(terms) if chance.random() > 0.06 else ""
		for item, title, quantity, stock, rate, due in lines:
			rows.append(
				[
					*(len(rows), name, status, COMPANY, code, customer, group, day.isoformat()),
					*(
						f"{total * 1.13:.2f}",
						stated,
						item,
						title,
						quantity,
						stock,
						rate,
						f"{quantity * rate:.2f}",
					),
					due.isoformat() if due else "",
				]
			)
	_spoil(rows)
	return rows


def _lines(chance: random.Random, day: date, factor: float) -> list[tuple]:
	"""(item, name, quantity, stock quantity, rate, due) of an order; urgent ones are due too early."""
	count = chance.choices((1, 2, 3, 4, 6), (40, 28, 17, 10, 5))[0]
	found, tender = {}, chance.random() < 0.025
	urgent = chance.random() < 0.07
	for item in chance.choices(ITEMS, [i[6] for i in ITEMS], k=count):
		code, name, _group, price, lead, (least, most), _often = item
		quantity = max(1, round(chance.triangular(least, most, least) * factor * (6 if tender else 1)))
		if price < 10:
			quantity = max(100, round(quantity, -2))
		rate = 0 if chance.random() < 0.008 else round(price * chance.uniform(0.86, 1.0), 2)
		wait = (lead or 20) + (chance.randint(-8, -1) if urgent else chance.randint(2, 40))
		due = None if chance.random() < 0.01 else day + timedelta(days=max(wait, 1))
		found[code] = (code, name, quantity, quantity, rate, due)
	return list(found.values())


def _spoil(rows: list[list[object]]) -> None:
	"""What people do to exports before they send them."""
	date_, quantity, due, item = (
		HEADINGS.index(h) for h in ("Date", HEADINGS[12], HEADINGS[16], HEADINGS[10])
	)
	rows[211][quantity] = rows[211][quantity + 1] = "see contract"
	rows[740][due] = "end of May"
	rows[1333][item] = ""
	name = rows[1790][1]
	for row in rows:
		if row[1] == name:
			row[date_] = "31.06.2025"
	rows[2400][quantity] = rows[2400][quantity + 1] = -2


def items() -> list[list[object]]:
	"""Return the rows of the export of the items."""
	return [
		["ID", "Item Name", "Item Group", "Maintain Stock", "Lead Time in days"],
		*(
			[code, name, group, 0 if group == "Services" else 1, lead or 0]
			for code, name, group, _price, lead, *_rest in ITEMS
		),
	]


def settings() -> dict[str, object]:
	"""Return the settings: limits that such a company might begin with."""
	return {
		"doctype": "QMS Customer Settings",
		"small_amount": 20000,
		"small_quantity": 200,
		"large_amount": 500000,
		"large_quantity": 20000,
		"replay": {
			"assume": {
				"standard": True,
				"in_stock": False,
				"packaging": True,
				"payment_method": True,
				"delivery_method": True,
			},
		},
	}


def main(folder: Path) -> None:
	"""Write the files of the sample."""
	for name, rows in (("orders.csv", orders()), ("items.csv", items())):
		with (folder / name).open("w", encoding="utf-8", newline="") as file:
			csv.writer(file, lineterminator="\n").writerows(rows)
	text = json.dumps(settings(), indent="\t", ensure_ascii=False)
	(folder / "settings.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
	main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent)
