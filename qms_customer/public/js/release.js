// Goods that leave without an order: ask a manager to authorise them (D4).
(() => {
	const order_field = {
		"Delivery Note": "against_sales_order",
		"Sales Invoice": "sales_order",
		"POS Invoice": "sales_order",
	};
	const moves_goods = (frm) =>
		frm.doctype !== "Sales Invoice" || frm.doc.update_stock;

	for (const doctype of ["Delivery Note", "Sales Invoice", "POS Invoice", "Stock Entry"]) {
		frappe.ui.form.on(doctype, {
			refresh(frm) {
				if (frm.is_new() || frm.doc.docstatus !== 0 || frm.doc.is_return || !moves_goods(frm)) return;
				const field = order_field[frm.doctype];
				if (field && (frm.doc.items || []).every((row) => row[field])) return;
				frm.add_custom_button(
					__("Ask for Authorisation"),
					() => ask(frm),
					frm.doctype === "Stock Entry" ? __("Tools") : null
				);
				const name = frm.doc.name;
				qms_customer.api("get_release", { doctype: frm.doctype, name }, false).then((release) => {
					if (!release.name || frm.doc.name !== name) return;
					const link = frappe.utils.get_form_link("Delivery Authorisation", release.name, true);
					qms_customer.headline(frm, `${release.standing} ${link}`, release.colour);
				});
			},
		});
	}

	function ask(frm) {
		if (frm.is_dirty()) {
			frappe.msgprint(__("Save the document first: what is saved is what is authorised."));
			return;
		}
		qms_customer.ask(
			__("Goods Without an Order"),
			[
				{
					fieldname: "reason_code",
					fieldtype: "Link",
					options: "Delivery Reason Code",
					label: __("Reason Code"),
					reqd: 1,
					get_query: () => ({ filters: { disabled: 0 } }),
				},
				{ fieldname: "explanation", fieldtype: "Small Text", label: __("Explanation"), reqd: 1 },
			],
			__("Ask"),
			(values) =>
				qms_customer
					.api("request_authorisation", { doctype: frm.doctype, name: frm.doc.name, ...values })
					.then((made) => {
						frappe.show_alert({ message: __("{0} was asked for", [made.name]), indicator: "green" });
						frm.reload_doc();
					})
		);
	}
})();
