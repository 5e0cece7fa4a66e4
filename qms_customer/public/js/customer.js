// The customer file, from the form of a customer (D6).
frappe.ui.form.on("Customer", {
	refresh(frm) {
		if (frm.is_new()) return;
		frm.add_custom_button(
			__("Customer File"),
			() => frappe.set_route("customer-file", frm.doc.name),
			__("View")
		);
		frm.add_custom_button(
			__("Sales Record"),
			() => frappe.set_route("query-report", "Sales Record", { customer: frm.doc.name }),
			__("View")
		);
	},
});
