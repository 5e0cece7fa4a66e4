"""Which column of an export holds what: names of fields, and their labels in some languages."""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

ORDER, ITEM, PACKED, SCHEDULE, REQUIREMENT, OTHER = "", "items", "packed", "schedule", "requirement", "other"

# The tables of a Sales Order: DocType, field and labels that stand behind a column's label in brackets.
TABLES = {
	ORDER: ("Sales Order",),
	ITEM: (
		*("Sales Order Item", "items", "Items"),
		*("销售订单物料", "销售订单项目", "销售订单明细", "物料", "项目"),
		*("Auftrags-Artikel", "Auftragsposition", "Artikel", "Article de la Commande Client", "Articles"),
		*("Producto de la orden de venta", "Productos"),
	),
	PACKED: ("Packed Item", "packed_items", "Packed Items", "盒装产品", "已打包物料"),
	SCHEDULE: (
		*("Payment Schedule", "payment_schedule", "付款工时单", "付款计划", "Zahlungsplan"),
		*("Calendrier de paiement", "Calendario de Pago"),
	),
	REQUIREMENT: ("Contract Requirement", "qms_requirements", "Requirements", "合同要求"),
	OTHER: (
		*("Sales Taxes and Charges", "taxes", "销售税费", "Sales Team", "sales_team", "销售团队"),
		*("Pricing Rule Detail", "pricing_rules", "定价规则细节", "Contract Document", "qms_documents"),
	),
}

