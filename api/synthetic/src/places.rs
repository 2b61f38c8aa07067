//! The districts, the providers and the lists each provider keeps (reference, section 2.4).

/// The sides of the county, as the sub-ICB locations and the acute trusts divide it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    /// East and North Hertfordshire, 06K.
    East,
    /// Herts Valleys, 06N.
    West,
    /// West Essex, 07H: its children come to Hertfordshire's providers too.
    WestEssex,
}

impl Side {
    pub(crate) const fn commissioner(self) -> &'static str {
        match self {
            Self::East => "06K",
            Self::West => "06N",
            Self::WestEssex => "07H",
        }
    }

    /// The council that is responsible for the child.
    pub(crate) const fn council(self) -> &'static str {
        match self {
            Self::East | Self::West => HERTFORDSHIRE,
            Self::WestEssex => "E10000012",
        }
    }
}

pub(crate) const HERTFORDSHIRE: &str = "E10000015";

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct District {
    pub(crate) code: &'static str,
    pub(crate) side: Side,
    /// The share of the children: roughly the inhabitants in thousands, but only a few beyond the border.
    pub(crate) weight: u32,
    /// Whether some of its children go across the border to [`PRINCESS_ALEXANDRA`].
    pub(crate) border: bool,
}

const fn district(code: &'static str, side: Side, weight: u32, border: bool) -> District {
    District { code, side, weight, border }
}

/// The district of the story's child, Stevenage.
pub(crate) const STEVENAGE: &District = &DISTRICTS[9];

pub(crate) static DISTRICTS: [District; 13] = [
    district("E07000095", Side::East, 99, true),     // Broxbourne
    district("E07000096", Side::West, 155, false),   // Dacorum
    district("E07000098", Side::West, 108, false),   // Hertsmere
    district("E07000099", Side::East, 133, false),   // North Hertfordshire
    district("E07000102", Side::West, 94, false),    // Three Rivers
    district("E07000103", Side::West, 102, false),   // Watford
    district("E07000240", Side::West, 148, false),   // St Albans
    district("E07000241", Side::East, 120, false),   // Welwyn Hatfield
    district("E07000242", Side::East, 150, true),    // East Hertfordshire
    district("E07000243", Side::East, 90, false),    // Stevenage
    district("E07000072", Side::WestEssex, 8, true), // Epping Forest
    district("E07000073", Side::WestEssex, 8, true), // Harlow
    district("E07000077", Side::WestEssex, 4, true), // Uttlesford
];

pub(crate) const COMMUNITY: &str = "RY4";
pub(crate) const PARTNERSHIP: &str = "RWR";
pub(crate) const EAST_ACUTE: &str = "RWH";
pub(crate) const WEST_ACUTE: &str = "RWG";
pub(crate) const PRINCESS_ALEXANDRA: &str = "RQW";

/// Every list: the provider that keeps it, and its name, which is a pathway's.
pub(crate) const LISTS: [(&str, &str); 15] = [
    (COMMUNITY, "speech-and-language"),
    (COMMUNITY, "audiology"),
    (COMMUNITY, "autism"),
    (COMMUNITY, "adhd"),
    (PARTNERSHIP, "autism"),
    (PARTNERSHIP, "adhd"),
    (PARTNERSHIP, "mental-health"),
    (EAST_ACUTE, "autism"),
    (EAST_ACUTE, "adhd"),
    (EAST_ACUTE, "audiology"),
    (WEST_ACUTE, "autism"),
    (WEST_ACUTE, "adhd"),
    (WEST_ACUTE, "audiology"),
    (PRINCESS_ALEXANDRA, "speech-and-language"),
    (PRINCESS_ALEXANDRA, "audiology"),
];
