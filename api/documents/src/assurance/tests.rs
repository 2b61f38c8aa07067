use super::*;
use crate::examples::{partnership, partnership_with_provider};

fn paper(name: &str) -> String {
    assurance_papers(&partnership()).into_iter().find(|(known, _)| *known == name).unwrap().1
}

#[test]
fn each_paper_says_what_the_file_says() {
    for (name, said) in [
        ("record-of-processing.md", &["article 30", "West Hertfordshire Teaching Hospitals NHS Trust", "6(1)(e)", "stage_start_date"][..]),
        ("agreement-schedule.md", &["west-herts-waits", "31 March 2027, inclusive; it is warned of 60 days before", "paragraph 2"][..]),
        ("joint-controllers.md", &["article 26", "Hertfordshire County Council"][..]),
        ("impact-assessment.md", &["DRAFT", "## 1. The need", "## 7. Sign-off", "Likelihood", "exempt: the child’s own care"][..]),
        ("notice-for-families.md", &["We will ask you first", "ico.org.uk", "When you turn 16"][..]),
        ("decision-table.md", &["legal-basis-not-in-force"][..]),
    ] {
        let text = paper(name).replace('\'', "’");
        for part in said {
            assert!(text.contains(part), "{name}: {part}\n{text}");
        }
    }
}

#[test]
fn what_a_file_names_does_not_become_markdown() {
    for (name, text) in assurance_papers(&partnership_with_provider("<script>x</script> | [a](b) *c*")) {
        assert!(!text.contains("<script") && !text.contains("[a](b)") && !text.contains(" *c*"), "{name}");
    }
}

/// Sentences of the notice, without names and the law.
fn sentences() -> Vec<String> {
    let text = paper("notice-for-families.md");
    let lines = text.lines().filter(|line| !line.starts_with('#') && !line.contains("want the law") && !line.contains("**"));
    let plain =
        lines.map(|line| line.trim_start_matches("- ").replace("ico.org.uk", "it").replace("nhs.uk", "it")).collect::<Vec<_>>().join("\n");
    let plain = plain.replace("Hertfordshire County Council", "they").replace("West Hertfordshire Teaching Hospitals NHS Trust", "they");
    plain.split(['.', '?', '!', '\n']).map(|sentence| sentence.trim().to_owned()).filter(|sentence| sentence.contains(' ')).collect()
}

fn syllables(word: &str) -> usize {
    let word = word.to_lowercase();
    let groups = word.split(|c| !"aeiouy".contains(c)).filter(|group| !group.is_empty()).count();
    let silent = usize::from(word.ends_with('e') && !word.ends_with("le") && groups > 1);
    (groups - silent).max(1)
}

#[test]
fn the_notice_can_be_read_at_nine_to_eleven() {
    let sentences = sentences();
    let words: Vec<_> = sentences.iter().flat_map(|sentence| sentence.split_whitespace()).collect();
    for sentence in &sentences {
        assert!(sentence.split_whitespace().count() <= 20, "too long: {sentence}");
    }
    // Flesch-Kincaid: grade 5 is for readers of ten to eleven.
    let count = |number: usize| f64::from(u32::try_from(number).unwrap());
    let (words_a_sentence, syllables_a_word) =
        (count(words.len()) / count(sentences.len()), count(words.iter().map(|word| syllables(word)).sum()) / count(words.len()));
    let grade = 0.39 * words_a_sentence + 11.8 * syllables_a_word - 15.59;
    assert!(grade < 5.0, "grade {grade:.1}: {words_a_sentence:.1} words a sentence, {syllables_a_word:.2} syllables a word");
}
