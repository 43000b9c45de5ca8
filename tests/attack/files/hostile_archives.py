"""Hostile archives, and files of records."""

from __future__ import annotations

import gzip
import io
import pickle
import random
import stat
import struct
import zipfile

from tests.attack.files.making import Reduces, hostile, zipped


@hostile("zeros.zip")
def _bomb() -> bytes:
    return zipped({"zeros.csv": bytes(80 << 20)})


@hostile("nested.zip")
def _nested_bomb() -> bytes:
    data = zipped({"a.csv": b"a,b\n1,2\n"})
    for level in range(8):
        data = zipped({f"{level}.zip": data})
    return data


@hostile("many.zip")
def _many() -> bytes:
    return zipped({f"{number}.txt": b"x" for number in range(5_000)}, zipfile.ZIP_STORED)


@hostile("overlap.zip")
def _overlap() -> bytes:
    data = bytearray(zipped({"a.txt": b"a" * 500, "b.txt": b"b" * 500}, zipfile.ZIP_STORED))
    second = data.rfind(b"PK\1\2")
    data[second + 42 : second + 46] = struct.pack("<I", 0)
    return bytes(data)


@hostile("traversal.zip")
def _traversal() -> bytes:
    return zipped({"../../etc/cron.d/x": b"a,b\n1,2\n"})


@hostile("absolute.zip")
def _absolute() -> bytes:
    return zipped({"/etc/passwd": b"x"})


@hostile("backslash.zip")
def _backslash() -> bytes:
    return zipped({"..\\..\\x.csv": b"a,b\n1,2\n"})


@hostile("drive.zip")
def _drive() -> bytes:
    return zipped({"C:evil.csv": b"a,b\n1,2\n"})


@hostile("symlink.zip")
def _symlink() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        link = zipfile.ZipInfo("data.csv")
        link.create_system, link.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
    return out.getvalue()


@hostile("twice.zip")
def _twice() -> bytes:
    data = zipped({"a.csv": b"a,b\n100,200\n", "b.csv": b"a,b\n1,2\n"})
    return data.replace(b"b.csv", b"a.csv")


@hostile("encrypted.zip")
def _encrypted_zip() -> bytes:
    data = bytearray(zipped({"a.csv": b"a,b\n1,2\n"}, zipfile.ZIP_STORED))
    for magic, at in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        data[data.find(magic) + at] |= 1
    return bytes(data)


@hostile("checksum.zip")
def _checksum() -> bytes:
    return zipped({"a.csv": b"region,n\nNorth,100\n"}, zipfile.ZIP_STORED).replace(b"North", b"South", 1)


@hostile("names.zip")
def _names() -> bytes:
    return zipped({"a.csv": b"a,b\n1,2\n"}, zipfile.ZIP_STORED).replace(b"a.csv", b"b.exe", 1)


@hostile("cut.zip")
def _cut_zip() -> bytes:
    return zipped({"a.csv": b"a,b\n" + b"1,2\n" * 500})[:-40]


@hostile("prefix.zip")
def _prefix_zip() -> bytes:
    return b"PK\3\4" + b"secret" * 40 + zipped({"a.csv": b"a,b\n1,2\n"})


@hostile("suffix.zip")
def _suffix_zip() -> bytes:
    return zipped({"a.csv": b"a,b\n1,2\n"}) + b"1;2;3\n" * 20


@hostile("between.zip")
def _between() -> bytes:
    data = zipped({"a.csv": b"a,b\n100,200\n"}, zipfile.ZIP_STORED)
    start, hidden = data.find(b"PK\1\2"), b"P001,12.5\n" * 30
    end = data.rfind(b"PK\5\6")
    offset = struct.pack("<I", start + len(hidden))
    return data[:start] + hidden + data[start:end] + data[end : end + 16] + offset + data[end + 20 :]


@hostile("lzma.zip")
def _lzma() -> bytes:
    return zipped({"a.csv": b"a,b\n1,2\n"}, zipfile.ZIP_LZMA)


@hostile("bomb.csv.gz")
def _gz_bomb() -> bytes:
    return gzip.compress(bytes(80 << 20), 9)


@hostile("cut.csv.gz")
def _gz_cut() -> bytes:
    return gzip.compress(random.Random(1).randbytes(5_000))[:-600]


@hostile("two.csv.gz")
def _gz_two() -> bytes:
    return gzip.compress(b"a,b\n100,200\n") + gzip.compress(b"id,v\n1,2\n")


@hostile("frame.pkl")
def _pickle() -> bytes:
    return pickle.dumps(Reduces())


@hostile("old.pickle")
def _pickle_0() -> bytes:
    return pickle.dumps(Reduces(), protocol=0)


@hostile("table.csv")
def _pickle_as_csv() -> bytes:
    return pickle.dumps(Reduces(), protocol=0)


@hostile("model.joblib")
def _joblib() -> bytes:
    return gzip.compress(pickle.dumps(Reduces()))


@hostile("results.json")
def _pickle_in_json() -> bytes:
    return pickle.dumps({"a": Reduces()})


@hostile("arrays.npz")
def _npz() -> bytes:
    return zipped({"a.npy": b"\x93NUMPY" + pickle.dumps(Reduces())})


@hostile("people.parquet")
def _parquet() -> bytes:
    return b"PAR1" + bytes(100) + b"PAR1"


@hostile("people.rds")
def _rds() -> bytes:
    return gzip.compress(b"X\n\0\0\0\3\0\4\2\1" + bytes(100))


@hostile("people.dta")
def _dta() -> bytes:
    return b"<stata_dta><header><release>118</release>" + bytes(100)


@hostile("people.sqlite")
def _sqlite() -> bytes:
    return b"SQLite format 3\0" + bytes(500)
