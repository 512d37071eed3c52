//! A log is rotated.

use super::{Company, has_read, records};
use std::fs;

/// logrotate with `copytruncate`: the log is copied, then emptied, and its writer goes on in it. The service lags behind.
/// https://github.com/elastic/beats/issues/39731 and https://github.com/elastic/beats/issues/45300
/// What was not read yet is read from the copy.
#[test]
fn it_is_copied_and_truncated() {
    let company = Company::new("core.log");
    company.write("core.log", records(0, 40));
    let service = company.start();
    has_read(&service, 40);
    company.append("core.log", &records(40, 60));
    fs::copy(company.path("core.log"), company.path("core.log.1")).expect("copied");
    company.write("core.log", records(60, 70));
    has_read(&service, 70);
    service.stop();
    company.append("core.log", &records(70, 90));
    company.rename("core.log.1", "core.log.2");
    fs::copy(company.path("core.log"), company.path("core.log.1")).expect("copied");
    company.gzip("core.log.1");
    company.write("core.log", records(90, 100));
    let service = company.start();
    has_read(&service, 30);
    assert!(!service.stop().contains("lost"));
}

/// A service is down over a long weekend, and the log is rotated and packed every night.
/// https://github.com/bgreenlee/pygtail/issues/15
/// The rest of the log that it was in, and every one after it, is read in order, and none from before it was started first.
#[test]
fn several_times_while_the_service_is_down() {
    let company = Company::new("core.log");
    company.write("core.log.7", records(900, 950));
    company.write("core.log.8", records(800, 850));
    company.gzip("core.log.8");
    company.write("core.log", records(0, 40));
    let service = company.start();
    has_read(&service, 40);
    service.stop();
    company.append("core.log", &records(40, 60));
    company.rename("core.log", "core.log.1");
    company.gzip("core.log.1");
    company.rename("core.log.1.gz", "core.log.4.gz");
    company.write("core.log.3", records(60, 80));
    company.gzip("core.log.3");
    company.write("core.log.2", records(80, 100));
    company.write("core.log.1", records(100, 120));
    company.write("core.log", records(120, 125));
    let service = company.start();
    has_read(&service, 85);
    service.stop();
    let service = company.start();
    company.append("core.log", &records(125, 126));
    has_read(&service, 1);
    assert!(!service.stop().contains("lost"));
}

/// A flood makes a small log rotate several times within a quarter of a second.
/// https://github.com/fluent/fluentd-kubernetes-daemonset/issues/465
/// Those between are read as well, before the newest.
#[test]
fn several_times_between_two_looks() {
    let company = Company::new("core.log");
    company.write("core.log", records(0, 40));
    let service = company.start();
    has_read(&service, 40);
    for n in 2..12 {
        for number in (1..n).rev() {
            let from = format!("core.log.{number}");
            if company.path(&from).exists() {
                company.rename(&from, &format!("core.log.{}", number + 1));
            }
        }
        company.append("core.log", &records(n * 20, n * 20 + 10));
        company.rename("core.log", "core.log.1");
        company.write("core.log", records(n * 20 + 10, n * 20 + 20));
    }
    has_read(&service, 240);
    service.stop();
}

/// logrotate with `dateext` and `extension .log`: core.log becomes core-20260303.log, and core-20260303.log.gz a day later.
#[test]
fn by_date_with_the_extension_kept() {
    let company = Company::new("core.log");
    company.write("core.log", records(0, 40));
    let service = company.start();
    has_read(&service, 40);
    service.stop();
    company.append("core.log", &records(40, 50));
    company.rename("core.log", "core-20260303.log");
    company.gzip("core-20260303.log");
    company.write("core-20260304.log", records(50, 60));
    company.write("core.log", records(60, 70));
    // Another log.
    company.write("core-control.log", records(500, 600));
    let service = company.start();
    has_read(&service, 30);
    service.stop();
}

