"""What people do with a bank's database, one case a line of work, and what each really got.

A case is `simple(name, user, statement, rows to the client, rows touched, people disclosed, …)`: one statement through psql. Others
speak the protocol as drivers do. People are counted by construction of the schema; rows that a client of ours receives are counted.
"""

import os, struct, subprocess

from lab import wait_for
from pgwire import Client

C, A, R = "crm.customers", "bank.accounts", "telco.call_records"


class Programs:
    """PostgreSQL's own client programs; the case is their application_name."""

    def __init__(self, port):
        self.port = port

    def tool(self, case, program, *arguments, host="127.0.0.1"):
        env = dict(os.environ, PGAPPNAME=case, PGPORT=str(self.port), PGHOST=host, LC_ALL="C.UTF-8", PGCLIENTENCODING="UTF8")
        return subprocess.run([f"/usr/lib/postgresql/15/bin/{program}", *arguments], env=env, capture_output=True, encoding="utf-8", errors="replace")

    def psql(self, case, user, *commands, host="127.0.0.1"):
        texts = [part for command in commands for part in ("-c", command)]
        return self.tool(case, "psql", "-X", "-q", "-U", user, "-d", "corebank", "-o", "/dev/null", *texts, host=host)


def play(truth, port, scratch):
    """Every case."""
    T, expect = truth.note, truth.expect
    tool, psql = Programs(port).tool, Programs(port).psql

    def simple(case, user, statement, rows, touched, persons, note="", outcome="ok", host="127.0.0.1"):
        ran = psql(case, user, statement, host=host)
        expect(case, "ok" if ran.returncode == 0 else "error", outcome)
        saw = " | client saw: " + ran.stderr.strip().split("\n")[0] if ran.stderr else ""
        T(case, user, "psql simple protocol", statement, rows, touched, persons, note + saw, outcome)

    def client(case, user):
        return Client(port, user, case)

    simple('c01','app_crm',"SELECT name, phone FROM crm.customers WHERE id = 42",1,{C:1},1,'point select')
    with client('c02', 'app_crm') as c:
        c.extended("SELECT name, phone FROM crm.customers WHERE id = $1", [43], [20])
    T('c02','app_crm','extended protocol, unnamed, as psycopg 3','SELECT name, phone FROM crm.customers WHERE id = $1 [43]',1,{C:1},1,'bind value int')
    with client('c03', 'app_crm') as c:
        c.prepare("_pg3_0", "SELECT name, phone, id_card FROM crm.customers WHERE id = $1", [20])
        expect('c03', sum(c.execute("_pg3_0", [i]) for i in range(101, 113)), 12)
    T('c03','app_crm','named prepared statement, as psycopg 3','12x SELECT .. WHERE id=$1 [101..112]',12,{C:12},12,'12 executions of one named prepared statement')
    with client('c04', 'app_crm') as c:
        c.prepare("__stmt_1__", "SELECT name, id_card FROM crm.customers WHERE phone = $1")
        c.prepare("__stmt_2__", "SELECT name FROM crm.customers WHERE id = ANY($1::bigint[])")
        array = struct.pack("!iiiii", 1, 0, 20, 5, 1) + b"".join(struct.pack("!iq", 8, i) for i in range(1, 6))
        expect('c04', c.execute("__stmt_1__", [b"13800000777"]) + c.execute("__stmt_2__", [array]), 6)
    T('c04','app_crm','binary binds, as asyncpg',"SELECT name,id_card WHERE phone=$1 ['13800000777']; SELECT name WHERE id=ANY($1) [{1..5}]",6,{C:6},6,'')
    with client('c05', 'app_crm') as c:
        c.simple("BEGIN")
        c.simple("SELECT name FROM crm.customers WHERE phone='13800000011' AND branch='SH'")
        c.simple("COMMIT")
    T('c05','app_crm','simple protocol, as psycopg 2',"SELECT name FROM crm.customers WHERE phone='13800000011' AND branch='SH'",1,{C:1},1,'literals inlined in text; also BEGIN/COMMIT')
    simple('c06','li_na',"SELECT * FROM crm.customers",10000,{C:10000},10000,'bulk')
    simple('c07','li_na',"SELECT * FROM crm.customers ORDER BY id LIMIT 100 OFFSET 200",100,{C:100},100,'persons 201..300')
    with client('c08', 'li_na') as c:
        page = "SELECT id, name, phone FROM crm.customers WHERE id > $1 ORDER BY id LIMIT $2"
        got = sum(c.extended(page, [50 * i, 50], [20, 20]) for i in range(5))
        c.prepare("_pg3_0", page, [20, 20])
        expect('c08', got + sum(c.execute("_pg3_0", [50 * i, 50]) for i in range(5, 20)), 1000)
    T('c08','li_na','extended; prepared after the 5th, as psycopg 3','20 pages of 50, keyset',1000,{C:1000},1000,'slow paging, persons 1..1000')
    simple('c09','app_crm',"SELECT c.name, a.account_no, a.balance FROM crm.customers c JOIN bank.accounts a ON a.customer_id = c.id WHERE c.id = 77",2,{C:1,A:2},1,'join; result rows 2, one person')
    simple('c10','app_crm',"SELECT c.name, a.account_no FROM crm.customers c JOIN bank.accounts a ON a.customer_id = c.id",15000,{C:10000,A:15000},10000,'result rows 15000 but only 10000 persons')
    simple('c11','li_na',"SELECT count(*) FROM crm.customers",1,{C:10000},0,'aggregate: nobody disclosed')
    simple('c12','li_na',"SELECT branch, count(*) FROM crm.customers GROUP BY branch",10,{C:10000},0,'aggregate')
    simple('c13','li_na',"SELECT string_agg(name || ':' || phone, ',') FROM crm.customers",1,{C:10000},10000,'EVASION: 1 row holds 10000 persons')
    simple('c14','li_na',"SELECT json_agg(c) FROM crm.customers c WHERE branch = 'BJ'",1,{C:1000},1000,'EVASION: 1 row holds 1000 persons')
    simple('c15','app_crm',"COPY crm.customers TO STDOUT",10000,{C:10000},10000,'COPY table')
    simple('c16','app_crm',"COPY (SELECT id, phone FROM crm.customers WHERE branch = 'SH') TO STDOUT WITH (FORMAT csv)",1000,{C:1000},1000,'COPY query')
    psql('c17','app_crm',r"\copy bank.accounts to '/dev/null' csv")
    T('c17','app_crm',r'psql \copy',r"\copy bank.accounts to file",15000,{A:15000},10000,'becomes COPY bank.accounts TO STDOUT')
    simple('c18','wang_wei',f"COPY crm.customers (id, name, phone) TO '{scratch}/exp.csv' CSV HEADER",0,{C:10000},10000,'server-side file; client got 0 rows')
    simple('c19','wang_wei',"COPY crm.customers TO PROGRAM 'cat > /dev/null'",0,{C:10000},10000,'server-side program')
    psql('c20','app_crm',"PREPARE q(bigint) AS SELECT name, id_card FROM crm.customers WHERE id = $1; EXECUTE q(501); EXECUTE q(502)")
    T('c20','app_crm','psql SQL-level PREPARE/EXECUTE',"PREPARE q(bigint) AS SELECT ..; EXECUTE q(501); EXECUTE q(502)",2,{C:2},2,'psql -c with several statements = one simple query')
    psql('c21','li_na',"BEGIN","DECLARE k CURSOR FOR SELECT id, name, phone FROM crm.customers ORDER BY id","FETCH 100 FROM k","FETCH 100 FROM k","FETCH 100 FROM k","CLOSE k","COMMIT")
    T('c21','li_na','psql SQL cursor',"DECLARE k CURSOR FOR SELECT ..; FETCH 100 x3; CLOSE k",300,{C:300},300,'')
    psql('c22','li_na',"BEGIN","DECLARE k2 CURSOR FOR SELECT id, name, phone FROM crm.customers","FETCH ALL FROM k2","COMMIT")
    T('c22','li_na','psql SQL cursor',"DECLARE k2 ..; FETCH ALL; COMMIT (no CLOSE)",10000,{C:10000},10000,'')
    with client('c23', 'batch_etl') as c:
        c.simple("BEGIN")
        c.extended('DECLARE "srv" CURSOR FOR SELECT * FROM crm.customers WHERE id > $1', [0], [20])
        n, got = 0, None
        while got != 0:
            n += (got := c.simple('FETCH FORWARD 2000 FROM "srv"'))
        c.simple('CLOSE "srv"')
        c.simple("COMMIT")
    T('c23','batch_etl','server-side cursor, 2000 at a time, as psycopg 3',"DECLARE srv CURSOR FOR SELECT * FROM crm.customers WHERE id > $1 [0]",n,{C:n},n,'')
    with client('c24', 'batch_etl') as c:
        c.simple("BEGIN")
        n = c.parts("SELECT id, name, id_card FROM crm.customers WHERE id > $1", [0], 500)
        c.simple("COMMIT")
    T('c24','batch_etl','portal, Execute with max rows 500 (as JDBC setFetchSize)','SELECT .. WHERE id > $1 [0]',n,{C:n},n,'')
    with client('c25', 'batch_etl') as c:
        c.simple("BEGIN")
        expect('c25', c.parts("SELECT id, name, id_card FROM crm.customers", [], 100, 1), 100)
        c.simple("COMMIT")
    T('c25','batch_etl','portal, fetched 100 then transaction ended','SELECT id,name,id_card FROM crm.customers',100,{C:100},100,'')
    simple('c26','app_crm',"SELECT * FROM crm.get_customer(900)",1,{C:1},1,'SQL function (may be inlined)')
    simple('c26b','li_na',"SELECT * FROM crm.find_by_phone('13800000900')",1,{C:1},1,'plpgsql SECURITY DEFINER')
    simple('c27','li_na',"SELECT * FROM crm.bulk_export()",10000,{C:10000},10000,'set-returning plpgsql SECURITY DEFINER')
    simple('c28','li_na',"DO $$DECLARE r record; s text:=''; BEGIN FOR i IN 1..25 LOOP SELECT * INTO r FROM crm.customers WHERE id=i; s:=s||r.phone; END LOOP; RAISE NOTICE 'len %', length(s); END$$",0,{C:25},25,'DO block; 25 inner selects (persons in NOTICE only as length)')
    simple('c29','li_na',"SELECT * FROM crm.v_customer_360 WHERE branch IS NOT NULL",0,{},0,'column does not exist in view -> error','error')
    simple('c29b','app_crm',"SELECT name, balance FROM crm.v_customer_360 WHERE id BETWEEN 1 AND 10",20,{C:10,A:20},10,'view over join')
    simple('c30','batch_etl',"CREATE TABLE scratch.tmp_backup AS SELECT * FROM crm.customers",0,{C:10000},10000,'EVASION step 1: copy to unlabelled table')
    simple('c30b','batch_etl',"SELECT * FROM scratch.tmp_backup",10000,{'scratch.tmp_backup':10000},10000,'EVASION step 2: read the copy; true subjects are customers')
    psql('c31','batch_etl',"CREATE TEMP TABLE t1 AS SELECT id, phone FROM crm.customers WHERE branch = 'GZ'; SELECT * FROM t1")
    T('c31','batch_etl','psql, one simple query',"CREATE TEMP TABLE t1 AS SELECT ..; SELECT * FROM t1",1000,{C:1000,'pg_temp.t1':1000},1000,'')
    simple('c32','li_na',"INSERT INTO scratch.worklist SELECT id FROM crm.customers WHERE vip",0,{C:20,'scratch.worklist':20},20,'insert-select')
    simple('c33','app_crm',"UPDATE crm.customers SET email = email WHERE id BETWEEN 2001 AND 2010 RETURNING id, name, phone",10,{C:10},10,'UPDATE RETURNING discloses')
    psql('c34','app_crm',"BEGIN","DELETE FROM bank.accounts WHERE customer_id <= 50 RETURNING *","ROLLBACK")
    T('c34','app_crm','psql',"BEGIN; DELETE .. RETURNING *; ROLLBACK",100,{A:100},50,'rolled back, but the rows were seen')
    psql('c35','li_na',"BEGIN","SELECT * FROM crm.customers WHERE id < 301","ROLLBACK")
    T('c35','li_na','psql',"BEGIN; SELECT ..; ROLLBACK",300,{C:300},300,'rolled back')
    simple('c36','li_na',"SELEC * FROM crm.customers",0,{},0,'syntax error','error')
    simple('c37','li_na',"SELECT * FROM bank.accounts",0,{},0,'no privilege','error')
    simple('c38','li_na',"SELECT * FROM crm.customer_secrets",0,{},0,'no such table','error')
    simple('c39','li_na',"SELECT id, name, phone, 1/(9000-id) FROM crm.customers ORDER BY id",8999,{C:8999},8999,'EVASION: server streams 8999 rows, then divides by zero (psql discards on error; a single-row-mode client keeps them, see c39b)','error')
    with client('c39b', 'li_na') as c:
        got, err = c.stream_rows("SELECT id, name, phone, 1/(9000-id) FROM crm.customers ORDER BY id"), c.error
    T('c39b','li_na','rows one by one single-row mode',"SELECT id,name,phone,1/(9000-id) FROM crm.customers ORDER BY id",got,{C:8999},got,'EVASION: client really received these rows before the error: '+err,'error')
    with client('c40', 'li_na') as c:
        c.simple("SET statement_timeout='700ms'")
        got, err = c.stream_rows("SELECT id, name, phone, pg_sleep(0.001) FROM crm.customers"), c.error
    T('c40','li_na','rows one by one + statement_timeout',"SELECT id,name,phone,pg_sleep(0.001) FROM crm.customers",got,{C:got},got,'cancelled by timeout: '+err,'error')
    with client('c41', 'li_na') as c:
        got, err = c.stream_rows("SELECT id, name, phone, pg_sleep(0.0005) FROM crm.customers", 2000, c.cancel), c.error
    T('c41','li_na','rows one by one, cancel request after 2000 rows',"SELECT id,name,phone,pg_sleep(0.0005) FROM crm.customers",got,{C:got},got,'cancelled by user: '+err,'error')
    c = client('c42', 'li_na')
    pid = c.key[0]
    c.stream_rows("SELECT id, name, phone, id_card, pg_sleep(0.0003) FROM crm.customers", 3000, c.vanish)
    wait_for("c42's backend to notice", lambda: not os.path.exists(f"/proc/{pid}"))
    T('c42','li_na','rows one by one, client killed after 3000 rows',"SELECT id,name,phone,id_card,pg_sleep(0.0003) FROM crm.customers",3000,{C:3000},3000,'connection dropped by client','client gone')
    simple('c43','app_crm',"SELECT name FROM crm.customers WHERE id = 1; SELECT phone FROM crm.customers WHERE id = 2; SELECT balance FROM bank.accounts WHERE id = 3",3,{C:2,A:1},3,'three statements in one simple query (persons 1,2,3)')
    simple('c44','app_crm',"/* ticket: \"T-1, urgent\" */\nSELECT name,\n       phone -- comment, with comma\nFROM crm.customers\nWHERE name = 'O''Brien, \"Jr\"'\n   OR name = '张三'\n   OR id IN (5,\t6)",2,{C:2},2,'newlines, tab, quotes, commas, non-ASCII')
    simple('c45','li_na','SELECT "姓名", "手机号" FROM "客户信息" WHERE "编号" <= 30',30,{'public.客户信息':30},30,'quoted non-ASCII identifiers')
    simple('c46','li_na',"SELECT caller_phone, callee_phone FROM telco.call_records WHERE started_at >= '2026-01-10' AND started_at < '2026-01-11'",1440,{R:1440},2674,'partitioned parent; persons = distinct phone numbers in either column')
    simple('c46b','li_na',"SELECT * FROM telco.call_records_2026_02 LIMIT 10",10,{'telco.call_records_2026_02':10},None,'partition named directly')
    simple('c47','li_na',"SELECT phone FROM crm.customers WHERE id <= 5 UNION SELECT callee_phone FROM telco.call_records WHERE id <= 5",None,{C:5,R:5},None,'union')
    simple('c48','app_crm',"SELECT account_no FROM bank.accounts WHERE customer_id IN (SELECT id FROM crm.customers WHERE branch = 'BJ')",1500,{A:1500,C:1000},1000,'semi-join')
    psql('c49','wang_wei',"SET ROLE app_crm","SELECT * FROM crm.customers WHERE id < 51","RESET ROLE","SET SESSION AUTHORIZATION li_na","SELECT * FROM crm.customers WHERE id < 61")
    T('c49','wang_wei','psql',"SET ROLE app_crm; SELECT (50 rows); SET SESSION AUTHORIZATION li_na; SELECT (60 rows)",110,{C:110},60,'who does the log say?')
    psql('c50','wang_wei',"SET pgaudit.log = 'none'","SELECT * FROM crm.customers")
    T('c50','wang_wei','psql superuser',"SET pgaudit.log='none'; SELECT * FROM crm.customers",10000,{C:10000},10000,'EVASION: superuser turns audit off for his session')
    tool('c51', 'pg_dump', '-U', 'wang_wei', '-d', 'corebank', '-f', '/dev/null')
    T('c51','wang_wei','pg_dump (plain)',"pg_dump corebank",None,{C:10000,A:15000,R:50000,'public.客户信息':500},10500,'scratch tables too, with 10000 copied customers')
    tool('c52', 'pg_dump', '-U', 'app_crm', '-d', 'corebank', '-t', 'crm.customers', '--column-inserts', '-a', '-f', '/dev/null')
    T('c52','app_crm','pg_dump --column-inserts -t crm.customers',"DECLARE _pg_dump_cursor .. FETCH 100 ..",10000,{C:10000},10000,'cursor based dump')
    simple('c53','li_na',"SELECT query_to_xml('SELECT id, name, phone FROM crm.customers WHERE branch = ''SZ''', true, false, '')",1,{C:1000},1000,'EVASION: nested query text inside a literal; 1 row')
    simple('c54','li_na',"EXPLAIN ANALYZE SELECT * FROM crm.customers",None,{C:10000},0,'executes but discloses only plan')
    simple('c55','wang_wei',"SELECT most_common_vals, histogram_bounds FROM pg_stats WHERE tablename = 'customers' AND attname = 'phone'",1,{'pg_catalog.pg_stats':1},101,'EVASION: histogram_bounds holds about 101 real phone numbers')
    simple('c56','app_crm',"SELECT * FROM crm.customers WHERE id = 3000 FOR UPDATE",1,{C:1},1,'')
    simple('c57','batch_etl',"WITH d AS (DELETE FROM scratch.tmp_backup WHERE id <= 100 RETURNING *) SELECT count(*) FROM d",1,{'scratch.tmp_backup':100},0,'data-modifying CTE')
    with client('c58', 'li_na') as c:
        array = "{" + ",".join(str(i) for i in range(1, 2001)) + "}"
        expect('c58', c.extended("SELECT id, name, phone FROM crm.customers WHERE id = ANY($1)", [array]), 2000)
    T('c58','li_na','extended protocol',"SELECT .. WHERE id = ANY($1) [array of 2000 ids]",2000,{C:2000},2000,'very long bind value')
    ids = ','.join(str(i) for i in range(1, 3001))
    simple('c59','li_na',f"SELECT id, name, phone FROM crm.customers WHERE id IN ({ids})",3000,{C:3000},3000,'statement of ~14 kB')
    with client('c60', 'app_crm') as c:
        binds = ["", None, "a,\"b\"\n'c'\\d", 4321, "2000-01-01 00:00:00", "t"]
        got = c.extended("SELECT name FROM crm.customers WHERE name = $1 OR name = $2 OR email = $3 OR id = $4 OR created_at < $5 OR vip = $6 AND id=9999", binds)
        expect('c60', got + c.extended("SELECT id FROM crm.customers WHERE name = $1", [b"Person 77"]), 2)
    T('c60','app_crm','extended protocol',"binds: empty string, NULL, string with comma+quote+newline+backslash, int, timestamp, bool; then binary bind 'Person 77'",2,{C:2},2,'')
    simple('c61','li_na',"TABLE crm.customers",10000,{C:10000},10000,'TABLE command')
    simple('c62','li_na',"SELECT c FROM crm.customers c WHERE id <= 40",40,{C:40},40,'whole-row reference')
    simple('c66','li_na',"SELECT * FROM scratch.ft_customers WHERE id <= 700",700,{'scratch.ft_customers':700,C:700},700,'postgres_fdw loop-back: second session as batch_etl with application_name postgres_fdw')
    psql('c67','wang_wei',"CREATE ROLE tmp_u LOGIN PASSWORD 's3cret!'","GRANT SELECT ON bank.accounts TO tmp_u","ALTER TABLE scratch.worklist ADD note text","TRUNCATE scratch.worklist","DROP TABLE scratch.worklist","REVOKE ALL ON bank.accounts FROM tmp_u","DROP ROLE tmp_u")
    T('c67','wang_wei','psql',"CREATE ROLE with password / GRANT / ALTER / TRUNCATE / DROP",0,{},0,'password redaction')
    simple('c69','li_na',"SELECT 1 FROM crm.customers WHERE phone = '13800001234' AND name = 'Person 1234'",1,{C:1},1,'probing: existence confirms a person')
    simple('c70','li_na',"SELECT * FROM crm.customers WHERE id = -1",0,{C:0},0,'zero rows')
    simple('c71','li_na',"SELECT 1",1,{},0,'no relation')
    simple('c72','li_na',"SELECT c.name FROM crm.customers c, LATERAL (SELECT 1 FROM telco.call_records r WHERE r.caller_phone = c.phone LIMIT 1) x WHERE c.id <= 20",20,{C:20,R:20},20,'lateral')
    psql('c73','li_na',"BEGIN","SELECT 1/0","SELECT * FROM crm.customers","COMMIT")
    T('c73','li_na','psql',"BEGIN; SELECT 1/0; SELECT * FROM crm.customers (transaction aborted)",0,{},0,'2nd select refused: 25P02','error')
    simple('c74','li_na',"SELECT name FROM crm.customers WHERE id IN (SELECT customer_id FROM scratch.worklist)",0,{},0,'dropped table','error')
    tool('c65', 'pg_basebackup', '-U', 'wang_wei', '-D', '-', '-F', 't', '-X', 'none', '-c', 'fast')
    T('c65','wang_wei','pg_basebackup',"physical copy of whole cluster",None,{C:10000,A:15000,R:50000},10500,'EVASION: no statement is audited')
    r = psql('c75', 'nobody_here', 'select 1')
    T('c75','nobody_here','psql','login with unknown role',0,{},0,r.stderr.strip(),'login failed')
    simple('c76','app_crm',"SELECT name FROM crm.customers WHERE id = 8; -- via socket",1,{C:1},1,'unix socket: host is [local]',host=scratch)


