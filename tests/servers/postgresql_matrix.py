"""The same acts under every combination of what PostgreSQL can tell of a statement: log_statement, log_min_duration_statement, pgaudit
without and with rows, auto_explain. Each act has a session, whose application is named by the ways and the act.

  python3 tests/servers/postgresql_matrix.py OUT      (as root; PostgreSQL 15 with pgaudit installed as tests/servers/run does)

Writes OUT/told.jsonl, the jsonlog without what tells of nobody: packed, it is tests/fixtures/postgresql_matrix/told.jsonl.gz."""

import itertools, json, os, subprocess, sys

from lab import Scratch, free_port, wait_for
from pgwire import Client, Refused

BIN = "/usr/lib/postgresql/15/bin/"
SCHEMA="""
CREATE SCHEMA crm; CREATE TABLE crm.customers(id bigint PRIMARY KEY, name text, phone text);
INSERT INTO crm.customers SELECT i,'Person '||i,'138'||lpad(i::text,8,'0') FROM generate_series(1,100) i;
CREATE FUNCTION crm.f_plpgsql(n int) RETURNS SETOF text LANGUAGE plpgsql AS $$BEGIN RETURN QUERY SELECT name FROM crm.customers WHERE id <= n; END$$;
CREATE FUNCTION crm.f_sql(n int) RETURNS SETOF text LANGUAGE sql AS $$SELECT name FROM crm.customers WHERE id <= n$$;
CREATE FUNCTION crm.f_definer(n int) RETURNS SETOF text LANGUAGE plpgsql SECURITY DEFINER AS $$BEGIN RETURN QUERY SELECT name FROM crm.customers WHERE id <= n; END$$;
CREATE VIEW crm.v AS SELECT id,name FROM crm.customers;
"""
ACTS=[
 ("simple",30,lambda c:c.simple("SELECT name, phone FROM crm.customers WHERE id <= 30")),
 ("bind1",1,lambda c:c.extended("SELECT name FROM crm.customers WHERE id = $1",["7"])),
 ("bindrange",20,lambda c:c.extended("SELECT name FROM crm.customers WHERE id <= $1",["20"])),
 ("named",3,lambda c:(c.prepare("s1","SELECT name FROM crm.customers WHERE id = $1"),[c.execute("s1",[str(i)]) for i in (1,2,3)])),
 ("copytable",100,lambda c:c.simple("COPY crm.customers TO STDOUT")),
 ("copyquery",40,lambda c:c.simple("COPY (SELECT name FROM crm.customers WHERE id <= 40) TO STDOUT")),
 ("cursor",15,lambda c:[c.simple(t) for t in ("BEGIN","DECLARE k CURSOR FOR SELECT name FROM crm.customers","FETCH 10 FROM k","FETCH 5 FROM k","CLOSE k","COMMIT")]),
 ("cursorall",100,lambda c:[c.simple(t) for t in ("BEGIN","DECLARE k CURSOR FOR SELECT name FROM crm.customers","FETCH ALL FROM k","COMMIT")]),
 ("cursornoclose",10,lambda c:[c.simple(t) for t in ("BEGIN","DECLARE k CURSOR FOR SELECT name FROM crm.customers","FETCH 10 FROM k")]),
 ("cursorext",10,lambda c:[c.extended(t) for t in ("BEGIN","DECLARE k CURSOR FOR SELECT name FROM crm.customers","FETCH 10 FROM k","COMMIT")]),
 ("hold",10,lambda c:[c.simple(t) for t in ("DECLARE h CURSOR WITH HOLD FOR SELECT name FROM crm.customers","FETCH 10 FROM h","CLOSE h")]),
 ("prepare",2,lambda c:[c.simple(t) for t in ("PREPARE q(bigint) AS SELECT name FROM crm.customers WHERE id = $1","EXECUTE q(5)","EXECUTE q(6)")]),
 ("fplpgsql",12,lambda c:c.simple("SELECT * FROM crm.f_plpgsql(12)")),
 ("fsql",12,lambda c:c.simple("SELECT * FROM crm.f_sql(12)")),
 ("fdefiner",12,lambda c:c.simple("SELECT * FROM crm.f_definer(12)")),
 ("update",9,lambda c:[c.simple(t) for t in ("BEGIN","UPDATE crm.customers SET phone=phone WHERE id <= 9 RETURNING name","ROLLBACK")]),
 ("deleteext",8,lambda c:[c.simple("BEGIN"),c.extended("DELETE FROM crm.customers WHERE id <= $1 RETURNING name",["8"]),c.simple("ROLLBACK")]),
 ("multi",8,lambda c:c.simple("SELECT name FROM crm.customers WHERE id <= 3; SELECT name FROM crm.customers WHERE id BETWEEN 4 AND 8")),
 ("twice",30,lambda c:[c.simple("SELECT name, phone FROM crm.customers WHERE id <= 30") for _ in (1,2)]),
 ("ctas",100,lambda c:[c.simple(t) for t in ("BEGIN","CREATE TABLE crm.copy1 AS SELECT * FROM crm.customers","ROLLBACK")]),
 ("parts",25,lambda c:c.parts("SELECT name FROM crm.customers WHERE id <= 25",(),10)),
 ("partsleft",10,lambda c:c.parts("SELECT name FROM crm.customers",(),10,1)),
 ("view",11,lambda c:c.simple("SELECT name FROM crm.v WHERE id <= 11")),
 ("count",0,lambda c:c.simple("SELECT count(*) FROM crm.customers")),
 ("explain",0,lambda c:c.simple("EXPLAIN SELECT name FROM crm.customers")),
 ("doblock",0,lambda c:c.simple("DO $$DECLARE n bigint; BEGIN SELECT count(*) INTO n FROM crm.customers; END$$")),
 ("error",None,lambda c:c.simple("SELECT name, 1/(50-id) FROM crm.customers ORDER BY id")),
 ("multicopy",103,lambda c:c.simple("SELECT name FROM crm.customers WHERE id <= 3; COPY crm.customers TO STDOUT")),
 ("copymulti",103,lambda c:c.simple("COPY crm.customers TO STDOUT; SELECT name FROM crm.customers WHERE id <= 3")),
 ("multitwice",16,lambda c:[c.simple("SELECT name FROM crm.customers WHERE id <= 3; SELECT name FROM crm.customers WHERE id BETWEEN 4 AND 8") for _ in (1,2)]),
 ("multisame",6,lambda c:c.simple("SELECT name FROM crm.customers WHERE id <= 3; SELECT name FROM crm.customers WHERE id <= 3")),
 ("executesame",2,lambda c:[c.simple(t) for t in ("PREPARE q(bigint) AS SELECT name FROM crm.customers WHERE id = $1","EXECUTE q(5)","EXECUTE q(5)")]),
 ("preparemulti",2,lambda c:c.simple("PREPARE q(bigint) AS SELECT name FROM crm.customers WHERE id = $1; EXECUTE q(5); EXECUTE q(6)")),
 ("txnamed",6,lambda c:(c.simple("BEGIN"),c.prepare("s1","SELECT name FROM crm.customers WHERE id <= $1"),[c.execute("s1",[str(i)]) for i in (1,2,3)],c.simple("COMMIT"))),
 ("txsame",32,lambda c:[c.simple("BEGIN"),c.extended("SELECT name FROM crm.customers WHERE id <= $1",["16"]),c.extended("SELECT name FROM crm.customers WHERE id <= $1",["16"]),c.simple("COMMIT")]),
 ("txfunction",12,lambda c:[c.simple("BEGIN"),c.extended("SELECT * FROM crm.f_plpgsql($1)",["12"]),c.simple("COMMIT")]),
 ("txabort",16,lambda c:[c.simple("BEGIN"),c.extended("SELECT name FROM crm.customers WHERE id <= $1",["16"])]),
 ("copytwice",80,lambda c:[c.simple("COPY (SELECT name FROM crm.customers WHERE id <= 40) TO STDOUT") for _ in (1,2)]),
 ("ftwice",24,lambda c:[c.simple("SELECT * FROM crm.f_plpgsql(12)") for _ in (1,2)]),
 ("errormulti",None,lambda c:c.simple("SELECT name FROM crm.customers WHERE id <= 3; SELECT 1/0")),
 ("beginmulti",30,lambda c:c.simple("BEGIN; SELECT name FROM crm.customers WHERE id <= 30; COMMIT")),
 ("cursormulti",10,lambda c:c.simple("BEGIN; DECLARE k CURSOR FOR SELECT name FROM crm.customers; FETCH 10 FROM k; COMMIT")),
 ("insertselect",100,lambda c:[c.simple(t) for t in ("BEGIN","INSERT INTO crm.customers SELECT id+1000, name, phone FROM crm.customers WHERE id <= 100","ROLLBACK")]),
 ("pipeline",7,lambda c:(c.send(c.parse("","BEGIN"),c.bind(()),c.portal(),c.parse("","SELECT name FROM crm.customers WHERE id <= $1"),c.bind(("3",)),c.portal(),c.parse("","SELECT phone FROM crm.customers WHERE id <= $1"),c.bind(("4",)),c.portal(),c.parse("","COMMIT"),c.bind(()),c.portal(),c.SYNC),c.until_ready())),
 ("tx",16,lambda c:[c.simple("BEGIN"),c.extended("SELECT name FROM crm.customers WHERE id <= $1",["16"]),c.simple("COMMIT")]),
]
# Keys of a plan that tell what was read.
PLAN = {"Node Type", "Schema", "Relation Name", "Alias", "Actual Rows", "Actual Loops", "Output", "Index Cond", "Recheck Cond", "Filter",
        "Parent Relationship", "Function Name", "Operation", "Plans", "Partial Mode", "Join Type"}


