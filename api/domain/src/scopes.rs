//! What a client may try. Agreements and consent decide whether it succeeds.

use std::collections::BTreeSet;

closed! {
    /// One right to try.
    pub enum Scope {
        WaitingListWrite = "waiting-list:write",
        WaitingListRead = "waiting-list:read",
        EhcpWrite = "ehcp:write",
        EhcpRead = "ehcp:read",
        AdviceRequest = "advice:request",
        AdviceRespond = "advice:respond",
        AdviceRead = "advice:read",
        ConsentWrite = "consent:write",
        ConsentRead = "consent:read",
        /// To set and lift restrictions on a child's records.
        RestrictionWrite = "restriction:write",
        /// To override a family's decision, as a Caldicott guardian.
        OverrideWrite = "override:write",
        /// To erase, rectify and hold what one's own organisation sent.
        RightsWrite = "rights:write",
        /// To load National Data Opt-outs.
        OptOutWrite = "opt-out:write",
        DashboardRead = "dashboard:read",
        AuditRead = "audit:read",
        EventsRead = "events:read",
    }
}

/// Scopes in the order of their list, written with a space between them (RFC 6749, 3.3).
pub type ScopeSet = BTreeSet<Scope>;

/// The set as an OAuth `scope` value.
pub fn write_scopes(scopes: &ScopeSet) -> String {
    scopes.iter().map(|scope| scope.as_str()).collect::<Vec<_>>().join(" ")
}