# Fields with their labels: English, Chinese, German, French, Spanish, then what people call them themselves.
FIELDS: dict[tuple[str, str], tuple[str, ...]] = {
	(ORDER, "name"): (
		*("ID", "Identificador", "Sales Order", "Order", "Order No", "Order No.", "Order Number", "Order ID"),
		*("销售订单", "销售订单号", "订单", "订单号", "订单编号", "单号", "合同编号", "编号"),
		*("Auftrag", "Auftragsnummer", "Commande client", "Orden de venta (OV)"),
	),
	(ORDER, "transaction_date"): (
		*("Date", "日期", "Datum", "Fecha"),
		*("Order Date", "Transaction Date", "订单日期", "下单日期", "Auftragsdatum"),
	),
	(ORDER, "delivery_date"): (
		*(
			"Delivery Date",
			"交货日期",
			"Liefertermin",
			"Lieferdatum",
			"Date de livraison",
			"Fecha de entrega",
		),
		*("交期", "交货期"),
	),
	(ORDER, "customer"): ("Customer", "客户", "Kunde", "Client", "Cliente"),
	(ORDER, "customer_name"): (
		*("Customer Name", "客户名称", "Kundenname", "Nom du client", "Nombre del cliente"),
	),
	(ORDER, "customer_group"): (
		*(
			"Customer Group",
			"客户群组",
			"客户组",
			"Kundengruppe",
			"Groupe de clients",
			"Categoría de Cliente",
		),
	),
	(ORDER, "company"): ("Company", "公司", "Unternehmen", "Société", "Compañía"),
	(ORDER, "currency"): ("Currency", "货币", "币种", "Währung", "Devise", "Divisa / Moneda"),
	(ORDER, "conversion_rate"): (
		*("Exchange Rate", "汇率", "Wechselkurs", "Taux de Change", "Tipo de cambio"),
	),
	(ORDER, "base_grand_total"): (
		*("Grand Total (Company Currency)", "总计（公司货币）", "Gesamtbetrag (Unternehmenswährung)"),
		*("Total TTC (Devise de la Société)", "Suma total (Divisa por defecto)"),
	),
	(ORDER, "grand_total"): (
		"Grand Total",
		"总计",
		"Gesamtbetrag",
		"Total TTC",
		"订单金额",
		"合同金额",
		"总金额",
	),
	(ORDER, "base_net_total"): (
		*("Net Total (Company Currency)", "总净金额（公司货币）", "Nettosumme (Unternehmenswährung)"),
		*("Total Net (Devise Société)", "Total neto (Divisa por defecto)"),
	),
	(ORDER, "payment_terms_template"): (
		*("Payment Terms Template", "付款条款模板", "Vorlage Zahlungsbedingungen"),
		*(
			"Modèle de termes de paiement",
			"Plantilla de Términos de Pago",
			"Payment Terms",
			"付款条件",
			"付款条款",
		),
	),
	(ORDER, "status"): ("Status", "状态", "Statut", "Estado"),
	(ORDER, "docstatus"): ("Document Status", "Docstatus", "文档状态"),
	(ORDER, "qms_packaging"): ("Packaging", "包装"),
	(ORDER, "qms_payment_method"): ("Payment Method", "付款方法", "付款方式"),
	(ORDER, "qms_delivery_method"): ("Delivery Method", "交货方式"),
	(ITEM, "item_code"): (
		*("Item Code", "物料代码", "物料编码", "Artikel-Code", "Code de l'Article", "Código del Producto"),
		*("Item", "Item No", "物料", "物料号", "产品编码", "产品"),
	),
	(ITEM, "item_name"): (
		"Item Name",
		"项目名称",
		"物料名称",
		"Artikelname",
		"Nom de l'article",
		"Nombre del árticulo",
	),
	(ITEM, "qty"): ("Quantity", "Qty", "数量", "Menge", "Quantité", "Cantidad"),
	(ITEM, "stock_qty"): (
		*("Qty as per Stock UOM", "按库存计量单位数量", "Menge in Lagermaßeinheit", "Qté par UdM du Stock"),
		*("Cantidad de acuerdo a la unidad de medida (UdM) de stock", "Stock Qty"),
	),
	(ITEM, "conversion_factor"): (
		*("UOM Conversion Factor", "Conversion Factor", "计量单位换算系数", "Maßeinheit-Umrechnungsfaktor"),
		*("Facteur de Conversion de l'UdM", "Factor de Conversión de Unidad de Medida"),
	),
	(ITEM, "rate"): ("Rate", "单价", "Preis", "Prix", "Precio", "Unit Price"),
	(ITEM, "base_rate"): (
		*("Basic Rate (Company Currency)", "Rate (Company Currency)", "Grundpreis (Unternehmenswährung)"),
		*("Prix de Base (Devise de la Société )", "Precio base (Divisa por defecto)", "单价（公司货币）"),
	),
	(ITEM, "amount"): ("Amount", "金额", "Betrag", "Montant", "Importe"),
	(ITEM, "base_amount"): (
		*("Amount (Company Currency)", "金额（公司货币）", "Betrag (Unternehmenswährung)"),
		*("Montant (Devise de la Société)", "Importe (Divisa por defecto)"),
	),
	(ITEM, "delivery_date"): (
		"Delivery Date",
		"交货日期",
		"Liefertermin",
		"Date de livraison",
		"Fecha de entrega",
	),
	(ITEM, "transaction_date"): ("Sales Order Date", "销售订单日期"),
	(ITEM, "is_free_item"): (
		*("Is Free Item", "是免费物品", "Ist kostenlos", "Est un article gratuit", "Es un artículo gratis"),
	),
	(ITEM, "is_stock_item"): (
		*(
			"Is Stock Item",
			"是否库存物料",
			"Ist Lagerartikel",
			"Article géré en stock",
			"Es artículo de stock",
		),
		*("Maintain Stock", "管理库存", "Lager verwalten", "Maintenir Stock", "Mantener Stock"),
	),
	(ITEM, "item_group"): (
		*("Item Group", "物料群组", "物料组", "Artikelgruppe", "Groupe d'Article", "Grupo de Productos"),
	),
	(ITEM, "lead_time_days"): (
		*("Lead Time in days", "Lead Time", "交期（天）", "Lieferzeit in Tagen", "Délai en Jours"),
		*("Plazo de ejecución en días",),
	),
	(ITEM, "qms_product_standard"): (
		*("Product Standard", "企业标准", "Enterprise Standard", "产品技术要求"),
	),
	(ITEM, "free_qty"): ("Free Stock", "Free Qty", "可用库存"),
	(PACKED, "parent_item"): ("Parent Item", "上级项目"),
	(PACKED, "item_code"): ("Item Code", "物料代码"),
	(PACKED, "qty"): ("Qty", "Quantity", "数量"),
	(PACKED, "conversion_factor"): ("Conversion Factor",),
	(SCHEDULE, "payment_term"): (
		*("Payment Term", "付款期限", "Zahlungsbedingung", "Terme de paiement", "Plazo de pago"),
	),
	(SCHEDULE, "description"): ("Description", "描述", "Beschreibung", "Descripción"),
	(REQUIREMENT, "special"): ("Special", "特殊", "Special Requirement", "特殊要求"),
	(REQUIREMENT, "none_identified"): ("None Identified",),
}
# Names of fields by which the same is meant.
SAME = {
	"product_standard": (ITEM, "qms_product_standard"),
	"packaging": (ORDER, "qms_packaging"),
	"payment_method": (ORDER, "qms_payment_method"),
	"delivery_method": (ORDER, "qms_delivery_method"),
	"payment_terms": (ORDER, "payment_terms_template"),
	"special": (REQUIREMENT, "special"),
	"parent": (ORDER, "name"),
}
DATES = {
	(ORDER, "transaction_date"),
	(ORDER, "delivery_date"),
	(ITEM, "delivery_date"),
	(ITEM, "transaction_date"),
}
NUMBERS = {
	*((ORDER, f) for f in ("conversion_rate", "base_grand_total", "grand_total", "base_net_total")),
	*(
		(ITEM, f)
		for f in ("qty", "stock_qty", "conversion_factor", "rate", "base_rate", "amount", "base_amount")
	),
	*((ITEM, f) for f in ("lead_time_days", "free_qty")),
	*((PACKED, f) for f in ("qty", "conversion_factor")),
}
# Quantities and amounts belong to one row: merged over several they would count several times.
NEVER_MERGED = {(ITEM, f) for f in ("qty", "stock_qty", "amount", "base_amount")}
FLAGS = {(ITEM, "is_free_item"), (ITEM, "is_stock_item"), (REQUIREMENT, "none_identified")}

