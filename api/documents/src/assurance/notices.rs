//! The notice for families: short sentences and everyday words, for a reader of nine to eleven.

use domain::{Agreement, ConsentRule, DataClass, Partnership};

use super::BLANK;
use crate::papers::{Block, Paper, Part};
use crate::phrases;

pub(super) fn make(partnership: &Partnership) -> Paper {
    let host = partnership.name_of(partnership.host());
    let mut parts = vec![Part::new("What is this about?", about(&host))];
    parts.extend(partnership.agreements().iter().map(|agreement| Part::new(title(agreement), sharing(agreement, partnership))));
    parts.push(Part::new("Who else can see it?", nobody_else()));
    parts.push(Part::new("Your choices", choices(partnership)));
    parts.push(Part::new("When you are older", older()));
    parts.push(Part::new("Who to talk to", talk(partnership, &host)));
    Paper { title: "How we share information about you and your child".into(), notice: None, parts }
}

fn about(host: &str) -> Vec<Block> {
    vec![
        Block::text(format!(
            "Some children need extra help to learn or to join in. {host} and the NHS both give that help. To do it well, they sometimes need to tell each \
             other things."
        )),
        Block::text("This page says what they share. It says why. It says how you can say no."),
    ]
}

fn title(agreement: &Agreement) -> String {
    let what = match agreement.data.first() {
        Some(DataClass::HealthAdvice | DataClass::AdviceRequest) => "Health advice for an EHC plan",
        Some(DataClass::WaitingListStatus) => "Where a child is on a waiting list",
        Some(DataClass::EhcpStatus) => "How far an EHC plan has got",
        Some(DataClass::ChildMatching) => "Whether two numbers are one child’s",
        Some(DataClass::DashboardAggregate) | None => "Counting children, to plan services",
    };
    what.to_owned()
}

/// The basis of UK GDPR of what the law orders, and does not only allow.
const LEGAL_OBLIGATION: &str = "6(1)(c)";

fn sharing(agreement: &Agreement, partnership: &Partnership) -> Vec<Block> {
    let what = agreement.data.iter().map(|data| match data {
        DataClass::HealthAdvice => "What your child needs, what would help, and what should get better. Health staff write this down.",
        DataClass::AdviceRequest => "The council’s question to health staff. It has your child’s name for us: the NHS number and birthday.",
        DataClass::WaitingListStatus => {
            "Which list your child is on, and how long the wait has been. It does not say what was talked about."
        }
        DataClass::EhcpStatus => "How far the plan has got, and which dates are due.",
        DataClass::DashboardAggregate => "Only numbers. Nobody can find your child in them. Very small numbers are hidden.",
        DataClass::ChildMatching => {
            "That a school number and an NHS number belong to the same child. Each side keeps its own number: we do not show it the other."
        }
    });
    let names = |codes: &[domain::OrganisationCode]| Block::bullets(phrases::names(partnership, codes));
    let choice = match agreement.consent {
        ConsentRule::NotRequired if agreement.basis.uk_gdpr_6 != LEGAL_OBLIGATION => {
            "The law lets us share this. You do not have to say yes. You can still tell us if you are worried. A person will look at what you say."
        }
        ConsentRule::NotRequired => {
            "The law says that this must be shared. You do not have to say yes. You can still tell us if you are worried. A person will look at what you say."
        }
        ConsentRule::Required => {
            "We will ask you first. If you do not say yes, it is not shared. You can change your mind at any time. Then it stops at once. We cannot take back what somebody has already seen."
        }
        ConsentRule::UnlessObjected => "You can say no. Then your child is not counted.",
    };
    vec![
        Block::heading("What is shared?"),
        Block::bullets(what),
        Block::text(format!("It is about {}.", phrases::pathways(agreement.pathways))),
        Block::heading("Why?"),
        Block::text(why(agreement)),
        Block::heading("Who gives it?"),
        names(&agreement.providers),
        Block::heading("Who gets it?"),
        names(&agreement.recipients),
        Block::heading("Can I say no?"),
        Block::text(choice),
        Block::text(format!("For grown-ups who want the law: {}.", phrases::legal_basis(agreement, partnership))),
    ]
}

fn why(agreement: &Agreement) -> &'static str {
    use domain::Purpose;
    match agreement.purpose {
        Purpose::EhcNeedsAssessment => "The council has to find out what help your child needs. It must ask health staff.",
        Purpose::CareCoordination => "So that the people who help your child can work together. You do not have to tell your story twice.",
        Purpose::JointCommissioning => "So that we can see where more help is needed, and plan for it.",
    }
}

fn nobody_else() -> Vec<Block> {
    vec![
        Block::text("Nobody, unless this page says so. Each time somebody looks, we write it down."),
        Block::text("You can ask us who has looked. A person checks the answer first, to keep everybody safe. Then you get it."),
        Block::text("If you have had to hide where you live, tell us. We can hide it here too."),
    ]
}

fn choices(partnership: &Partnership) -> Vec<Block> {
    let mut recorders: Vec<_> =
        partnership.agreements().iter().flat_map(|agreement| agreement.consent_recorded_by.iter().copied()).collect();
    recorders.sort_unstable();
    recorders.dedup();
    vec![
        Block::bullets([
            "You can say yes or no when we ask.",
            "You can change your mind. Tell us, and we stop.",
            "You can say that you are not happy with something that the law makes us share. A person will look at it.",
            "You can ask to see what we have. You can ask us to put mistakes right.",
            "You can tell the NHS not to use your child’s health data to plan services. Look for “your NHS data matters” at nhs.uk.",
        ]),
        Block::text("To say yes, to say no or to change your mind, tell any of these:"),
        Block::bullets(phrases::names(partnership, &recorders)),
    ]
}

fn older() -> Vec<Block> {
    vec![
        Block::text("When you turn 16, you decide for yourself. What your parent said stops counting as a yes. We ask you."),
        Block::text("If you are younger and you understand what this is about, you can tell us what you think. We will listen."),
    ]
}

fn talk(partnership: &Partnership, host: &str) -> Vec<Block> {
    let controllers = phrases::names(partnership, partnership.controllers());
    vec![
        Block::text(format!("These look after the information together: {}.", phrases::all_of(&controllers))),
        Block::fields([("Talk to", format!("{host}: {BLANK}")), ("Data protection officer", BLANK.into())]),
        Block::text("If you are not happy with what we say, you can tell the Information Commissioner. That is free. Go to ico.org.uk."),
    ]
}
