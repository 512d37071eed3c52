//! The record says who and what, and no time that can be.

use crate::common::line::on;
use crate::company::{Company, TODAY, takes_all};

#[test]
fn without_a_time_it_still_names_somebody() {
    let bank = Company::bank();
    let open = bank.sees(&[takes_all("16:05")]);
    let line = takes_all("16:05").to_string();
    let time = format!("\"time\":\"{}\"", on(TODAY, "16:05"));
    assert!(line.contains(&time), "{line}");
    for written in ["", "\"time\":null", "\"time\":\"yesterday\"", "\"time\":1777910700", "\"time\":\"1969-12-31T23:59:59Z\""] {
        let text = line.replace(&time, written).replace(",}", "}").replace("{,", "{").replace(",,", ",");
        // It stands among what ann does at that hour.
        let seen = bank.sees_arriving(vec![(on(TODAY, "16:05"), text)]);
        assert!(seen.rank() >= open.rank(), "{written}: {:#?} {:#?}", seen.told(), open.told());
    }
}