HEADING_ROWS = 40
_BRACKETS = re.compile(r"^(.*\S)\s*\(([^()]*)\)$")
_QUALIFIED = re.compile(r"^`?(?:tab)?([^`.:]+)`?[.:]`?(\w+)`?$")


@dataclass
class Layout:
	"""Where a file's columns are: what each holds, its heading, the row of the headings, and the rest."""

	columns: dict[int, tuple[str, str]] = field(default_factory=dict)
	headings: dict[tuple[str, str], str] = field(default_factory=dict)
	row: int = 0
	unknown: list[str] = field(default_factory=list)
	blocks: bool = False

	def has(self, *targets: tuple[str, str]) -> bool:
		"""Return whether one of the fields is there."""
		return any(target in self.headings for target in targets)


def plain(heading: object) -> str:
	"""Return a heading as it is compared: full-width characters, case and blanks do not matter."""
	value = unicodedata.normalize("NFKC", str(heading if heading is not None else ""))
	return re.sub(r"\s+", " ", value).strip().strip(":*").strip().casefold()


_TABLES = {plain(name): table for table, names in TABLES.items() for name in names}
_LABELS: dict[str, list[tuple[str, str]]] = {}
for _target, _names in FIELDS.items():
	for _name in _names:
		_LABELS.setdefault(plain(_name), []).append(_target)
_NAMES: dict[str, list[tuple[str, str]]] = {}
for _target in FIELDS:
	_NAMES.setdefault(_target[1], []).append(_target)
for _name, _target in SAME.items():
	_NAMES.setdefault(_name, []).append(_target)


