//! Why a flow is refused, and what a permit relies on.

closed! {
    /// Why a flow is refused. A later reason came nearer to a permit.
    pub enum RefusalReason {
        /// The gateway holds nothing of the kind for this child.
        NotHeld = "not-held",
        NoAgreement = "no-agreement",
        AgreementNotStarted = "agreement-not-started",
        AgreementEnded = "agreement-ended",
        LegalBasisNotInForce = "legal-basis-not-in-force",
        RecorderNotNamed = "recorder-not-named",
        PathwayNotCovered = "pathway-not-covered",
        /// Not the organisation's own to decide or to read.
        NotItsOwn = "not-its-own",
        /// What is held is for a later day.
        OlderAsOf = "older-as-of",
        /// The child is not of the agreement's population.
        OutsidePopulation = "outside-population",
        /// The provider marks the child's NHS number as anything but verified.
        IdentityUnverified = "identity-unverified",
        /// The record's accuracy is disputed, and that is not yet settled.
        Disputed = "disputed",
        OptedOut = "opted-out",
        ConsentMissing = "consent-missing",
        ConsentNotYetValid = "consent-not-yet-valid",
        ConsentExpired = "consent-expired",
        ConsentWithdrawn = "consent-withdrawn",
        /// A council cannot alone permit what a council would receive.
        ConsentOfRecipient = "consent-of-recipient",
        /// Who permitted it may not decide in that capacity.
        DeciderNotEntitled = "decider-not-entitled",
        ConsentReviewDue = "consent-review-due",
        ConsentDenied = "consent-denied",
        Objection = "objection",
        ObjectionUpheld = "objection-upheld",
        Safeguarding = "safeguarding",
        CourtOrder = "court-order",
        Adopted = "adopted",
        /// A legal hold keeps it as it is.
        LegalHold = "legal-hold",
    }
}

impl RefusalReason {
    /// Whether it depends on no child, so that the caller may be told.
    pub fn is_structural(self) -> bool {
        matches!(
            self,
            Self::NoAgreement
                | Self::AgreementNotStarted
                | Self::AgreementEnded
                | Self::LegalBasisNotInForce
                | Self::RecorderNotNamed
                | Self::PathwayNotCovered
        )
    }

    /// Whether it comes from a decision about this child: a family's, an opt-out, a restriction, a dispute or a legal
    /// hold.
    pub fn is_of_the_child(self) -> bool {
        !self.is_structural()
            && !matches!(self, Self::NotHeld | Self::NotItsOwn | Self::OlderAsOf | Self::OutsidePopulation | Self::IdentityUnverified)
    }
}

closed! {
    /// What a permit relies on.
    pub enum Ground {
        /// The organisation's own records or decisions.
        Own = "own",
        /// A task that the partnership gives the organisation.
        Task = "task",
        /// The agreement, which needs no family's decision.
        Agreement = "agreement",
        /// Nobody objected.
        NotObjected = "not-objected",
        /// The family's permission.
        Consent = "consent",
        /// A Caldicott guardian's override.
        Override = "override",
    }
}
