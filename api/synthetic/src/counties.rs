//! The county as a whole.

use std::io::{self, Write};

use chrono::NaiveDate;
use domain::{Case, OrganisationCode};

use crate::children::{Child, MOST_CHILDREN};
use crate::places::LISTS;
use crate::referrals::Listed;
use crate::stories::StoryChild;
use crate::{cases, lists, referrals, stories};

/// A made-up county on one day. It holds no children: each is drawn again whenever a file is written,
/// so a larger county takes more time but no more memory.
#[derive(Debug, Clone)]
pub struct County {
    seed: u64,
    children: u32,
    as_of: NaiveDate,
}

/// A waiting list that a provider keeps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListName {
    pub provider: OrganisationCode,
    pub list: &'static str,
    pub rows: u64,
}

impl County {
    /// A county of at least one child (the story's) and at most [`MOST_CHILDREN`].
    pub fn new(seed: u64, children: u32, as_of: NaiveDate) -> Self {
        Self { seed, children: children.clamp(1, MOST_CHILDREN), as_of }
    }

    /// Every list of every provider, in a fixed order, with those that are empty in a small county.
    pub fn lists(&self) -> Vec<ListName> {
        let mut rows = [0_u64; LISTS.len()];
        for child in self.children() {
            for listed in self.referrals_of(&child) {
                if let Some(at) = LISTS.iter().position(|known| *known == (listed.provider, listed.list)) {
                    rows[at] += 1;
                }
            }
        }
        let names = LISTS.iter().zip(rows);
        names.filter_map(|((provider, list), rows)| Some(ListName { provider: provider.parse().ok()?, list, rows })).collect()
    }

    /// Writes one list as native CSV, and returns its number of rows. Fails with
    /// [`io::ErrorKind::NotFound`] where the provider keeps no such list.
    pub fn write_waiting_list(&self, provider: OrganisationCode, list: &str, out: &mut dyn Write) -> io::Result<u64> {
        if !LISTS.contains(&(provider.as_str(), list)) {
            return Err(io::Error::new(io::ErrorKind::NotFound, "the provider keeps no such list"));
        }
        lists::write_header(out)?;
        let mut rows = 0;
        for child in self.children() {
            for listed in self.referrals_of(&child) {
                if listed.provider == provider.as_str() && listed.list == list {
                    lists::write_row(out, &child.nhs_number, child.date_of_birth, &listed.referral)?;
                    rows += 1;
                }
            }
        }
        Ok(rows)
    }

    /// Writes the council's SEN2 return (reference, section 9), and returns how many persons are in it.
    pub fn write_sen2(&self, out: &mut dyn Write) -> io::Result<u64> {
        let persons = self.children().map(|child| (child.date_of_birth, self.cases_of(&child)));
        adapters::write_sen2_xml(persons, self.as_of, out)
    }

    /// The child of the demonstration's story.
    pub fn story(&self) -> StoryChild {
        stories::tell(self.children().next().as_ref(), self.as_of)
    }

    pub(crate) fn children(&self) -> impl Iterator<Item = Child> {
        (0..self.children).filter_map(|number| {
            let child = Child::draw(self.seed, number, self.as_of)?;
            Some(if number == 0 { stories::settle(child, self.as_of) } else { child })
        })
    }

    pub(crate) fn referrals_of(&self, child: &Child) -> Vec<Listed> {
        match child.number {
            0 => stories::referrals(child, self.seed, self.as_of),
            _ => referrals::referrals_of(child, self.seed, self.as_of),
        }
    }

