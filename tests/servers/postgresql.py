"""PostgreSQL 15 in every configuration that changes what its log says.

Workers play the runs side by side, each on a server of its own: made once, copied for every run."""

import concurrent.futures, os, queue, re, shutil, subprocess, sys

import postgresql_cases
from lab import Scratch, Syslog, Truth, Wrong, free_port, wait_for

BIN = "/usr/lib/postgresql/15/bin/"
HERE = os.path.dirname(os.path.abspath(__file__))
WORKERS = 3

SESSION = dict(**{"pgaudit.log": "all", "pgaudit.log_parameter": "on"})
ROWS = {"pgaudit.log_rows": "on"}
ONCE = {"pgaudit.log_relation": "on", "pgaudit.log_statement_once": "on", "pgaudit.log_catalog": "off"}
OBJECT = {"pgaudit.log": "none", "pgaudit.role": "auditor", "pgaudit.log_parameter": "on"}
FUNCTIONS = {"pgaudit.log": "read,function", "pgaudit.log_relation": "on", "pgaudit.log_parameter": "on", **ROWS}
SHORT = {**SESSION, "pgaudit.log": "all,-misc", **ROWS}
SYSLOG = {"log_destination": "stderr,csvlog,jsonlog,syslog", "syslog_ident": "postgres"}

# Name of the run, settings, which cases: in this order, the slowest first.
RUNS = [
    ("I_syslog", {**SESSION, **ROWS, **SYSLOG}, "all"),
    ("F_auto_explain_json", {"pgaudit.log": "none", "auto_explain.log_min_duration": "0", "auto_explain.log_analyze": "on", "auto_explain.log_verbose": "on",
                             "auto_explain.log_format": "json", "auto_explain.log_nested_statements": "on"}, "all"),
    ("A_defaults", {**SESSION, **ROWS}, "all"),
    ("B_relation_once", {**SESSION, **ROWS, **ONCE}, "all"),
    ("B2_relation_norows", {**SESSION, **ONCE}, "all"),
    ("C_object_only", {**OBJECT, **ROWS}, "all"),
    ("C2_object_only_norows", OBJECT, "all"),
    ("D_norows", {**SESSION, "pgaudit.log": "read,write,function,role,ddl,misc", "pgaudit.log_catalog": "off"}, "all"),
    ("E_plain_log_statement", {"shared_preload_libraries": "", "log_statement": "all", "log_min_duration_statement": "0", "log_replication_commands": "on"}, "all"),
    ("G_functions", FUNCTIONS, "invoker"),
    ("G2_secdef", FUNCTIONS, "definer"),
    ("H_debian_prefix_KST", {**SHORT, "log_timezone": "Asia/Seoul", "log_line_prefix": "%m [%p] %q%u@%d "}, "short"),
    ("H_rds_prefix", {**SHORT, "log_line_prefix": "%t:%r:%u@%d:[%p]:"}, "short"),
    ("H_azure_prefix", {**SHORT, "log_line_prefix": "%t-%c-"}, "short"),
    ("H_cloudsql_prefix", {**SHORT, "log_line_prefix": "%m [%p]: [%l-1] db=%d,user=%u "}, "short"),
    ("H_zh_CN_Shanghai", {**SHORT, "lc_messages": "zh_CN.UTF-8", "log_timezone": "Asia/Shanghai", "log_line_prefix": "%m [%p] %q%u@%d "}, "short"),
]

BASE = {
    "listen_addresses": "127.0.0.1", "fsync": "off", "shared_buffers": "32MB", "wal_level": "replica", "max_wal_senders": "4",
    "shared_preload_libraries": "pgaudit,auto_explain", "logging_collector": "on", "log_destination": "stderr,csvlog,jsonlog",
    "log_connections": "on", "log_disconnections": "on", "log_timezone": "UTC", "lc_messages": "C",
    "log_line_prefix": "%m [%p] %q%u@%d %h(%r) app=%a sess=%c line=%l vxid=%v xid=%x ",
}


