"""The main story, told by a client that openapi-python-client generated from the committed document.

Arguments: the folder that holds the generated package `partner_api`, the gateway's address, the demonstration's folder.
"""

import ssl
import sys
from datetime import date, timedelta
from io import BytesIO
from pathlib import Path

sys.path.insert(0, sys.argv[1])
from partner_api import AuthenticatedClient, Client  # noqa: E402
from partner_api.api.advice import create_advice_request, get_advice, submit_advice  # noqa: E402
from partner_api.api.children import get_waits, search_child  # noqa: E402
from partner_api.api.consents import record_consent, withdraw_consent  # noqa: E402
from partner_api.api.submissions import list_issues, submit_waiting_list  # noqa: E402
from partner_api.api.tokens import issue_token  # noqa: E402
from partner_api.api.waiting_lists import list_entries  # noqa: E402
from partner_api.models import (  # noqa: E402
    AdviceBody,
    AdviceKind,
    AdviceRequestBody,
    ChildBody,
    ConsentBody,
    ConsentDecision,
    DataClass,
    DecidedBy,
    Mode,
    Pathway,
    Purpose,
    ReasonBody,
    TokenBody,
)
from partner_api.types import File  # noqa: E402

ADDRESS, FOLDER = sys.argv[2], Path(sys.argv[3])
ACTOR = 'id="kt-204", role="ehc-coordinator", reason="assessment C-1"'
TODAY = date.today()
CHILD = ChildBody(nhs_number="9990000018", date_of_birth=date(2016, 5, 4))


def connection(client_id: str) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(FOLDER / "pki" / "ca.pem"))
    own = FOLDER / "clients" / client_id
    context.load_cert_chain(own / "cert.pem", own / "key.pem")
    return context


def sign_in(client_id: str) -> AuthenticatedClient:
    context = connection(client_id)
    anonymous = Client(base_url=ADDRESS, verify_ssl=context)
    answer = issue_token.sync_detailed(client=anonymous, body=TokenBody(grant_type="client_credentials", client_id=client_id))
    assert answer.status_code == 200, answer
    return AuthenticatedClient(base_url=ADDRESS, verify_ssl=context, token=answer.parsed.access_token)


def expect(answer, status: int):
    assert answer.status_code == status, (answer.status_code, answer.content)
    return answer.parsed


provider, council = sign_in("provider-hct"), sign_in("council-herts")

received = TODAY - timedelta(days=290)
rows = (
    "referral_id,nhs_number,nhs_number_status,date_of_birth,pathway,referral_received_date,status,stage\n"
    f"A-1,9990000018,01,2016-05-04,autism,{received},waiting,assessment\n"
    f"A-2,9990000019,01,2016-05-04,autism,{received},waiting,assessment\n"
)
body = File(payload=BytesIO(rows.encode()))
report = expect(
    submit_waiting_list.sync_detailed(client=provider, body=body, format_="csv", mode=Mode.SNAPSHOT, list_="autism"), 201
)
assert (report.records.received, report.records.accepted, report.records.rejected) == (2, 1, 1), report
issues = expect(list_issues.sync_detailed(report.id, client=provider), 200)
assert "nhs-number-check-digit" in {issue.code for issue in issues.items}, issues
entries = expect(list_entries.sync_detailed(client=provider), 200)
assert [entry.referral_id for entry in entries.items] == ["A-1"], entries

child = expect(search_child.sync_detailed(client=council, body=CHILD, sendbridge_actor=ACTOR), 200).child_id
expect(get_waits.sync_detailed(child, client=council, sendbridge_actor=ACTOR), 404)
permission = ConsentBody(
    child=CHILD,
    decision=ConsentDecision.PERMIT,
    purpose=Purpose.CARE_COORDINATION,
    data=[DataClass.WAITING_LIST_STATUS],
    pathways=[Pathway.AUTISM],
    recipient="E10000015",
    decided_by=DecidedBy.PARENT,
    evidence="signed form",
    valid_from=TODAY,
)
consent = expect(record_consent.sync_detailed(client=council, body=permission, sendbridge_actor=ACTOR), 201)
waits = expect(get_waits.sync_detailed(child, client=council, sendbridge_actor=ACTOR), 200).waits
assert [(wait.pathway, wait.provider, wait.journey_wait.days) for wait in waits] == [(Pathway.AUTISM, "RY4", 290)], waits
reason = ReasonBody(reason="changed her mind")
expect(withdraw_consent.sync_detailed(consent.id, client=council, body=reason, sendbridge_actor=ACTOR), 200)
expect(get_waits.sync_detailed(child, client=council, sendbridge_actor=ACTOR), 404)

question = AdviceRequestBody(
    child=CHILD, case_reference="C-1", addressed_to="RY4", role="designated-clinical-officer", kinds=[AdviceKind.AUTISM], received_on=TODAY
)
request = expect(create_advice_request.sync_detailed(client=council, body=question, sendbridge_actor=ACTOR), 201)
assert request.due_on == TODAY + timedelta(days=42), request
expect(get_advice.sync_detailed(request.id, client=council, sendbridge_actor=ACTOR), 409)
given = AdviceBody(needs="language below age", provision="weekly therapy", outcomes="speaks in sentences", author_role="therapist")
expect(submit_advice.sync_detailed(request.id, client=provider, body=given, sendbridge_actor=ACTOR), 200)
advice = expect(get_advice.sync_detailed(request.id, client=council, sendbridge_actor=ACTOR), 200)
assert advice.needs == given.needs, advice
print("the story holds")
