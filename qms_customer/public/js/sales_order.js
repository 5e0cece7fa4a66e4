qms_customer.contract_form("Sales Order");

frappe.ui.form.on("Sales Order", {
	refresh(frm) {
		// Closing and re-opening are changes of the contract: they go through a notice (E8).
		const plain = frm.cscript.update_status;
		if (!plain || plain.qms) return;
		frm.cscript.update_status = function (label, status) {
			const action = status === "Closed" ? "Close" : frm.doc.status === "Closed" ? "Re-open" : "";
			if (!action || !frm.qms_gated) return plain.call(frm.cscript, label, status);
			qms_customer.make_notice(frm, [action], frm.qms_notices || []);
		};
		frm.cscript.update_status.qms = true;
	},
});
