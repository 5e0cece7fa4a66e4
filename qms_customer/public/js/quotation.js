qms_customer.contract_form("Quotation");
