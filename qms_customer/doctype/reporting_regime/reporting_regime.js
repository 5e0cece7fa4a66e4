frappe.ui.form.on("Reporting Regime", {
	setup(frm) {
		frm.set_df_property("time_zone", "options", frappe.all_timezones || []);
	},
});
