// A signal: Quality or the management representative says, signed, what comes of it; what follows is opened here.
qms_customer.show_terms("Complaint Signal");

(() => {
	const API = "qms_customer.feedback.signal_api.";

	frappe.ui.form.on("Complaint Signal", {
		refresh(frm) {
			if (frm.is_new()) return;
			frm.disable_save();
			qms_customer.show_panel(frm, "signal_panel", `${API}get_shown`, { name: frm.doc.name }, (panel) => {
				const group = __("Actions");
				if (panel.may.includes("assess")) {
					frm.add_custom_button(__("Assess"), () => assess(frm, panel), group);
				}
				qms_customer.action_steps(frm, panel, "Action on Signal Done", group);
			});
		},
	});

	function assess(frm, panel) {
		qms_customer
			.sign({
				title: __("Assess a Signal"),
				fields: [
					{
						fieldname: "outcome",
						fieldtype: "Select",
						label: __("Outcome"),
						options: ["Action Needed", "Watched Further", "No Common Cause"].map((value) => ({
							value,
							label: __(value, null, "Complaint Signal"),
						})),
						reqd: 1,
					},
					{
						fieldname: "assessment",
						fieldtype: "Small Text",
						label: __("Why, and what is done"),
						reqd: 1,
						stands_for: "assessment",
					},
				],
				label: __("Assess"),
				meaning: "Signal Assessed",
				role: panel.role,
				method: `${API}assess_signal`,
				args: (values) => ({
					name: frm.doc.name,
					content_hash: panel.hash,
					outcome: values.outcome || "",
					assessment: values.assessment || "",
				}),
				done: () => frm.reload_doc(),
			})
			.show();
	}
})();