/// The log is a symbolic link to the newest of several files, and is pointed to the next ones at midnight.
/// https://github.com/fluent/fluent-bit/issues/1118 and https://github.com/jordansissel/eventmachine-tail/issues/4
#[test]
fn the_link_to_the_newest_moves_on() {
    for down in [false, true] {
        let company = Company::new("now.log");
        let point_to = |name: &str| {
            std::os::unix::fs::symlink(company.path(name), company.path("next")).expect("linked");
            company.rename("next", "now.log");
        };
        company.write("files/core-07.log", records(900, 950));
        company.write("files/core-08.log", records(0, 40));
        point_to("files/core-08.log");
        let mut service = Some(company.start());
        has_read(service.as_ref().expect("runs"), 40);
        if down {
            service.take().map(crate::common::service::Service::stop);
        }
        company.append("files/core-08.log", &records(40, 50));
        company.write("files/core-09.log", records(50, 60));
        company.write("files/core-10.log", records(60, 70));
        point_to("files/core-10.log");
        let before = if down { 40 } else { 0 };
        let service = service.unwrap_or_else(|| company.start());
        has_read(&service, 70 - before);
        company.append("files/core-10.log", &records(70, 80));
        has_read(&service, 80 - before);
        service.stop();
    }
}

/// A service is stopped just after midnight, when the new log is still empty. While it is down the log fills and is rotated.
/// https://github.com/vectordotdev/vector/issues/643
#[test]
fn after_it_was_empty_when_the_service_stopped() {
    let company = Company::new("core.log");
    company.write("core.log", "");
    let service = company.start();
    service.stop();
    company.append("core.log", &records(0, 30));
    company.rename("core.log", "core.log.1");
    company.write("core.log", records(30, 40));
    let service = company.start();
    has_read(&service, 40);
    service.stop();
}

/// The glob of a source finds the rotated files as well as the log: `core.log*`.
/// https://github.com/open-telemetry/opentelemetry-collector-contrib/issues/46105
#[test]
fn within_the_glob() {
    let company = Company::new("core.log*");
    company.write("core.log.1", records(0, 20));
    company.write("core.log", records(20, 40));
    let service = company.start();
    has_read(&service, 40);
    for n in 2..6 {
        for number in (1..n).rev() {
            let (from, to) = (format!("core.log.{number}"), format!("core.log.{}", number + 1));
            if company.path(&from).exists() {
                company.rename(&from, &to);
            }
        }
        if n == 4 {
            company.gzip("core.log.3");
            company.rename("core.log.3.gz", "old.gz");
            company.rename("old.gz", "core.log.9.gz");
        }
        company.rename("core.log", "core.log.1");
        company.write("core.log", records(n * 20, n * 20 + 20));
        has_read(&service, n * 20 + 20);
    }
    service.stop();
    let service = company.start();
    company.append("core.log", &records(120, 121));
    has_read(&service, 1);
    service.stop();
}

/// The log is copied and truncated, and its writer goes on where it was: the new log begins with a hole of zeros.
/// https://github.com/logrotate/logrotate/issues/591
/// The hole holds no records, and the first behind it is one.
#[test]
fn it_is_truncated_under_a_writer_that_keeps_its_place() {
    use std::os::unix::fs::FileExt;
    let company = Company::new("core.log");
    company.write("core.log", "");
    let writer = fs::OpenOptions::new().write(true).open(company.path("core.log")).expect("opens");
    let first = records(0, 40);
    writer.write_all_at(first.as_bytes(), 0).expect("written");
    let service = company.start();
    has_read(&service, 40);
    fs::copy(company.path("core.log"), company.path("core.log.1")).expect("copied");
    writer.set_len(0).expect("truncated");
    writer.write_all_at(records(40, 50).as_bytes(), first.len() as u64).expect("written");
    has_read(&service, 50);
    service.stop();
    writer.write_all_at(records(50, 60).as_bytes(), (first.len() + records(40, 50).len()) as u64).expect("written");
    let service = company.start();
    has_read(&service, 10);
    assert!(!service.stop().contains("lost"));
}

