"""A disk that writes down what it is told, in QEMU's driver blklogwrites (the format: Documentation/admin-guide/device-mapper/
log-writes.rst in the kernel), and that disk as a power cut leaves it.

A flush holds all that was written before it. What was written behind the last one is there or not, each block of it by itself.
"""
import collections
import os
import shutil
import struct

SECTOR = 512
BLOCK = 4096                    # what a disk writes whole
MAGIC, VERSION = 0x6a736677736872, 1
FLUSH, FUA, DISCARD = 1, 2, 4

Entry = collections.namedtuple("Entry", "offset data flush fua")


def args(disk, log):
    """For QEMU. The log's own header is up to date with each entry: how long it is can be asked while the machine runs."""
    with open(log, "wb"):
        pass
    return ["-blockdev", "driver=file,node-name=data-file,filename=" + disk,
            "-blockdev", "driver=file,node-name=log-file,filename=" + log,
            "-blockdev", "driver=blklogwrites,node-name=data,file=data-file,log=log-file,log-append=off,log-sector-size=%d,"
                         "log-super-update-interval=1" % SECTOR,
            "-device", "virtio-blk-pci,drive=data,write-cache=on"]


def _header(f):
    magic, version, count, sector = struct.unpack("<QQQI", f.read(28))
    assert (magic, version, sector) == (MAGIC, VERSION, SECTOR), "no log of writes: %s" % ((magic, version, sector),)
    return count


def length(log):
    with open(log, "rb") as f:
        return _header(f)


def entries(log):
    with open(log, "rb") as f:
        count, found = _header(f), []
        f.seek(SECTOR)
        for _ in range(count):
            sector, sectors, flags = struct.unpack("<QQQ", f.read(SECTOR)[:24])
            data = bytes(sectors * SECTOR) if flags & DISCARD else f.read(sectors * SECTOR)
            assert len(data) == sectors * SECTOR, "the log of writes ends early"
            found.append(Entry(sector * SECTOR, data, bool(flags & FLUSH), bool(flags & FUA)))
        return found


def loose_counts(log):
    """How many entries a power cut may take away that comes behind none, one, two ... of them."""
    counts = [0]
    for entry in log:
        counts.append((0 if entry.flush else counts[-1]) + (bool(entry.data) and not entry.fua))
    return counts


def _blocks(entry):
    """As the disk has them: a block that is its own, or a part of one."""
    at = 0
    while at < len(entry.data):
        n = min(BLOCK - (entry.offset + at) % BLOCK, len(entry.data) - at)
        yield entry.offset + at, entry.data[at:at + n]
        at += n


class Cuts:
    """Of a disk as it was before the log began. Asked for in the order of the log."""

    def __init__(self, disk, log, work):
        self._log, self._at = log, 0
        self._held, self._loose = work + "/held", []    # what no power cut takes away; the rest
        shutil.copyfile(disk, self._held)

    def _advance(self, cut):
        with open(self._held, "r+b") as f:
            for entry in self._log[self._at:cut]:
                if entry.flush:
                    for offset, data in self._loose:
                        os.pwrite(f.fileno(), data, offset)
                    self._loose = []
                blocks = list(_blocks(entry))
                if entry.fua:
                    for offset, data in blocks:
                        os.pwrite(f.fileno(), data, offset)
                else:
                    self._loose += blocks
        self._at = cut

    def take(self, cut, share, lots, to):
        """The disk when the power goes behind that many entries, and of what is loose a share is there, by lot. How many blocks are
        lost."""
        assert cut >= self._at, "cuts go forward"
        self._advance(cut)
        shutil.copyfile(self._held, to)
        there = [block for block in self._loose if lots.random() < share]
        with open(to, "r+b") as f:
            for offset, data in there:
                os.pwrite(f.fileno(), data, offset)
        return len(self._loose) - len(there)
