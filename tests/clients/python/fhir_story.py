"""The main story over /fhir/R4, told with the SMART platforms' fhirclient; fhir.resources reads every answer once more.

Arguments: the gateway's address, the demonstration's folder.
"""

import re
import sys
from datetime import date, timedelta
from pathlib import Path

from fhir.resources.R4B import get_fhir_model_class
from fhirclient.models.bundle import Bundle
from fhirclient.models.consent import Consent
from fhirclient.models.operationoutcome import OperationOutcome
from fhirclient.models.servicerequest import ServiceRequest
from fhirclient.models.task import Task
from fhirclient.server import FHIRNotFoundException, FHIRPermissionDeniedException, FHIRServer
from requests import HTTPError

ADDRESS, FOLDER = sys.argv[1], Path(sys.argv[2])
ACTOR = 'id="kt-204", role="ehc-coordinator", reason="assessment C-1"'
TODAY = date.today()
NUMBER, BORN = "9990000018", "2016-05-04"
NHS_NUMBER = "https://fhir.nhs.uk/Id/nhs-number"
ODS = "https://fhir.nhs.uk/Id/ods-organization-code"
UK_CORE = "https://fhir.hl7.org.uk"
OURS = "https://sendbridge.example/fhir"


def valid(answer, *_, **__):
    """What another library makes of an answer: it knows every element, and refuses any other."""
    if "fhir+json" in answer.headers.get("content-type", ""):
        said = answer.json()
        get_fhir_model_class(said["resourceType"]).model_validate(said)


def sign_in(client_id: str) -> FHIRServer:
    server = FHIRServer(None, base_uri=f"{ADDRESS}/fhir/R4")
    own = FOLDER / "clients" / client_id
    # Or a bundle of authorities that the environment names would hold over this one.
    server.session.trust_env = False
    server.session.verify = str(FOLDER / "pki" / "ca.pem")
    server.session.cert = (str(own / "cert.pem"), str(own / "key.pem"))
    server.session.hooks["response"].append(valid)
    asked = {"grant_type": "client_credentials", "client_id": client_id}
    token = server.post_as_form(f"{ADDRESS}/oauth2/token", asked).json()["access_token"]
    server.session.headers.update({"Authorization": f"Bearer {token}", "Sendbridge-Actor": ACTOR})
    return server


def patient(number: str) -> dict:
    status = {"system": f"{UK_CORE}/CodeSystem/UKCore-NHSNumberVerificationStatusEngland", "code": "01"}
    verified = {
        "url": f"{UK_CORE}/StructureDefinition/Extension-UKCore-NHSNumberVerificationStatus",
        "valueCodeableConcept": {"coding": [status]},
    }
    identifier = {"extension": [verified], "system": NHS_NUMBER, "value": number}
    return {"resourceType": "Patient", "id": "child", "identifier": [identifier], "birthDate": BORN}


def referral(identifier: str, pathway: str, subject: str) -> dict:
    return {
        "resourceType": "ServiceRequest",
        "extension": [{"url": f"{OURS}/StructureDefinition/stage", "valueCode": "assessment"}],
        "identifier": [{"system": f"{OURS}/Id/referral", "value": identifier}],
        "status": "active",
        "intent": "order",
        "subject": {"reference": subject},
        "authoredOn": str(TODAY - timedelta(days=290)),
        "reasonCode": [{"coding": [{"system": f"{OURS}/CodeSystem/pathway", "code": pathway}]}],
    }


def by_xml(server: FHIRServer, path: str, resource: dict, status: int):
    """What answers the resource, there and back as the other library writes and reads XML."""
    sent = get_fhir_model_class(resource["resourceType"]).model_validate(resource).model_dump_xml()
    headers = {"Content-Type": "application/fhir+xml", "Accept": "application/fhir+xml"}
    answer = server.session.post(server.base_uri + path, data=sent, headers=headers)
    assert answer.status_code == status, answer.text
    return read_xml(answer)


def read_xml(answer):
    kind = re.search(r"<([A-Z]\w+) xmlns=", answer.text).group(1)
    return get_fhir_model_class(kind).model_validate_xml(answer.content)


def bundle(kind: str, *entries: dict) -> Bundle:
    return Bundle({"resourceType": "Bundle", "type": kind, "entry": list(entries)})


def post(resource: dict, **more) -> dict:
    return {"resource": resource, "request": {"method": "POST", "url": resource["resourceType"]}, **more}


def get(url: str) -> dict:
    return {"request": {"method": "GET", "url": url}}


def send(server: FHIRServer, sent: Bundle) -> list:
    """The entries that answer."""
    return Bundle(sent.create(server)).entry


def codes(outcome: OperationOutcome) -> set:
    return {coding.code for issue in outcome.issue for coding in issue.details.coding}


def refused(kind: type, act) -> OperationOutcome:
    try:
        act()
    except kind as refusal:
        return OperationOutcome(refusal.response.json())
    raise AssertionError("it was not refused")


def by_number(server: FHIRServer) -> list:
    body = {"patient.identifier": f"{NHS_NUMBER}|{NUMBER}", "patient.birthdate": BORN}
    found = Bundle(server.post_as_form(f"{server.base_uri}ServiceRequest/_search", body).json())
    return [entry.resource for entry in found.entry or []]


provider, council = sign_in("provider-hct"), sign_in("council-herts")

statement = council.capabilityStatement
assert statement.fhirVersion == "4.0.1", statement.as_json()
assert {resource.type for resource in statement.rest[0].resource} == {"ServiceRequest", "Task", "Consent"}

