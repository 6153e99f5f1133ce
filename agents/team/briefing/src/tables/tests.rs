//! The tables' texts: every number of the data once, and nothing that depends on anything else.

use super::*;
use crate::data::{EMPLOYMENT, UNEMPLOYMENT};

fn text(data: &Data, name: &str) -> String {
    of(data).into_iter().find(|(of, _)| *of == name).map(|(_, text)| text).unwrap()
}

#[test]
fn every_number_of_the_data_has_its_row() {
    // Shows: 22 sectors of 120 months, 14 industries of 122, in persons and basis points, and the hash of both files.
    let data = Data::bundled().unwrap();
    let employment = text(&data, "employment");
    assert_eq!(employment.lines().count(), 1 + 22 * 120);
    assert!(employment.contains("\nwholesale_trade,2006-01,5840400\n"));
    let unemployment = text(&data, "unemployment");
    assert_eq!(unemployment.lines().count(), 1 + 14 * 122);
    assert!(unemployment.contains("\nConstruction,2010-02,2440000,2710\n"));
    assert_eq!(text(&data, "sectors").lines().count(), 1 + SECTORS.len());
    assert_eq!(of(&data), of(&Data::bundled().unwrap()));
}

#[test]
fn other_data_are_other_tables() {
    // Shows: one swapped number changes its row and the tables' own name; an empty cell stays empty.
    let data = Data::bundled().unwrap();
    let swapped = Data::read(&EMPLOYMENT.replacen(",7601,", ",,", 1), UNEMPLOYMENT).unwrap();
    assert!(text(&swapped, "employment").contains("\nconstruction,2006-01,\n"));
    assert_ne!(text(&data, "about"), text(&swapped, "about"));
    assert_eq!(text(&data, "unemployment"), text(&swapped, "unemployment"));
}
