// Reportability Decisions: what is late or overdue is red.
(() => {
	const choices = (values) => [{ value: "", label: "" }, ...values.map((value) => ({ value, label: __(value) }))];

	frappe.query_reports["Reportability Decisions"] = {
		filters: [
			{ fieldname: "company", label: __("Company"), fieldtype: "Link", options: "Company" },
			{ fieldname: "customer", label: __("Customer"), fieldtype: "Link", options: "Customer" },
			{ fieldname: "item_code", label: __("Item Code"), fieldtype: "Link", options: "Item" },
			{ fieldname: "regime", label: __("Regime"), fieldtype: "Link", options: "Reporting Regime" },
			{
				fieldname: "decision",
				label: __("Decision"),
				fieldtype: "Select",
				options: choices(["Undecided", "Reportable", "Not Reportable"]),
			},
			{
				fieldname: "timeliness",
				label: __("Timeliness"),
				fieldtype: "Select",
				options: choices(["In Time", "Late", "Due", "Overdue"]),
			},
			{ fieldname: "from_date", label: __("Aware From"), fieldtype: "Date" },
			{ fieldname: "to_date", label: __("Aware To"), fieldtype: "Date" },
		],
		formatter: (value, row, column, data, default_formatter) => {
			const text = default_formatter(value, row, column, data);
			const late = [__("Late"), __("Overdue")].includes(data?.timeliness);
			return column.fieldname === "timeliness" && late ? `<span class="text-danger">${text}</span>` : text;
		},
	};
})();
