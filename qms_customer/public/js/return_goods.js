// Goods of an approved return slip: route, arrival, destruction, disposition, replacement, credit (G6, G7). Nothing
// is decided here.
frappe.provide("qms_customer.returns");

qms_customer.returns.goods = (method, args) =>
	qms_customer.call(`qms_customer.returns.disposition_api.${method}`, args);

frappe.ui.form.on("Return Slip", {
	refresh(frm) {
		const approved = frm.doc.docstatus === 1 && frm.doc.decision === "Approved";
		if (frm.is_new() || !(approved || frm.doc.batch_measures?.length)) return;
		qms_customer.show_panel(
			frm,
			"goods_panel",
			"qms_customer.returns.disposition_api.get_goods",
			{ name: frm.doc.name },
			(panel) => goods_buttons(frm, panel)
		);
	},
});

function goods_buttons(frm, panel) {
	const waiting = panel.parts.length > 0;
	const ours = panel.parts.some((part) => !part.counter);
	if (panel.may_route) {
		const button = frm.add_custom_button(__("Decide Route"), () => decide_route(frm, panel));
		if (!frm.doc.route) button.addClass("btn-primary");
	}
	if (panel.may_receive && ours) {
		frm.add_custom_button(__("Goods Received"), () => receive(frm, panel)).addClass("btn-primary");
	}
	if (panel.may_destroy && ours) {
		frm
			.add_custom_button(__("Goods Destroyed on Site"), () => destroy(frm, panel))
			.addClass("btn-primary");
	}
	if (panel.may_write_off && waiting) {
		frm.add_custom_button(__("Goods Not Coming"), () => write_off(frm, panel));
	}
	if (panel.may_inspect) {
		panel.held.forEach((one) =>
			frm.add_custom_button(title_of(one), () => inspect(frm, one), __("Inspect Goods"))
		);
	}
	if (panel.may_dispose) {
		panel.held.forEach((one) =>
			frm.add_custom_button(title_of(one), () => dispose(frm, panel, one), __("Decide Disposition"))
		);
	}
	if (panel.may_replace) frm.add_custom_button(__("Draft Replacement"), () => replace(frm, panel));
	if (panel.may_credit) frm.add_custom_button(__("Draft Credit Note"), () => credit(frm, panel));
	if (panel.may_give) frm.add_custom_button(__("Give Something Else"), () => give(frm, panel));
	const booked = panel.booked.filter((one) =>
		one.disposition ? panel.may_take_back_dispositions : panel.may_take_back_goods
	);
	if (booked.length) frm.add_custom_button(__("Take Booking Back"), () => take_back(frm, panel, booked));
}

const title_of = (one) => {
	const title = one.batch ? `${one.item} ${one.batch}` : one.item;
	return one.source === "Blocked Stock" ? `${title} (${__("Blocked Stock", null, "Return Disposition")})` : title;
};

const sign_goods = (frm, panel, { method, args, ...opts }) =>
	qms_customer.sign({
		...opts,
		method: `qms_customer.returns.disposition_api.${method}`,
		args: (values) => ({ name: frm.doc.name, content_hash: panel.hash, ...args(values) }),
		done: () => frm.reload_doc(),
	});

// What was sold over the counter is returned at the till.
const booked_here = (panel) => panel.parts.filter((part) => !part.counter);

// The rows of the slip that are outstanding, to say how much of each.
function outstanding(parts, more = []) {
	const rows = parts.map((part) => ({ ...part }));
	const column = (fieldname, fieldtype, label, columns, values) => ({
		fieldname,
		fieldtype,
		label,
		columns,
		in_list_view: 1,
		...values,
	});
	const serials = rows.some((row) => row.serial_nos);
	return {
		field: {
			fieldname: "rows",
			fieldtype: "Table",
			label: __("Goods"),
			cannot_add_rows: true,
			cannot_delete_rows: true,
			in_place_edit: true,
			data: rows,
			fields: [
				{ fieldname: "row", fieldtype: "Data", hidden: 1 },
				column("item", "Data", __("Item"), 2, { read_only: 1 }),
				column("batch", "Data", __("Batch"), 2, { read_only: 1 }),
				column("qty", "Float", __("Quantity"), 1),
				...(serials ? [column("serial_nos", "Small Text", __("Serial Numbers"), 2)] : []),
				...more.map(([fieldname, fieldtype, label, columns]) =>
					column(fieldname, fieldtype, label, columns)
				),
			],
		},
		values: () =>
			rows
				.filter((row) => row.qty || row.other_qty)
				.map(({ row, qty, serial_nos, difference, other_batch, other_qty }) => ({
					slip_row: row,
					qty,
					serial_nos,
					difference,
					other_batch,
					other_qty,
				})),
	};
}

