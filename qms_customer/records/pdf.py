"""PDF files of records, with page x of y on every page (K6).

Frappe's own way needs the patched build of wkhtmltopdf: Debian's has no footers, hence no page numbers, and
cuts lines of text at the end of a page. So WeasyPrint makes our pages, which Frappe brings along. Where its
system libraries (Pango) are missing, whichever wkhtmltopdf there is makes them without footer, and they are
stamped.
"""

import io
import mimetypes
import os
from typing import Any
from urllib.parse import unquote, urlparse
from urllib.request import urlopen

import frappe
import pdfkit
from bs4 import BeautifulSoup
from frappe.utils.pdf import get_pdf, inline_private_images
from markupsafe import Markup
from pypdf import PdfReader, PdfWriter, Transformation

from qms_customer.shown import render

# The value of Print Format's "PDF Generator" that makes Frappe call `generate`.
GENERATOR = "qms_customer"
FORMATS = (
	"Contract Review",
	"Contract Review Opinion",
	"Contract Change Notice",
	"Contract Register Entry",
	"Production Notice",
	"Return Slip",
	"Destruction Certificate",
	"Customer Feedback",
	"Customer Complaint",
	"Reportability Decision",
	"Complaint Signal",
)
# Millimetres: the strip that is stamped, and where it stands; the page leaves it free (prints/style.css).
STRIP_WIDTH, STRIP_HEIGHT, LEFT, BOTTOM = 180, 10, 15, 6
POINTS = 72 / 25.4
PAPER = """
	body, body .print-format-gutter, body .print-format {
		margin: 0; padding: 0; border: 0; border-radius: 0; background: #fff; max-width: none; min-height: 0;
	}
"""
# WeasyPrint knows running elements and counters in them; browsers do not.
RUNNING = """
	@page { @bottom-right { content: none; } @bottom-center { content: element(footer); width: 100%; } }
	#footer-html { display: block !important; position: running(footer); }
	#footer-html .page::after { content: counter(page); }
	#footer-html .topage::after { content: counter(pages); }
	.qms-keep { display: none; }
"""


def make() -> None:
	"""Let Frappe make the PDF files of our print formats with `generate` (setup and migration)."""
	if frappe.db.has_column("Print Format", "pdf_generator"):
		for name in FORMATS:
			frappe.db.set_value("Print Format", name, "pdf_generator", GENERATOR, update_modified=False)


def generate(
	print_format: str | None,
	html: str,
	options: dict | None,
	output: PdfWriter | None,
	pdf_generator: str,
) -> bytes | PdfWriter | None:
	"""Return the PDF file of a print of ours; None for other generators (hook `pdf_generator`)."""
	if pdf_generator != GENERATOR:
		return None
	options = dict(options or {})
	password = options.pop("password", None)
	pages = numbered(html, options)
	if output:
		output.append_pages_from_reader(PdfReader(io.BytesIO(pages)))
		return output
	if not password:
		return pages
	writer = PdfWriter(clone_from=PdfReader(io.BytesIO(pages)))
	writer.encrypt(password)
	return _bytes(writer)


def numbered(html: str, options: dict | None = None) -> bytes:
	"""Return a PDF of a page, its element #footer-html on every sheet with the numbers filled in."""
	soup = BeautifulSoup(html, "html5lib")
	_on_paper(soup)
	try:
		# Loads system libraries when it is imported.
		import weasyprint
	except (ImportError, OSError):
		return _stamped(soup, options)
	_add_style(soup, RUNNING)
	page = inline_private_images(str(soup))
	return weasyprint.HTML(string=page, base_url=frappe.utils.get_url(), url_fetcher=_fetch).write_pdf()


def _on_paper(soup: BeautifulSoup) -> None:
	"""Take out of a page what is for the screen: Debian's build does not know the medium print.

	Our prints bring their own styles. The Desk's would be fetched from this very site, which need not reach
	itself under its own name.
	"""
	for tag in soup.find_all("link", rel="stylesheet") + soup.find_all("script"):
		tag.extract()
	for tag in soup.find_all(class_="print-hide"):
		tag.extract()
	_add_style(soup, PAPER)


def _add_style(soup: BeautifulSoup, css: str) -> None:
	style = soup.new_tag("style")
	style.string = css
	soup.body.append(style)


def _fetch(url: str, *args: Any, **kwargs: Any) -> Any:
	"""Return what a page points to: what lies in it, and public files of the site; nothing from elsewhere."""
	if url.startswith("data:"):
		held = urlopen(url)
		return _fetched(url, held, held.headers.get_content_type())
	path = unquote(urlparse(url).path)
	folder = os.path.realpath(frappe.get_site_path("public", "files"))
	file = os.path.realpath(os.path.join(folder, path.removeprefix("/files/")))
	if not path.startswith("/files/") or os.path.commonpath([folder, file]) != folder:
		raise ValueError(f"not fetched for a print: {url}")
	return _fetched(url, open(file, "rb"), mimetypes.guess_type(file)[0] or "application/octet-stream")


def _fetched(url: str, stream: Any, mime_type: str) -> Any:
	try:
		from weasyprint.urls import URLFetcherResponse
	except ImportError:
		# Versions before 68.
		return {"file_obj": stream, "mime_type": mime_type}
	return URLFetcherResponse(url, stream, {"Content-Type": mime_type})


def _stamped(soup: BeautifulSoup, options: dict | None) -> bytes:
	"""Return the PDF that wkhtmltopdf makes of a page, its footer stamped on every sheet."""
	footer = soup.find(id="footer-html")
	if footer is None:
		return get_pdf(str(soup), options)
	footer.extract()
	writer = PdfWriter(clone_from=PdfReader(io.BytesIO(get_pdf(str(soup), options))))
	strips = PdfReader(io.BytesIO(_strips(footer, len(writer.pages)))).pages
	for page, strip in zip(writer.pages, strips, strict=True):
		page.merge_transformed_page(strip, Transformation().translate(LEFT * POINTS, BOTTOM * POINTS))
	writer.compress_identical_objects()
	return _bytes(writer)


def _strips(footer: BeautifulSoup, count: int) -> bytes:
	"""Return a PDF of the footers, one a page; its text is ours, escaped by whoever made the footer."""
	strips = []
	for number in range(1, count + 1):
		for name, value in (("page", number), ("topage", count)):
			for tag in footer.find_all(class_=name):
				tag.string = str(value)
		# A part of the page, taken from it as it is: escaped when the page was made.
		strips.append(Markup(footer.decode_contents()))
	return pdfkit.from_string(
		render("prints/strips.html", strips=strips),
		options={
			"page-width": f"{STRIP_WIDTH}mm",
			"page-height": f"{STRIP_HEIGHT}mm",
			**{f"margin-{side}": "0mm" for side in ("top", "bottom", "left", "right")},
			"encoding": "UTF-8",
			"quiet": "",
			"disable-javascript": "",
			"disable-local-file-access": "",
		},
	)


def _bytes(writer: PdfWriter) -> bytes:
	stream = io.BytesIO()
	writer.write(stream)
	return stream.getvalue()