def settings(statement, duration, audit, explain):
    return {
        "log_statement": "all" if statement else "none", "log_min_duration_statement": "0" if duration else "-1",
        "pgaudit.log": "all" if audit else "none", "pgaudit.log_parameter": "on", "pgaudit.log_rows": "on" if audit == 2 else "off",
        "auto_explain.log_min_duration": "0" if explain else "-1", "auto_explain.log_analyze": "on", "auto_explain.log_verbose": "on",
        "auto_explain.log_format": "json", "auto_explain.log_nested_statements": "on",
    }


def node(plan):
    return {key: [node(below) for below in value] if key == "Plans" else value for key, value in plan.items() if key in PLAN}


def kept(line):
    """A line without what tells of nobody; None for one that tells of nothing else."""
    message = line["message"]
    if message.startswith(("connection", "disconnection")):
        return None
    if message.startswith("duration: ") and (" ms  parse" in message or " ms  bind" in message or message.endswith(" ms")):
        return None
    if "plan:" in message:
        head, plan = message.split("plan:", 1)
        plan = {key: node(value) if key == "Plan" else value for key, value in json.loads(plan).items() if key in ("Query Text", "Query Parameters", "Plan")}
        message = head + "plan: " + json.dumps(plan, separators=(",", ":"))
    keys = ("timestamp", "session_id", "line_num", "error_severity", "application_name", "detail", "context", "statement", "cursor_position")
    short = {key: line[key] for key in keys if key in line}
    if line.get("state_code", "00000") != "00000":
        short["state_code"] = line["state_code"]
    return {**short, "message": message}


