// The main story over /fhir/R4, told with fhir-kit-client, in the R4 types of @types/fhir.
// Arguments: the gateway's address, the demonstration's folder.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { CapabilityTool, Client, type FhirResource, type SearchParams } from "fhir-kit-client";
import type { Bundle, BundleEntry, BundleLink, CapabilityStatement, Consent, OperationOutcome, Patient, ServiceRequest, Task } from "fhir/r4.js";
import { Agent } from "undici";

const [address, folder] = process.argv.slice(2);
assert(address && folder, "an address and a folder");
const actor = 'id="kt-204", role="ehc-coordinator", reason="assessment C-1"';
const nhsNumber = "https://fhir.nhs.uk/Id/nhs-number";
const ukCore = "https://fhir.hl7.org.uk";
const ours = "https://sendbridge.example/fhir";
const [number, born] = ["9990000018", "2016-05-04"];
const day = (ago: number) => new Date(Date.now() - ago * 86_400_000).toISOString().slice(0, 10);

// The library's own type has an index, which the interfaces of R4 have not.
const sent = (resource: Bundle | Consent) => resource as unknown as FhirResource;
const got = <T>(resource: FhirResource | undefined) => resource as unknown as T;

async function signIn(clientId: string) {
  const own = join(folder!, "clients", clientId);
  const connect = { ca: readFileSync(join(folder!, "pki", "ca.pem")), cert: readFileSync(join(own, "cert.pem")), key: readFileSync(join(own, "key.pem")) };
  const dispatcher = new Agent({ connect });
  const overTls = (path: string, init: RequestInit) => fetch(address + path, { ...init, dispatcher } as unknown as RequestInit);
  const asked = new URLSearchParams({ grant_type: "client_credentials", client_id: clientId });
  const answer = await overTls("/oauth2/token", { method: "POST", body: asked });
  const { access_token } = (await answer.json()) as { access_token: string };
  const customHeaders = { "Sendbridge-Actor": actor };
  const client = new Client({ baseUrl: `${address}/fhir/R4`, bearerToken: access_token, customHeaders, requestOptions: { dispatcher } });
  const partnerApi = (path: string, body: unknown) => {
    const headers = { ...customHeaders, Authorization: `Bearer ${access_token}`, "Content-Type": "application/json" };
    return overTls(path, { method: "POST", body: JSON.stringify(body), headers });
  };
  return Object.assign(client, { partnerApi });
}

const patient = (value: string): Patient => ({
  resourceType: "Patient",
  id: "child",
  birthDate: born,
  identifier: [{
    system: nhsNumber,
    value,
    extension: [{
      url: `${ukCore}/StructureDefinition/Extension-UKCore-NHSNumberVerificationStatus`,
      valueCodeableConcept: { coding: [{ system: `${ukCore}/CodeSystem/UKCore-NHSNumberVerificationStatusEngland`, code: "01" }] },
    }],
  }],
});

const referral = (id: string, pathway: string, child: string): ServiceRequest => ({
  resourceType: "ServiceRequest",
  extension: [{ url: `${ours}/StructureDefinition/stage`, valueCode: "assessment" }],
  identifier: [{ system: `${ours}/Id/referral`, value: id }],
  status: "active",
  intent: "order",
  subject: { reference: child },
  authoredOn: day(290),
  reasonCode: [{ coding: [{ system: `${ours}/CodeSystem/pathway`, code: pathway }] }],
});

const permission: Consent = {
  resourceType: "Consent",
  contained: [patient(number)],
  extension: [
    { url: `${ours}/StructureDefinition/decided-by`, valueCode: "parent" },
    { url: `${ours}/StructureDefinition/evidence`, valueString: "signed form" },
  ],
  status: "active",
  scope: { coding: [{ system: "http://terminology.hl7.org/CodeSystem/consentscope", code: "patient-privacy" }] },
  category: [{ coding: [{ system: "http://terminology.hl7.org/CodeSystem/v3-ActCode", code: "INFA" }] }],
  patient: { reference: "#child" },
  provision: {
    type: "permit",
    period: { start: day(0) },
    actor: [{
      role: { coding: [{ system: "http://terminology.hl7.org/CodeSystem/v3-ParticipationType", code: "IRCP" }] },
      reference: { identifier: { system: "https://fhir.nhs.uk/Id/ods-organization-code", value: "E10000015" } },
    }],
    purpose: [{ system: `${ours}/CodeSystem/purpose`, code: "care-coordination" }],
    class: [{ system: `${ours}/CodeSystem/data-class`, code: "waiting-list-status" }],
    code: [{ coding: [{ system: `${ours}/CodeSystem/pathway`, code: "autism" }] }],
  },
};

const post = (resource: Patient | ServiceRequest | Consent, fullUrl?: string): BundleEntry => ({
  ...(fullUrl && { fullUrl }), resource, request: { method: "POST", url: resource.resourceType },
});
const read = (url: string): BundleEntry => ({ request: { method: "GET", url } });
const bundle = (type: Bundle["type"], entry: BundleEntry[]): FhirResource => sent({ resourceType: "Bundle", type, entry });
const statuses = (answer: FhirResource) => got<Bundle>(answer).entry?.map((entry) => entry.response?.status.slice(0, 3));

/** By POST, as the library does it where it is asked to keep parameters out of the URL. */
async function find<T>(client: Client, resourceType: string, searchParams: SearchParams): Promise<T[]> {
  const found = got<Bundle>(await client.resourceSearch({ resourceType, searchParams, options: { postSearch: true } }));
  return (found.entry ?? []).map((entry) => entry.resource as T);
}

