//! Somebody copies a log to the monitor again and again.

use super::{Company, has_read, records};

/// Somebody mirrors a log with rsync, which writes a new file and renames it over the old one: another inode each time.
/// https://github.com/logstash-plugins/logstash-input-file/issues/63
/// Reading goes on where it stopped; nothing is read twice.
#[test]
fn rsync_replaces_the_file_by_a_longer_one() {
    let company = Company::new("core.log");
    company.write("core.log", records(0, 40));
    let service = company.start();
    has_read(&service, 40);
    for until in [70, 200, 1_000] {
        company.write(".core.log.Xy12ab", records(0, until));
        company.rename(".core.log.Xy12ab", "core.log");
        has_read(&service, until);
    }
    service.stop();
    company.write(".core.log.Xy12ab", records(0, 1_300));
    company.rename(".core.log.Xy12ab", "core.log");
    let service = company.start();
    has_read(&service, 300);
    assert!(!service.stop().contains("lost"));
}

/// Somebody mirrors a log with cp or scp, which empties the file and writes it anew.
/// While it is shorter than what was read it is a copy under way; then reading goes on.
#[test]
fn cp_writes_over_the_file_in_its_place() {
    let company = Company::new("core.log");
    company.write("core.log", records(0, 40));
    let service = company.start();
    has_read(&service, 40);
    for (part, until) in [(20, 70), (3, 150), (149, 400)] {
        company.write("core.log", "");
        super::lets_time_pass(&service);
        company.write("core.log", records(0, part));
        super::lets_time_pass(&service);
        company.write("core.log", records(0, until));
        has_read(&service, until);
    }
    assert!(!service.stop().contains("lost"));
}

/// Somebody moves a log to another folder and, a while later, back.
/// https://github.com/syncthing/syncthing/issues/2845
/// It is the content that was read: nothing of it is read again, and what was added is read.
#[test]
fn a_file_is_moved_away_and_back() {
    let company = Company::new("logs/*.log");
    company.write("logs/a.log", records(0, 40));
    company.write("logs/b.log", records(0, 1));
    let service = company.start();
    has_read(&service, 40);
    company.rename("logs/a.log", "a.log");
    super::lets_time_pass(&service);
    company.rename("a.log", "logs/a.log");
    company.append("logs/a.log", &records(40, 50));
    has_read(&service, 50);
    service.stop();
    company.rename("logs/a.log", "a.log");
    let service = company.start();
    super::lets_time_pass(&service);
    company.append("a.log", &records(50, 60));
    std::fs::copy(company.path("a.log"), company.path("logs/a.log")).expect("copied");
    has_read(&service, 10);
    service.stop();
}

/// Somebody opens a log in an editor and saves it: another inode with the same content, and a copy beside it.
#[test]
fn an_editor_saves_the_file() {
    let company = Company::new("core.log");
    company.write("core.log", records(0, 40));
    let service = company.start();
    has_read(&service, 40);
    company.rename("core.log", "core.log~");
    company.write("core.log", records(0, 40));
    company.append("core.log", &records(40, 45));
    has_read(&service, 45);
    company.remove("core.log~");
    company.append("core.log", &records(45, 50));
    has_read(&service, 50);
    service.stop();
}

/// A log is deleted while the service is down, and the next one gets its inode, and is longer.
/// https://github.com/vectordotdev/vector/issues/25079
/// It is another content, and is read from its start; what may have been lost is told.
#[test]
fn the_inode_is_used_again() {
    use std::os::unix::fs::MetadataExt;
    let company = Company::new("core.log");
    company.write("core.log", records(0, 40));
    let inode = |name: &str| std::fs::metadata(company.path(name)).expect("is there").ino();
    let before = inode("core.log");
    let service = company.start();
    has_read(&service, 40);
    service.stop();
    company.remove("core.log");
    // Most file systems give it again at once; where one does not, another log of the same name will do.
    company.write("core.log", records(100, 200));
    let again = inode("core.log") == before;
    let service = company.start();
    has_read(&service, 100);
    assert_eq!(service.metric("leakwarden_source_losses_total{source=\"core\"}"), 1.0, "the same inode: {again}");
    service.stop();
}

/// Logs whose columns are named in a long header, the same in each, are collected in one folder.
/// https://github.com/vectordotdev/vector/issues/25079
/// They are several, however alike they begin.
#[test]
fn many_logs_begin_with_the_same_long_header() {
    let company = Company::new("logs/*.log");
    let note = "#".repeat(3_000);
    for n in 0..4 {
        company.write(&format!("logs/core-{n}.log"), format!("{{\"note\":\"{note}\"}}\n"));
    }
    let service = company.start();
    service.wait("one of them is read", |service| super::read(service) >= 1.0);
    for n in 0..4 {
        company.append(&format!("logs/core-{n}.log"), &records(n * 10, n * 10 + 10));
    }
    service.wait("all records are read", |service| super::accepted(service) >= 40.0);
    assert_eq!(super::accepted(&service), 40.0);
    service.stop();
}
