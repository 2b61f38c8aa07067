//! By whose leave a message within a submission merges two identities: the organisation's own, unless a legal hold
//! keeps its records as they are.

use std::sync::Arc;

use domain::agreements::{DataClass, Purpose};
use domain::audit::Attribution;
use domain::identifiers::ChildId;
use domain::pathways::PathwaySet;
use domain::policy::{Act, Ask, ChildFacts, Facts, decide};
use store::Merging;

use super::Order;

pub(super) fn merging(order: &Order) -> Merging {
    let by = Attribution {
        client: order.client.clone(),
        organisation: order.organisation,
        actor: None,
        operation: "merge_children",
        request_id: order.request_id,
        resource: Some(order.id.0),
    };
    let (organisation, item, now, partnership) = (order.organisation, order.id.0, order.received_at, Arc::clone(&order.partnership));
    let permit = move |child: ChildId, facts: &ChildFacts| {
        let ask = Ask {
            act: Act::Rectify,
            holder: organisation,
            recipient: organisation,
            purpose: Purpose::CareCoordination,
            data: DataClass::WaitingListStatus,
            pathways: PathwaySet::EMPTY,
            child: Some(child),
            item: Some(item),
        };
        decide(ask, Facts::at(now, &partnership, facts))
    };
    Merging { permit: Arc::new(permit), by }
}
