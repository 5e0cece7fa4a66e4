"""What a label says is read as the standards write it, and nothing else is taken for it (G1)."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qms_customer.rules import udi
from qms_customer.rules.review import Refusal
from qms_customer.rules.udi import Code, check_character, joined, read, shown

TODAY = date(2026, 11, 27)
GTIN = "07032069804988"
FNC1 = "\x1d"


def said(text: str) -> tuple:
	code = read(text, TODAY)
	assert isinstance(code, Code), code
	return code.scheme, code.device, code.batch, code.serial, code.expires


def refused(text: str) -> str:
	found = read(text, TODAY)
	assert isinstance(found, Refusal) and found.rule == "G1", found
	return found.message.format(*found.args)


def hibc(body: str) -> str:
	return body + check_character(body)


@pytest.mark.rule("G1")
@pytest.mark.parametrize(
	"text",
	[
		f"01{GTIN}10LOT-7{FNC1}1728022921SN9",
		f"]d201{GTIN}10LOT-7{FNC1}1728022921SN9",
		f"]C1{FNC1}01{GTIN}10LOT-7{FNC1}1728022921SN9\r\n",
		f"{FNC1}01{GTIN}1728022921SN9{FNC1}10LOT-7",
		f"01{GTIN}10LOT-7<GS>1728022921SN9",
		f"(01){GTIN}(10)LOT-7(17)280229(21)SN9",
		f"https://id.gs1.org/01/{GTIN}/10/LOT-7/21/SN9?17=280229",
	],
)
def test_gs1_however_it_is_scanned_or_typed(text: str) -> None:
	assert said(text) == ("GS1", GTIN, "LOT-7", "SN9", date(2028, 2, 29))


@pytest.mark.rule("G1")
def test_gs1_dates_and_counts() -> None:
	code = read(f"01{GTIN}11260100172802003012", TODAY)
	assert (code.made, code.expires, code.quantity) == (date(2026, 1, 31), date(2028, 2, 29), 12)


@pytest.mark.rule("G1")
def test_a_gtin_alone() -> None:
	assert said("7032069804988") == ("GS1", GTIN, "", "", None)
	assert read("7032069804988", TODAY).devices() == (GTIN, GTIN[1:])
	# A box has a GTIN of its own.
	assert read("17032069804985", TODAY).devices() == ("17032069804985",)
	assert read("96385074", TODAY).devices() == (
		"00000096385074",
		"0000096385074",
		"000096385074",
		"96385074",
	)


@pytest.mark.rule("G1")
@pytest.mark.parametrize("text", ["7032069804987", "SN-0001", "12345678", "批号 7", "0107", "B01703"])
def test_what_is_no_code_is_taken_as_it_is(text: str) -> None:
	assert said(f" {text} ") == ("", "", "", "", None)
	assert read(text, TODAY).text == text


@pytest.mark.rule("G1")
def test_what_is_broken_is_refused_in_words() -> None:
	assert "check digit of 07032069804987" in refused(f"]d201{'07032069804987'}10L")
	assert "not a complete GS1 code" in refused("]d20107032069")
	assert "not a complete GS1 code" in refused("(01)123")
	assert "twice" in refused(f"(01){GTIN}(10)A(10)B")
	assert "Digital Link" in refused("https://example.com/product/7")
	assert "Nothing" in refused(" \r\n")
	assert "longer" in refused("1" * 600)
	assert "<GS>" in refused(f"]C101{GTIN}17281399{FNC1}")


# HIBC


@pytest.mark.rule("G1")
def test_the_check_character_is_the_standards_own() -> None:
	# The example of the HIBC standard: LIC A123, product BJC5D6E7, unit of measure 1, check character G.
	assert check_character("+A123BJC5D6E71") == "G"
	code = read("+A123BJC5D6E71G", TODAY)
	assert (code.scheme, code.device, code.check) == ("HIBC", "A123BJC5D6E71", "G")
	assert code.devices() == ("+A123BJC5D6E71G", "+A123BJC5D6E71", "A123BJC5D6E71", "A123BJC5D6E7")
	assert read("*+A123BJC5D6E71G*", TODAY).device == read("]C0+a123bjc5d6e71g", TODAY).device == code.device


@pytest.mark.rule("G1")
@pytest.mark.parametrize(
	("secondary", "batch", "serial", "expires", "quantity"),
	[
		("$LOT7", "LOT7", "", None, None),
		("$$0928LOT7", "LOT7", "", date(2028, 9, 30), None),
		("$$2092928LOT7", "LOT7", "", date(2028, 9, 29), None),
		("$$3280929LOT7", "LOT7", "", date(2028, 9, 29), None),
		("$$428092923LOT7", "LOT7", "", date(2028, 9, 29), None),
		("$$528366LOT7", "LOT7", "", date(2028, 12, 31), None),
		("$$62836623LOT7", "LOT7", "", date(2028, 12, 31), None),
		("$$7LOT7", "LOT7", "", None, None),
		("$$8243280929LOT7", "LOT7", "", date(2028, 9, 29), 24),
		("$$9001007LOT7", "LOT7", "", None, 100),
		("$+SN9", "", "SN9", None, None),
		("$$+3280929SN9", "", "SN9", date(2028, 9, 29), None),
		("$$+7SN9", "", "SN9", None, None),
		("28273LOT7", "LOT7", "", date(2028, 9, 29), None),
		("$$3280929LOT7/SSN9/16D20260131/Q500", "LOT7", "SN9", date(2028, 9, 29), 500),
		("$LOT7/14D20280929", "LOT7", "", date(2028, 9, 29), None),
	],
)
def test_hibc_secondary_data(secondary, batch, serial, expires, quantity) -> None:
	for text in (hibc(f"+A123BJC5D6E71/{secondary}"), hibc(f"+{secondary}G")):
		code = read(text, TODAY)
		assert isinstance(code, Code), code
		assert (code.batch, code.serial, code.expires, code.quantity) == (batch, serial, expires, quantity)
		assert (code.device == "A123BJC5D6E71") == (not code.link)


@pytest.mark.rule("G1")
def test_a_blank_that_a_scanner_cut_off_is_the_check_character() -> None:
	body = next(
		b
		for c in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
		for n in range(9)
		if check_character(b := f"+A123X{c}{n}1") == " "
	)
	assert read(body, TODAY).device == body[1:]


@pytest.mark.rule("G1")
@pytest.mark.parametrize(
	"text",
	["+A123BJC5D6E71H", "+", "+1", hibc("+A123"), hibc("+$$3289999LOTG"), hibc("+A123BJC5D6E71/$$3X")],
)
def test_hibc_that_is_none_is_refused(text: str) -> None:
	assert "HIBC" in refused(text)


@pytest.mark.rule("G1")
def test_two_codes_of_one_label() -> None:
	primary, secondary = read("+A123BJC5D6E71G", TODAY), read(hibc("+$$3280929LOT7G"), TODAY)
	for both in (joined(primary, secondary), joined(secondary, primary)):
		assert (both.device, both.batch, both.expires) == ("A123BJC5D6E71", "LOT7", date(2028, 9, 29))
	other = read(hibc("+$$3280929LOT7H"), TODAY)
	assert isinstance(joined(primary, other), Refusal)
	gtin, batch = read(f"]C101{GTIN}", TODAY), read(f"]C110LOT7{FNC1}17280929", TODAY)
	both = joined(gtin, batch)
	assert (both.device, both.batch) == (GTIN, "LOT7")
	assert isinstance(joined(both, read("]C110OTHER", TODAY)), Refusal)
	assert isinstance(joined(primary, batch), Refusal)


LOT = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.", min_size=1, max_size=18)


@pytest.mark.rule("G1")
@given(lot=LOT, serial=LOT, day=st.dates(date(2000, 1, 1), date(2070, 12, 31)))
def test_what_is_written_is_read(lot: str, serial: str, day: date) -> None:
	text = f"01{GTIN}17{day:%y%m%d}10{lot}{FNC1}21{serial}"
	assert said(text) == ("GS1", GTIN, lot, serial, day)
	text = hibc(f"+A123BJC5D6E71/$$3{day:%y%m%d}{lot}/S{serial}")
	assert said(text) == ("HIBC", "A123BJC5D6E71", lot, serial, day)


@pytest.mark.rule("G1")
@given(
	body=st.text("ABC0123456789", min_size=1, max_size=12),
	at=st.integers(0, 12),
	other=st.sampled_from("XYZ"),
)
def test_one_wrong_character_is_noticed(body: str, at: int, other: str) -> None:
	text = hibc(f"+A123{body}1")
	at = 1 + at % (len(text) - 1)
	found = read(text[:at] + other + text[at + 1 :], TODAY)
	# A blank that may have been cut off makes one of 43 misreadings another device, which no item has.
	assert isinstance(found, Refusal) or text[at] == other or found.check == " "


@given(st.text(max_size=40) | st.text("+$/0123456789ABCD()\x1d]Cd2", max_size=40))
def test_nothing_that_is_typed_breaks_it(text: str) -> None:
	found = read(text, TODAY)
	assert isinstance(found, Code | Refusal)
	assert FNC1 not in shown(text)
	if isinstance(found, Code):
		assert all(found.devices()) and isinstance(joined(found, found), Code | Refusal)
		assert udi.read(found.text, TODAY) == found