    pub(crate) fn cases_of(&self, child: &Child) -> Vec<Case> {
        match child.number {
            0 => stories::cases(child, self.as_of),
            _ => cases::cases_of(child, self.seed, self.as_of),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::NhsNumber;
    use std::collections::{HashMap, HashSet};

    fn county(seed: u64) -> County {
        County::new(seed, 2_000, NaiveDate::from_ymd_opt(2026, 11, 20).unwrap())
    }

    /// Every row of every list, with its provider, as values by column name.
    fn rows(county: &County) -> Vec<(String, HashMap<String, String>)> {
        let mut all = Vec::new();
        for name in county.lists() {
            let mut bytes = Vec::new();
            assert_eq!(county.write_waiting_list(name.provider, name.list, &mut bytes).unwrap(), name.rows);
            let text = String::from_utf8(bytes).unwrap();
            let mut lines = text.lines();
            let header: Vec<_> = lines.next().unwrap().split(',').collect();
            let before = all.len();
            for line in lines {
                let values: Vec<_> = line.split(',').collect();
                assert_eq!(values.len(), header.len());
                let row = header.iter().zip(values).map(|(column, value)| ((*column).to_owned(), value.to_owned())).collect();
                all.push((name.provider.to_string(), row));
            }
            assert_eq!(u64::try_from(all.len() - before).unwrap(), name.rows);
        }
        all
    }

    fn everything(county: &County) -> Vec<u8> {
        let mut bytes = Vec::new();
        for name in county.lists() {
            county.write_waiting_list(name.provider, name.list, &mut bytes).unwrap();
        }
        county.write_sen2(&mut bytes).unwrap();
        bytes
    }

    #[test]
    fn the_same_seed_makes_the_same_bytes_and_another_makes_others() {
        let first = everything(&county(1));
        assert!(first == everything(&county(1)));
        assert!(first != everything(&county(2)));
    }

    #[test]
    fn every_row_has_a_valid_test_number_and_no_two_children_share_one() {
        let county = county(3);
        let mut births: HashMap<String, String> = HashMap::new();
        for (_, row) in rows(&county) {
            let number: NhsNumber = row["nhs_number"].parse().unwrap();
            assert!(number.is_test());
            let birth = births.entry(row["nhs_number"].clone()).or_insert_with(|| row["date_of_birth"].clone());
            assert_eq!(*birth, row["date_of_birth"]);
        }
        assert_eq!(births.len(), 2_000, "every child is on a list");
    }

    #[test]
    fn every_link_leads_to_a_row_of_the_same_child() {
        let rows = rows(&county(4));
        let by_id: HashMap<_, _> = rows.iter().map(|(provider, row)| ((provider.as_str(), row["referral_id"].as_str()), row)).collect();
        assert_eq!(by_id.len(), rows.len(), "an id is unique within its provider");
        let linked: Vec<_> = rows.iter().filter(|(_, row)| !row["previous_referral_id"].is_empty()).collect();
        assert!(linked.len() > 100);
        for (provider, row) in linked {
            assert_ne!(*provider, row["previous_provider"]);
            let earlier = by_id[&(row["previous_provider"].as_str(), row["previous_referral_id"].as_str())];
            assert_eq!((&earlier["nhs_number"], &earlier["pathway"]), (&row["nhs_number"], &row["pathway"]));
            assert!(earlier["referral_received_date"] < row["referral_received_date"]);
            assert_eq!(earlier["status"], "closed");
        }
    }

    #[test]
    fn every_district_and_every_list_has_children_and_some_come_from_outside() {
        let rows = rows(&county(5));
        let districts: HashSet<_> = rows.iter().map(|(_, row)| row["district"].as_str()).collect();
        for district in &crate::places::DISTRICTS {
            assert!(districts.contains(district.code), "{}", district.code);
        }
        assert!(districts.contains(""), "a few districts are not recorded");
        assert!(county(5).lists().iter().all(|list| list.rows > 0));
    }

    #[test]
    fn some_children_are_on_several_lists() {
        let rows = rows(&county(6));
        let open = rows.iter().filter(|(_, row)| row["status"] == "waiting");
        let mut lists: HashMap<&str, HashSet<&str>> = HashMap::new();
        for (_, row) in open {
            lists.entry(&row["nhs_number"]).or_default().insert(&row["pathway"]);
        }
        assert!(lists.values().filter(|pathways| pathways.len() > 1).count() > 50);
    }

    #[test]
    fn a_list_that_nobody_keeps_is_not_written() {
        let mut out = Vec::new();
        let error = county(1).write_waiting_list("RY4".parse().unwrap(), "mental-health", &mut out).unwrap_err();
        assert_eq!((error.kind(), out.len()), (io::ErrorKind::NotFound, 0));
    }

    #[test]
    fn the_return_is_well_formed_and_names_no_real_child() {
        let county = County::new(9, 1_500, NaiveDate::from_ymd_opt(2026, 11, 20).unwrap());
        let mut bytes = Vec::new();
        let persons = county.write_sen2(&mut bytes).unwrap();
        let text = String::from_utf8(bytes).unwrap();
        let mut open = Vec::new();
        for tag in text.split('<').skip(1).filter(|tag| !tag.starts_with(['?', '!'])).map(|tag| tag.split('>').next().unwrap()) {
            match tag.strip_prefix('/') {
                Some(name) => assert_eq!(open.pop(), Some(name)),
                None => open.push(tag),
            }
        }
        assert!(open.is_empty());
        assert_eq!(text.matches("<Person>").count(), usize::try_from(persons).unwrap());
        assert_eq!(text.matches("<Surname>Synthetic-").count(), text.matches("<Surname>").count());
        assert!(text.contains("<Year>2027</Year>") && text.contains("<ReferenceDate>2027-01-21</ReferenceDate>"));
        assert!(text.contains(county.story().upn.unwrap().as_str()), "the story's child is assessed");
    }
}
