# Reads a form as workbook, as CSV in UTF-8 and as CSV in CP932, with Python's own libraries, and prints their rows as JSON.
import csv, io, json, re, sys, zipfile
import xml.etree.ElementTree as tree

M = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
R = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"


def column(ref):
    n = 0
    for c in re.match("[A-Z]+", ref).group():
        n = 26 * n + ord(c) - 64
    return n - 1


def workbook(path):
    z = zipfile.ZipFile(path)
    shared = []
    if "xl/sharedStrings.xml" in z.namelist():
        shared = ["".join(t.text or "" for t in s.iter(M + "t")) for s in tree.fromstring(z.read("xl/sharedStrings.xml"))]
    targets = {r.get("Id"): r.get("Target") for r in tree.fromstring(z.read("xl/_rels/workbook.xml.rels"))}
    out = {}
    for s in tree.fromstring(z.read("xl/workbook.xml")).iter(M + "sheet"):
        rows = []
        for row in tree.fromstring(z.read("xl/" + targets[s.get(R)].lstrip("/").removeprefix("xl/"))).iter(M + "row"):
            cells = []
            for c in row:
                assert c.find(M + "f") is None, "a formula"
                value = "".join(t.text or "" for t in c.iter(M + "t"))
                if c.find(M + "v") is not None:
                    value = c.find(M + "v").text or ""
                    if c.get("t") == "s":
                        value = shared[int(value)]
                at = column(c.get("r"))
                cells += [""] * (at + 1 - len(cells))
                cells[at] = value
            rows.append(cells)
        out[s.get("name")] = rows
    return out


def archive(path, encoding):
    z, out, texts = zipfile.ZipFile(path), {}, {}
    for name in z.namelist():
        body = z.read(name)
        if name.endswith(".csv"):
            if encoding == "utf-8":
                assert body[:3] == b"\xef\xbb\xbf", "no mark"
                body = body[3:]
            out[name] = list(csv.reader(io.StringIO(body.decode(encoding, "strict"), newline="")))
            assert b"\n" not in body.replace(b"\r\n", b"") or any("\n" in v for r in out[name] for v in r)
        else:
            texts[name] = body.decode("utf-8-sig")
    return out, texts


utf8, _ = archive(sys.argv[2], "utf-8")
cp932, texts = archive(sys.argv[3], "cp932")
twins = str.maketrans({0x301C: 0xFF5E, 0x2212: 0xFF0D, 0x2016: 0x2225, 0x2014: 0x2015, 0xA2: 0xFFE0, 0xA3: 0xFFE1, 0xA5: 0xFFE5, 0xAC: 0xFFE2})
lost = 0
for name, rows in utf8.items():
    other = cp932[name.replace("_utf8", "_cp932")]
    assert len(rows) == len(other), name
    for a, b in zip(rows, other):
        want = []
        for v in a:
            v, said = v.translate(twins), ""
            for c in v:
                try:
                    c.encode("cp932")
                except UnicodeEncodeError:
                    c, lost = "〓", lost + 1
                said += c
            want.append(said)
        if len(sys.argv) > 4:  # each export is a further entry, which the figures count
            want, b = ([re.sub("[0-9]+", "0", v) for v in r] for r in (want, b))
        assert want == b, (name, want, b)
assert (lost > 0) == ("replaced.txt" in texts), "replaced.txt"
json.dump({"workbook": workbook(sys.argv[1]), "csv": utf8, "lost": lost, "replaced": texts.get("replaced.txt", "")}, sys.stdout)
