//! The committed assurance documents are those that the demonstration's partnership file makes.

use std::collections::BTreeSet;
use std::path::Path;

const MEND: &str = "they have drifted: cargo run -p sendbridge -- assurance --demonstration --out deploy/assurance";

#[test]
fn the_committed_documents_are_those_that_the_partnership_file_makes() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/assurance");
    let documents = sendbridge::demonstration::assurance_documents().unwrap();
    for (name, text) in &documents {
        let committed = std::fs::read_to_string(folder.join(name)).unwrap_or_default();
        assert!(committed == *text, "{name}: {MEND}");
    }
    let expected: BTreeSet<_> = documents.iter().map(|(name, _)| (*name).to_owned()).collect();
    let there: BTreeSet<_> = folder.read_dir().unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    assert_eq!(there, expected, "a document that nothing makes, or one that is not committed: {MEND}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_command_writes_the_documents_of_a_partnership() {
    let world = integration_tests::World::start(integration_tests::Database::Sqlite).await;
    let documents = server::assurance_documents(&world.configuration).unwrap();
    let names: Vec<_> = documents.iter().map(|(name, _)| *name).collect();
    assert_eq!(names.len(), 7, "{names:?}");
    let schedule = &documents.iter().find(|(name, _)| *name == "agreement-schedule.md").unwrap().1;
    for agreement in ["herts-ehcna-health-advice", "herts-waiting-list-status", "herts-dashboard", "herts-child-matching"] {
        assert!(schedule.contains(&format!("\n## {agreement}\n")), "{agreement}");
    }
    let notice = &documents.iter().find(|(name, _)| *name == "notice-for-families.md").unwrap().1;
    assert!(notice.contains("Hertfordshire County Council and the NHS both give that help."), "{notice}");
}
