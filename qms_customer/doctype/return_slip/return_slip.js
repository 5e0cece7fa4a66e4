// A return slip until it is put forward (G1, G7). Claim, approval and goods have scripts of their own; nothing is
// decided here.
(() => {
	const API = "qms_customer.returns.return_api.";
	const EDITED = ["customer", "company", "posting_date", "contact_name", "contact_details", "wanted", "is_quality_claim", "claim_reason", "items"];

	frappe.ui.form.on("Return Slip", {
		setup(frm) {
			frm.set_query("batch_no", "items", (doc, cdt, cdn) => ({ filters: { item: frappe.get_doc(cdt, cdn).item_code } }));
			frm.set_query("item_code", "items", () => ({ filters: { is_stock_item: 1 } }));
			frm.set_query("reason_code", "items", () => ({ filters: { disabled: 0 } }));
		},
		refresh(frm) {
			const draft = frm.is_new() || frm.doc.workflow_state === "Return Draft";
			for (const field of EDITED) frm.set_df_property(field, "read_only", draft ? 0 : 1);
			if (frm.is_new()) {
				frm.get_field("guide_panel").$wrapper.html(
					`<p class="text-muted">${__("Scan what comes back, or name item, batch and quantity; then save.")}</p>`
				);
				frm.add_custom_button(__("Scan"), () => scan(frm));
				return;
			}
			frm.qms_steps = null;
			qms_customer.show_panel(frm, "guide_panel", `${API}get_panel`, { name: frm.doc.name }, (panel) => {
				frm.qms_steps = panel;
				buttons(frm, panel);
			});
		},
		// The inbox of the Desk: our dialog decides.
		before_workflow_action(frm) {
			const decide = () => frm.custom_buttons[__("Decide Return")]?.click();
			return qms_customer.instead_of_workflow(frm, { Approve: decide, Reject: decide });
		},
	});

	function buttons(frm, panel) {
		const may = (step) => panel.may.includes(step);
		if (may("scan")) frm.add_custom_button(__("Scan"), () => scan(frm));
		if (may("make_link")) frm.add_custom_button(__("Link for the Customer"), () => saved(frm) && make_link(frm, panel));
		if (may("attach_paper")) frm.add_custom_button(__("Attach Signed Paper"), () => saved(frm) && attach_paper(frm, panel));
		if (may("put_forward")) {
			frm.add_custom_button(__("Put Forward", null, "Return Slip"), () => saved(frm) && put_forward(frm, panel)).addClass("btn-primary");
		}
		if (may("withdraw")) frm.add_custom_button(__("Withdraw Return"), () => saved(frm) && withdraw(frm, panel));
	}

	function saved(frm) {
		if (!frm.is_dirty()) return true;
		frappe.msgprint(__("Save the slip first: what is saved is what counts."));
		return false;
	}

	function put_forward(frm, panel) {
		frappe.confirm(__("Put this slip forward? It cannot be edited any more."), () =>
			qms_customer
				.api(`${API}put_forward`, { name: frm.doc.name, content_hash: panel.hash })
				.then(() => frm.reload_doc())
		);
	}

	function make_link(frm, panel) {
		qms_customer.api(`${API}make_link`, { name: frm.doc.name, content_hash: panel.hash }).then(({ url }) => {
			const dialog = new frappe.ui.Dialog({
				title: __("Link for the Customer"),
				fields: [
					{
						fieldtype: "HTML",
						options: `<p>${__("Send it to the customer. It is shown only once, and shows nothing but this slip.")}</p>`,
					},
					{ fieldname: "url", fieldtype: "Small Text", label: __("Link"), read_only: 1, default: url },
				],
				primary_action_label: __("Copy"),
				primary_action: () => {
					frappe.utils.copy_to_clipboard(url);
					dialog.hide();
				},
			});
			dialog.$wrapper.addClass("qms-dialog");
			dialog.onhide = () => frm.reload_doc();
			dialog.show();
		});
	}

	function attach_paper(frm, panel) {
		qms_customer.ask(
			__("Attach Signed Paper"),
			[
				{ fieldname: "file", fieldtype: "Attach", label: __("Signed Paper", null, "Return Slip"), reqd: 1 },
				{ fieldname: "confirmed_by", fieldtype: "Data", label: __("Signed for the Customer By"), reqd: 1 },
				{
					fieldname: "confirmed_on",
					fieldtype: "Date",
					label: __("Signed On", null, "Return Slip"),
					default: frappe.datetime.get_today(),
					reqd: 1,
				},
			],
			__("Attach Signed Paper"),
			(values) =>
				qms_customer
					.api(`${API}attach_paper`, { name: frm.doc.name, content_hash: panel.hash, ...values })
					.then(() => frm.reload_doc())
		);
	}

	function withdraw(frm, panel) {
		qms_customer
			.sign({
				title: __("Withdraw Return"),
				fields: [
					{
						fieldname: "reason",
						fieldtype: "Small Text",
						label: __("Why It Is Withdrawn"),
						reqd: 1,
						stands_for: "decision_comment",
					},
				],
				label: __("Withdraw Return"),
				meaning: "Return Withdrawn",
				method: `${API}withdraw`,
				args: ({ reason }) => ({ name: frm.doc.name, content_hash: panel.hash, reason }),
				done: () => frm.reload_doc(),
			})
			.show();
	}

	// Each scan adds one: of a device its serial number, once; of a batch a piece.
	function scan(frm) {
		let before = "";
		const dialog = new frappe.ui.Dialog({
			title: __("Scan"),
			fields: [
				{ fieldname: "code", fieldtype: "Data", label: __("Serial Number, Batch or Barcode") },
				{ fieldname: "told", fieldtype: "HTML" },
			],
			primary_action_label: __("Add"),
			primary_action: ({ code }) => {
				if (!code) return;
				dialog.set_value("code", "");
				const tell = (colour, text) =>
					dialog
						.get_field("told")
						.$wrapper.html(`<p class="text-${colour}">${frappe.utils.escape_html(text)}</p>`);
				const args = { code, before };
				// What is refused is not waited for: both codes are scanned again.
				before = "";
				qms_customer.api(`${API}read_code`, args, false).then((found) => {
					if (found.incomplete) before = code;
					if (found.incomplete) return tell("warning", __("Scan the other code of this label as well: it says which item it is."));
					const added = add(frm, found);
					tell(added ? "success" : "warning", added ? __("{0} is added", [code]) : __("{0} was scanned already", [code]));
					// Made by the server, which has escaped what the label says.
					for (const note of found.notes) dialog.get_field("told").$wrapper.append(`<p class="text-warning">${note}</p>`);
				});
			},
		});
		dialog.$wrapper.addClass("qms-dialog");
		dialog.show();
	}

	function add(frm, found) {
		const serials = (row) => (row.serial_nos || "").split("\n").filter(Boolean);
		const rows = (frm.doc.items || []).filter((row) => row.item_code);
		if (found.serial_no && rows.some((row) => serials(row).includes(found.serial_no))) return false;
		frm.doc.items = rows;
		// The code of a box counts boxes; a device that has a number is one piece.
		const boxed = !found.serial_no && found.uom !== found.stock_uom;
		let row = rows.find(
			(one) =>
				one.item_code === found.item_code &&
				(one.batch_no || "") === found.batch_no &&
				// Goods in another unit are counted by themselves.
				(boxed ? one.uom === found.uom : !one.uom || !one.stock_uom || one.uom === one.stock_uom)
		);
		if (!row) {
			row = frm.add_child("items", { item_code: found.item_code, batch_no: found.batch_no, qty: 0, scanned: found.scanned });
			if (boxed) row.uom = found.uom;
		}
		row.qty = flt(row.qty) + 1;
		if (found.serial_no) row.serial_nos = [...serials(row), found.serial_no].join("\n");
		frm.refresh_field("items");
		frm.dirty();
		return true;
	}
})();