# A provider sends its waiting list.
child = "urn:uuid:0f0e2b52-4b8c-4f0a-9c2c-7a1f6f0f9b11"
listed = [referral("F-1", "autism", child), referral("F-2", "adhd", child)]
answers = send(provider, bundle("transaction", post(patient(NUMBER), fullUrl=child), *map(post, listed)))
assert [answer.response.status[:3] for answer in answers] == ["200", "201", "201"], answers
own = ServiceRequest.read_from(answers[1].response.location, provider)
assert (own.identifier[0].value, own.status, own.authoredOn.origval) == ("F-1", "active", str(TODAY - timedelta(days=290))), own.as_json()
paged = ServiceRequest.where({"_count": "1"}).perform_resources(provider)
assert [one.identifier[0].value for one in paged] == ["F-1", "F-2"], "along the links from page to page"

# What is wrong with one is said, and nothing of it is kept.
wrong = bundle("transaction", post(referral("F-3", "autism", "#child") | {"contained": [patient("9990000019")]}))
told = refused(HTTPError, lambda: wrong.create(provider))
assert {"REC_UNPROCESSABLE_ENTITY", "nhs-number-check-digit"} <= codes(told), told.as_json()

# The council sees nothing, until the family permits it.
assert by_number(council) == []
permission = {
    "resourceType": "Consent",
    "contained": [patient(NUMBER)],
    "extension": [
        {"url": f"{OURS}/StructureDefinition/decided-by", "valueCode": "parent"},
        {"url": f"{OURS}/StructureDefinition/evidence", "valueString": "signed form"},
    ],
    "status": "active",
    "scope": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/consentscope", "code": "patient-privacy"}]},
    "category": [{"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "INFA"}]}],
    "patient": {"reference": "#child"},
    "policyRule": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "OPTIN"}]},
    "provision": {
        "type": "permit",
        "period": {"start": str(TODAY)},
        "actor": [
            {
                "role": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v3-ParticipationType", "code": "IRCP"}]},
                "reference": {"identifier": {"system": ODS, "value": "E10000015"}},
            }
        ],
        "purpose": [{"system": f"{OURS}/CodeSystem/purpose", "code": "care-coordination"}],
        "class": [{"system": f"{OURS}/CodeSystem/data-class", "code": "waiting-list-status"}],
        "code": [{"coding": [{"system": f"{OURS}/CodeSystem/pathway", "code": "autism"}]}],
    },
}
decision = Consent(Consent(permission).create(council))
assert decision.provision.actor[0].reference.identifier.value == "E10000015", decision.as_json()
# Beyond what the models check: a decision about privacy is of a patient (the invariant ppc-2).
assert decision.patient is not None, decision.as_json()
assert refused(FHIRPermissionDeniedException, lambda: Consent(permission).create(provider)).issue[0].code == "forbidden"

# By its number in a body, and then by the council's own id for the child.
[found] = by_number(council)
assert [coding.code for coding in found.reasonCode[0].coding] == ["autism", "401204006"], found.as_json()
ours = found.subject.identifier.value
[again] = ServiceRequest.where({"patient": ours}).perform_resources(council)
assert again.id == found.id and ServiceRequest.read(found.id, council).performer[0].identifier.value == "RY4"
[recorded] = Consent.where({"patient": ours}).perform_resources(council)
assert recorded.as_json() == Consent.read(decision.id, council).as_json()
hidden = refused(FHIRNotFoundException, lambda: ServiceRequest.read(found.id, provider))
assert {"REC_NOT_FOUND", "not-found"} <= codes(hidden), hidden.as_json()

# A request for advice, which the partner API makes, is a task to both.
question = {
    "child": {"nhs_number": NUMBER, "date_of_birth": BORN},
    "case_reference": "C-1",
    "addressed_to": "RY4",
    "role": "designated-clinical-officer",
    "kinds": ["autism"],
    "received_on": str(TODAY),
}
made = council.session.post(f"{ADDRESS}/v1/advice-requests", json=question)
assert made.status_code == 201, made.text
for server in (council, provider):
    [task] = Task.where({"status": "requested"}).perform_resources(server)
    assert task.restriction.period.end.origval == str(TODAY + timedelta(days=42)) and task.for_fhir is None, task.as_json()
    assert Task.read(task.id, server).for_fhir.identifier.value == NUMBER

# Several at once, each by itself.
searches = [get("Task"), get(f"Consent?patient={ours}"), get("ServiceRequest/nothing")]
answers = send(council, bundle("batch", *searches, post(permission), post(listed[0])))
assert [answer.response.status[:3] for answer in answers] == ["200", "200", "404", "201", "403"], answers
assert len(answers[1].resource.entry) == 1
assert "REC_FORBIDDEN" in codes(answers[4].response.outcome)

# And in XML.
again = bundle("transaction", post(patient(NUMBER), fullUrl=child), *map(post, listed)).as_json()
assert [entry.response.status[:3] for entry in by_xml(provider, "", again, 200).entry] == ["200", "200", "200"]
assert by_xml(council, "Consent", permission, 201).provision.class_fhir[0].code == "waiting-list-status"
for path in ("metadata", "ServiceRequest", f"ServiceRequest/{own.id}", "Task", f"Consent?patient={ours}"):
    read_xml(council.session.get(council.base_uri + path, headers={"Accept": "application/fhir+xml"}))
told = by_xml(provider, "Consent", permission, 403)
assert told.issue[0].details.coding[0].code == "REC_FORBIDDEN", told
print("the story holds")