function decide_route(frm, panel) {
	sign_goods(frm, panel, {
		title: __("Decide Route"),
		fields: [
			{
				fieldname: "route",
				fieldtype: "Select",
				label: __("Where the Goods Go", null, "Return Slip"),
				options: ["Back to Us", "Destroyed on Site"].map((value) => ({
					value,
					label: __(value, null, "Return Slip"),
				})),
				default: frm.doc.route,
				reqd: 1,
			},
			{
				fieldname: "freight",
				fieldtype: "Currency",
				label: __("Freight", null, "Return Slip"),
				default: frm.doc.freight || undefined,
				description: __("Value of the goods that are outstanding: {0}", [
					format_currency(panel.value, frappe.get_doc(":Company", frm.doc.company)?.default_currency),
				]),
				reqd: 1,
			},
			{
				fieldname: "reason",
				fieldtype: "Small Text",
				label: __("Why This Route"),
				reqd: 1,
				stands_for: "route_reason",
			},
		],
		label: __("Decide Route"),
		meaning: "Route Decided",
		method: "decide_route",
		args: ({ route, freight, reason }) => ({ route_to: route, freight, reason }),
	}).show();
}

function receive(frm, panel) {
	const goods = outstanding(booked_here(panel), [
		["other_batch", "Data", __("Also Came: Batch"), 1],
		["other_qty", "Float", __("Also Came: Quantity"), 1],
		["difference", "Data", __("Difference", null, "Return Arrival"), 2],
	]);
	const dialog = new frappe.ui.Dialog({
		title: __("Goods Received"),
		size: "extra-large",
		fields: [goods.field],
		primary_action_label: __("Goods Received"),
		primary_action: () =>
			qms_customer.returns
				.goods("receive", { name: frm.doc.name, content_hash: panel.hash, rows: goods.values() })
				.then(
					() => {
						dialog.hide();
						frm.reload_doc();
					},
					() => {}
				),
	});
	dialog.$wrapper.addClass("qms-dialog");
	qms_customer.fixed_rows(dialog, "rows");
	dialog.show();
}

function destroy(frm, panel) {
	const goods = outstanding(booked_here(panel));
	const attach = (fieldname, label, reqd) => ({
		fieldname,
		fieldtype: "Attach",
		label,
		reqd,
		options: { doctype: frm.doctype, docname: frm.docname, make_attachments_public: false },
	});
	const signing = sign_goods(frm, panel, {
		title: __("Goods Destroyed on Site"),
		size: "extra-large",
		fields: [
			goods.field,
			{ fieldname: "destroyed_by", fieldtype: "Data", label: __("Destroyed By", null, "Return Arrival"), reqd: 1 },
			{
				fieldname: "destroyed_on",
				fieldtype: "Date",
				label: __("Destroyed On", null, "Return Arrival"),
				default: frappe.datetime.get_today(),
				reqd: 1,
			},
			{ fieldname: "cb", fieldtype: "Column Break" },
			attach("photos", __("Photos"), 1),
			{ fieldname: "witness", fieldtype: "Data", label: __("Witness", null, "Return Arrival") },
			attach("certificate", __("Certificate of Destruction"), 0),
		],
		label: __("Goods Destroyed on Site"),
		meaning: "Goods Destroyed on Site",
		method: "record_destruction",
		args: ({ destroyed_by, destroyed_on, photos, witness, certificate }) => ({
			rows: goods.values(),
			evidence: { destroyed_by, destroyed_on, photos, witness, certificate },
		}),
	});
	qms_customer.fixed_rows(signing.dialog, "rows");
	signing.show();
}

function write_off(frm, panel) {
	const goods = outstanding(panel.parts);
	const signing = sign_goods(frm, panel, {
		title: __("Goods Not Coming"),
		size: "large",
		fields: [
			goods.field,
			{ fieldname: "reason", fieldtype: "Small Text", label: __("Reason"), reqd: 1 },
		],
		label: __("Goods Not Coming"),
		meaning: "Goods Not Coming",
		method: "write_off",
		args: ({ reason }) => ({ rows: goods.values(), reason }),
	});
	qms_customer.fixed_rows(signing.dialog, "rows");
	signing.show();
}

function inspect(frm, one) {
	const open = (made) => frappe.set_route("Form", "Quality Inspection", made.name);
	if (one.inspection) return open({ name: one.inspection });
	qms_customer.returns
		.goods("make_inspection", { name: frm.doc.name, item: one.item, batch: one.batch, source: one.source })
		.then(open, () => {});
}

