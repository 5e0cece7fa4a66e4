// A return slip from what is at hand: a delivery, a device, a batch (G1).
(() => {
	const may_make = () => frappe.model.can_create("Return Slip");

	for (const doctype of ["Delivery Note", "Sales Invoice", "POS Invoice"]) {
		frappe.ui.form.on(doctype, {
			refresh(frm) {
				// An invoice that moved no stock leads to the delivery notes that it bills.
				const delivered =
					doctype !== "Sales Invoice" ||
					frm.doc.update_stock ||
					frm.doc.items.some((row) => row.dn_detail || row.delivered_qty);
				if (frm.doc.docstatus !== 1 || frm.doc.is_return || !delivered || !may_make()) return;
				frm.add_custom_button(
					__("Return Slip"),
					() => qms_customer.make_return_slip({ doctype, name: frm.doc.name }),
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
