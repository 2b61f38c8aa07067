//! By whose leave a message within a submission merges two identities: the organisation's own, unless a legal hold
//! keeps its records as they are.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use domain::agreements::{DataClass, Purpose};
use domain::audit::Attribution;
use domain::identifiers::{ChildId, SubmissionId};
use domain::operations::Operation;
use domain::organisations::OrganisationCode;
use domain::partnerships::Partnership;
use domain::pathways::PathwaySet;
use domain::policy::{Act, Ask, ChildFacts, Facts, decide};
use store::Merging;
use uuid::Uuid;

/// For one submission of an organisation, which a client sent in a request.
pub fn merging(
    (client, organisation): (&str, OrganisationCode),
    (submission, request_id): (SubmissionId, Uuid),
    partnership: &Arc<Partnership>,
    now: DateTime<Utc>,
) -> Merging {
    let by = Attribution {
        client: client.to_owned(),
        organisation,
        actor: None,
        operation: Operation::MergeChildren,
        request_id,
        resource: Some(submission.0),
    };
    let partnership = Arc::clone(partnership);
    let permit = move |child: ChildId, facts: &ChildFacts| {
        let ask = Ask {
            act: Act::Rectify,
            holder: organisation,
            recipient: organisation,
            purpose: Purpose::CareCoordination,
            data: DataClass::WaitingListStatus,
            pathways: PathwaySet::EMPTY,
            child: Some(child),
            item: Some(submission.0),
            loses_nothing: false,
        };
        decide(ask, Facts::at(now, &partnership, facts))
    };
    Merging { permit: Arc::new(permit), by }
}
