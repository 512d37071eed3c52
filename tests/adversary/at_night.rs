//! The same at an hour at which nobody looks: at night, on days of rest, on leave, on the last evening of the week, first thing in the
//! morning.

use crate::company::{Company, TODAY, takes_all, worker};

#[test]
fn no_hour_is_quieter_than_another() {
    let bank = Company::bank();
    let open = bank.sees(&[takes_all("10:00")]);
    let on = |day: i64, time: &str| worker("ann", day, time).set("statement", "SELECT id, name, phone FROM crm.customers").rows(10_000);
    bank.sees(&[on(TODAY, "03:00")]).no_quieter_than(&open);
    for (day, time) in [(TODAY, "09:00"), (TODAY + 4, "17:55"), (TODAY + 5, "11:00"), (TODAY + 6, "23:30")] {
        let seen = bank.sees(&[on(day, time)]);
        assert!(seen.rank() >= open.rank(), "day {day}, {time}: {:#?} {:#?}", seen.told(), open.told());
    }
    let away = Company::bank().with("absences.csv", "employee,from,to,kind\nann,2026-05-04,2026-05-08,sick\n");
    away.sees(&[takes_all("10:00")]).no_quieter_than(&open);
}
