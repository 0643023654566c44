"""A disk whose manners a case can change while a machine uses it: an NBD server (github.com/NetworkBlockDevice/nbd,
doc/proto.md) in this process.

    with Disk("data.img") as disk, Appliance(..., disk=None, extra_args=disk.args()) as a:
        disk.hang()
        ...
        disk.answer()
"""
import os
import shutil
import socket
import struct
import tempfile
import threading

READ, WRITE, DISCONNECT, FLUSH = 0, 1, 2, 3
EIO = 5
OPTION_ABORT, OPTION_INFO, OPTION_GO = 2, 6, 7
REPLY_ACK, REPLY_INFO, REPLY_UNSUPPORTED = 1, 3, 0x80000001
HAS_FLAGS, SEND_FLUSH, SEND_FUA = 1, 4, 8


class Disk:
    def __init__(self, path):
        self._dir = tempfile.mkdtemp(prefix="disk.")
        self._file = open(path, "r+b")
        self.size = os.path.getsize(path)
        self.stores = 0             # writes and flushes so far
        self.good = None            # how many of those still go well; None: all
        self.held = 0               # requests that hang
        self.bad = []               # (READ, WRITE or FLUSH, offset, end): what touches these bytes fails
        self.then_bad = None        # (offset, bad): those instead, from the write on that touches this byte
        self.failed = 0             # how often it did
        self.hangs_from = None      # a write to this offset or behind it hangs, up to hangs_to, and all that comes after
        self.hangs_to = float("inf")
        self._may_answer = threading.Event()
        self._may_answer.set()
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(self._dir + "/nbd")
        self._listener.listen(1)
        threading.Thread(target=self._serve, daemon=True).start()

    def args(self, device="virtio-blk-pci", drive="nbd0", more=""):
        """For QEMU. What fails is told to the machine; QEMU would stop it otherwise."""
        return ["-drive", "if=none,id=%s,format=raw,file=nbd:unix:%s/nbd,werror=report,rerror=report%s" % (drive, self._dir, more),
                "-device", "%s,drive=%s" % (device, drive)]

    def hang(self):
        self._may_answer.clear()

    def answer(self):
        self._may_answer.set()

    def close(self):
        self.answer()
        self._listener.close()
        shutil.rmtree(self._dir, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def _serve(self):
        try:
            connection = self._listener.accept()[0]
            with connection, self._file:
                if self._agree(connection):
                    while self._obey(connection):
                        pass
        except (OSError, EOFError):
            pass                    # the machine is gone

    @staticmethod
    def _get(connection, count):
        data = b""
        while len(data) < count:
            part = connection.recv(count - len(data))
            if not part:
                raise EOFError
            data += part
        return data

    def _agree(self, connection):
        """The newstyle negotiation."""
        flags = HAS_FLAGS | SEND_FLUSH | SEND_FUA
        connection.sendall(b"NBDMAGICIHAVEOPT" + struct.pack(">H", 3))
        self._get(connection, 4)
        while True:
            _, option, length = struct.unpack(">8sII", self._get(connection, 16))
            self._get(connection, length)

            def reply(kind, data=b""):
                connection.sendall(struct.pack(">QIII", 0x3e889045565a9, option, kind, len(data)) + data)
            if option in (OPTION_INFO, OPTION_GO):
                reply(REPLY_INFO, struct.pack(">HQH", 0, self.size, flags))
                reply(REPLY_ACK)
                if option == OPTION_GO:
                    return True
            elif option == OPTION_ABORT:
                reply(REPLY_ACK)
                return False
            else:
                reply(REPLY_UNSUPPORTED)

    def _fails(self, kind, offset, length):
        if kind == WRITE and self.then_bad and offset <= self.then_bad[0] < offset + length:
            self.bad, self.then_bad = self.then_bad[1], None
        if any(kind == bad and (kind == FLUSH or offset < end and offset + length > begin) for bad, begin, end in self.bad):
            self.failed += 1
            return True
        if kind not in (WRITE, FLUSH):
            return False
        self.stores += 1
        if self.good is None:
            return False
        self.good -= 1
        return self.good < 0

    def _obey(self, connection):
        _, _, kind, handle, offset, length = struct.unpack(">IHHQQI", self._get(connection, 28))
        data = self._get(connection, length) if kind == WRITE else b""
        if kind == DISCONNECT:
            return False
        if kind == WRITE and self.hangs_from is not None and self.hangs_from <= offset < self.hangs_to:
            self.hang()
        if not self._may_answer.is_set():
            self.held += 1
            self._may_answer.wait()
            self.held -= 1
        error, answer = EIO if self._fails(kind, offset, length) else 0, b""
        self._file.seek(offset)
        if kind == READ and not error:
            answer = self._file.read(length)
        elif kind == WRITE and not error:
            self._file.write(data)
            self._file.flush()
        connection.sendall(struct.pack(">IIQ", 0x67446698, error, handle) + answer)
        return True
