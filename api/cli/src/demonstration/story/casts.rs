//! The cast: a client for each partner's system, with its own certificate, and the people behind its
//! calls.

use std::net::SocketAddr;
use std::path::PathBuf;

use chrono::{DateTime, NaiveDate, Utc};
use client::{ChildBody, Client, Configuration, Retries};
use domain::{Actor, NhsNumber, OrganisationCode};
use synthetic::County;

use crate::demonstration::Demonstration;
use crate::failures::Failure;

/// The partners' systems, and the made-up county that they have records of.
pub(crate) struct Cast {
    pub(super) provider: Client,
    pub(super) board: Client,
    pub(super) council: Client,
    pub(super) dashboard: Client,
    pub(super) auditor: Client,
    pub(super) stranger: Client,
    pub(super) provider_code: OrganisationCode,
    pub(super) council_code: OrganisationCode,
    pub(super) stranger_code: OrganisationCode,
    /// What identifies the story's child.
    pub(super) child: ChildBody,
    pub(super) stage: Stage,
}

/// The gateway and the made-up county of the story.
pub(crate) struct Stage {
    pub(crate) demonstration: Demonstration,
    pub(crate) county: County,
    /// The running gateway's configuration.
    pub(crate) gateway: server::Configuration,
    pub(crate) address: SocketAddr,
    pub(crate) began: DateTime<Utc>,
    pub(crate) today: NaiveDate,
}

impl Stage {
    /// The folder of the partners' extracts before they are sent: made-up rows, not encrypted.
    pub(super) fn extracts(&self) -> PathBuf {
        self.demonstration.dir().join("extracts")
    }
}

impl Cast {
    pub(crate) fn stage(&self) -> &Stage {
        &self.stage
    }

    /// Opens the clients for the gateway of a stage.
    pub(crate) fn assemble(stage: Stage) -> Result<Self, Failure> {
        let open = |id: &str| -> Result<Client, Failure> {
            let mut configuration = Configuration::read(&stage.demonstration.client(id).join("client.toml"))?;
            configuration.gateway = format!("https://{}", stage.address);
            Ok(Client::new(&configuration, Retries::default())?)
        };
        let code = |code: &str| code.parse::<OrganisationCode>().map_err(|error| Failure::Other(error.to_string()));
        let story = stage.county.story();
        let nhs_number = story.nhs_number.parse::<NhsNumber>().map_err(|error| Failure::Other(error.to_string()))?;
        Ok(Self {
            provider: open("provider-hct")?.acting_for(&actor("ds-017", "designated-clinical-officer", "advice for C-1"))?,
            board: open("icb-central-east")?,
            council: open("council-herts")?.acting_for(&actor("kt-204", "ehc-coordinator", "assessment C-1"))?,
            dashboard: open("dashboard-herts")?,
            auditor: open("auditor-herts")?,
            stranger: open("stranger")?.acting_for(&actor("unattended", "system", "trying"))?,
            provider_code: code("RY4")?,
            council_code: code("E10000015")?,
            stranger_code: code("R1L")?,
            child: ChildBody { nhs_number, date_of_birth: story.date_of_birth },
            stage,
        })
    }
}

fn actor(id: &str, role: &str, reason: &str) -> Actor {
    Actor { id: id.into(), role: role.into(), reason: reason.into() }
}
