//! Who asks: a client of every organisation that has different rights. Each has every scope, so that answers
//! differ only by whose a thing is.

use std::path::Path;

use chrono::Days;
use domain::Scope;
use integration_tests::{Persona, World, today, until};
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    PKCS_ECDSA_P256_SHA256,
};

pub(super) const HERTS: &str = "E10000015";
pub(super) const ESSEX: &str = "E10000012";
pub(super) const THURROCK: &str = "E06000034";
pub(super) const ENDED: &str = "D7T5G";

/// Controllers may read who saw what about a child, whoever sent the records.
pub(super) const CONTROLLERS: [&str; 2] = [HERTS, "S1Y5D"];

/// Clients in addition to the demonstration's: id and organisation.
const MORE: [(&str, &str); 5] =
    [("system-rwr", "RWR"), ("system-rwh", "RWH"), ("council-essex", ESSEX), ("board-essex", ENDED), ("council-thurrock", THURROCK)];

/// The demonstration's clients that ask. `dashboard-herts` and `guardian-hct` are second clients of their
/// organisations, and `stranger` is in no agreement.
const ASKING: [(&str, &str); 6] = [
    ("council-herts", HERTS),
    ("dashboard-herts", HERTS),
    ("provider-hct", "RY4"),
    ("guardian-hct", "RY4"),
    ("icb-central-east", "S1Y5D"),
    ("stranger", "R1L"),
];

/// What may flow while no agreement has ended: data, from whom, to whom, who records consent. Expected
/// answers come only from this list.
pub(super) struct Agreed {
    pub(super) data: &'static str,
    pub(super) providers: &'static [&'static str],
    pub(super) recipients: &'static [&'static str],
    pub(super) recorders: &'static [&'static str],
}

const fn agreed(
    data: &'static str,
    providers: &'static [&'static str],
    recipients: &'static [&'static str],
    recorders: &'static [&'static str],
) -> Agreed {
    Agreed { data, providers, recipients, recorders }
}

pub(super) const AGREED: [Agreed; 7] = [
    agreed("advice", &["RY4", "RWR", "S1Y5D"], &[HERTS], &[]),
    agreed("status", &["RY4", "RWR", "RWH", "RWG", "RQW", "S1Y5D"], &[HERTS], &[HERTS, "RY4", "RWR", "RWH", "RWG", "RQW"]),
    agreed(
        "aggregate",
        &["RY4", "RWR", "RWH", "RWG", "RQW", "S1Y5D", HERTS],
        &[HERTS, "S1Y5D"],
        &[HERTS, "RY4", "RWR", "RWH", "RWG", "RQW"],
    ),
    agreed("advice", &["RWR"], &[ESSEX], &[]),
    agreed("status", &["RQW", "RWR"], &[ESSEX], &[ESSEX, "RWR"]),
    agreed("matching", &["RY4", "RWR", "RWH", "RWG", "RQW", "S1Y5D"], &[HERTS], &[]),
    agreed("matching", &["RWR"], &[ESSEX], &[]),
];

#[derive(Clone)]
pub(super) struct Partner {
    pub(super) persona: Persona,
    pub(super) organisation: &'static str,
    /// Whether its token is for one scope that no operation takes.
    pub(super) narrow: bool,
}

impl Partner {
    /// Whether the name is that of the client or of its organisation.
    pub(super) fn is(&self, name: &str) -> bool {
        self.organisation == name || self.persona.client_id == name
    }

    pub(super) fn is_party(&self) -> bool {
        AGREED.iter().any(|agreed| self.is_party_to(agreed))
    }

    /// Whether it may say, and be told, which identifiers are one child's.
    pub(super) fn matches(&self) -> bool {
        AGREED.iter().any(|agreed| agreed.data == "matching" && self.is_party_to(agreed))
    }

    fn is_party_to(&self, agreed: &Agreed) -> bool {
        agreed.providers.contains(&self.organisation) || agreed.recipients.contains(&self.organisation)
    }
}

impl std::fmt::Display for Partner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}{}", self.persona.client_id, if self.narrow { " with a narrow token" } else { "" })
    }
}

fn agreement(id: &str, data: &str, providers: &str, recipients: &str, recorders: &str, starts: &str) -> String {
    let ends = today() + Days::new(300);
    let (purpose, classes, consent, basis) = match data {
        "advice" => (
            "ehc-needs-assessment",
            r#""health-advice", "advice-request""#,
            "not-required",
            "dpa_sch1 = \"paragraph 6\"\nuk_gdpr_9 = \"9(2)(g)\"\nconfidentiality = \"statute\"\nstatute = \"SEND Regulations 2014\"",
        ),
        "matching" => (
            "care-coordination",
            r#""child-matching""#,
            "not-required",
            "dpa_sch1 = \"paragraph 2\"\nuk_gdpr_9 = \"9(2)(h)\"\nconfidentiality = \"statute\"\nstatute = \"Children Act 2004 s.10\"",
        ),
        _ => (
            "care-coordination",
            r#""waiting-list-status""#,
            "required",
            "dpa_sch1 = \"paragraph 2\"\nuk_gdpr_9 = \"9(2)(h)\"\nconfidentiality = \"consent\"",
        ),
    };
    format!(
        "\n[[agreement]]\nid = \"{id}\"\npurpose = \"{purpose}\"\nproviders = [{providers}]\nrecipients = [{recipients}]\n\
         data = [{classes}]\npathways = [\"autism\", \"adhd\", \"speech-and-language\"]\npopulation = \"resident\"\nconsent = \"{consent}\"\n\
         consent_recorded_by = [{recorders}]\nstarts = {starts}\nends = {ends}\n[agreement.basis]\nuk_gdpr_6 = \"6(1)(e)\"\n\
         {basis}\nopt_out = \"exempt: a test\"\n"
    )
}