function dispose(frm, panel, one) {
	const is = (...values) => `eval:[${values.map((value) => `"${value}"`)}].includes(doc.disposition)`;
	sign_goods(frm, panel, {
		title: `${__("Decide Disposition")}: ${title_of(one)}`,
		fields: [
			{
				fieldname: "disposition",
				fieldtype: "Select",
				label: __("Disposition"),
				options: [
					...["Rework", "Scrap", "Return to Stock"],
					...(one.source === "Blocked Stock" ? [] : ["Send Back to the Customer"]),
				].map((value) => ({
					value,
					label: __(value, null, "Return Disposition"),
				})),
				reqd: 1,
			},
			{ fieldname: "qty", fieldtype: "Float", label: __("Quantity"), default: one.qty, reqd: 1 },
			{
				fieldname: "serial_nos",
				fieldtype: "Small Text",
				label: __("Serial Numbers"),
				default: one.serial_nos,
				hidden: !one.has_serials,
			},
			{
				fieldname: "quality_inspection",
				fieldtype: "Data",
				label: __("Quality Inspection"),
				default: one.submitted ? one.inspection : "",
				read_only: 1,
				depends_on: is("Return to Stock", "Send Back to the Customer"),
			},
			{
				fieldname: "target",
				fieldtype: "Select",
				options: ["", ...panel.targets],
				label: __("Back in Warehouse"),
				depends_on: is("Return to Stock"),
				mandatory_depends_on: is("Return to Stock"),
			},
			...(panel.case
				? []
				: [
						{
							fieldname: "procedure",
							fieldtype: "Link",
							options: "Quality Procedure",
							label: __("Quality Procedure"),
							reqd: 1,
						},
				  ]),
			{ fieldname: "comment", fieldtype: "Small Text", label: __("Comment", null, "Return Disposition"), reqd: 1 },
		],
		label: __("Decide Disposition"),
		meaning: "Disposition Decided",
		role: "QMS Quality",
		method: "dispose",
		args: (values) => ({
			item: one.item,
			batch: one.batch,
			disposition_of: values.disposition,
			qty: values.qty,
			serial_nos: values.serial_nos || "",
			comment: values.comment,
			quality_inspection: one.submitted ? one.inspection : "",
			target: values.target || "",
			non_conformance: panel.case || "",
			procedure: values.procedure || "",
			source: one.source,
		}),
	}).show();
}

function replace(frm, panel) {
	qms_customer.returns
		.goods("draft_replacement", { name: frm.doc.name, content_hash: panel.hash })
		.then(({ name }) => frappe.set_route("Form", "Delivery Note", name), () => {});
}

function credit(frm, panel) {
	qms_customer.returns
		.goods("draft_credit_notes", { name: frm.doc.name, content_hash: panel.hash })
		.then((names) => {
			frappe.show_alert({ message: __("Drafted for Finance: {0}", [names.join(", ")]), indicator: "green" });
			frm.reload_doc();
		}, () => {});
}

function give(frm, panel) {
	sign_goods(frm, panel, {
		title: __("Give Something Else"),
		fields: [
			{
				fieldname: "instead",
				fieldtype: "Select",
				label: __("Given Instead", null, "Return Slip"),
				options: ["Exchange", "Refund", "Repair", "Credit", "Nothing More"]
					.filter((value) => value !== panel.wanted && (value !== "Nothing More" || panel.may_waive))
					.map((value) => ({ value, label: __(value, null, "Return Slip") })),
				reqd: 1,
			},
			{
				fieldname: "reason",
				fieldtype: "Small Text",
				label: __("Why Something Else Is Given", null, "Return Slip"),
				description: __("What was agreed with the customer, and how."),
				reqd: 1,
				stands_for: "given_reason",
			},
		],
		label: __("Give Something Else"),
		meaning: "What Is Given Instead Decided",
		method: "decide_given",
		args: ({ instead, reason }) => ({ instead, reason }),
	}).show();
}

function take_back(frm, panel, booked) {
	sign_goods(frm, panel, {
		title: __("Take Booking Back"),
		fields: [
			{
				fieldname: "row",
				fieldtype: "Select",
				label: __("Booking"),
				options: booked.map((one) => ({
					value: one.row,
					label: `${__(one.what, null, one.disposition ? "Return Disposition" : "Return Arrival")}: ${
						one.qty
					} × ${title_of(one)}`,
				})),
				default: booked[0].row,
				reqd: 1,
			},
			{ fieldname: "reason", fieldtype: "Small Text", label: __("Reason"), reqd: 1 },
		],
		label: __("Take Booking Back"),
		meaning: "Booking Taken Back",
		method: "take_back",
		args: ({ row, reason }) => ({ row, reason }),
	}).show();
}