def main(out):
    with Scratch("postgres") as scratch:
        port, data, logs = free_port(), scratch.folder("data"), os.path.join(scratch.path, "log")
        scratch.run(BIN + "initdb", "-D", data, "-A", "trust", "-U", "postgres", "--locale=C", "-E", "UTF8", "-N")
        base = {"port": port, "listen_addresses": "127.0.0.1", "unix_socket_directories": scratch.path, "fsync": "off", "log_directory": logs,
                "shared_preload_libraries": "pgaudit,auto_explain", "logging_collector": "on", "log_destination": "jsonlog", "log_timezone": "UTC", "lc_messages": "C"}
        with open(os.path.join(data, "postgresql.auto.conf"), "w", encoding="utf-8") as conf:
            conf.writelines(f"{name} = '{value}'\n" for name, value in base.items())
        server = scratch.start([BIN + "postgres", "-D", data])
        ready = [BIN + "pg_isready", "-q", "-h", scratch.path, "-p", str(port)]
        wait_for("PostgreSQL", lambda: subprocess.run(ready).returncode == 0)

        def psql(text, database="corebank"):
            scratch.run("psql", "-h", scratch.path, "-p", str(port), "-U", "postgres", "-d", database, "-v", "ON_ERROR_STOP=1", "-q", "-c", text)

        psql("CREATE DATABASE corebank", "postgres")
        psql(SCHEMA)
        names = set()
        for ways in itertools.product((0, 1), (0, 1), (0, 1, 2), (0, 1)):
            role = "s{}d{}p{}e{}".format(*ways)
            rights = f"CREATE ROLE {role} LOGIN; GRANT USAGE, CREATE ON SCHEMA crm TO {role}; GRANT ALL ON ALL TABLES IN SCHEMA crm TO {role};"
            psql(rights + "".join(f"ALTER ROLE {role} SET {name} = '{value}';" for name, value in settings(*ways).items()))
            for act, _, do in ACTS:
                names.add(f"{role}-{act}")
                with Client(port, role, f"{role}-{act}") as client:
                    try:
                        do(client)
                    except Refused:
                        assert "error" in act, act
        scratch.end(server)
        os.makedirs(out, exist_ok=True)
        with open(os.path.join(out, "told.jsonl"), "w", encoding="utf-8") as told:
            for name in sorted(name for name in os.listdir(logs) if name.endswith(".json")):
                with open(os.path.join(logs, name), encoding="utf-8") as lines:
                    for line in filter(None, (kept(line) for line in map(json.loads, lines) if line.get("application_name") in names)):
                        told.write(json.dumps(line, separators=(",", ":"), ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main(sys.argv[1])
