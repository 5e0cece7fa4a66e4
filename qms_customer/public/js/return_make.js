// A return slip from what is at hand: a delivery, a device, a batch (G1).
frappe.provide("qms_customer.returns");

(() => {
	const API = "qms_customer.returns.return_api.";
	const open = (slip) => {
		frappe.model.sync([slip]);
		frappe.set_route("Form", slip.doctype, slip.name);
	};
	const may_make = () => frappe.model.can_create("Return Slip");

	for (const doctype of ["Delivery Note", "Sales Invoice", "POS Invoice"]) {
		frappe.ui.form.on(doctype, {
			refresh(frm) {
				const moves = doctype !== "Sales Invoice" || frm.doc.update_stock;
				if (frm.doc.docstatus !== 1 || frm.doc.is_return || !moves || !may_make()) return;
				frm.add_custom_button(
					__("Return Slip"),
					() => qms_customer.api(`${API}make_from_delivery`, { doctype, name: frm.doc.name }).then(open),
					__("Create")
				);
			},
		});
	}
	for (const doctype of ["Serial No", "Batch"]) {
		frappe.ui.form.on(doctype, {
			refresh(frm) {
				if (frm.is_new() || !may_make()) return;
				frm.add_custom_button(__("Return Slip"), () => qms_customer.returns.make_from_code(frm.doc.name), __("Create"));
			},
		});
	}

	// Where a batch went to several customers, which of them returns it is asked.
	qms_customer.returns.make_from_code = (code) =>
		qms_customer.api(`${API}make_from_code`, { code }).then(({ slip, choice }) => {
			if (slip) return open(slip);
			qms_customer.ask(
				__("Who Returns It?"),
				[
					{
						fieldname: "which",
						fieldtype: "Select",
						label: __("Customer"),
						reqd: 1,
						options: choice.map((one, i) => ({ value: String(i), label: `${one.customer_name} (${one.company})` })),
					},
				],
				__("Return Slip"),
				({ which }) => {
					const { company, customer } = choice[which];
					return qms_customer.api(`${API}make_from_code`, { code, company, customer }).then((made) => open(made.slip));
				}
			);
		});
})();
