//! The act is done under the account of a job.

use crate::common::line::{Line, by_account, on};
use crate::company::{Company, TODAY};

fn accounts() -> String {
    let mut accounts = "account,system,employee,from,to,shared\nnightly,,,,,\n".to_owned();
    (1..=10).for_each(|n| accounts += &format!("bob{n},,bob{n},,,\n"));
    accounts + "ann,,ann,,,\n"
}

fn take(login: &str, day: i64, time: &str, rows: u64) -> Line {
    by_account(login).at(on(day, time)).set("statement", "SELECT name, phone FROM crm.customers").rows(rows)
}

#[test]
fn a_job_that_takes_more_than_ever_is_no_quieter_than_a_person() {
    let bank = Company::bank().with("accounts.csv", accounts());
    let nights = (1..TODAY).map(|day| take("nightly", day, "02:00", 40));
    let open = bank.sees(&[take("ann", TODAY, "10:00", 10_000)]);
    bank.past(nights).sees(&[take("nightly", TODAY, "10:00", 10_000)]).no_quieter_than(&open);
}
