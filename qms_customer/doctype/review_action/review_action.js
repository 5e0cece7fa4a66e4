frappe.ui.form.on("Review Action", {
	refresh(frm) {
		const waits = {
			Open: __("It waits for its owner, who reports what was done."),
			Done: __("It is done, and waits for verification by another person."),
		};
		qms_customer.headline(frm, waits[frm.doc.status], frm.doc.status === "Open" ? "orange" : "blue");
		const call = (method, args) =>
			qms_customer.api(method, { name: frm.doc.name, ...args }).then(() => frm.reload_doc());
		const may = frm.doc.__onload || {};
		if (may.may_report) {
			frm.add_custom_button(__("Report Done"), () =>
				qms_customer.ask(
					__("Report Done"),
					[
						{ fieldname: "evidence", fieldtype: "Small Text", label: __("What Was Done"), reqd: 1 },
						{ fieldname: "evidence_file", fieldtype: "Attach", label: __("Evidence File") },
					],
					__("Report Done"),
					(values) => call("complete_action", values)
				)
			).addClass("btn-primary");
		}
		if (may.may_verify) {
			for (const [label, effective] of [
				[__("Verify"), 1],
				[__("Send Back"), 0],
			]) {
				frm.add_custom_button(label, () =>
					qms_customer.ask_reason(label, __("Verification"), (comment) =>
						call("verify_action", { effective, comment })
					)
				);
			}
		}
	},
});
