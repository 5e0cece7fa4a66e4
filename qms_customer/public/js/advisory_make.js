// On a complaint and on a signal: are users told (I1)? Which decisions there are, and the button that asks.
(() => {
	const API = "qms_customer.feedback.advisory_api.";
	const DECISION = "Advisory Notice Decision";

	for (const doctype of ["Customer Complaint", "Complaint Signal"]) {
		frappe.ui.form.on(doctype, {
			refresh(frm) {
				if (frm.is_new()) return;
				const name = frm.doc.name;
				qms_customer.api(`${API}get_of`, { doctype, name }, false).then((found) => {
					if (frm.doc.name === name) buttons(frm, found);
				});
			},
		});
	}

	function buttons(frm, { decisions, may_ask }) {
		const group = __("Advisory Notice");
		for (const { name, decision, item_code } of decisions) {
			const text = [name, item_code, __(decision, null, DECISION)].filter(Boolean).join(", ");
			frm.add_custom_button(text, () => frappe.set_route("Form", DECISION, name), group);
		}
		if (!may_ask) return;
		frm.add_custom_button(
			__("Ask Whether Users Are Told"),
			() =>
				qms_customer.ask_reason(__("Ask Whether Users Are Told"), __("Why users may have to be told"), (reason) =>
					qms_customer
						.api(`${API}ask`, { doctype: frm.doctype, name: frm.doc.name, reason })
						.then(({ names }) => frappe.set_route("Form", DECISION, names[0]))
				),
			group
		);
	}
})();
