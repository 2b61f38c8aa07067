//! Who a record is about.

use std::fmt;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use crate::identifiers::ChildId;
use crate::nhs_numbers::NhsNumber;
use crate::organisations::OrganisationCode;
use crate::upns::Upn;

/// How a record names its child.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ChildIdentifier {
    NhsNumber(NhsNumber),
    /// A provider's own number, for a child whose NHS number is not known.
    LocalPatient {
        provider: OrganisationCode,
        id: String,
    },
    Upn(Upn),
    /// A council's child without a UPN, known by name in one authority's records.
    Named {
        authority: OrganisationCode,
        surname: String,
        forename: String,
    },
}

impl ChildIdentifier {
    /// Whether it means the same child to every organisation.
    pub fn is_national(&self) -> bool {
        matches!(self, Self::NhsNumber(_) | Self::Upn(_))
    }

    /// Writes bytes that are equal exactly where two identifiers are. Names are put in lower case, so that a change of
    /// capitals does not make a second child.
    pub fn canonical(&self, out: &mut Vec<u8>) {
        out.clear();
        let mut part = |text: &str| {
            out.extend_from_slice(text.as_bytes());
            out.push(0);
        };
        match self {
            Self::NhsNumber(number) => {
                part("nhs-number");
                part(number.as_str());
            }
            Self::LocalPatient { provider, id } => {
                part("local-patient");
                part(provider.as_str());
                part(id);
            }
            Self::Upn(upn) => {
                part("upn");
                part(upn.as_str());
            }
            Self::Named { authority, surname, forename } => {
                part("named");
                part(authority.as_str());
                part(&surname.trim().to_lowercase());
                part(&forename.trim().to_lowercase());
            }
        }
    }
}

/// An identifier together with the date of birth. Two records are about one child only if both
/// agree: a number typed for the wrong child must not join two children.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ChildReference {
    pub identifier: ChildIdentifier,
    pub date_of_birth: NaiveDate,
}

impl ChildReference {
    /// A child known by NHS number.
    pub fn by_nhs_number(nhs_number: NhsNumber, date_of_birth: NaiveDate) -> Self {
        Self { identifier: ChildIdentifier::NhsNumber(nhs_number), date_of_birth }
    }

    /// The NHS number, where that is what the record gave.
    pub fn nhs_number(&self) -> Option<&NhsNumber> {
        match &self.identifier {
            ChildIdentifier::NhsNumber(number) => Some(number),
            _ => None,
        }
    }

    /// Writes bytes that are equal exactly where two references are; the keyed index is made from them.
    pub fn canonical(&self, out: &mut Vec<u8>) {
        self.identifier.canonical(out);
        out.extend_from_slice(&chrono::Datelike::num_days_from_ce(&self.date_of_birth).to_be_bytes());
    }
}

/// Whom a partner's id names.
#[derive(Clone, PartialEq, Eq)]
pub enum NamedChild {
    /// The child of an NHS number or a UPN, held or not.
    Reference(ChildReference),
    /// A child who is held under a name or a local number alone. The date of birth has to be the held one: a database that
    /// was restored may give the same row to somebody else.
    Held { id: ChildId, date_of_birth: NaiveDate },
}

impl NamedChild {
    /// How ids name a child that is held.
    pub fn of(id: ChildId, reference: ChildReference) -> Self {
        if reference.identifier.is_national() {
            Self::Reference(reference)
        } else {
            Self::Held { id, date_of_birth: reference.date_of_birth }
        }
    }

    pub fn date_of_birth(&self) -> NaiveDate {
        match self {
            Self::Reference(reference) => reference.date_of_birth,
            Self::Held { date_of_birth, .. } => *date_of_birth,
        }
    }
}

impl fmt::Debug for ChildReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ChildReference(…)")
    }
}

impl fmt::Debug for NamedChild {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NamedChild(…)")
    }
}

impl fmt::Debug for ChildIdentifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ChildIdentifier(…)")
    }
}
