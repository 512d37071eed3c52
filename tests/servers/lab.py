"""What both laboratories share: a scratch folder that goes, servers that end, datagrams of syslog, truth that is written down."""

import json, os, pwd, shutil, signal, socket, subprocess, sys, tempfile, threading, time

SYSLOG = "/dev/log"


class Wrong(Exception):
    """The laboratory itself did not do what it says."""


def free_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


class Scratch:
    """A folder of an unprivileged account; leaving ends its servers and removes it, also when interrupted."""

    def __init__(self, account):
        who = pwd.getpwnam(account)
        self.identity = dict(user=who.pw_uid, group=who.pw_gid, extra_groups=[])
        self.owner = (who.pw_uid, who.pw_gid)
        self.servers, self.lock, self.over = [], threading.Lock(), False

    def __enter__(self):
        for signum in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
            signal.signal(signum, lambda *_: sys.exit(130))
        self.path = tempfile.mkdtemp(prefix="laboratory-")
        os.chown(self.path, *self.owner)
        os.chmod(self.path, 0o755)
        return self

    def __exit__(self, *_):
        with self.lock:
            self.over = True
        for server in self.servers:
            self.end(server)
        shutil.rmtree(self.path, ignore_errors=True)

    def folder(self, *names):
        path = os.path.join(self.path, *names)
        os.makedirs(path, exist_ok=True)
        os.chown(path, *self.owner)
        return path

    def run(self, *command, **options):
        """Runs a command as the account and gives its output."""
        ran = subprocess.run(command, capture_output=True, text=True, cwd=self.path, **self.identity, **options)
        if ran.returncode:
            raise Wrong(f"{command[0]}: {ran.stdout[-500:]} {ran.stderr[-1500:]}")
        return ran.stdout

    def start(self, command, env=None):
        with self.lock, open(os.path.join(self.path, "server.out"), "ab") as out:
            if self.over:
                raise Wrong("interrupted")
            server = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, cwd=self.path, env=env, start_new_session=True, **self.identity)
            self.servers.append(server)
        return server

    def end(self, server, how=signal.SIGINT):
        if server.poll() is None:
            server.send_signal(how)
            try:
                server.wait(30)
            except subprocess.TimeoutExpired:
                os.killpg(server.pid, signal.SIGKILL)
                server.wait()

    def said(self):
        with open(os.path.join(self.path, "server.out"), errors="replace") as out:
            return out.read()[-1500:]


class Syslog:
    """Takes the datagrams that a server's syslog() sends, where nobody else does: one a line, as they come."""

    def __init__(self, path, belongs):
        self.path, self.belongs = path, belongs

    def __enter__(self):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
        self.socket.bind(SYSLOG)
        os.chmod(SYSLOG, 0o666)
        self.socket.settimeout(0.2)
        self.over = False
        self.thread = threading.Thread(target=self.take, daemon=True)
        self.thread.start()
        return self

    def take(self):
        with open(self.path, "wb", 0) as out:
            while True:
                try:
                    datagram = self.socket.recv(1 << 20)
                except socket.timeout:
                    if self.over:
                        return
                    continue
                if self.belongs in datagram:
                    out.write(datagram.rstrip(b"\n\0") + b"\n")

    def __exit__(self, *_):
        self.over = True
        self.thread.join()
        self.socket.close()
        os.unlink(SYSLOG)

    @staticmethod
    def owned():
        return os.path.lexists(SYSLOG)


class Truth:
    """What the clients of a run did and got."""

    def __init__(self, run):
        self.run, self.cases = run, []

    def note(self, case, user, client, statement, rows, touched, persons, note="", outcome="ok", **more):
        self.cases.append(dict(variant=self.run, case=case, user=user, client=client, statement=statement, rows_to_client=rows,
                               rows_touched=touched, distinct_persons_disclosed=persons, outcome=outcome, note=note, **more))

    def expect(self, case, got, expected):
        if got != expected:
            raise Wrong(f"{self.run} {case}: the client got {got}, not {expected}")

    def write(self, path):
        with open(path, "w", encoding="utf-8") as out:
            json.dump(self.cases, out, ensure_ascii=False, indent=1)


def wait_for(what, ready, seconds=60):
    until = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > until:
            raise Wrong(f"{what}: not within {seconds} s")
        time.sleep(0.05)
