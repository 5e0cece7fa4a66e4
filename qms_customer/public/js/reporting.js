// Regulators on the form of a complaint (H4): the questionnaire and the decisions. Nothing is decided here.
(() => {
	const API = "qms_customer.feedback.reporting_api.";

	frappe.ui.form.on("Customer Complaint", {
		refresh(frm) {
			if (frm.is_new()) return;
			qms_customer.show_panel(frm, "reporting_panel", `${API}get_complaint_panel`, { name: frm.doc.name }, (panel) => {
				// What a question means is said where it is answered.
				for (const { question } of panel.questions) frm.set_df_property(question, "description", "");
				const group = __("Action", null, "Customer Complaint");
				if (panel.may.includes("answer")) {
					frm.add_custom_button(__("Answer Questionnaire"), () => answer(frm, panel), group);
				}
			});
		},
	});

	function answer(frm, panel) {
		const back = panel.questions
			.filter(({ answer }) => answer === "Yes")
			.map(({ question }) => `doc.${question} != "Yes"`)
			.join(" || ");
		const reason = {
			fieldname: "reason",
			fieldtype: "Small Text",
			label: __("Reason"),
			description: __("Why it is not answered with Yes any more"),
			depends_on: `eval:${back}`,
			mandatory_depends_on: `eval:${back}`,
		};
		qms_customer
			.sign({
				role: "QMS Quality",
				title: __("Answer Questionnaire"),
				fields: [
					...panel.questions.map(({ question, label, hint, answer }) => ({
						fieldname: question,
						fieldtype: "Select",
						label,
						description: hint,
						options: ["", "Yes", "No"].map((value) => ({ value, label: value ? __(value) : "" })),
						default: answer,
					})),
					...(back ? [reason] : []),
				],
				label: __("Answer Questionnaire"),
				meaning: "Questionnaire Answered",
				method: `${API}answer`,
				args: (values) => ({
					name: frm.doc.name,
					content_hash: panel.hash,
					answers: Object.fromEntries(panel.questions.map(({ question }) => [question, values[question] || ""])),
					reason: values.reason || "",
				}),
				done: () => frm.reload_doc(),
			})
			.show();
	}
})();
