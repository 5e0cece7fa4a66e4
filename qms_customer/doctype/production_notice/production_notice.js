frappe.ui.form.on("Production Notice", {
	setup(frm) {
		qms_customer.show_terms("Production Notice");
		frm.set_query("item_code", "items", () => ({ filters: { is_stock_item: 1 } }));
	},
	refresh(frm) {
		frm.qms_panel = null;
		if (frm.is_new()) return;
		const name = frm.doc.name;
		// What a workflow button waits for, see qms_customer.instead_of_workflow.
		frm.qms_loading = qms_customer.production
			.call("get_notice", { name }, "GET")
			.then((panel) => {
				if (frm.doc.name !== name) return;
				frm.qms_panel = panel;
				frm.get_field("notice_panel").$wrapper.html(panel.html);
				const more = panel.why_not ? ` ${frappe.utils.escape_html(panel.why_not)}` : "";
				qms_customer.headline(frm, panel.standing + more, panel.colour);
				buttons(frm, panel);
			});
	},
	before_workflow_action(frm) {
		return qms_customer.instead_of_workflow(frm, {
			"Release to Production": () => release(frm),
		});
	},
});

function buttons(frm, panel) {
	if (frm.doc.docstatus === 0 && !panel.may_edit) frm.disable_form();
	const make = __("Create");
	if (panel.may_make) {
		frm.add_custom_button(
			__("Work Orders"),
			() =>
				qms_customer.production.call("make_work_orders", { name: frm.doc.name }).then((names) => {
					const links = names.map((one) => frappe.utils.get_form_link("Work Order", one, true));
					frappe.msgprint({
						title: __("Work Orders"),
						message: __("Made as drafts: {0}", [links.join(", ")]),
						indicator: "green",
					});
					frm.reload_doc();
				}, () => {}),
			make
		);
	}
	if (panel.may_plan) {
		frm.add_custom_button(
			__("Production Plan"),
			() =>
				qms_customer.production
					.call("make_production_plan", { name: frm.doc.name })
					.then((plan) => frappe.set_route("Form", "Production Plan", plan.name), () => {}),
			make
		);
	}
	if (panel.may_supersede) {
		frm.add_custom_button(__("Supersede"), () => {
			const left = frm.doc.items.map(({ order_row, item_code, qty, planned_start, planned_finish }) => ({
				order_row,
				item_code,
				qty,
				planned_start,
				planned_finish,
			}));
			qms_customer.production.pass_on(
				frm.doc.reference_name,
				{ left, hash: panel.order_hash, role: "QMS Planning" },
				frm.doc.name,
				(answer) => frappe.set_route("Form", "Production Notice", answer.name)
			);
		});
	}
	if (panel.may_withdraw) frm.add_custom_button(__("Withdraw"), () => withdraw(frm, panel));
}

function release(frm) {
	const panel = frm.qms_panel;
	if (!panel) return;
	if (frm.is_dirty()) {
		frappe.msgprint(__("Save the notice first: you sign what is saved."));
		return;
	}
	if (!panel.may_release) {
		frappe.msgprint(panel.why_not || __("A production notice is released by Production."));
		return;
	}
	qms_customer
		.sign({
			title: __("Release to Production"),
			fields: [
				{
					fieldname: "comment",
					fieldtype: "Small Text",
					label: __("Comment", null, "Production Notice"),
					reqd: 1,
					slash: 1,
					stands_for: "release_comment",
				},
			],
			label: __("Release to Production"),
			meaning: "Released to Production",
			role: "QMS Production",
			method: "qms_customer.contract.production_api.release",
			args: (values) => ({ name: frm.doc.name, content_hash: panel.hash, comment: values.comment }),
			done: () => frm.reload_doc(),
		})
		.show();
}

function withdraw(frm, panel) {
	if (frm.is_dirty()) {
		frappe.msgprint(__("Save the notice first: you sign what is saved."));
		return;
	}
	qms_customer
		.sign({
			title: __("Withdraw the Production Notice"),
			fields: [{ fieldname: "reason", fieldtype: "Small Text", label: __("Reason"), reqd: 1 }],
			label: __("Withdraw"),
			meaning: "Withdrawn from Production",
			role: panel.withdraws_as,
			method: "qms_customer.contract.production_api.withdraw",
			args: (values) => ({ name: frm.doc.name, content_hash: panel.hash, reason: values.reason }),
			done: (answer) => {
				if (answer.still_running) {
					frappe.msgprint({
						title: __("Work Orders Still Running"),
						message: __("These work orders run on without a notice: {0}. Stop or cancel them, or release a new notice.", [
							frappe.utils.escape_html(answer.still_running),
						]),
						indicator: "orange",
					});
				}
				frm.reload_doc();
			},
		})
		.show();
}
