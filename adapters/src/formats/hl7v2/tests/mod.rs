mod bodies;
mod referrals;
mod round_trips;

use domain::{Pathway, PathwaySet, Referral, ReferralStatus, SubmittedEntry};

use super::*;
use crate::contract::kept::{self, Kept};
use crate::contract::{Fault, Format};

const MSH: &str = "MSH|^~\\&|EPR|RY4|||20261110||REF^I12|1|P|2.5||||||UNICODE UTF-8";
const RF1: &str = "RF1|P|R||||R-1|20260203|||401204006^Suspected autism^SCT";
const PID: &str = "PID|1||9990000018^^^NHS^NH||||20160504|M||||||||||||||A||||||||||01";
const DISTRICT: &str = "ZSB|district|E07000240";

fn read(segments: &[&str]) -> Kept {
    read_bytes((segments.join("\r") + "\r").as_bytes())
}

fn read_bytes(bytes: &[u8]) -> Kept {
    let (kept, end) = kept::read(Format::Records(&Hl7V2), "RY4", bytes);
    end.unwrap();
    kept
}

fn faults(kept: &Kept) -> Vec<Fault> {
    kept.rows.iter().flat_map(|row| &row.issues).map(|issue| (issue.field, issue.code)).collect()
}

fn file_issues(kept: &Kept) -> Vec<IssueCode> {
    kept.file_issues.iter().map(|issue| issue.code).collect()
}

fn referral(kept: &Kept, at: usize) -> &Referral {
    match &kept.rows[at].record.as_ref().unwrap().entry {
        SubmittedEntry::Referral(referral) => referral,
        _ => panic!("no referral"),
    }
}

fn refused(segments: &[&str]) -> &'static str {
    kept::read(Format::Records(&Hl7V2), "RY4", (segments.join("\r") + "\r").as_bytes()).1.unwrap_err().code()
}
