//! What is kept of a resource until the resources that it refers to are read too.

use domain::{IssueCode, Recognised};
use serde::{Deserialize, Serialize};

use crate::columns::Column;

/// Something that a reference can name: `Patient/1`, `urn:uuid:…`, an address, or `system|value`.
pub(crate) type Key = String;

/// A part of a referral, filed under the child that it is about.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) enum Part {
    Patient(PatientPart),
    Referral(Box<ReferralPart>),
    Contact(ContactPart),
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct PatientPart {
    pub(crate) keys: Vec<Key>,
    pub(crate) cells: Cells,
    pub(crate) fault: Option<PatientFault>,
}

/// Why nothing may be kept about a patient.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum PatientFault {
    Modified,
    Retired,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct ReferralPart {
    pub(crate) row: u64,
    pub(crate) keys: Vec<Key>,
    pub(crate) cells: Cells,
    pub(crate) recognised: Vec<Recognised>,
    pub(crate) subject: Option<Subject>,
    /// The referral it continues, where that is given by reference.
    pub(crate) previous: Option<Key>,
    pub(crate) modified: bool,
}

/// The child that a referral is about.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Subject {
    /// The key that it is filed under: the identifier where there is one, else the reference.
    pub(crate) key: Key,
    /// A second reference, which must name the same patient, if it is in the message.
    pub(crate) reference: Option<Key>,
    /// The NHS number, where that identifies the subject.
    pub(crate) nhs_number: Option<String>,
    /// The patient in the referral itself.
    pub(crate) contained: Option<PatientPart>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct ContactPart {
    pub(crate) subject: Key,
    pub(crate) referral: Key,
    pub(crate) kind: Contact,
    pub(crate) day: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Contact {
    Attended,
    Booked,
    NotBrought,
}

/// Values by column, with all texts in one string.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Cells {
    texts: String,
    /// Each column by its place in [`Column::ALL`], and where its text ends. A text begins where the one before ended.
    cells: Vec<(u8, Result<usize, IssueCode>)>,
}

impl Cells {
    pub(crate) fn put(&mut self, column: Column, value: Option<&str>) {
        if let Some(value) = value {
            self.texts.push_str(value);
            self.cells.push((column as u8, Ok(self.texts.len())));
        }
    }

    pub(crate) fn fault(&mut self, column: Column, code: IssueCode) {
        self.cells.push((column as u8, Err(code)));
    }

    /// In the order in which they were put: a later value replaces an earlier one.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (Column, Result<&str, IssueCode>)> {
        let mut start = 0;
        self.cells.iter().filter_map(move |(at, cell)| {
            let value = match *cell {
                Ok(end) => Ok(self.texts.get(std::mem::replace(&mut start, end)..end)?),
                Err(code) => Err(code),
            };
            Some((*Column::ALL.get(usize::from(*at))?, value))
        })
    }

    pub(crate) fn get(&self, column: Column) -> Option<&str> {
        self.iter().filter(|(at, _)| *at == column).last().and_then(|(_, value)| value.ok())
    }

    fn weight(&self) -> usize {
        self.texts.len() + 16 * self.cells.len()
    }
}

impl Part {
    /// The keys that it is filed under: for a patient, all that may name it.
    pub(crate) fn filed_under(&self) -> &[Key] {
        match self {
            Self::Patient(patient) => &patient.keys,
            Self::Referral(referral) => referral.subject.as_ref().map_or(&[], |subject| std::slice::from_ref(&subject.key)),
            Self::Contact(contact) => std::slice::from_ref(&contact.subject),
        }
    }

    /// Roughly how many bytes the part takes.
    pub(crate) fn weight(&self) -> usize {
        let keys = |keys: &[Key]| keys.iter().map(|key| 24 + key.len()).sum::<usize>();
        200 + match self {
            // A patient may be stored once for each key.
            Self::Patient(patient) => (keys(&patient.keys) + patient.cells.weight()) * patient.keys.len().max(1),
            Self::Contact(contact) => contact.referral.len() + contact.subject.len(),
            Self::Referral(referral) => {
                let subject = referral.subject.iter();
                let contained = subject.clone().filter_map(|subject| subject.contained.as_ref());
                let texts = subject.flat_map(|it| [Some(&it.key), it.reference.as_ref(), it.nhs_number.as_ref()]);
                keys(&referral.keys)
                    + referral.cells.weight()
                    + referral.recognised.len() * 200
                    + texts.chain([referral.previous.as_ref()]).flatten().map(String::len).sum::<usize>()
                    + contained.map(|patient| keys(&patient.keys) + patient.cells.weight()).sum::<usize>()
            }
        }
    }
}
