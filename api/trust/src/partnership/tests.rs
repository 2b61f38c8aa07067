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
    parse_partnership(text, &["demonstration".to_owned()])
}

fn faults(from: &str, to: &str) -> Vec<(usize, String, String)> {
    assert!(WHOLE.contains(from));
    read(&WHOLE.replace(from, to)).unwrap_err().into_iter().map(|fault| (fault.line, fault.field, fault.message)).collect()
}

#[test]
fn the_documented_shape_is_read() {
    let partnership = read(WHOLE).unwrap();
    let client = partnership.client("council-herts").unwrap();
    assert_eq!(domain::write_scopes(&client.scopes), "ehcp:read advice:request");
    let agreement = &partnership.agreements()[0];
    assert_eq!(agreement.basis.opt_out_reason.as_deref(), Some("required by law"));
    assert_eq!(agreement.ends.to_string(), "2027-03-31");
    let closed = partnership.organisation("QM7".parse().unwrap()).unwrap();
    assert_eq!(closed.valid_to.unwrap().to_string(), "2026-03-31");
}

/// The line that holds a text.
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
    let unnamed = faults("statute = \"SEND Regulations 2014 regs 6(1)(c), 8\"\n", "");
    let places: Vec<_> = unnamed.iter().map(|(line, field, _)| (*line, field.as_str())).collect();
    assert_eq!(places, [(line("uk_gdpr_6"), "basis.uk_gdpr_6"), (line("[agreement.basis]"), "basis.statute")]);
    assert_eq!(faults("host = \"E10000015\"", "host = \"E99999999\"")[0].0, 1);
}

#[test]
fn a_basis_that_does_not_hold_together_is_refused_with_the_line_of_its_part() {
    let at = |from: &str, to: &str| faults(from, to).into_iter().map(|(line, field, _)| (line, field)).collect::<Vec<_>>();
    for (from, to, field) in [
        ("uk_gdpr_6 = \"6(1)(c)\"", "uk_gdpr_6 = \"6(1)(a)\"", "basis.uk_gdpr_6"),
        ("uk_gdpr_6 = \"6(1)(c)\"", "uk_gdpr_6 = \"public task\"", "basis.uk_gdpr_6"),
        ("uk_gdpr_9 = \"9(2)(g)\"", "uk_gdpr_9 = \"9(2)(a)\"", "basis.uk_gdpr_9"),
        ("dpa_sch1 = \"paragraph 6\"", "dpa_sch1 = \"paragraph 2\"", "basis.dpa_sch1"),
        ("opt_out = \"exempt: required by law\"", "opt_out = \"applies\"", "basis.opt_out"),
    ] {
        assert_eq!(at(from, to), [(line(from), field.to_owned())], "{to}");
    }
    assert_eq!(at("dpa_sch1 = \"paragraph 6\"\n", ""), [(line("[agreement.basis]"), "basis.dpa_sch1".to_owned())]);
}

#[test]
fn a_population_that_nobody_can_check_is_refused() {
    let population = "population = \"plan-maintained\"";
    let refused = |to: &str| faults(population, to)[0].clone();
    assert_eq!(
        refused("population = \"resident\""),
        (line(population), "population".into(), "none of its recipients lists its areas".into())
    );
    assert!(refused("population = \"gp-registered\"").2.contains("practices"));
    let between_health_bodies = WHOLE.replace("recipients = [\"E10000015\"]", "recipients = [\"S1Y5D\"]");
    let found = read(&between_health_bodies).unwrap_err();
    assert_eq!((found[0].line, found[0].field.as_str()), (line(population), "population"));
    assert!(found[0].message.contains("a council"), "{}", found[0].message);
}

#[test]
fn warnings_come_sixty_days_before_or_as_many_as_the_file_says() {
    assert_eq!(read(WHOLE).unwrap().warn_days(), 60);
    assert_eq!(read(&format!("warn_days = 14\n{WHOLE}")).unwrap().warn_days(), 14);
    let wrong = read(&format!("warn_days = -1\n{WHOLE}")).unwrap_err();
    assert_eq!((wrong[0].line, wrong[0].field.as_str()), (1, "warn_days"));
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
