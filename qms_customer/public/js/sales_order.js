qms_customer.contract_form("Sales Order");

frappe.ui.form.on("Sales Order", {
	refresh(frm) {
		// Closing and re-opening are changes of the contract: the reason goes on record first (E8).
		const plain = frm.cscript.update_status;
		if (!plain || plain.qms) return;
		frm.cscript.update_status = function (label, status) {
			const action = status === "Closed" ? "Close" : frm.doc.status === "Closed" ? "Re-open" : "";
			if (!action || !frm.qms_gated) return plain.call(frm.cscript, label, status);
			qms_customer.ask_reason(__("Why?"), "", (reason) =>
				qms_customer
					.api("record_reason", { doctype: frm.doctype, name: frm.doc.name, action, reason })
					.then(() => plain.call(frm.cscript, label, status))
			);
		};
		frm.cscript.update_status.qms = true;
	},
});
