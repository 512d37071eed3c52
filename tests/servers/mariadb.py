"""MariaDB 10.11 with server_audit: with the general log, without it, and to syslog with table events."""

import os, shutil, subprocess, sys

import mariadb_cases
from lab import Scratch, Syslog, Truth, Wrong, free_port, wait_for

HERE = os.path.dirname(os.path.abspath(__file__))

FILE = {"server_audit_output_type": "file", "server_audit_events": "CONNECT,QUERY,TABLE"}
RUNS = [
    ("A_with_general_log", {**FILE, "general_log": "ON"}),
    ("B_no_general_log", {**FILE, "general_log": "OFF"}),
    ("C_syslog_dml", {"server_audit_output_type": "syslog", "server_audit_events": "CONNECT,QUERY_DML,TABLE", "general_log": "OFF"}),
]


def play(scratch, run, settings, out):
    port, home = free_port(), scratch.folder(run)
    data, log = os.path.join(home, "data"), os.path.join(home, "audit.log")
    base = ["--no-defaults", f"--datadir={data}", "--skip-name-resolve=0", "--innodb-buffer-pool-size=64M", "--innodb-flush-log-at-trx-commit=0"]
    scratch.run("mariadb-install-db", *base, "--auth-root-authentication-method=normal", "--skip-test-db")
    options = {**settings, "port": port, "socket": os.path.join(home, "s"), "bind-address": "127.0.0.1", "pid-file": os.path.join(home, "pid"),
               "plugin-load-add": "server_audit", "server_audit_logging": "OFF", "server_audit_file_path": log, "general_log_file": os.path.join(home, "general.log"),
               "secure_file_priv": home, "character-set-server": "utf8mb4", "default_time_zone": "+08:00"}
    server = scratch.start(["mariadbd", *base, *(f"--{name}={value}" for name, value in options.items())])
    client = ["mariadb", "--no-defaults", "-u", "root", "-S", options["socket"]]
    ping = ["mariadb-admin", "--no-defaults", "-u", "root", "-S", options["socket"], "ping"]
    wait_for("MariaDB", lambda: server.poll() is not None or subprocess.run(ping, capture_output=True).returncode == 0)
    if server.poll() is not None:
        raise Wrong(scratch.said())
    with open(os.path.join(HERE, "mariadb.sql"), encoding="utf-8") as schema:
        subprocess.run([*client, "--default-character-set=utf8mb4"], stdin=schema, check=True)
    truth = Truth(run)
    mariadb_cases.play(truth, port, home)
    scratch.end(server, 15)
    if settings["server_audit_output_type"] == "file":
        shutil.copyfile(log, os.path.join(out, f"{run}.log"))
    truth.write(os.path.join(out, f"{run}.truth.json"))
    with open(os.path.join(out, f"{run}.conf"), "w", encoding="utf-8") as conf:
        conf.writelines(f"{name} = {value}\n" for name, value in settings.items())
    print(f"{run}: {len(truth.cases)} cases", flush=True)


def main():
    out = os.path.join(sys.argv[1], "mariadb1011_server_audit")
    os.makedirs(out, exist_ok=True)
    with Scratch("mysql") as scratch:
        for run, settings in RUNS:
            if settings["server_audit_output_type"] != "syslog":
                play(scratch, run, settings, out)
            elif Syslog.owned():
                print(f"!!! SKIPPED: {run}: somebody else owns /dev/log", flush=True)
            else:
                with Syslog(os.path.join(out, f"{run}.log"), b"mysql-server_auditing"):
                    play(scratch, run, settings, out)


if __name__ == "__main__":
    main()
