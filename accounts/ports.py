"""What sign-in must ask of upper apps: whose phone this is, and how a text message leaves the house."""

from core.ports import Port

#: account_of_phone(phone, at) -> User | None: the customer's account behind a cleaned number, made when the number is
#: known but has none; None for a number nobody asked for service with (customers provides it)
account_of_phone = Port("account of a phone")

#: phone_of_account(user) -> tuple[str, bool] | None: the number, and whether it was proven (customers provides it)
phone_of_account = Port("phone of an account")

#: prove_phone(user, phone, at) -> None: they received a code on it. Raises Conflict (customers provides it)
prove_phone = Port("prove a phone")

#: send_text(phone, body) -> bool: hand a text message to a provider; False when there is none
send_text = Port("send a text message", default=False)