/// The partnership file with more organisations, clients and agreements, and every scope for every client.
fn widened(whole: &str) -> String {
    let (began, later) = ("2026-04-01", (today() + Days::new(30)).to_string());
    let board = "name = \"NHS Essex Integrated Care Board\"\n";
    let mut text = whole.replace(board, &format!("{board}areas = [\"E07000067\"]\n"));
    for (code, district) in [(ESSEX, "E07000066"), (THURROCK, "E06000034")] {
        text += &format!(
            "\n[[organisation]]\ncode = \"{code}\"\nname = \"A council\"\nkind = \"local-authority\"\nvalid_from = 2022-07-01\nareas = [\"{district}\"]\n"
        );
    }
    for (id, organisation) in MORE {
        text += &format!(
            "\n[[client]]\nid = \"{id}\"\norganisation = \"{organisation}\"\nauthority = \"demonstration\"\n\
             certificate_name = \"{id}.clients.sendbridge.example\"\nscopes = []\n"
        );
    }
    text += &agreement("essex-advice", "advice", "\"RWR\"", "\"E10000012\"", "", began);
    text += &agreement("essex-status", "status", "\"RQW\", \"RWR\"", "\"E10000012\"", "\"E10000012\", \"RWR\"", began);
    text += &agreement("ended-advice", "advice", "\"D7T5G\"", "\"E10000015\"", "", began);
    text += &agreement("ended-status", "status", "\"RY4\"", "\"D7T5G\"", "\"D7T5G\", \"RY4\"", began);
    text += &agreement("essex-matching", "matching", "\"RWR\"", "\"E10000012\"", "", began);
    text += &agreement("ended-matching", "matching", "\"D7T5G\"", "\"E10000015\"", "", began);
    text += &agreement("later-matching", "matching", "\"RY4\"", "\"E06000034\"", "", &later);
    text += &agreement("later-status", "status", "\"RY4\"", "\"E06000034\"", "\"E06000034\"", &later);
    let every: Vec<_> = Scope::ALL.iter().map(|scope| format!("\"{scope}\"")).collect();
    let mut parts = text.split("\nscopes = [");
    let head = parts.next().unwrap().to_owned();
    parts.fold(head, |text, part| text + "\nscopes = [" + &every.join(", ") + &part[part.find(']').unwrap()..])
}

/// A certificate by the demonstration's authority for a client that it does not know.
pub(crate) fn identity(dir: &Path, id: &str) -> String {
    let mut authority = CertificateParams::default();
    authority.distinguished_name = DistinguishedName::new();
    authority.distinguished_name.push(DnType::CommonName, trust::DEMONSTRATION_AUTHORITY);
    authority.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    authority.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let key = std::fs::read_to_string(dir.join("pki").join("ca-key.pem")).unwrap();
    let issuer = Issuer::new(authority, KeyPair::from_pem(&key).unwrap());
    let own = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap();
    let mut params = CertificateParams::new(vec![format!("{id}.clients.sendbridge.example")]).unwrap();
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    params.use_authority_key_identifier_extension = true;
    params.signed_by(&own, &issuer).unwrap().pem() + &own.serialize_pem()
}

pub(super) async fn gather(world: &World) -> Vec<Partner> {
    world.change_partnership(widened);
    let every = Scope::ALL.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
    let mut partners = Vec::new();
    for (id, organisation) in ASKING.into_iter().chain(MORE) {
        let known = ASKING.contains(&(id, organisation));
        let mut persona = if known { world.persona(id) } else { world.bearer_of(&identity(&world.dir(), id)) };
        persona.client_id = id.into();
        let form = [("grant_type", "client_credentials"), ("client_id", id), ("scope", &every)];
        until("every scope is granted", async || persona.ask_for_token(&form).await.status == 200).await;
        partners.push(Partner { persona: persona.signed_in().await, organisation, narrow: false });
    }
    let whole = &partners[0].persona;
    let narrow = whole.clone().signed_in_for(Some("events:read")).await;
    partners.push(Partner { persona: narrow, organisation: HERTS, narrow: true });
    partners
}

/// Ends the agreements with [`ENDED`] yesterday, and waits until the gateway knows.
pub(super) async fn end_agreements(world: &World, ended: &Persona) {
    let yesterday = today() - Days::new(1);
    world.change_partnership(|text| {
        let mut parts = text.split("\nid = \"ended-");
        let head = parts.next().unwrap().to_owned();
        let end = |part: &str| {
            let (before, after) = part.split_once("\nends = ").unwrap();
            let (_, rest) = after.split_once('\n').unwrap();
            format!("{before}\nends = {yesterday}\n{rest}")
        };
        parts.fold(head, |text, part| text + "\nid = \"ended-" + &end(part))
    });
    let entries = "/v1/waiting-list/entries?organisation=RY4";
    until("the agreement has ended", async || ended.get(entries).await.status == 403).await;
}
