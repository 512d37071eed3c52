//! One suite on two databases: SQLite in a folder of its own, and PostgreSQL, Debian's, started by the test in a folder of its own on
//! loopback. Where there is no PostgreSQL that is said aloud; where `LEAKWARDEN_REQUIRE_POSTGRES=1` it is a failure.

use leakwarden::database::{Database, Location};
use std::io::Write as _;
use std::net::TcpListener;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

/// A user without rights, whom Debian has: a server refuses to run as root.
const NOBODY: u32 = 65_534;
/// Numbers of databases.
static NUMBER: AtomicU32 = AtomicU32::new(0);
const PASSWORD: &str = "loopback & 50% of luck/?";

/// Where a test keeps its data.
pub struct Place {
    pub location: Location,
    /// The address with its password, for other clients of the server.
    address: String,
    /// The server of a PostgreSQL.
    server: Option<Arc<Server>>,
    pub name: &'static str,
    _folder: tempfile::TempDir,
}

impl Place {
    /// An empty SQLite.
    pub fn sqlite() -> Place {
        let folder = tempfile::tempdir().expect("a folder");
        let location = Location::sqlite(folder.path().join("desk.sqlite"));
        Place { location, address: String::new(), server: None, name: "SQLite", _folder: folder }
    }

    /// An empty database of the PostgreSQL of this test process, where there is one.
    pub fn postgres() -> Option<Place> {
        Some(Place::at(server()?))
    }

    /// An empty database of a PostgreSQL of its own, which can be restarted, where there is one.
    pub fn postgres_alone() -> Option<Place> {
        Some(Place::at(Arc::new(start(installed_or_told()?))))
    }

    fn at(server: Arc<Server>) -> Place {
        let name = format!("test{}", NUMBER.fetch_add(1, Ordering::Relaxed));
        server.psql(&format!("create database {name}"));
        let url = format!("postgres://leakwarden@127.0.0.1:{}/{name}", server.port);
        let location = Location::parse(&url, Path::new("")).expect("an address").with_password(Some(PASSWORD.to_owned()));
        let encoded: String = PASSWORD.bytes().map(|byte| format!("%{byte:02X}")).collect();
        let address = format!("postgres://leakwarden:{encoded}@127.0.0.1:{}/{name}", server.port);
        Place { location, address, server: Some(server), name: "PostgreSQL", _folder: tempfile::tempdir().expect("a folder") }
    }

    /// The server dies, as in a crash, and starts again over what it had; returns once it answers. For one that nobody else uses.
    pub fn restart(&self) {
        let server = self.server.as_ref().expect("a server");
        let began = || self.column("select pg_postmaster_start_time()");
        let before = began();
        writeln!(server.watch.lock().expect("no panic").1.as_mut().expect("is piped"), "again").expect("the watch is there");
        for _ in 0..1200 {
            let now = began();
            if !now.is_empty() && now != before {
                return;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        panic!("PostgreSQL does not start again");
    }

    /// The address with its password, for other clients of the server.
    pub fn address(&self) -> String {
        self.address.clone()
    }

    /// The address without its password, and that.
    pub fn credentials(&self) -> (String, &'static str) {
        let (_, rest) = self.address.split_once('@').unwrap_or_default();
        (format!("postgres://leakwarden@{rest}"), PASSWORD)
    }

    /// The first column of what a query gives; nothing where it fails, as before a table is made.
    pub fn column(&self, sql: &str) -> Vec<String> {
        let Some(server) = &self.server else { return Vec::new() };
        let database = self.database();
        let mut psql = Command::new(server.bin.join("psql"));
        psql.args(["-h", "127.0.0.1", "-p", &server.port.to_string(), "-U", "leakwarden", "-d", database, "-Atqc", sql]);
        let told = psql.env("PGPASSWORD", PASSWORD).output().expect("psql runs");
        String::from_utf8_lossy(&told.stdout).lines().map(str::to_owned).collect()
    }

    /// A copy of all that it holds. Nobody may have it open.
    pub fn copy(&self) -> Copied {
        match self.location.file() {
            Some(file) => {
                let folder = tempfile::tempdir().expect("a folder");
                for part in parts(file).iter().filter(|part| part.exists()) {
                    std::fs::copy(part, folder.path().join(part.file_name().expect("a name"))).expect("copied");
                }
                Copied { folder, database: String::new() }
            }
            None => {
                let database = format!("copy{}", NUMBER.fetch_add(1, Ordering::Relaxed));
                let server = self.server.as_ref().expect("it runs");
                server.psql_alone(&format!("create database {database} template {}", self.database()), self.database());
                Copied { folder: tempfile::tempdir().expect("a folder"), database }
            }
        }
    }

    /// Puts a copy in its place. Nobody may have it open.
    pub fn restore(&self, copied: &Copied) {
        match self.location.file() {
            Some(file) => {
                for part in parts(file) {
                    let from = copied.folder.path().join(part.file_name().expect("a name"));
                    if from.exists() {
                        std::fs::copy(from, part).expect("copied");
                    } else if part.exists() {
                        std::fs::remove_file(part).expect("removed");
                    }
                }
            }
            None => {
                let server = self.server.as_ref().expect("it runs");
                server.psql(&format!("drop database {} with (force)", self.database()));
                server.psql(&format!("create database {} template {}", self.database(), copied.database));
            }
        }
    }

    fn database(&self) -> &str {
        self.address.rsplit('/').next().unwrap_or_default()
    }

    /// Opens it.
    pub async fn open(&self) -> Database {
        Database::open(&self.location).await.unwrap_or_else(|error| panic!("{}: {error}", self.name))
    }
}

/// A copy of a database.
pub struct Copied {
    folder: tempfile::TempDir,
    database: String,
}

/// The file of a SQLite, its journal and what goes with that.
fn parts(file: &Path) -> [PathBuf; 3] {
    ["", "-wal", "-shm"].map(|end| PathBuf::from(format!("{}{end}", file.display())))
}

/// Runs a test on every database that there is.
pub fn on_each<F: Future<Output = ()>>(test: impl Fn(Place) -> F) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    for place in std::iter::once(Place::sqlite()).chain(Place::postgres()) {
        eprintln!("on {}", place.name);
        runtime.block_on(test(place));
    }
}

struct Server {
    port: u16,
    bin: PathBuf,
    /// The server ends when this does, however the test process ends; a line to it restarts the server.
    watch: Mutex<(Child, Option<ChildStdin>)>,
}

impl Server {
    fn psql(&self, sql: &str) {
        self.tried(sql).unwrap_or_else(|why| panic!("{why}"));
    }

