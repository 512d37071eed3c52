"""A client of PostgreSQL that counts what it receives: simple and extended protocol, portals in parts, cancelling, vanishing."""

import socket, struct


class Refused(Exception):
    """An error that the server reported."""


class Client:
    def __init__(self, port, user, app, database="corebank"):
        self.port, self.rows, self.error = port, 0, None
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.stream = self.socket.makefile("rb")
        pairs = dict(user=user, database=database, application_name=app, client_encoding="UTF8")
        body = b"".join(f"{name}\0{value}\0".encode() for name, value in pairs.items()) + b"\0"
        self.socket.sendall(struct.pack("!ii", len(body) + 8, 196608) + body)
        self.until_ready()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        try:
            self.socket.sendall(b"X\0\0\0\4")
        except OSError:
            pass
        self.stream.close()
        self.socket.close()

    def send(self, *messages):
        self.socket.sendall(b"".join(kind + struct.pack("!i", len(body) + 4) + body for kind, body in messages))

    def message(self):
        head = self.stream.read(5)
        if len(head) < 5:
            raise Refused("the server closed the connection")
        return head[:1], self.stream.read(struct.unpack("!i", head[1:])[0] - 4)

    def messages(self):
        """What the server says until it is ready, or has given a part of a portal."""
        while True:
            kind, body = self.message()
            if kind == b"E":
                self.error = next(field[1:].decode() for field in body.split(b"\0") if field[:1] == b"M")
            elif kind == b"K":
                self.key = struct.unpack("!ii", body)
            elif kind in b"Dd":
                self.rows += 1
            yield kind
            if kind == b"Z":
                return

    def until_ready(self):
        self.rows, self.error = 0, None
        for _ in self.messages():
            pass
        if self.error:
            raise Refused(self.error)
        return self.rows

    def simple(self, text):
        """Sends a text of one or more statements; rows received."""
        self.send((b"Q", text.encode() + b"\0"))
        return self.until_ready()

    def parse(self, name, text, types=()):
        return b"P", name.encode() + b"\0" + text.encode() + b"\0" + struct.pack(f"!h{len(types)}i", len(types), *types)

    def bind(self, values, name="", portal=""):
        """Text as text, bytes as binary, None as NULL."""
        body = portal.encode() + b"\0" + name.encode() + b"\0" + struct.pack("!h", len(values))
        body += b"".join(struct.pack("!h", isinstance(value, bytes)) for value in values) + struct.pack("!h", len(values))
        for value in values:
            data = value if isinstance(value, bytes) or value is None else str(value).encode()
            body += struct.pack("!i", -1) if data is None else struct.pack("!i", len(data)) + data
        return b"B", body + struct.pack("!h", 0)

    def portal(self, limit=0, portal=""):
        return b"E", portal.encode() + b"\0" + struct.pack("!i", limit)

    SYNC, FLUSH = (b"S", b""), (b"H", b"")

    def extended(self, text, values=(), types=()):
        """Parse, bind, execute without a name."""
        self.send(self.parse("", text, types), self.bind(values), (b"D", b"P\0"), self.portal(), self.SYNC)
        return self.until_ready()

    def prepare(self, name, text, types=()):
        self.send(self.parse(name, text, types), (b"D", b"S" + name.encode() + b"\0"), self.SYNC)
        self.until_ready()

    def execute(self, name, values):
        self.send(self.bind(values, name), self.portal(), self.SYNC)
        return self.until_ready()

    def parts(self, text, values, limit, most=None):
        """Executes a portal in parts; ends with the portal or after so many parts."""
        self.send(self.parse("", text), self.bind(values), self.portal(limit), self.FLUSH)
        self.rows, parts = 0, 0
        for kind in self.messages():
            if kind == b"s":
                parts += 1
                self.send(*((self.SYNC,) if parts == most else (self.portal(limit), self.FLUSH)))
            elif kind in b"CE":
                self.send(self.SYNC)
        return self.rows

    def stream_rows(self, text, at=None, act=None):
        """Receives row by row, acts once after so many; rows received before the end or the error."""
        self.send(self.parse("", text), self.bind(()), (b"D", b"P\0"), self.portal(), self.SYNC)
        self.rows, self.error = 0, None
        for _ in self.messages():
            if self.rows == at:
                at = None
                if act():
                    break
        return self.rows

    def cancel(self):
        with socket.create_connection(("127.0.0.1", self.port)) as other:
            other.sendall(struct.pack("!iiii", 16, 80877102, *self.key))
            other.recv(1)

    def vanish(self):
        """Drops the connection as a killed client does."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.stream.close()
        self.socket.close()
        return True
