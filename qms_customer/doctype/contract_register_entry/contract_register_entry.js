frappe.ui.form.on("Contract Register Entry", {
	refresh(frm) {
		frm.qms_panel = null;
		const wrapper = frm.get_field("register_panel").$wrapper;
		const name = frm.doc.name;
		frm.qms_loading = call("get_register_panel", { name }, false).then((panel) => {
			if (frm.doc.name !== name) return;
			frm.qms_panel = panel;
			wrapper.html(panel.html);
			qms_customer.headline(
				frm,
				[panel.standing, frappe.utils.escape_html(panel.why_not)].filter(Boolean).join(" "),
				panel.colour
			);
			const button = (allowed, label, then) =>
				allowed && frm.add_custom_button(label, () => then(frm, panel), __("Actions"));
			button(panel.may_number, __("Give Number"), give_number);
			button(panel.may_sign, __("Sign Contract"), sign_contract);
			button(panel.may_keep, __("Record Copy"), keep_copy);
			button(panel.may_hand, __("Hand Original to Finance"), hand_original);
			button(panel.may_receive, __("Acknowledge Original"), receive_original);
			button(panel.may_replace, __("Replace by Formal Contract"), replace);
		});
	},
});

function call(method, args, freeze = true) {
	return new Promise((resolve) => {
		frappe.call({
			method: `qms_customer.contract.register_api.${method}`,
			args,
			freeze,
			callback: (r) => resolve(r.message),
		});
	});
}

function comment_field(stands_for) {
	return {
		fieldname: "comment",
		fieldtype: "Small Text",
		label: __("Comment", null, "Contract Register Entry"),
		reqd: 1,
		slash: 1,
		stands_for,
	};
}

// The number is proposed, and can be written otherwise this once (D1).
function give_number(frm) {
	const name = frm.doc.name;
	call("get_proposed_number", { name }).then(({ number }) => {
		const option = (value) => ({ value, label: __(value, null, "Contract Register Entry") });
		const provisional = 'eval:doc.kind === "Provisional"';
		qms_customer.ask(
			__("Give Number"),
			[
				{
					fieldname: "number",
					fieldtype: "Data",
					label: __("Contract Number", null, "Contract Register Entry"),
					reqd: 1,
					default: number,
					description: __("It is given once, and never again to another contract."),
				},
				{
					fieldname: "kind",
					fieldtype: "Select",
					label: __("Kind of Contract", null, "Contract Register Entry"),
					reqd: 1,
					options: [{ value: "", label: "" }, option("Formal"), option("Provisional")],
				},
				{
					fieldname: "formal_due",
					fieldtype: "Date",
					label: __("Formal Contract Due", null, "Contract Register Entry"),
					depends_on: provisional,
					mandatory_depends_on: provisional,
				},
			],
			__("Give Number"),
			(values) => call("assign_number", { name, ...values }).then(() => frm.reload_doc())
		);
	});
}

function sign_contract(frm, panel) {
	const text = __("You sign contract {0} with {1}, as its approved review has it (D1).", [
		frappe.utils.escape_html(frm.doc.contract_number),
		frappe.utils.escape_html(frm.doc.customer_name || ""),
	]);
	qms_customer
		.sign({
			title: __("Sign Contract"),
			fields: [{ fieldtype: "HTML", options: `<p>${text}</p>` }, comment_field("sign_comment")],
			label: __("Sign"),
			meaning: "Contract Signed",
			role: panel.role,
			acting_for: panel.acting_for,
			method: "qms_customer.contract.register_api.sign_entry",
			args: ({ comment }) => ({ name: frm.doc.name, content_hash: panel.hash, comment: comment || "" }),
			done: () => frm.reload_doc(),
		})
		.show();
}

function keep_copy(frm) {
	qms_customer.ask(
		__("Record Copy"),
		[
			{
				fieldname: "place",
				fieldtype: "Data",
				label: __("Where the Copy Is Kept", null, "Contract Register Entry"),
				reqd: 1,
			},
		],
		__("Record"),
		({ place }) =>
			call("hand_over", { name: frm.doc.name, what: "Copy", place }).then(() => frm.reload_doc())
	);
}

function hand_original(frm) {
	frappe.confirm(__("Was the original handed to Finance? Finance is asked to acknowledge it."), () =>
		call("hand_over", { name: frm.doc.name, what: "Original" }).then(() => frm.reload_doc())
	);
}

function receive_original(frm, panel) {
	qms_customer
		.sign({
			title: __("Acknowledge Original"),
			fields: [comment_field("received_comment")],
			label: __("Acknowledge"),
			meaning: "Original Received",
			role: "QMS Finance",
			method: "qms_customer.contract.register_api.acknowledge_original",
			args: ({ comment }) => ({ name: frm.doc.name, content_hash: panel.hash, comment: comment || "" }),
			done: () => frm.reload_doc(),
		})
		.show();
}

function replace(frm, panel) {
	qms_customer
		.sign({
			title: __("Replace by Formal Contract"),
			fields: [
				{
					fieldname: "formal_entry",
					fieldtype: "Link",
					options: "Contract Register Entry",
					label: __("Replaced by Entry", null, "Contract Register Entry"),
					get_query: () => ({
						filters: {
							customer: frm.doc.customer,
							contract_kind: "Formal",
							name: ["!=", frm.doc.name],
							signed_on: ["is", "set"],
						},
					}),
				},
				{
					fieldname: "formal_file",
					fieldtype: "Attach",
					label: __("File of the Formal Contract", null, "Contract Register Entry"),
				},
				{
					fieldname: "formal_reference",
					fieldtype: "Data",
					label: __("Formal Contract", null, "Contract Register Entry"),
				},
				comment_field("formal_comment"),
			],
			label: __("Sign"),
			meaning: "Replaced by the Formal Contract",
			role: panel.replaces_as,
			method: "qms_customer.contract.register_api.make_formal",
			args: (values) => ({
				name: frm.doc.name,
				content_hash: panel.hash,
				formal_entry: values.formal_entry || "",
				formal_file: values.formal_file || "",
				formal_reference: values.formal_reference || "",
				comment: values.comment || "",
			}),
			done: () => frm.reload_doc(),
		})
		.show();
}
