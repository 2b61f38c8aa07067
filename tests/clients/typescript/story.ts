// The main story, told by a client that @hey-api/openapi-ts generated from the committed document.
// Arguments: the gateway's address, the demonstration's folder.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Agent } from "undici";
import { createClient, type Client } from "./partner-api/client/index.js";
import * as api from "./partner-api/sdk.gen.js";

const [address, folder] = process.argv.slice(2);
assert(address && folder, "an address and a folder");
const actor = { "Sendbridge-Actor": 'id="kt-204", role="ehc-coordinator", reason="assessment C-1"' };
const child = { nhs_number: "9990000018", date_of_birth: "2016-05-04" };
const day = (ago: number) => new Date(Date.now() - ago * 86_400_000).toISOString().slice(0, 10);

async function signIn(clientId: string): Promise<Client> {
  const own = join(folder!, "clients", clientId);
  const connect = { ca: readFileSync(join(folder!, "pki", "ca.pem")), cert: readFileSync(join(own, "cert.pem")), key: readFileSync(join(own, "key.pem")) };
  const dispatcher = new Agent({ connect });
  const overTls: typeof fetch = (input, init) => fetch(input, { ...init, dispatcher } as unknown as RequestInit);
  const anonymous = createClient({ baseUrl: address, fetch: overTls });
  const { data } = await api.issueToken({ client: anonymous, body: { grant_type: "client_credentials", client_id: clientId } });
  assert(data, "a token");
  return createClient({ baseUrl: address, fetch: overTls, auth: () => data.access_token });
}

function expect<T>(answer: { data?: T; response?: Response; error?: unknown }, status: number): NonNullable<T> {
  assert.equal(answer.response?.status, status, JSON.stringify(answer.error ?? answer.data));
  return answer.data as NonNullable<T>;
}

const provider = await signIn("provider-hct");
const council = await signIn("council-herts");

const rows = `referral_id,nhs_number,nhs_number_status,date_of_birth,pathway,referral_received_date,status,stage
A-1,9990000018,01,2016-05-04,autism,${day(290)},waiting,assessment
A-2,9990000019,01,2016-05-04,autism,${day(290)},waiting,assessment
`;
const query = { format: "csv", mode: "snapshot", list: "autism" } as const;
const report = expect(await api.submitWaitingList({ client: provider, query, body: new Blob([rows]) }), 201);
assert.deepEqual([report.records.received, report.records.accepted, report.records.rejected], [2, 1, 1]);
const issues = expect(await api.listIssues({ client: provider, path: { id: report.id } }), 200);
assert(typeof issues !== "string" && issues.items.some((issue) => issue.code === "nhs-number-check-digit"));
const entries = expect(await api.listEntries({ client: provider }), 200);
assert.deepEqual(entries.items.map((entry) => entry.referral_id), ["A-1"]);

const { child_id } = expect(await api.searchChild({ client: council, headers: actor, body: child }), 200);
const waitsOf = () => api.getWaits({ client: council, headers: actor, path: { child_id } });
expect(await waitsOf(), 404);
const permission = {
  child, decision: "permit", purpose: "care-coordination", data: ["waiting-list-status" as const], pathways: ["autism" as const],
  recipient: "E10000015", decided_by: "parent", evidence: "signed form", valid_from: day(0),
} as const;
const consent = expect(await api.recordConsent({ client: council, headers: actor, body: { ...permission, data: [...permission.data], pathways: [...permission.pathways] } }), 201);
const { waits } = expect(await waitsOf(), 200);
assert.deepEqual(waits.map((wait) => [wait.pathway, wait.provider, wait.journey_wait.days]), [["autism", "RY4", 290]]);
expect(await api.withdrawConsent({ client: council, headers: actor, path: { id: consent.id }, body: { reason: "changed her mind" } }), 200);
expect(await waitsOf(), 404);

const question = { child, case_reference: "C-1", addressed_to: "RY4", role: "designated-clinical-officer", kinds: ["autism" as const], received_on: day(0) };
const request = expect(await api.createAdviceRequest({ client: council, headers: actor, body: question }), 201);
assert.equal(request.due_on, day(-42));
const adviceOf = () => api.getAdvice({ client: council, headers: actor, path: { id: request.id } });
expect(await adviceOf(), 409);
const given = { needs: "language below age", provision: "weekly therapy", outcomes: "speaks in sentences", author_role: "therapist" };
expect(await api.submitAdvice({ client: provider, headers: actor, path: { id: request.id }, body: given }), 200);
assert.equal(expect(await adviceOf(), 200).needs, given.needs);
console.log("the story holds");