/** The codes of the outcome that a call is refused with. */
async function refusal(call: Promise<unknown>, status: number) {
  const { response } = await call.then(() => assert.fail("it was not refused"), (error) => error as { response: { status: number; data: OperationOutcome } });
  assert.equal(response.status, status);
  assert.equal(response.data.resourceType, "OperationOutcome");
  return response.data.issue.flatMap((issue) => issue.details?.coding?.map((coding) => coding.code) ?? []);
}

const provider = await signIn("provider-hct");
const council = await signIn("council-herts");

const statement = await council.capabilityStatement();
assert.equal(got<CapabilityStatement>(statement).fhirVersion, "4.0.1");
const tool = new CapabilityTool(statement);
assert(tool.supportFor({ capabilityType: "interaction", where: { code: "transaction" } }));
assert(tool.supportFor({ resourceType: "Consent", capabilityType: "interaction", where: { code: "create" } }));
assert(!tool.supportFor({ resourceType: "Task", capabilityType: "interaction", where: { code: "create" } }));

// A provider sends its waiting list.
const child = "urn:uuid:0f0e2b52-4b8c-4f0a-9c2c-7a1f6f0f9b11";
const list = [post(patient(number), child), post(referral("F-1", "autism", child)), post(referral("F-2", "adhd", child))];
const kept = await provider.transaction({ body: bundle("transaction", list) });
assert.deepEqual(statuses(kept), ["200", "201", "201"]);
const own = got<ServiceRequest>(await provider.request(got<Bundle>(kept).entry![1]!.response!.location!));
assert.deepEqual([own.identifier?.[0]?.value, own.status, own.authoredOn], ["F-1", "active", day(290)]);
const pages: string[] = [];
let page: FhirResource | undefined = await provider.resourceSearch({ resourceType: "ServiceRequest", searchParams: { _count: 1 } });
while (page) {
  pages.push(...got<Bundle<ServiceRequest>>(page).entry!.map((entry) => entry.resource!.identifier![0]!.value!));
  page = await provider.nextPage({ bundle: page as FhirResource & { link: BundleLink[] } });
}
assert.deepEqual(pages, ["F-1", "F-2"]);

// What is wrong with one is said.
const wrong = { ...referral("F-3", "autism", "#child"), contained: [patient("9990000019")] };
const told = await refusal(provider.transaction({ body: bundle("transaction", [post(wrong)]) }), 422);
assert(told.includes("REC_UNPROCESSABLE_ENTITY") && told.includes("nhs-number-check-digit"), String(told));

// The council sees nothing, until the family permits it.
const byNumber = () => find<ServiceRequest>(council, "ServiceRequest", { "patient.identifier": `${nhsNumber}|${number}`, "patient.birthdate": born });
assert.deepEqual(await byNumber(), []);
const decision = got<Consent>(await council.create({ resourceType: "Consent", body: sent(permission) }));
assert.equal(decision.provision?.actor?.[0]?.reference.identifier?.value, "E10000015");
assert((await refusal(provider.create({ resourceType: "Consent", body: sent(permission) }), 403)).includes("REC_FORBIDDEN"));

// By its number in a body, and then by the council's own id for the child.
const [found] = await byNumber();
assert.deepEqual(found?.reasonCode?.[0]?.coding?.map((coding) => coding.code), ["autism", "401204006"]);
const patientId = found.subject.identifier!.value!;
const again = await find<ServiceRequest>(council, "ServiceRequest", { patient: patientId });
assert.deepEqual(again.map((one) => one.id), [found.id]);
const one = got<ServiceRequest>(await council.read({ resourceType: "ServiceRequest", id: found.id! }));
assert.equal(one.performer?.[0]?.identifier?.value, "RY4");
const decisions = await find<Consent>(council, "Consent", { patient: patientId });
assert.deepEqual(decisions, [got<Consent>(await council.read({ resourceType: "Consent", id: decision.id! }))]);
assert((await refusal(provider.read({ resourceType: "ServiceRequest", id: found.id! }), 404)).includes("REC_NOT_FOUND"));

// A request for advice, which the partner API makes, is a task to both.
const question = { child: { nhs_number: number, date_of_birth: born }, case_reference: "C-1", addressed_to: "RY4", role: "designated-clinical-officer", kinds: ["autism"], received_on: day(0) };
assert.equal((await council.partnerApi("/v1/advice-requests", question)).status, 201);
for (const client of [council, provider]) {
  const [task] = await find<Task>(client, "Task", { status: "requested" });
  assert.deepEqual([task?.restriction?.period?.end, task?.for], [day(-42), undefined]);
  const asked = got<Task>(await client.read({ resourceType: "Task", id: task!.id! }));
  assert.equal(asked.for?.identifier?.value, number);
}

// Several at once, each by itself.
const several = [read("Task"), read(`Consent?patient=${patientId}`), read("ServiceRequest/nothing"), post(permission), post(referral("F-1", "autism", child))];
const answers = await council.batch({ body: bundle("batch", several) });
assert.deepEqual(statuses(answers), ["200", "200", "404", "201", "403"]);
const outcome = got<Bundle>(answers).entry![4]!.response!.outcome as OperationOutcome;
assert.equal(outcome.issue[0]?.details?.coding?.[0]?.code, "REC_FORBIDDEN");
console.log("the story holds");
