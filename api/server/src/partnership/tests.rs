use super::*;

pub(super) const WHOLE: &str = r#"host = "E10000015"
controllers = ["E10000015", "S1Y5D"]

[[organisation]]
code = "E10000015"
name = "Hertfordshire County Council"
kind = "local-authority"
valid_from = 1889-04-01

[[organisation]]
code = "QM7"
name = "NHS Hertfordshire and West Essex ICB"
kind = "integrated-care-board"
valid_from = 2022-07-01
valid_to = 2026-03-31
successors = ["S1Y5D"]

[[organisation]]
code = "S1Y5D"
name = "NHS Central East ICB"
kind = "integrated-care-board"
valid_from = 2026-04-01

[[client]]
id = "council-herts"
organisation = "E10000015"
authority = "demonstration"
certificate_name = "council-herts.clients.sendbridge.example"
scopes = ["ehcp:read", "advice:request"]

[[agreement]]
id = "herts-ehcna-health-advice"
purpose = "ehc-needs-assessment"
providers = ["S1Y5D"]
recipients = ["E10000015"]
data = ["health-advice", "advice-request"]
pathways = ["autism", "adhd"]
population = "plan-maintained"
consent = "not-required"
consent_recorded_by = []
starts = 2026-04-01
ends = 2027-03-31
[agreement.basis]
uk_gdpr_6 = "6(1)(c)"
uk_gdpr_9 = "9(2)(g)"
dpa_sch1 = "paragraph 6"
confidentiality = "statute"
statute = "SEND Regulations 2014 regs 6(1)(c), 8"
opt_out = "exempt: required by law"
"#;

fn read(text: &str) -> Result<Partnership, Vec<LineFault>> {
    parse(text, &["demonstration".to_owned()])
}

fn faults(from: &str, to: &str) -> Vec<(usize, String, String)> {
    assert!(WHOLE.contains(from));
    read(&WHOLE.replace(from, to)).unwrap_err().into_iter().map(|fault| (fault.line, fault.field, fault.message)).collect()
}

#[test]
fn the_documented_shape_is_read() {
    let partnership = read(WHOLE).unwrap();
    let client = partnership.client("council-herts").unwrap();
    assert_eq!(domain::scopes::write_scopes(&client.scopes), "ehcp:read advice:request");
    let agreement = &partnership.agreements()[0];
    assert_eq!(agreement.basis.opt_out_reason.as_deref(), Some("required by law"));
    assert_eq!(agreement.ends.to_string(), "2027-03-31");
    let closed = partnership.organisation("QM7".parse().unwrap()).unwrap();
    assert_eq!(closed.valid_to.unwrap().to_string(), "2026-03-31");
}

/// The line on which a text stands.
fn line(text: &str) -> usize {
    WHOLE.lines().position(|line| line.contains(text)).unwrap() + 1
}

#[test]
fn what_does_not_make_sense_is_refused_with_its_line() {
    let consent = "consent = \"not-required\"";
    assert_eq!(
        faults(consent, "consent = \"required\"")[0],
        (line(consent), "consent".into(), "consent is required, and confidentiality does not rest on consent".into())
    );
    let authority = "authority = \"demonstration\"";
    assert_eq!(
        faults(authority, "authority = \"another\""),
        [(line(authority), "authority".into(), "another is not an authority of gateway.toml".into())]
    );
    let recipients = "recipients = [\"E10000015\"]";
    assert_eq!(faults(recipients, "recipients = [\"R1L\"]")[0].0, line(recipients));
    assert_eq!(faults("statute = \"SEND Regulations 2014 regs 6(1)(c), 8\"\n", "")[0].0, line("[agreement.basis]"));
    assert_eq!(faults("host = \"E10000015\"", "host = \"E99999999\"")[0].0, 1);
}

#[test]
fn every_fault_is_told_at_once() {
    let text = WHOLE.replace("successors = [\"S1Y5D\"]", "successors = [\"ZZ9\"]").replace("ends = 2027", "ends = 2025");
    let lines: Vec<_> = read(&text).unwrap_err().into_iter().map(|fault| (fault.line, fault.field)).collect();
    assert_eq!(lines, [(line("successors"), "successors".into()), (line("ends ="), "ends".into())]);
}

#[test]
fn a_wrong_word_is_refused_with_its_line_and_field() {
    let place = |from: &str, to: &str| {
        let found = faults(from, to);
        (found[0].0, found[0].1.clone())
    };
    assert_eq!(place("\"ehcp:read\"", "\"ehcp:reed\""), (line("scopes"), "scopes".into()));
    assert!(faults("\"ehcp:read\"", "\"ehcp:reed\"")[0].2.starts_with("not one of: "));
    assert_eq!(place("starts = 2026-04-01", "starts = \"2026-04-01\""), (line("starts"), "starts".into()));
    assert_eq!(place("\"exempt: required by law\"", "\"exempt\""), (line("opt_out"), "opt_out".into()));
    assert_eq!(place("[agreement.basis]", "colour = \"red\"\n[agreement.basis]"), (line("[agreement.basis]"), "colour".into()));
    assert_eq!(place("kind = \"local-authority\"", "kind = ").0, line("kind = \"local-authority\""));
}

#[test]
fn an_empty_partnership_is_refused() {
    assert!(read("").is_err());
    assert!(read("host = \"E10000015\"\ncontrollers = []").is_err());
}
