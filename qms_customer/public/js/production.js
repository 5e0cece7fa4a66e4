// What the forms of orders and production notices share (D3, M1, F5). Nothing is decided here.
frappe.provide("qms_customer.production");

qms_customer.production.call = (method, args, type = "POST") =>
	qms_customer.call(`qms_customer.contract.production_api.${method}`, args, type === "POST", type);

// Lines of a task, to be passed on: what is left of the order, which may be reduced.
qms_customer.production.pass_on = (order, panel, supersedes, done) => {
	const date = (fieldname, label) => ({ fieldname, label, fieldtype: "Date", in_list_view: 1, columns: 2 });
	const lines = panel.left.map((line) => ({ ...line }));
	const signing = qms_customer.sign({
		title: supersedes ? __("Supersede the Production Notice") : __("Pass On to Production"),
		size: "extra-large",
		fields: [
			{
				fieldname: "lines",
				fieldtype: "Table",
				label: __("To Be Made"),
				cannot_add_rows: true,
				cannot_delete_rows: true,
				in_place_edit: true,
				data: lines,
				fields: [
					{ fieldname: "order_row", fieldtype: "Data", hidden: 1 },
					{
						fieldname: "item_code",
						fieldtype: "Data",
						label: __("Item"),
						read_only: 1,
						in_list_view: 1,
						columns: 3,
					},
					{
						fieldname: "qty",
						fieldtype: "Float",
						label: __("Quantity to Make"),
						in_list_view: 1,
						columns: 2,
					},
					date("planned_start", __("Planned Start")),
					date("planned_finish", __("Planned Finish")),
				],
			},
			{ fieldname: "task", fieldtype: "Small Text", label: __("What Production Has to Know"), reqd: 1 },
		],
		label: __("Pass On"),
		meaning: "Task Passed On",
		role: panel.role,
		method: "qms_customer.contract.production_api.pass_on",
		args: (values) => ({
			order,
			task: values.task,
			content_hash: panel.hash,
			supersedes: supersedes || "",
			lines: lines
				.filter((line) => flt(line.qty) > 0)
				.map(({ order_row, item_code, qty, planned_start, planned_finish }) => ({
					order_row,
					item_code,
					qty,
					planned_start,
					planned_finish,
				})),
		}),
		done,
	});
	// A row that is not passed on gets the quantity 0.
	qms_customer.fixed_rows(signing.dialog, "lines");
	signing.show();
	return signing;
};

qms_customer.production.tell = (order) =>
	qms_customer.production.call("draft_message", { order }, "GET").then((mail) => {
		qms_customer.ask(
			__("Tell the Customer How Far the Order Is"),
			[
				{
					fieldname: "recipients",
					fieldtype: "Data",
					label: __("To"),
					default: mail.recipients,
					depends_on: "eval:doc.by_mail",
				},
				{ fieldname: "by_mail", fieldtype: "Check", label: __("Send by E-mail"), default: 1 },
				{ fieldname: "subject", fieldtype: "Data", label: __("Subject"), default: mail.subject, reqd: 1 },
				{
					fieldname: "message",
					fieldtype: "Text Editor",
					label: __("Message"),
					default: mail.message,
					reqd: 1,
				},
			],
			__("Tell the Customer"),
			(values) =>
				new Promise((resolve) => {
					frappe.call({
						method: "qms_customer.contract.production_api.tell_customer",
						args: { order, ...values },
						freeze: true,
						callback: () => resolve(),
					});
				})
		);
	});
