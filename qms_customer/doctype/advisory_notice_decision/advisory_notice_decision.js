// Are users told by an advisory notice (I1, I2)? Nothing is decided here: the server says which buttons there are,
// and asks again when one is pressed.
(() => {
	const API = "qms_customer.feedback.advisory_api.";
	const CONTEXT = "Advisory Notice Decision";
	const SHOWN = ["sb_entries", "sb_harm", "sb_scope", "sb_numbers", "sb_decision"];

	qms_customer.show_terms(CONTEXT);

	frappe.ui.form.on("Advisory Notice Decision", {
		refresh(frm) {
			if (frm.is_new()) return;
			frm.disable_save();
			// The panel shows these as a person reads them; the fields are for lists and reports.
			frm.toggle_display(SHOWN, false);
			qms_customer.show_panel(frm, "advisory_panel", `${API}get_panel`, { name: frm.doc.name }, (panel) => buttons(frm, panel));
		},
	});

	function buttons(frm, panel) {
		const may = (step) => panel.may.includes(step);
		const send = (method, args) =>
			qms_customer
				.api(API + method, { name: frm.doc.name, content_hash: panel.hash, ...args })
				.then(() => frm.reload_doc());
		if (may("decide")) frm.add_custom_button(__("Decide", null, CONTEXT), () => decide(frm, panel)).addClass("btn-primary");
		if (may("ask_more")) frm.add_custom_button(__("Ask for More Information"), () => ask_more(frm, panel));
		if (may("set_scope")) frm.add_custom_button(__("Change Scope"), () => set_scope(frm, send));
		if (may("recompute")) frm.add_custom_button(__("Recompute"), () => send("recompute", {}));
		if (may("give")) {
			frm.add_custom_button(__("Give Information"), () =>
				qms_customer.ask(
					__("Give Information"),
					[{ fieldname: "information", fieldtype: "Small Text", label: __("What is known"), reqd: 1 }],
					__("Save"),
					(values) => send("give", values)
				)
			);
		}
		if (may("reopen")) frm.add_custom_button(__("Decide Again"), () => reopen(frm, panel));
	}

	function sign(frm, panel, opts) {
		qms_customer
			.sign({
				label: opts.title,
				role: panel.role || "QMS Management Representative",
				acting_for: panel.acting_for,
				done: () => frm.reload_doc(),
				...opts,
				method: API + opts.method,
				args: (values) => ({ name: frm.doc.name, content_hash: panel.hash, ...opts.args(values) }),
			})
			.show();
	}

	function decide(frm, panel) {
		sign(frm, panel, {
			title: __("Is an Advisory Notice Needed?"),
			fields: [
				{
					fieldname: "decision",
					fieldtype: "Select",
					label: __("Decision", null, CONTEXT),
					options: panel.decisions.map((value) => ({ value, label: __(value, null, CONTEXT) })),
					reqd: 1,
				},
				{ fieldname: "reason", fieldtype: "Small Text", label: __("Reason", null, CONTEXT), reqd: 1, stands_for: "reason" },
			],
			label: __("Decide", null, CONTEXT),
			meaning: ({ decision }) =>
				({ "Notice Needed": "Decided: Advisory Notice Needed", "No Notice Needed": "Decided: No Advisory Notice Needed" }[
					decision
				] || ""),
			method: "decide",
			args: ({ decision, reason }) => ({ decision, reason: reason || "" }),
		});
	}

	function ask_more(frm, panel) {
		sign(frm, panel, {
			title: __("Ask for More Information"),
			fields: [{ fieldname: "question", fieldtype: "Small Text", label: __("What has to be known"), reqd: 1 }],
			meaning: "More Information Asked For",
			method: "ask_more",
			args: ({ question }) => ({ question }),
		});
	}

	function reopen(frm, panel) {
		sign(frm, panel, {
			title: __("Decide Again"),
			fields: [{ fieldname: "reason", fieldtype: "Small Text", label: __("Reason", null, CONTEXT), reqd: 1 }],
			meaning: "Advisory Notice to be Decided Again",
			method: "reopen",
			args: ({ reason }) => ({ reason }),
		});
	}

	function set_scope(frm, send) {
		qms_customer.ask(
			__("Change Scope"),
			[
				{ fieldname: "whole", fieldtype: "Check", label: __("All of the Product", null, CONTEXT), default: frm.doc.whole },
				{
					fieldname: "named",
					fieldtype: "Small Text",
					label: __("Batches and Serial Numbers", null, CONTEXT),
					description: __("One a line"),
					default: frm.doc.batches,
					depends_on: "eval:!doc.whole",
				},
				{ fieldname: "reason", fieldtype: "Small Text", label: __("Why more or less is concerned"), reqd: 1 },
			],
			__("Change Scope"),
			({ whole, named, reason }) => send("set_scope", { whole: whole ? 1 : 0, named: whole ? "" : named || "", reason })
		);
	}
})();
