//! Audit entries as FHIR R4 AuditEvents, after IHE's Basic Audit Log Patterns (BALP). BALP profiles only what succeeded,
//! so a refusal has the same shape and claims no profile. The patient is named by the hash that binds the entry to a
//! child, which tells nobody who it is.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::operations::Event;
use domain::operations::Interaction;
use exchange::AuditEvent;
use serde_json::{Value, json};

const PROFILE: &str = "https://profiles.ihe.net/ITI/BALP/StructureDefinition/IHE.BasicAudit.";
const DICOM: &str = "http://dicom.nema.org/resources/ontology/DCM";
const ODS: &str = "https://fhir.nhs.uk/Id/ods-organization-code";

/// How BALP describes an interaction.
struct Pattern {
    profile: &'static str,
    code: &'static str,
    action: &'static str,
    /// The role of the client, then that of the gateway. The side that the data comes from is the source.
    roles: [(&'static str, &'static str); 2],
    user: (&'static str, &'static str),
}

const SOURCE: (&str, &str) = ("110153", "Source Role ID");
const DESTINATION: (&str, &str) = ("110152", "Destination Role ID");

impl Pattern {
    const fn of(interaction: Interaction) -> Self {
        match interaction {
            Interaction::Read => {
                Self { profile: "Read", code: "read", action: "R", roles: [DESTINATION, SOURCE], user: ("IRCP", "information recipient") }
            }
            Interaction::Create => {
                Self { profile: "Create", code: "create", action: "C", roles: [SOURCE, DESTINATION], user: ("AUT", "author (originator)") }
            }
            Interaction::Update => {
                Self { profile: "Update", code: "update", action: "U", roles: [SOURCE, DESTINATION], user: ("AUT", "author (originator)") }
            }
        }
    }
}

/// A page as a searchset, with links to itself and to the next page.
pub(crate) fn bundle(gateway: &str, events: &[AuditEvent], (this, next): &(String, Option<String>)) -> Value {
    let link = |relation: &str, path: &str| json!({ "relation": relation, "url": format!("{gateway}{path}") });
    let links: Vec<_> = [Some(link("self", this)), next.as_deref().map(|next| link("next", next))].into_iter().flatten().collect();
    let entry = |event: &AuditEvent| json!({ "fullUrl": format!("{gateway}/v1/audit/events#{}", event.position), "resource": resource(gateway, event), "search": { "mode": "match" } });
    let entries: Vec<_> = events.iter().map(entry).collect();
    json!({ "resourceType": "Bundle", "type": "searchset", "link": links, "entry": entries })
}

/// One entry as an AuditEvent.
pub(crate) fn resource(gateway: &str, event: &AuditEvent) -> Value {
    let text = |name: &str| event.text(name).unwrap_or_default();
    let named = text("event").parse::<Event>().ok();
    let pattern = Pattern::of(named.map_or(Interaction::Read, Event::interaction));
    let is_permitted = text("outcome") == domain::AuditOutcome::Permitted.as_str();
    let is_personal = event.members.get("actor").is_some_and(Value::is_object);
    let mut resource = json!({
        "resourceType": "AuditEvent",
        "id": event.position.to_string(),
        "type": coding("http://terminology.hl7.org/CodeSystem/audit-event-type", "rest", "Restful Operation"),
        "subtype": [
            coding("http://hl7.org/fhir/restful-interaction", pattern.code, pattern.code),
            coding("urn:sendbridge:audit-event", text("event"), named.map_or("", Event::meaning)),
        ],
        "action": pattern.action,
        "recorded": text("at"),
        "outcome": if is_permitted { "0" } else { "4" },
        "purposeOfEvent": [{ "coding": [{ "system": "urn:sendbridge:purpose", "code": text("purpose") }] }],
        "agent": agents(gateway, event, &pattern),
        "source": { "observer": { "identifier": { "value": gateway } }, "type": [coding("http://terminology.hl7.org/CodeSystem/security-source-type", "4", "Application Server")] },
        "entity": entities(event, is_personal),
    });
    if is_permitted {
        let whose = if is_personal { "Patient" } else { "" };
        resource["meta"] = json!({ "profile": [format!("{PROFILE}{whose}{}", pattern.profile)] });
    } else {
        resource["outcomeDesc"] = text("reason").into();
    }
    resource
}

fn agents(gateway: &str, event: &AuditEvent, pattern: &Pattern) -> Vec<Value> {
    let text = |name: &str| event.text(name).unwrap_or_default();
    let [client, server] = pattern.roles.map(|(code, display)| json!({ "coding": [coding(DICOM, code, display)] }));
    let mut agents = vec![
        json!({
            "type": client,
            "who": { "identifier": { "value": text("client"), "assigner": { "identifier": { "system": ODS, "value": text("organisation") } } } },
            "requestor": event.members.get("actor").is_none_or(Value::is_null),
            "network": { "address": text("client"), "type": "1" },
        }),
        json!({
            "type": server,
            "who": { "identifier": { "value": gateway } },
            "requestor": false,
            "network": { "address": gateway, "type": "5" },
        }),
    ];
    if let Some(actor) = event.members.get("actor").filter(|actor| actor.is_object()) {
        let (code, display) = pattern.user;
        agents.push(json!({
            "type": { "coding": [coding("http://terminology.hl7.org/CodeSystem/v3-ParticipationType", code, display)] },
            "role": [{ "text": actor["role"] }],
            "who": { "identifier": { "value": actor["id"] } },
            "requestor": true,
            "purposeOfUse": [{ "text": actor["reason"] }],
        }));
    }
    agents
}

fn entities(event: &AuditEvent, is_personal: bool) -> Vec<Value> {
    let text = |name: &str| event.text(name).unwrap_or_default();
    let detail = |name: &str| -> Vec<Value> {
        let values = event.members.get(name).and_then(Value::as_array).into_iter().flatten();
        values.filter_map(Value::as_str).map(|value| json!({ "type": name, "valueString": value })).collect()
    };
    let resource = match event.text("resource") {
        Some(id) => json!({ "identifier": { "system": "urn:ietf:rfc:3986", "value": format!("urn:uuid:{id}") } }),
        None => json!({ "identifier": { "system": "urn:sendbridge:operation", "value": text("operation") } }),
    };
    let mut details: Vec<Value> =
        ["holder", "recipient", "data"].iter().map(|name| json!({ "type": name, "valueString": text(name) })).collect();
    for name in ["pathways", "agreements", "consents"] {
        details.extend(detail(name));
    }
    let kind = |code: &str, display: &str| coding("http://terminology.hl7.org/CodeSystem/audit-entity-type", code, display);
    let role = |code: &str, display: &str| coding("http://terminology.hl7.org/CodeSystem/object-role", code, display);
    let mut entities = vec![
        json!({ "what": resource, "type": kind("2", "System Object"), "role": role("4", "Domain Resource"), "detail": details }),
        json!({
            "what": { "identifier": { "value": text("request_id") } },
            "type": coding("https://profiles.ihe.net/ITI/BALP/CodeSystem/BasicAuditEntityType", "XrequestId", "X-Request-Id"),
        }),
    ];
    if is_personal {
        entities.push(json!({
            "what": { "type": "Patient", "identifier": { "system": "urn:sendbridge:audit-child", "value": STANDARD.encode(event.child) } },
            "type": kind("1", "Person"),
            "role": role("1", "Patient"),
        }));
    }
    entities
}

fn coding(system: &str, code: &str, display: &str) -> Value {
    json!({ "system": system, "code": code, "display": display })
}
