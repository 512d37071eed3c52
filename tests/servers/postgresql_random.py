"""Random statements in a real PostgreSQL: what its log says of each, and whom its rows really showed.

    postgresql_random.py OUT

The statements come from `LEAKWARDEN_TRUTH_EXPORT`, one JSON object a line (`cargo test --test suite truth::export -- --ignored`): `case`,
`statement` as an employee sends it, and `marked`, the same rows with a column of marks for each. The log is written to
OUT/postgresql_random/log.json, the truth beside it. What this server refuses, as SQLite does not, is left out."""

import json, os, subprocess, sys

from lab import Scratch, Wrong
from postgresql import BIN, ROWS, SESSION, Server

TABLES = "CREATE SCHEMA random; ALTER DATABASE corebank SET search_path = random; SET search_path = random;"


def psql(server, script, user, name):
    """Runs a script as a user and gives what it printed."""
    env = dict(os.environ, PGOPTIONS="", PGAPPNAME=name, LC_ALL="C.UTF-8", PGCLIENTENCODING="UTF8")
    command = [BIN + "psql", "-X", "-q", "-A", "-t", "-F", "\x1f", "-h", server.home, "-p", str(server.port), "-U", user, "-d", "corebank", "-f", "-"]
    return subprocess.run(command, input=script, env=env, capture_output=True, encoding="utf-8", errors="replace").stdout


def main():
    out = os.path.join(sys.argv[1], "postgresql_random")
    os.makedirs(out, exist_ok=True)
    with open(os.environ["LEAKWARDEN_TRUTH_EXPORT"], encoding="utf-8") as export:
        head, *cases = [json.loads(line) for line in export]
    with Scratch("postgres") as scratch:
        server = Server(scratch, 0)
        server.prepare({}, "all")
        quiet = server.start({"logging_collector": "off", "pgaudit.log": "none"})
        server.psql(TABLES + head["tables"] + "CREATE ROLE clerk LOGIN; GRANT ALL ON SCHEMA random TO clerk; GRANT ALL ON ALL TABLES IN SCHEMA random TO clerk;")
        # Whom the rows show: the marks of every row, between two lines that name the case.
        script = "".join(f"\\echo == {case['case']}\n{case['marked']};\n\\echo =end {case['case']} :ERROR\n" for case in cases)
        truth, now = {}, None
        for line in psql(server, script, "postgres", "truth").split("\n"):
            if line.startswith("== "):
                now = line[3:]
                truth[now] = set()
            elif line.startswith("=end "):
                _, case, error = line.split(" ")
                if error != "false":
                    del truth[case]
            elif now in truth:
                truth[now].update(mark for part in line.split("\x1f") for mark in part.split("|") if mark.startswith(("c1", "c4", "t7")) and "|" in part)
        scratch.end(quiet)
        audited = server.start({**SESSION, **ROWS, "log_filename": "random.log"})
        script = "".join(f"SET application_name = '{case['case']}';\nBEGIN;\n{case['statement']};\n\\echo =end {case['case']} :ERROR\nROLLBACK;\n" for case in cases if case["case"] in truth)
        for line in psql(server, script, "clerk", "start").split("\n"):
            if line.startswith("=end "):
                _, case, error = line.split(" ")
                if error != "false":
                    truth.pop(case, None)
        scratch.end(audited)
        with open(os.path.join(server.home, "log", "random.json"), encoding="utf-8") as log, open(os.path.join(out, "log.json"), "w", encoding="utf-8") as copy:
            copy.write(log.read())
    if len(truth) * 4 < len(cases):
        raise Wrong(f"only {len(truth)} of {len(cases)} statements ran")
    with open(os.path.join(out, "truth.json"), "w", encoding="utf-8") as file:
        json.dump({case: len(people) for case, people in truth.items()}, file)
    print(f"postgresql_random: {len(truth)} of {len(cases)} statements ran", flush=True)


if __name__ == "__main__":
    main()
