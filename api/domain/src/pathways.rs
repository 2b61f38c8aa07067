//! The pathways a child may wait on, and sets of them.

use std::fmt;
use std::str::FromStr;

closed! {
    /// What a child is waiting for.
    pub enum Pathway {
        Autism = "autism",
        Adhd = "adhd",
        SpeechAndLanguage = "speech-and-language",
        Audiology = "audiology",
        MentalHealth = "mental-health",
    }
}

/// Several pathways at once: a referral for autism and ADHD together is normal. Written in words
/// joined by `|`, or as a list in JSON.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct PathwaySet(u8);

impl PathwaySet {
    pub const EMPTY: Self = Self(0);

    /// Every pathway there is.
    pub fn all() -> Self {
        Pathway::ALL.iter().copied().collect()
    }

    pub fn contains(self, pathway: Pathway) -> bool {
        self.0 & bit(pathway) != 0
    }

    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    #[must_use]
    pub fn with(self, pathway: Pathway) -> Self {
        Self(self.0 | bit(pathway))
    }

    #[must_use]
    pub fn without(self, pathway: Pathway) -> Self {
        Self(self.0 & !bit(pathway))
    }

    #[must_use]
    pub fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    #[must_use]
    pub fn intersection(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    #[must_use]
    pub fn difference(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    pub fn iter(self) -> impl Iterator<Item = Pathway> {
        Pathway::ALL.iter().copied().filter(move |pathway| self.contains(*pathway))
    }

    /// One bit a pathway, in the order of the list: how a set is stored.
    pub fn bits(self) -> i16 {
        i16::from(self.0)
    }

    /// A set from its stored bits; bits that name no pathway are dropped.
    pub fn from_bits(bits: i16) -> Self {
        Pathway::ALL.iter().copied().filter(|pathway| bits & i16::from(bit(*pathway)) != 0).collect()
    }
}

const fn bit(pathway: Pathway) -> u8 {
    1 << pathway as u8
}

impl FromIterator<Pathway> for PathwaySet {
    fn from_iter<I: IntoIterator<Item = Pathway>>(pathways: I) -> Self {
        pathways.into_iter().fold(Self::EMPTY, Self::with)
    }
}

impl From<Pathway> for PathwaySet {
    fn from(pathway: Pathway) -> Self {
        Self::EMPTY.with(pathway)
    }
}

impl fmt::Display for PathwaySet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, pathway) in self.iter().enumerate() {
            if at > 0 {
                f.write_str("|")?;
            }
            f.write_str(pathway.as_str())?;
        }
        Ok(())
    }
}

impl fmt::Debug for PathwaySet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{{{self}}}")
    }
}

impl FromStr for PathwaySet {
    type Err = crate::UnknownCode;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.split('|').map(|name| name.trim().parse::<Pathway>()).collect()
    }
}

impl serde::Serialize for PathwaySet {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

impl<'de> serde::Deserialize<'de> for PathwaySet {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Vec::<Pathway>::deserialize(deserializer)?.into_iter().collect())
    }
}

#[cfg(feature = "openapi")]
impl utoipa::PartialSchema for PathwaySet {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        utoipa::openapi::schema::ArrayBuilder::new().items(<Pathway as utoipa::PartialSchema>::schema()).into()
    }
}

#[cfg(feature = "openapi")]
impl utoipa::ToSchema for PathwaySet {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_pathways_are_joined_by_a_bar() {
        let both: PathwaySet = "autism|adhd".parse().unwrap();
        assert!(both.contains(Pathway::Autism) && both.contains(Pathway::Adhd) && !both.contains(Pathway::Audiology));
        assert_eq!(both.to_string(), "autism|adhd");
        assert_eq!(PathwaySet::from_bits(both.bits()), both);
        assert!("autism|".parse::<PathwaySet>().is_err());
        assert!("".parse::<PathwaySet>().is_err());
    }
}