class Server:
    """A worker's server: a template with the schema, and a copy of it for each run."""

    def __init__(self, scratch, number):
        self.scratch, self.port = scratch, free_port()
        self.home = scratch.folder(f"postgresql{number}")
        self.template, self.data = os.path.join(self.home, "template"), os.path.join(self.home, "data")
        self.env = dict(os.environ, LOCPATH=os.path.join(scratch.path, "locale"))
        scratch.run(BIN + "initdb", "-D", self.data, "-A", "trust", "-U", "postgres", "--locale=C", "-E", "UTF8", "-N")
        with open(os.path.join(HERE, "postgresql.sql"), encoding="utf-8") as schema:
            text = schema.read().replace(":PORT", str(self.port))
        server = self.start({"logging_collector": "off"})
        self.psql("CREATE DATABASE corebank", database="postgres")
        self.psql(text)
        scratch.end(server)
        os.rename(self.data, self.template)

    def start(self, settings):
        settings = {**BASE, "port": self.port, "unix_socket_directories": self.home, "log_directory": os.path.join(self.home, "log"), **settings}
        with open(os.path.join(self.data, "postgresql.auto.conf"), "w", encoding="utf-8") as conf:
            conf.writelines(f"{name} = '{value}'\n" for name, value in settings.items())
        server = self.scratch.start([BIN + "postgres", "-D", self.data], self.env)
        ready = [BIN + "pg_isready", "-q", "-h", self.home, "-p", str(self.port)]
        wait_for("PostgreSQL", lambda: server.poll() is not None or subprocess.run(ready).returncode == 0)
        if server.poll() is not None:
            raise Wrong(self.scratch.said())
        return server

    def psql(self, text, database="corebank"):
        env = dict(os.environ, PGOPTIONS="", PGAPPNAME="laboratory")
        self.scratch.run(BIN + "psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-h", self.home, "-p", str(self.port), "-U", "postgres", "-d", database,
                         "-f", "-", "-o", "/dev/null", input=text, env=env)

    def prepare(self, settings, cases):
        """What a run needs before its log begins."""
        shutil.rmtree(self.data, ignore_errors=True)
        self.scratch.run("cp", "-a", self.template, self.data)
        texts = [] if settings.get("shared_preload_libraries") == "" else ["CREATE EXTENSION pgaudit;"]
        if cases in ("invoker", "definer"):
            with open(os.path.join(HERE, "functions.sql"), encoding="utf-8") as functions:
                text = functions.read()
            texts.append(text)
            if cases == "definer":
                names = re.findall(r"REPLACE (FUNCTION|PROCEDURE) (crm\.\w+)", text)
                texts += [f"ALTER {kind} {name} SECURITY DEFINER;" for kind, name in names]
        server = self.start({"logging_collector": "off", "pgaudit.log": "none"})
        for text in texts:
            self.psql(text)
        self.scratch.end(server)

    def play(self, run, settings, cases, out):
        self.prepare(settings, cases)
        shutil.rmtree(os.path.join(self.home, "log"), ignore_errors=True)
        server = self.start({**settings, "log_filename": f"{run}.log"})
        truth = Truth(run)
        scenario = {"all": postgresql_cases.play, "short": postgresql_cases.short, "invoker": postgresql_cases.functions, "definer": postgresql_cases.functions}
        try:
            scenario[cases](truth, self.port, self.home)
        finally:
            self.scratch.end(server)
        for ending in ("log", "csv", "json"):
            target = os.path.join(out, f"{run}.{ending}")
            shutil.copyfile(os.path.join(self.home, "log", f"{run}.{ending}"), target)
        truth.write(os.path.join(out, f"{run}.truth.json"))
        with open(os.path.join(out, f"{run}.conf"), "w", encoding="utf-8") as conf:
            conf.writelines(f"{name} = '{value}'\n" for name, value in settings.items())
        print(f"{run}: {len(truth.cases)} cases", flush=True)


def main():
    out = os.path.join(sys.argv[1], "postgresql15_pgaudit17")
    os.makedirs(out, exist_ok=True)
    wanted = sys.argv[2:] or [run for run, _, _ in RUNS]
    with Scratch("postgres") as scratch:
        locales = scratch.folder("locale")
        scratch.run("localedef", "--no-archive", "-i", "zh_CN", "-f", "UTF-8", os.path.join(locales, "zh_CN.UTF-8"))
        servers = queue.Queue()

        def one(row):
            run, settings, cases = row
            server = servers.get()
            try:
                server = server if isinstance(server, Server) else Server(scratch, server)
                if "syslog_ident" not in settings:
                    return server.play(run, settings, cases, out)
                if Syslog.owned():
                    print(f"!!! SKIPPED: {run}: somebody else owns /dev/log", flush=True)
                    return None
                with Syslog(os.path.join(out, f"{run}.syslog"), b"postgres["):
                    return server.play(run, settings, cases, out)
            finally:
                servers.put(server)

        for number in range(WORKERS):
            servers.put(number)
        pool = concurrent.futures.ThreadPoolExecutor(WORKERS)
        try:
            list(pool.map(one, [row for row in RUNS if row[0] in wanted]))
        finally:
            # After a failure or an interruption nothing further begins; what is under way loses its server.
            pool.shutdown(wait=False, cancel_futures=True)


if __name__ == "__main__":
    main()
