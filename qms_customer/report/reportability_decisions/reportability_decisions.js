// Reportability Decisions: what is late or overdue is red.
(() => {
	// As the server says it.
	const timeliness = [
		{ value: "", label: "" },
		{ value: "In Time", label: __("In Time", null, "Timeliness") },
		{ value: "Late", label: __("Late", null, "Timeliness") },
		{ value: "Due", label: __("Due", null, "Timeliness") },
		{ value: "Overdue", label: __("Overdue") },
	];
	const late_ones = [timeliness[2].label, timeliness[4].label];
	const choices = (values) => [{ value: "", label: "" }, ...values.map((value) => ({ value, label: __(value) }))];

	frappe.query_reports["Reportability Decisions"] = {
		filters: [
			{ fieldname: "company", label: __("Company"), fieldtype: "Link", options: "Company" },
			{ fieldname: "customer", label: __("Customer"), fieldtype: "Link", options: "Customer" },
			{ fieldname: "item_code", label: __("Item Code"), fieldtype: "Link", options: "Item" },
			{ fieldname: "regime", label: __("Regime"), fieldtype: "Link", options: "Reporting Regime" },
			{
				fieldname: "decision",
				label: __("Decision", null, "Reportability Decision"),
				fieldtype: "Select",
				options: choices(["Undecided", "Reportable", "Not Reportable"]),
			},
			{
				fieldname: "decided_in_time",
				label: __("Decision in Time"),
				fieldtype: "Select",
				options: timeliness,
			},
			{
				fieldname: "timeliness",
				label: __("Timeliness"),
				fieldtype: "Select",
				options: timeliness,
			},
			{ fieldname: "from_date", label: __("Aware From"), fieldtype: "Date" },
			{ fieldname: "to_date", label: __("Aware To"), fieldtype: "Date" },
		],
		formatter: (value, row, column, data, default_formatter) => {
			const text = default_formatter(value, row, column, data);
			const late =
				["timeliness", "decided_in_time"].includes(column.fieldname) && late_ones.includes(value);
			return late ? `<span class="text-danger">${text}</span>` : text;
		},
	};
})();
