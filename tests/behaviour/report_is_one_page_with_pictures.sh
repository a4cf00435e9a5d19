#!/bin/bash
# timeout: 180
# sysshim report makes one page of HTML from a recording: well-formed, with the numbers that stat and files print, each program in its place in time, and whatever the
# names in it are, nothing in it is loaded from elsewhere or executed.
set -u
. "$SRC/tests/lib/lib.sh"
export XDG_STATE_HOME=$PWD/state LC_ALL=C
hostile='<script>alert(1)<script> "&'"'"$'\001\377'
mkdir "$hostile" && echo text >"$hostile/file" && cp /bin/cat './<b onclick=x>' || fail "no hostile names"
printf 'UTF-8: \303\251' >é

cat >program <<'P'
while read -r line; do :; done <"$1/file"
for ((i = 0; i < 1000; i++)); do echo "line $i"; done >out
"./<b onclick=x>" "$1/nowhere" "$1/file" é
sleep 0.2
P
"$SYSSHIM" run -q --record=recording -- bash program "$hostile" >/dev/null 2>&1
"$SYSSHIM" report recording >page || fail "report: status $?"
"$SYSSHIM" report -o page2 recording && cmp page page2 || fail "-o: another page"
"$SYSSHIM" stat --json recording >stat || fail "stat"
"$SYSSHIM" files --json recording >files || fail "files"
python3 - <<'P' || fail "see above"
import html.parser, json, re
page = open("page", encoding="utf-8").read()
VOID = {"meta", "line", "rect", "path"}
OPTIONAL = {"td", "th", "tr"}
class Page(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.open, self.tags, self.bars, self.labels, self.cells, self.row = [], {}, [], [], [], None
    def handle_starttag(self, tag, attrs):
        self.tags[tag] = self.tags.get(tag, 0) + 1
        attrs = dict(attrs)
        assert not {"src", "href", "onclick"} & set(attrs) and not any(name.startswith("on") for name in attrs), (tag, attrs)
        if tag == "rect":
            self.bars.append((float(attrs["x"]), float(attrs["width"])))
        if tag == "tr":
            self.cells.append([])
        if tag in ("td", "th"):
            self.cells[-1].append("")
        if tag not in VOID:
            self.open.append(tag)
    def handle_endtag(self, tag):
        while self.open and self.open[-1] in OPTIONAL and self.open[-1] != tag:
            self.open.pop()
        if tag not in VOID:
            assert self.open and self.open.pop() == tag, (tag, self.open)
    def handle_data(self, data):
        if "table" in self.open and self.cells and self.cells[-1]:
            self.cells[-1][-1] += data
        if self.open and self.open[-1] == "text":
            self.labels.append(data)
parsed = Page()
parsed.feed(page)
parsed.close()
assert not parsed.open and not {"script", "img", "iframe", "link", "object", "b onclick"} & set(parsed.tags) and parsed.tags["svg"] == 2, (parsed.open, parsed.tags)
assert "url(" not in page and "@import" not in page and "default-src 'none'" in page
assert "&#60;script&#62;alert(1)&#60;script&#62; &#34;&#38;&#39;\\1\\377" in page and "/é" in page, "names"

stat = json.load(open("stat"))
rows = {row[0]: row for row in parsed.cells if row and row[0]}
for name, call in stat["calls"].items():
    if name in rows:
        assert rows[name][3] == format(call["calls"], ",") and rows[name][4] == (format(call["errors"], ",") if call["errors"] else ""), (name, rows[name], call)
assert sum(name in rows for name in stat["calls"]) >= min(15, len(stat["calls"])), rows
tiles = dict((what, value) for value, what in re.findall(r"<div><b>([^<]*)</b><span>([^<]*)</span></div>", page))
assert tiles["calls"] == format(sum(call["calls"] for call in stat["calls"].values()), ","), tiles
assert tiles["of them failed"] == format(sum(call["errors"] for call in stat["calls"].values()), ","), tiles
files = [json.loads(line) for line in open("files")][:-1]
assert tiles["files opened"] == format(sum(1 for f in files if f["opens"] or f["by_kernel"]), ",") and tiles["not there"] == format(sum(1 for f in files if not f["opens"] and not f["by_kernel"]), ","), tiles
assert tiles["processes"] == "3" and int(tiles["writes saved"].replace(",", "")) > 500, tiles
for path in ("nowhere", "/out"):
    assert any(row[0].endswith(path) for row in parsed.cells if row), path

# bash is there from the first to the last; sleep begins behind cat, and both lie within.
lanes = [label for label in parsed.labels if re.search(r" \d+$", label)]
assert [re.sub(r" \d+$", "", lane) for lane in lanes] == ["bash", "<b onclick=x>", "sleep"], lanes
bash, cat, sleep = parsed.bars
assert abs(bash[0] - 190) < 1 and bash[1] > 800 and bash[0] <= cat[0] and cat[0] + cat[1] <= sleep[0] + 0.2 and sleep[0] + sleep[1] <= bash[0] + bash[1] + 0.2, parsed.bars
P

# Of a recording without calls there is a page too; what is wrong is said in one line.
SYSSHIM_TRACE=none "$SYSSHIM" run -q --record=none -- true && "$SYSSHIM" report none | grep -q '</html>' || fail "without calls"
says() {
	"$SYSSHIM" report "${@:3}" >out 2>err
	[ $? -eq "$1" ] && [ ! -s out ] && [ "$(wc -l <err)" = 1 ] && grep -qF -- "$2" err || fail "report ${*:3}: $(cat out err)"
}
says 2 nowhere nowhere
says 2 "no such option" -x recording
says 2 "nowhere/page: No such file" -o nowhere/page recording
says 125 "No space left" -o /dev/full recording