def candidates(heading: object, own: Mapping[str, tuple[str, str]] | None = None) -> list[tuple[str, str]]:
	"""Return what a heading can mean, the likeliest first."""
	value = plain(heading)
	if not value:
		return []
	if own and value in own:
		return [own[value]]
	if value in _LABELS or value in _NAMES:
		found = [*_NAMES.get(value, ()), *_LABELS.get(value, ())]
		return [t for t in dict.fromkeys(found) if t[0] in (ORDER, ITEM)] or found
	for pattern, table_first in ((_QUALIFIED, True), (_BRACKETS, False)):
		if found := pattern.match(value):
			table, name = (found[1], found[2]) if table_first else (found[2], found[1])
			if table in _TABLES:
				known = [*_NAMES.get(name, ()), *_LABELS.get(name, ())]
				return [t for t in dict.fromkeys(known) if t[0] == _TABLES[table]]
	return []


def layout_of(
	rows: Sequence[tuple[int, Sequence[object]]], own: Mapping[str, tuple[str, str]] | None = None
) -> Layout | None:
	"""Return the layout that the first rows of a file show, None if no row is one of headings.

	A row of field names below a row of DocTypes (Data Export) tells more than labels do.
	"""
	best, best_score = None, 0
	for position, (_line, cells) in enumerate(rows):
		tables = _doctypes([c for _l, c in rows[:position]]) if _is_field_row(cells) else {}
		found = _layout(position, cells, tables, own)
		score = len(found.columns) * 2 + (1 if _is_field_row(cells) else 0)
		if len(found.columns) >= 2 and score > best_score:
			best, best_score = found, score
	return best


def _is_field_row(cells: Sequence[object]) -> bool:
	"""Whether most of a row's cells are written as names of fields, and two of them are known."""
	values = [str(c).strip().strip('"') for c in cells[1:] if c is not None and str(c).strip()]
	names = [v for v in values if re.fullmatch(r"[a-z][a-z0-9_]*|~", v)]
	return len(names) >= 2 and len(names) * 10 >= len(values) * 9 and sum(n in _NAMES for n in names) >= 2


def _doctypes(above: Sequence[Sequence[object]]) -> dict[int, str]:
	"""At which columns which table begins, by the row of DocTypes above the names of the fields."""
	for cells in reversed(above):
		found = {}
		for column, cell in enumerate(cells[1:], 1):
			name = str(cell or "").strip()
			# The field of the table stands next to its DocType; it is not where the table begins.
			if name and name != "~" and not re.fullmatch(r"[a-z0-9_]+", name):
				found[column] = _TABLES.get(plain(name), OTHER)
		if ORDER in found.values():
			return found
	return {}


def _layout(
	position: int,
	cells: Sequence[object],
	tables: Mapping[int, str],
	own: Mapping[str, tuple[str, str]] | None,
) -> Layout:
	layout = Layout(row=position, blocks=bool(tables))
	table = ORDER
	for column, cell in enumerate(cells):
		if tables:
			table = tables.get(column, table)
			name = str(cell or "").strip().strip('"')
			target = (table, name) if (table, name) in FIELDS else None
		else:
			# Of two columns with the same label the first is the order's, the second the item's.
			target = next((t for t in candidates(cell, own) if t not in layout.headings), None)
		if target and target not in layout.headings:
			layout.columns[column] = target
			layout.headings[target] = str(cell).strip()
		elif cell is not None and str(cell).strip() and not tables:
			layout.unknown.append(str(cell).strip())
	return layout


def missing(headings: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
	"""Return what makes a replay impossible where it is not there: number, date, item, quantity."""
	found = set(headings)
	lacking = []
	if (ORDER, "name") not in found:
		lacking.append((ORDER, "name"))
	if not found & {(ORDER, "transaction_date"), (ITEM, "transaction_date")}:
		lacking.append((ORDER, "transaction_date"))
	if (ITEM, "item_code") not in found:
		lacking.append((ITEM, "item_code"))
	if not found & {(ITEM, "qty"), (ITEM, "stock_qty")}:
		lacking.append((ITEM, "qty"))
	return lacking


def label(target: tuple[str, str]) -> str:
	"""Return the English label of a field."""
	return FIELDS[target][0]