def short(truth, port, scratch):
    """A few things that many do, for prefixes, zones and languages."""
    psql, note = Programs(port).psql, truth.note
    psql("crm-web", "app_crm", "SELECT name, phone FROM crm.customers WHERE id = 42")
    with Client(port, "app_crm", "crm-web") as c:
        truth.expect("crm-web", c.extended("SELECT name, phone FROM crm.customers WHERE id = $1 OR phone = $2", [43, "13800000044"], [20, 25]), 2)
    note("crm-web", "app_crm", "psql; extended protocol", "WHERE id = 42; WHERE id = $1 OR phone = $2 [43, 13800000044]", 3, {C: 3}, 3)
    editor = "DBeaver 24.1.0 - SQLEditor <Script-3.sql>"
    psql(editor, "li_na", "/* T-77 */\nSELECT *\n\tFROM crm.customers\n WHERE branch = 'BJ'")
    note(editor, "li_na", "psql", "SELECT * FROM crm.customers WHERE branch = 'BJ'", 1000, {C: 1000}, 1000)
    psql("h03", "li_na", "SELECT * FROM bank.accounts")
    note("h03", "li_na", "psql", "SELECT * FROM bank.accounts", 0, {}, 0, "no privilege", "error")
    psql("h04", "li_na", 'SELECT 姓名, "手机号" FROM "客户信息" WHERE 编号 <= 3')
    note("h04", "li_na", "psql", 'SELECT 姓名, "手机号" FROM "客户信息" WHERE 编号 <= 3', 3, {"public.客户信息": 3}, 3)
    psql("h05", "batch_etl", "COPY crm.customers (id, phone) TO STDOUT", host=scratch)
    note("h05", "batch_etl", "psql, unix socket", "COPY crm.customers (id, phone) TO STDOUT", 10000, {C: 10000}, 10000)
    psql("h06", "li_na", "SELECT id, name FROM crm.customers WHERE id IN (" + ",".join(str(i) for i in range(1, 1001)) + ")")
    note("h06", "li_na", "psql", "SELECT id, name FROM crm.customers WHERE id IN (1, …, 1000)", 1000, {C: 1000}, 1000, "a long statement")


def functions(truth, port, scratch):
    """Functions whose bodies read."""
    calls = [("SELECT * FROM crm.rq()", 7, 7, ""), ("SELECT * FROM crm.rqe('customers')", 8, 8, "dynamic"), ("SELECT * FROM crm.fl()", 9, 9, ""),
             ("SELECT crm.agg()", 1, 10, "EVASION: 1 row holds 10 persons"), ("SELECT * FROM crm.sqlset()", 11, 11, ""),
             ("CALL crm.p()", 0, 12, "the procedure reads and keeps what it read"), ("SELECT crm.perrow(c) FROM crm.customers c WHERE id<=13", 13, 13, "one inner query a row")]
    for number, (statement, rows, persons, note) in enumerate(calls, 1):
        ran = Programs(port).psql(f"g{number:02}", "li_na", statement)
        truth.expect(f"g{number:02}", ran.stderr, "")
        truth.note(f"g{number:02}", "li_na", "psql", statement, rows, {C: persons}, persons, note)
