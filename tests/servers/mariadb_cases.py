"""What people do with a bank's database in MariaDB, one case a line of work, and what each really got.

A case is `one(name, user, statement, rows to the client, rows touched, people disclosed, …)`; a comment of the statement names it.
"""

import os, subprocess

from mywire import Client, Refused

C, A, R = "corebank.customers", "corebank.accounts", "corebank.call_records"


def play(truth, port, scratch):
    """Plays every case."""
    T, expect = truth.note, truth.expect

    def client(user):
        return Client(port, user)

    def next_connection():
        """The number that the server gives to whoever comes next."""
        with client("wang_wei") as c:
            return c.connection + 1

    def program(name, *arguments):
        command = [name, "--no-defaults", "-h", "127.0.0.1", "-P", str(port), *arguments]
        return subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, encoding="utf-8", errors="replace")

    def one(case, user, statement, rows, touched, persons, note="", err=False):
        text, saw, got = f"/* {case} */ {statement}", "", None
        with client(user) as c:
            try:
                c.query("SET AUTOCOMMIT = 0")
                got = c.query(text)
                c.query("COMMIT")
            except Refused as refused:
                saw = " | " + str(refused)[:160]
            expect(case, bool(saw), err)
            if rows is not None and not err:
                expect(case, got, rows)
        T(case, user, "text protocol", text, rows, touched, persons, note + saw, "error" if err else "ok", connection=c.connection)

    one('m01','app_crm',"SELECT name, phone FROM customers WHERE id = 42",1,{C:1},1)
    one('m02','app_crm',"SELECT name, phone FROM customers WHERE id = 43 AND branch = 'SZ'",1,{C:1},1,'literals inlined')
    with client('app_crm') as c:
        statement = c.prepare("SELECT /* m03 */ name, phone, id_card FROM customers WHERE id = ?")
        expect('m03', sum(c.execute(statement, i) for i in range(101, 106)), 5)
    T('m03','app_crm','binary protocol: COM_STMT_PREPARE, COM_STMT_EXECUTE',"SELECT /* m03 */ name, phone, id_card FROM customers WHERE id = ?  x5 [101..105]",5,{C:5},5, connection=c.connection)
    one('m04','li_na',"SELECT * FROM customers",10000,{C:10000},10000)
    one('m05','li_na',"SELECT * FROM customers ORDER BY id LIMIT 100 OFFSET 200",100,{C:100},100)
    one('m06','app_crm',"SELECT c.name, a.account_no FROM customers c JOIN accounts a ON a.customer_id = c.id WHERE c.id = 77",2,{C:1,A:2},1)
    one('m07','app_crm',"SELECT c.name, a.account_no FROM customers c JOIN accounts a ON a.customer_id = c.id",15000,{C:10000,A:15000},10000)
    one('m08','li_na',"SELECT COUNT(*) FROM customers",1,{C:10000},0)
    one('m09','li_na',"SELECT GROUP_CONCAT(phone) FROM customers",1,{C:10000},None,'EVASION; group_concat_max_len (1M) cuts')
    one('m10','li_na',"SELECT JSON_ARRAYAGG(JSON_OBJECT('n',name,'p',phone)) FROM customers WHERE branch='BJ'",1,{C:1000},1000,'EVASION 1 row')
    one('m11','wang_wei',f"SELECT * FROM customers INTO OUTFILE '{scratch}/export.csv' FIELDS TERMINATED BY ','",0,{C:10000},10000,'server-side file')
    one('m12','app_crm',"PREPARE s FROM 'SELECT name, id_card FROM customers WHERE id = ?'; SET @a=501; EXECUTE s USING @a; SET @a=502; EXECUTE s USING @a; DEALLOCATE PREPARE s",2,{C:2},2,'SQL-level prepared; multi statement')
    c = client('batch_etl')
    expect('m13', c.query("/* m13 */ SELECT * FROM customers", 100), 100)
    c.vanish()
    T('m13','batch_etl','read 100 rows, then dropped the socket',"/* m13 */ SELECT * FROM customers",100,{C:10000},100,'server had already sent more into socket buffers; dropped', connection=c.connection)
    one('m14','app_crm',"CALL get_customer(900)",1,{C:1},1,'stored procedure')
    one('m15','li_na',"CALL bulk_export()",10000,{C:10000},10000,'SQL SECURITY DEFINER procedure')
    one('m16','li_na',"SELECT phone_of(12)",1,{C:1},1,'stored function')
    one('m17','app_crm',"SELECT name, balance FROM v_customer_360 WHERE id BETWEEN 1 AND 10",20,{C:10,A:20},10,'view')
    one('m18','batch_etl',"CREATE TABLE scratch.tmp_backup AS SELECT * FROM customers",0,{C:10000},10000,'copy')
    one('m19','batch_etl',"SELECT * FROM scratch.tmp_backup",10000,{'scratch.tmp_backup':10000},10000)
    one('m20','batch_etl',"CREATE TEMPORARY TABLE t1 AS SELECT id, phone FROM customers WHERE branch='GZ'; SELECT * FROM t1",1000,{C:1000},1000,'temp table; multi statement')
    one('m21','batch_etl',"INSERT INTO scratch.worklist SELECT id FROM customers WHERE vip",0,{C:20,'scratch.worklist':20},20)
    one('m22','app_crm',"UPDATE customers SET email=email WHERE id BETWEEN 2001 AND 2010",0,{C:10},0)
    one('m23','app_crm',"DELETE FROM accounts WHERE customer_id <= 50 RETURNING *",100,{A:100},50,'MariaDB DELETE RETURNING')
    one('m24','li_na',"SELEC * FROM customers",0,{},0,'syntax',err=True)
    one('m25','li_na',"SELECT * FROM accounts",0,{},0,'denied',err=True)
    one('m26','li_na',"SELECT * FROM customer_secrets",0,{},0,'no table',err=True)
    c, n, err = client('li_na'), 0, ''
    try:
        c.query("/* m27 */ SET STATEMENT max_statement_time=0.3 FOR SELECT id, name, phone, SLEEP(0.0005) FROM customers")
    except Refused as refused:
        n, err = c.rows, str(refused)
    c.close()
    T('m27','li_na','row by row',"/* m27 */ SET STATEMENT max_statement_time=0.3 FOR SELECT id,name,phone,SLEEP(0.0005) FROM customers",n,{C:n},n,'cancelled midway: '+err,'error', connection=c.connection)
    one('m28','app_crm',"SELECT name FROM customers WHERE id=1; SELECT phone FROM customers WHERE id=2",2,{C:2},2,'multi statements in one packet')
    one('m29','app_crm',"\nSELECT name,\n\tphone -- comment, with comma\nFROM customers\nWHERE name = 'O''Brien, \"Jr\"'\n  OR name = '张三'\n  OR email LIKE 'a\\\\b%' OR id IN (5,6)",2,{C:2},2,'newline, tab, quotes, comma, backslash, non-ASCII')
    one('m30','li_na',"SELECT `姓名`, `手机号` FROM `客户信息` WHERE `编号` <= 30",30,{'corebank.客户信息':30},30)
    one('m31','li_na',"SELECT * FROM call_records WHERE started_at >= '2026-01-10' AND started_at < '2026-01-11'",1440,{R:1440},None,'partitioned table')
    one('m32','li_na',"SELECT phone FROM customers WHERE id<=5 UNION SELECT callee_phone FROM call_records WHERE id<=5",10,{C:5,R:5},None)
    one('m33','app_crm',"SELECT account_no FROM accounts WHERE customer_id IN (SELECT id FROM customers WHERE branch='BJ')",1490,{A:1490,C:1000},995,'m23 deleted the accounts of five of them')
    ids=','.join(str(i) for i in range(1,3001))
    one('m34','li_na',f"SELECT id, name, phone FROM customers WHERE id IN ({ids})",3000,{C:3000},3000,'14 kB statement: server_audit_query_log_limit=1024 cuts it')
    one('m35','li_na',"SELECT id /* "+'x'*1100+" */, name, phone, id_card FROM customers",10000,{C:10000},10000,'EVASION: padding comment pushes FROM past the 1024-byte limit')
    number = next_connection()
    r = program('mariadb-dump', '-u', 'wang_wei', 'corebank')
    T('m36','wang_wei','mariadb-dump',"mariadb-dump corebank",None,{C:10000,A:14900,R:50000},10500,r.stderr[:100], connection=number)
    number = next_connection()
    program('mariadb', '-u', 'li_na', 'corebank', '-e', 'select /* m37 */ * from customers where id<=15; select /* m37 */ 1')
    T('m37','li_na','mariadb CLI',"select * from customers where id<=15; select 1",16,{C:15},15,'CLI splits statements; text comments kept? (--skip-comments default strips?)', connection=number)
    one('m38','wang_wei',"SET GLOBAL server_audit_logging=OFF",0,{},0,'EVASION: audit off')
    one('m39','wang_wei',"SELECT * FROM customers",10000,{C:10000},10000,'while audit off')
    one('m40','wang_wei',"SET GLOBAL server_audit_logging=ON",0,{},0)
    one('m41','wang_wei',"CREATE USER tmp_u IDENTIFIED BY 's3cret!'; GRANT SELECT ON corebank.accounts TO tmp_u; SET PASSWORD FOR tmp_u = PASSWORD('n3w'); DROP USER tmp_u",0,{},0,'password masking')
    one('m42','li_na',"HANDLER customers OPEN",0,{},0,'HANDLER interface',err=False)
    with client('li_na') as c:
        c.query("HANDLER customers OPEN AS h")
        n = c.query("/* m43 */ HANDLER h READ FIRST LIMIT 500")
    T('m43','li_na','HANDLER',"HANDLER customers OPEN AS h; HANDLER h READ FIRST LIMIT 500",n,{C:n},n,'EVASION: not a SELECT', connection=c.connection)
    one('m44','li_na',"SELECT * FROM customers WHERE id = -1",0,{C:0},0)
    one('m45','li_na',"WITH x AS (SELECT * FROM customers WHERE id<=25) SELECT name FROM x",25,{C:25},25)
    one('m46','li_na',"EXECUTE IMMEDIATE CONCAT('SELECT * FROM cu','stomers WHERE id <= ',33)",33,{C:33},33,'EVASION: dynamic SQL hides table name')
    one('m47','wang_wei',"ANALYZE FORMAT=JSON SELECT * FROM customers",1,{C:10000},0)
    try:
        client('nobody_here')
    except Refused as refused:
        T('m48', 'nobody_here', 'wire protocol', 'login unknown user', 0, {}, 0, str(refused), 'login failed')
    one('m49','app_crm',"SELECT * FROM corebank.customers c, corebank.accounts a WHERE a.customer_id=c.id AND c.id<=3 FOR UPDATE",0,{C:3},0,'accounts of 1..3 deleted by m23: 0 rows')
