//! The story that the demonstration plays through the real API. Separate systems, each with its own
//! certificate, do what they may and try what they may not.

mod advice;
mod audits;
mod casts;
mod lists;
mod releases;
mod strangers;
mod tellings;
mod waits;

use std::io::Write;

use crate::failures::Failure;

pub(crate) use casts::{Cast, Stage};
use tellings::Telling;

/// Plays every step. True if every check held.
pub(crate) async fn play(cast: &Cast, out: &mut dyn Write) -> Result<bool, Failure> {
    let mut telling = Telling::new(out);
    let mut consent = None;
    telling.step("The trusts' waiting lists come in", async |told| lists::push_waiting_lists(cast, told).await).await?;
    telling.step("The council's EHC cases come in", async |told| lists::push_return(cast, told).await).await?;
    telling.step("The council asks for a child's waits", async |told| waits::ask_without_consent(cast, told).await).await?;
    let ask_with_consent = async |told: &mut Telling<'_>| {
        consent = Some(waits::ask_with_consent(cast, told).await?);
        Ok(())
    };
    telling.step("The parent says yes", ask_with_consent).await?;
    telling.step("The parent takes it back", async |told| waits::withdraw(cast, consent, told).await).await?;
    telling.step("The council needs advice within six weeks", async |told| advice::ask_and_answer(cast, told).await).await?;
    telling.step("A stranger tries the doors", async |told| strangers::try_as_stranger(cast, told).await).await?;
    telling.step("Someone comes without a certificate", async |told| strangers::try_without_certificate(cast, told).await).await?;
    telling.step("A release is built and read", async |told| releases::build_and_read(cast, told).await).await?;
    telling.step("The auditor reads the log", async |told| audits::read(cast, told).await).await?;
    telling.step("The operator verifies the log", async |told| audits::verify(cast, told).await).await?;
    Ok(telling.finish()?)
}
