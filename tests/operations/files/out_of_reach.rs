//! Files that cannot be reached for a while.

use super::{Company, has_read, readiness, records};
use std::fs;

/// A machine starts, and the service is up before the network mount with its logs: the folder is there, and empty.
/// https://github.com/elastic/beats/issues/1560
/// Nothing is lost: it is not ready and says why, and reads on when the mount is there.
#[test]
fn the_mount_comes_late() {
    let company = Company::new("mount/core.log");
    company.write("mount/core.log", records(0, 40));
    let service = company.start();
    has_read(&service, 40);
    service.stop();
    company.append("mount/core.log", &records(40, 50));
    company.rename("mount", "elsewhere");
    for empty in [false, true] {
        if empty {
            fs::create_dir(company.path("mount")).expect("made");
        }
        let service = company.start_unready();
        service.wait("it says why", |service| readiness(service).contains("read up to line 40"));
        assert!(readiness(&service).starts_with("HTTP/1.1 503"));
        assert_eq!(service.metric("leakwarden_source_unreachable{source=\"core\"}"), 1.0);
        let log = service.stop();
        assert!(!log.contains("lost") && log.matches("cannot be read now").count() == 1, "{log}");
    }
    let service = company.start_unready();
    service.wait("it is not ready", |service| readiness(service).contains("cannot be read now"));
    fs::remove_dir(company.path("mount")).expect("removed");
    company.rename("elsewhere", "mount");
    has_read(&service, 10);
    service.wait("it is ready", |service| readiness(service).ends_with("ok\n"));
    assert_eq!(service.metric("leakwarden_source_unreachable{source=\"core\"}"), 0.0);
    service.stop();
}

/// A service is rolled out before the application has written its first line.
#[test]
fn the_first_start_is_before_the_first_log() {
    let company = Company::new("logs/core.log");
    let service = company.start_unready();
    service.wait("it says why", |service| readiness(service).contains("no such file"));
    company.write("logs/core.log", records(0, 10));
    has_read(&service, 10);
    assert!(readiness(&service).ends_with("ok\n"));
    service.stop();
}

/// A network share is unmounted for maintenance, and mounted again with what was written meanwhile.
/// https://github.com/elastic/beats/issues/2056
#[test]
fn the_mount_goes_away_while_the_service_runs() {
    let company = Company::new("mount/*.log");
    company.write("mount/core.log", records(0, 40));
    let service = company.start();
    has_read(&service, 40);
    company.rename("mount", "elsewhere");
    fs::create_dir(company.path("mount")).expect("made");
    service.wait("it is not ready", |service| readiness(service).contains("no such file"));
    fs::copy(company.path("elsewhere/core.log"), company.path("core.copy")).expect("copied");
    company.append("core.copy", &records(40, 50));
    company.rename("core.copy", "mount/core.log");
    has_read(&service, 50);
    service.wait("it is ready", |service| readiness(service).ends_with("ok\n"));
    service.stop();
}

/// A link in the path turns in a circle until somebody mends it; it stands for any error of the system but "not there".
/// https://github.com/fluent/fluentd/issues/726
/// The log says it once a minute, and not with every look.
#[test]
fn a_path_that_leads_nowhere_for_a_while() {
    let company = Company::new("logs/core.log");
    company.write("real/core.log", records(0, 40));
    std::os::unix::fs::symlink(company.path("real"), company.path("logs")).expect("linked");
    let service = company.start();
    has_read(&service, 40);
    service.stop();
    company.append("real/core.log", &records(40, 50));
    company.remove("logs");
    std::os::unix::fs::symlink(company.path("logs"), company.path("logs")).expect("linked");
    let service = company.start_unready();
    service.wait("it says why", |service| readiness(service).contains("symbolic links"));
    assert_eq!(service.log().matches("cannot be read now").count(), 1, "{}", service.log());
    company.remove("logs");
    std::os::unix::fs::symlink(company.path("real"), company.path("logs")).expect("linked");
    has_read(&service, 10);
    assert!(!service.stop().contains("lost"));
}

/// The log is rotated and packed with xz while the service is down.
/// It is not lost: it is said what is to be done, and read once somebody has unpacked it.
#[test]
fn the_rest_is_in_an_archive_that_nobody_can_read() {
    let company = Company::new("core.log");
    company.write("core.log", records(0, 40));
    let service = company.start();
    has_read(&service, 40);
    service.stop();
    company.append("core.log", &records(40, 50));
    company.rename("core.log", "kept");
    company.write("core.log.1.xz", b"\xfd7zXZ\0 and more");
    company.write("core.log", records(50, 60));
    let service = company.start_unready();
    service.wait("it says what to do", |service| readiness(service).contains("packed with xz: unpack it first"));
    company.remove("core.log.1.xz");
    company.rename("kept", "core.log.1");
    has_read(&service, 20);
    assert!(!service.stop().contains("lost"));
}
