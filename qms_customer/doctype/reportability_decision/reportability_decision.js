// Whether a complaint is reported under one regime (H4). Nothing is decided here.
(() => {
	// Before the form is made, which copies its fields.
	["Reportability Decision", "Reporting Clock", "Regulator Exchange"].forEach(qms_customer.show_terms);

	const API = "qms_customer.feedback.reporting_api.";
	const term = (value, context = "Reportability Decision") => __(value, null, context);

	frappe.ui.form.on("Reportability Decision", {
		refresh(frm) {
			if (frm.is_new()) return;
			frm.disable_save();
			qms_customer.show_panel(frm, "reporting_panel", `${API}get_panel`, { name: frm.doc.name }, (panel) => {
				if (panel.may.includes("decide")) {
					frm.add_custom_button(__("Decide Reportability"), () => decide(frm, panel)).addClass("btn-primary");
				}
				if (panel.may.includes("exchange")) {
					frm.add_custom_button(__("Record Exchange"), () => exchange(frm, panel));
				}
			});
		},
	});

	function sign(frm, opts) {
		const signing = qms_customer.sign({ role: "QMS Quality", done: () => frm.reload_doc(), ...opts });
		signing.show();
		return signing.dialog;
	}

	function decide(frm, panel) {
		sign(frm, {
			title: __("Decide Reportability"),
			fields: [
				{
					fieldname: "decision",
					fieldtype: "Select",
					label: term("Decision"),
					options: panel.decisions.map((value) => ({ value, label: term(value) })),
					default: panel.decisions.includes(panel.suggested) ? panel.suggested : "",
					reqd: 1,
				},
				{
					fieldname: "due_on",
					fieldtype: "Datetime",
					label: __("Due"),
					description: __("No rule says until when: enter it."),
					depends_on: `eval:doc.decision == "Reportable" && ${Number(panel.no_rule)}`,
				},
				{
					fieldname: "reason",
					fieldtype: "Small Text",
					label: __("Reason"),
					reqd: 1,
					slash: 1,
					stands_for: "reason",
				},
			],
			label: __("Decide Reportability"),
			meaning: (values) => ({ Reportable: "Decided: Reportable", "Not Reportable": "Decided: Not Reportable" }[values.decision] || ""),
			method: `${API}decide`,
			args: ({ decision, reason, due_on }) => ({
				name: frm.doc.name,
				content_hash: panel.hash,
				decision,
				reason: reason || "",
				due_on: due_on || "",
			}),
		});
	}

	function exchange(frm, panel) {
		const kinds = Object.entries(panel.exchanges).flatMap(([direction, names]) => names.map((kind) => ({ direction, kind })));
		const shown = (value) => term(value, "Regulator Exchange");
		// What may be owed after an exchange, by its kind; of a question its answer is, always.
		const after = (which) => {
			const { direction, kind } = kinds[which] || {};
			return (panel.after.find(([one, other]) => one === direction && other === kind) || [])[2] || [];
		};
		const among = (wanted) => `eval:[${kinds.map((_, i) => i).filter((i) => wanted(kinds[i], after(i))).map((i) => `"${i}"`)}].includes(doc.which)`;
		// What each kind can be about: a question that it answers, anything that is not owed any more.
		const about = (which) => {
			const { direction, kind } = kinds[which] || {};
			if (kind === "Not Owed Any More") return panel.asked;
			if (direction !== "To the Regulator" || kind === "Initial Report") return [];
			return panel.asked.filter(({ what }) => what === "Answer to a Question");
		};
		const choose = among((_, choices) => choices.length > 1);
		const asks = among((_, choices) => choices.length === 1);
		const next_day = `eval:(${asks.slice(5)}) || ((${choose.slice(5)}) && !["", undefined, null, "Nothing More"].includes(doc.owed_next))`;
		const dialog = sign(frm, {
			title: __("Record Exchange"),
			fields: [
				{
					fieldname: "which",
					fieldtype: "Select",
					label: __("What Was Exchanged"),
					options: kinds.map(({ direction, kind }, i) => ({ value: String(i), label: `${shown(direction)}: ${shown(kind)}` })),
					reqd: 1,
					onchange: () => {
						const which = dialog.get_value("which");
						const offer = (field, options) =>
							dialog.set_df_property(field, "options", [{ value: "", label: "" }, ...options]);
						offer("owed_next", after(which).map((value) => ({ value, label: __(value) })));
						dialog.set_value("owed_next", "");
						const called = ({ key, what, called }) => ({
							value: key,
							label: frappe.utils.escape_html(`${__(what)}: ${called}`),
						});
						offer("answers", about(which).map(called));
						// A report is about a question only if somebody says so.
						const answer = kinds[which]?.kind === "Answer to a Question" && about(which).length === 1;
						dialog.set_value("answers", answer ? about(which)[0].key : "");
					},
				},
				{
					fieldname: "what",
					fieldtype: "Select",
					label: __("Which Report"),
					options: panel.owed.map((value) => ({ value, label: __(value) })),
					default: panel.owed[0],
					depends_on: `eval:doc.which == "${kinds.findIndex(({ kind }) => kind === "Initial Report")}"`,
					description: __("Of an initial report: which of those that are due it is"),
				},
				{
					fieldname: "answers",
					fieldtype: "Select",
					label: __("About", null, "Regulator Exchange"),
					options: [],
					depends_on: `eval:[${kinds.map((_, i) => i).filter((i) => about(i).length).map((i) => `"${i}"`)}].includes(doc.which)`,
					description: __("The question that it answers, or what is not owed any more"),
				},
				{ fieldname: "number", fieldtype: "Data", label: __("Number", null, "Regulator Exchange"), reqd: 1, slash: 1 },
				{ fieldname: "on", fieldtype: "Datetime", label: __("Sent or Received On"), default: frappe.datetime.now_datetime(), reqd: 1 },
				{
					fieldname: "file",
					fieldtype: "Attach",
					label: __("File"),
					// It hangs on the decision: who may read that may read it.
					options: { doctype: frm.doctype, docname: frm.docname, make_attachments_public: false },
				},
				{ fieldname: "comment", fieldtype: "Small Text", label: __("Comment", null, "Regulator Exchange") },
				{
					fieldname: "owed_next",
					fieldtype: "Select",
					label: __("Owed Next"),
					options: [],
					depends_on: choose,
					mandatory_depends_on: choose,
					description: __("What was announced with it, or asked for"),
				},
				{
					fieldname: "next_day",
					fieldtype: "Date",
					label: __("Owed Until"),
					depends_on: next_day,
					mandatory_depends_on: next_day,
					description: __("The last day, where the regulator is"),
				},
			],
			label: __("Record Exchange"),
			meaning: "Exchange with the Regulator Recorded",
			method: `${API}record_exchange`,
			args: ({ which, what, number, on, file, comment, owed_next, next_day, answers }) => {
				const { direction, kind } = kinds[which];
				const more = after(which).length === 1 || (owed_next && owed_next !== "Nothing More");
				return {
					name: frm.doc.name,
					content_hash: panel.hash,
					exchange: {
						direction,
						kind,
						what: what || "",
						number,
						on,
						file: file || "",
						comment: comment || "",
						owed_next: (after(which).length > 1 && owed_next) || "",
						next_day: (more && next_day) || "",
						answers: (about(which).length && answers) || "",
					},
				};
			},
		});
	}
})();
