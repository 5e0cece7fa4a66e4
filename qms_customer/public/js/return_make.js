// A return slip from what is at hand: a delivery, a device, a batch (G1).
(() => {
	const API = "qms_customer.returns.return_api.";
	const may_make = () => frappe.model.can_create("Return Slip");

	for (const doctype of ["Delivery Note", "Sales Invoice", "POS Invoice"]) {
		frappe.ui.form.on(doctype, {
			refresh(frm) {
				const moves = doctype !== "Sales Invoice" || frm.doc.update_stock;
				if (frm.doc.docstatus !== 1 || frm.doc.is_return || !moves || !may_make()) return;
				frm.add_custom_button(
					__("Return Slip"),
					() => qms_customer.api(`${API}make_from_delivery`, { doctype, name: frm.doc.name }).then(qms_customer.returns.open),
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
})();