    /// The same of a template: sessions that are still ending, or that somebody was cut off in, are ended.
    fn psql_alone(&self, sql: &str, template: &str) {
        for _ in 0..100 {
            match self.tried(sql) {
                Err(why) if why.contains("accessed by other users") => {
                    self.psql(&format!("select pg_terminate_backend(pid) from pg_stat_activity where datname = '{template}'"));
                    std::thread::sleep(Duration::from_millis(50));
                }
                done => return done.unwrap_or_else(|why| panic!("{why}")),
            }
        }
        panic!("{sql}: somebody has it open");
    }

    fn tried(&self, sql: &str) -> Result<(), String> {
        let port = self.port.to_string();
        let mut psql = Command::new(self.bin.join("psql"));
        psql.args(["-h", "127.0.0.1", "-p", &port, "-U", "leakwarden", "-d", "postgres", "-qc", sql]).env("PGPASSWORD", PASSWORD);
        let told = psql.output().expect("psql runs");
        if told.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&told.stderr).into_owned()) }
    }
}

fn server() -> Option<Arc<Server>> {
    static SERVER: OnceLock<Option<Arc<Server>>> = OnceLock::new();
    SERVER.get_or_init(|| Some(Arc::new(start(installed_or_told()?)))).clone()
}

fn installed_or_told() -> Option<PathBuf> {
    let found = installed();
    if found.is_none() {
        let required = std::env::var_os("LEAKWARDEN_REQUIRE_POSTGRES").is_some_and(|value| value == "1");
        assert!(!required, "LEAKWARDEN_REQUIRE_POSTGRES=1, and there is no PostgreSQL server (Debian: postgresql)");
        // Past the capture of the test's output.
        let _ = writeln!(std::io::stderr(), "SKIPPED on PostgreSQL: there is no server in /usr/lib/postgresql (Debian: postgresql)");
    }
    found
}

/// The newest that Debian installed.
fn installed() -> Option<PathBuf> {
    let found = glob::glob("/usr/lib/postgresql/*/bin/initdb").ok()?.filter_map(Result::ok);
    found.max().and_then(|file| Some(file.parent()?.to_owned()))
}

fn start(bin: PathBuf) -> Server {
    let folder = tempfile::tempdir().expect("a folder").keep();
    std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o711)).expect("a folder that others pass");
    let (data, secret) = (folder.join("data"), folder.join("password"));
    std::fs::write(&secret, PASSWORD).expect("written");
    std::fs::create_dir(&data).expect("made");
    let is_root =
        std::process::id() != 0 && std::fs::metadata("/proc/self").is_ok_and(|about| std::os::unix::fs::MetadataExt::uid(&about) == 0);
    if is_root {
        for path in [&data, &secret] {
            chown(path, Some(NOBODY), Some(NOBODY)).expect("given");
        }
    }
    let as_user = |program: &Path| {
        let mut command = Command::new(if is_root { Path::new("setpriv") } else { program });
        if is_root {
            command.args([&format!("--reuid={NOBODY}"), &format!("--regid={NOBODY}"), "--clear-groups", "--"]).arg(program);
        }
        command.current_dir("/");
        command
    };
    let made = as_user(&bin.join("initdb"))
        .arg("-D")
        .arg(&data)
        .args(["-U", "leakwarden", "-A", "scram-sha-256", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync", "--pwfile"])
        .arg(&secret)
        .output()
        .expect("initdb runs");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    for _ in 0..5 {
        let port = TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr()).expect("a port").port();
        // A line ends the server as a crash would, and starts it again; the end of the input ends it.
        let script = r#"start() { "$1" -D "$2" -p "$3" -h 127.0.0.1 -k '' -c fsync=off -c max_connections=200 >>"$4" 2>&1 & server=$!; }
            start "$@"
            while kill -0 $server 2>/dev/null; do
                if read -t 1 line; then kill -QUIT $server; wait $server; start "$@"; else [ $? -gt 128 ] || break; fi
            done
            kill -INT $server; wait $server; rm -rf "$2""#;
        let mut watch = as_user(Path::new("/bin/bash"));
        watch.args(["-c", script, "watch"]).arg(bin.join("postgres")).arg(&data).arg(port.to_string()).arg(data.join("log"));
        let mut watch = watch.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("bash runs");
        let kept = watch.stdin.take();
        let server = Server { port, bin: bin.clone(), watch: Mutex::new((watch, kept)) };
        for _ in 0..200 {
            let ready = Command::new(bin.join("pg_isready")).args(["-q", "-h", "127.0.0.1", "-p", &port.to_string()]).status();
            if ready.is_ok_and(|status| status.success()) {
                return server;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        // Somebody else took the port: once more with another.
        let _ = std::io::stderr().write_all(&std::fs::read(data.join("log")).unwrap_or_default());
    }
    panic!("PostgreSQL does not start");
}