/// Logs of containers are links to files that the node rotates and packs beside their targets; a container that starts anew has another.
/// https://github.com/fluent/fluent-bit/issues/2110
#[test]
fn the_node_rotates_and_packs_the_logs_of_containers() {
    let company = Company::new("containers/*.log");
    let point_to = |name: &str| {
        std::os::unix::fs::symlink(company.path(name), company.path("next")).expect("linked");
        company.rename("next", "containers/core-0.log");
    };
    company.write("containers/other", "");
    company.write("pods/core/0.log.20260301-000000", records(900, 910));
    company.gzip("pods/core/0.log.20260301-000000");
    company.write("pods/core/0.log", records(0, 40));
    point_to("pods/core/0.log");
    let service = company.start();
    has_read(&service, 40);
    company.append("pods/core/0.log", &records(40, 50));
    company.rename("pods/core/0.log", "pods/core/0.log.20260302-082034");
    company.write("pods/core/0.log", records(50, 60));
    has_read(&service, 60);
    service.stop();
    company.append("pods/core/0.log", &records(60, 70));
    company.gzip("pods/core/0.log.20260302-082034");
    company.rename("pods/core/0.log", "pods/core/0.log.20260303-082034");
    company.gzip("pods/core/0.log.20260303-082034");
    company.write("pods/core/0.log", records(70, 80));
    company.write("pods/core/1.log", records(80, 90));
    point_to("pods/core/1.log");
    let service = company.start();
    has_read(&service, 30);
    assert!(!service.stop().contains("lost"));
}

/// The number comes before the extension, and the glob finds both: `core.log` becomes `core.1.log`.
/// https://github.com/elastic/beats/issues/1010
/// After a restart neither is read again.
#[test]
fn the_number_stands_before_the_extension() {
    let company = Company::new("logs/*.log");
    company.write("logs/core.log", records(0, 40));
    let service = company.start();
    has_read(&service, 40);
    company.rename("logs/core.log", "logs/core.1.log");
    company.write("logs/core.log", records(40, 50));
    has_read(&service, 50);
    company.append("logs/core.1.log", &records(50, 55));
    has_read(&service, 55);
    service.stop();
    company.append("logs/core.log", &records(55, 60));
    let service = company.start();
    has_read(&service, 5);
    assert!(!service.stop().contains("lost"));
}

/// The log is truncated while the service is down, and grows beyond what it was.
/// https://github.com/grafana/loki/pull/924
/// It is read from its start, and what was not read before is told as lost.
#[test]
fn it_is_truncated_while_the_service_is_down_and_outgrows_itself() {
    let company = Company::new("core.log");
    company.write("core.log", records(0, 40));
    let service = company.start();
    has_read(&service, 40);
    service.stop();
    company.write("core.log", records(50, 150));
    let service = company.start();
    has_read(&service, 100);
    assert_eq!(service.metric("leakwarden_source_losses_total{source=\"core\"}"), 1.0);
    service.stop();
}

/// The service dies as soon as it is ready, and before it starts again its log is rotated and packed.
/// What was followed is known from the first look on: nothing of it is history.
#[test]
fn while_a_service_is_down_that_was_killed_when_it_had_just_begun() {
    for is_empty in [true, false] {
        let company = Company::new("core.log");
        let config = fs::read_to_string(company.path("config.toml")).expect("is there");
        company.write("config.toml", config.replace("checkpoint_interval = \"1s\"", "checkpoint_interval = \"1h\""));
        company.write("core.log", if is_empty { String::new() } else { records(0, 40) });
        company.start().crash();
        company.append("core.log", &records(40, 60));
        company.rename("core.log", "core.log.1");
        company.gzip("core.log.1");
        company.write("core.log", records(60, 70));
        let service = company.start();
        // What it had read was saved with what it follows.
        has_read(&service, 30);
        assert!(!service.stop().contains("lost"));
    }
}
