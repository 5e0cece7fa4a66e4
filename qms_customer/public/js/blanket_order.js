qms_customer.contract_form("Blanket Order");
