//! The service is restarted, in order and by a power cut, while alerts are open.
//!
//! <https://github.com/prometheus/alertmanager/issues/952>: a restart after which a condition is not known for a while tells everybody that
//! the alert is resolved, and then fires again.
//!
//! The rule: from the first answer on, the metrics say of open alerts what they said before, and an alert that was open does not open again.

use super::bank::{extract, look, standing, sum, write};
use crate::common::service::{Service, append};

fn opened(service: &Service) -> f64 {
    let text = service.get("/metrics").expect("answers");
    let of = |line: &str| line.starts_with("leakwarden_alerts_total{").then(|| line.rsplit(' ').next()?.parse::<f64>().ok()).flatten();
    text.lines().filter_map(of).sum()
}

fn settled(service: &Service) -> usize {
    service.alerts().iter().filter(|alert| alert["settled"] == true).count()
}

#[test]
fn what_is_open_stands_after_every_restart() {
    let dir = tempfile::tempdir().expect("a directory");
    let dir = dir.path();
    write(dir);
    let log = dir.join("access.jsonl");
    let service = Service::start(dir);
    assert_eq!(standing(&service).map(|gauge| (gauge.len(), sum(&gauge))), [(4, 0.0), (4, 0.0)], "that there is none is known at once");
    append(&log, &extract("e1", 0, 9));
    service.wait("it is shown early", |service| sum(&standing(service)[0]) > 0.0);
    assert_eq!(sum(&standing(&service)[1]), 0.0, "what has not settled has no place of the budget");
    append(&log, &[look(0, "11:00"), look(0, "12:00")]);
    service.wait("it settles", |service| sum(&standing(service)[1]) > 0.0);
    let before = standing(&service);
    service.stop();

    let service = Service::start(dir);
    assert_eq!(standing(&service), before, "after an orderly stop");
    let told = settled(&service);
    append(&log, &[extract("e1", 0, 13).swap_remove(0), look(0, "15:00"), look(1, "01:00")]);
    service.wait("more of it is told", |service| settled(service) > told);
    assert_eq!((opened(&service), standing(&service)), (0.0, before.clone()), "nothing has opened");
    service.crash();

    let service = Service::start(dir);
    assert_eq!(standing(&service), before, "after a power cut");
    append(&log, &(2..12).map(|day| look(day, "09:00")).collect::<Vec<_>>());
    service.wait("it closes after a quiet week", |service| standing(service).iter().all(|gauge| sum(gauge) == 0.0));
    service.stop();
    let service = Service::start(dir);
    assert_eq!(standing(&service).map(|gauge| (gauge.len(), sum(&gauge))), [(4, 0.0), (4, 0.0)]);
    service.stop();
}
