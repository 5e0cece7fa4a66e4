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
			},
		});
	}

	function ask(frm) {
		if (frm.is_dirty()) {
			frappe.msgprint(__("Save the document first: the review is about what is saved."));
			return;
		}
		frappe.prompt(
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
			(values) =>
				qms_customer
					.api("request_authorisation", { doctype: frm.doctype, name: frm.doc.name, ...values })
					.then((made) => frappe.set_route("Form", "Delivery Authorisation", made.name)),
			__("Goods Without an Order"),
			__("Ask")
		);
	}
})();
