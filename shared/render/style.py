"""How the page looks: on a screen by day and by night, on a telephone, on paper, and in grey."""

from shared.render.markup import Html

COLOURS = """
:root {
  color-scheme: light dark;
  --paper: #f7f7f4; --surface: #ffffff; --ink: #1a222e; --soft: #586373; --line: #dcdfe4;
  --guide: #e6e8ec; --shade: #eef0f4; --shade-odd: #f8f9fb; --halo: #ffffff;
  --e0: #2f6bd0; --e1: #f0b34a; --e1-line: #b06f00; --e2: #66bfae; --e2-line: #1d7566;
  --e3: #c7a2dc; --e3-line: #7b4a9c; --e4: #c2c46a; --e4-line: #777a12;
  --fail: #fbe4e6; --fail-line: #bf2f45; --calm: #e7e9ee; --calm-line: #6c7686;
  --doubt: #ffffff; --doubt-line: #5d6a7c; --mark: #1a222e;
  --p0: #2c4f86; --p1: #b29ad3; --p2: #7fa6d9; --p3: #2f8577; --p4: #8a6c22;
  --on-p: #ffffff; --on-p2: #10141b;
  --met: #1a7548; --met-ground: #e9f5ee; --missed: #b3253c; --missed-ground: #fcebed;
  --inconclusive: #8a5a00; --inconclusive-ground: #fdf3df;
}
"""
DARK_COLOURS = """
:root {
  --paper: #10141b; --surface: #181e27; --ink: #e8ecf2; --soft: #9aa6b6; --line: #2c3542;
  --guide: #27303c; --shade: #1f2732; --shade-odd: #1a212a; --halo: #10141b;
  --e0: #4f86e0; --e1: #8c5a08; --e1-line: #f2b850; --e2: #1f5f55; --e2-line: #6fd0bd;
  --e3: #573a6c; --e3-line: #cba5e2; --e4: #55570f; --e4-line: #cfd272;
  --fail: #3d1a20; --fail-line: #f0647a; --calm: #2a323e; --calm-line: #97a3b4;
  --doubt: #181e27; --doubt-line: #a9b5c5; --mark: #ffffff;
  --p0: #6f97d8; --p1: #6b4f93; --p2: #3f689f; --p3: #4fb3a2; --p4: #c4a04a;
  --on-p: #10141b; --on-p2: #ffffff;
  --met: #5cc890; --met-ground: #14281f; --missed: #ff8093; --missed-ground: #321a20;
  --inconclusive: #eeb95a; --inconclusive-ground: #2e2514;
}
"""
PAGE = """
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body {
  margin: 0; background: var(--paper); color: var(--ink);
  font: 15px/1.55 -apple-system, BlinkMacSystemFont, "Segoe UI", Roboto, "Helvetica Neue",
    "Noto Sans", "Liberation Sans", Arial, sans-serif;
  font-variant-numeric: tabular-nums;
}
main { max-width: 1080px; margin: 0 auto; padding: 40px 32px 72px; }
h1, h2, h3, p, figure, dl, ul { margin: 0; }
h1 { font-size: 34px; line-height: 1.15; font-weight: 650; letter-spacing: -.02em; }
h1 em { font-style: normal; }
h2 { font-size: 20px; line-height: 1.3; font-weight: 650; letter-spacing: -.01em; }
h3 { font-size: 15px; font-weight: 650; }
code, .vantage {
  font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, "Liberation Mono", monospace;
  font-size: .87em;
}
header { margin-bottom: 28px; overflow-wrap: anywhere; }
header p:last-child { color: var(--soft); margin-top: 4px; }
.eyebrow {
  display: flex; flex-wrap: wrap; gap: 4px 14px; align-items: center;
  color: var(--soft); font-size: 13px; margin-bottom: 14px;
}
.brand { color: var(--ink); font-weight: 700; }
.badge {
  border: 1px solid currentColor; border-radius: 999px; padding: 1px 10px; color: var(--ink);
  font-weight: 600; margin-left: auto;
}
.lead { font-size: 18px; margin-top: 10px; }
.warning {
  border: 1px solid var(--inconclusive); border-left-width: 6px; border-radius: 6px;
  background: var(--inconclusive-ground); padding: 10px 14px; margin-bottom: 14px;
  overflow-wrap: anywhere;
}
.how { color: var(--soft); max-width: 78ch; margin-top: 18px; }
.how b { color: var(--ink); }
section { margin-top: 44px; }
section > h2 { margin-bottom: 14px; }
section > h3 { margin: 22px 0 8px; }
section > .scroll + .scroll, section > dl + .scroll { margin-top: 18px; }
.aside { color: var(--soft); font-size: 13px; }
.patterns { position: absolute; }
"""
CARDS = """
.cards { display: grid; grid-template-columns: 1fr 1fr; gap: 20px; }
.card {
  background: var(--surface); border: 1px solid var(--line); border-radius: 12px;
  padding: 22px 24px; border-top: 5px solid var(--verdict); min-width: 0;
}
.card.met { --verdict: var(--met); --verdict-ground: var(--met-ground); }
.card.missed { --verdict: var(--missed); --verdict-ground: var(--missed-ground); }
.card.inconclusive {
  --verdict: var(--inconclusive); --verdict-ground: var(--inconclusive-ground);
}
.card h2 { display: flex; gap: 12px; align-items: center; font-size: 24px; }
.card strong { color: var(--verdict); letter-spacing: .01em; }
.card small { font-size: 13px; font-weight: 400; color: var(--soft); }
.sign { flex: none; }
.sign-ground { fill: var(--verdict-ground); stroke: var(--verdict); stroke-width: 1.6; }
.sign-stroke {
  fill: none; stroke: var(--verdict); stroke-width: 3; stroke-linecap: round;
  stroke-linejoin: round;
}
.measure { margin: 14px 0 12px; color: var(--soft); }
.measure b { display: block; color: var(--ink); font-size: 30px; line-height: 1.2;
  font-weight: 600; letter-spacing: -.015em; }
.because { margin-top: 12px; overflow-wrap: anywhere; text-wrap: pretty; }
.card .aside { margin-top: 8px; }
.track { fill: var(--calm); }
.measured { fill: var(--verdict); }
.rto { stroke: var(--ink); stroke-width: 2; }
"""
PICTURES = """
svg { display: block; }
svg.bars, svg.gauge, svg.lanes { overflow: visible; }
svg text { font-size: 11px; fill: var(--ink); }
svg .tick { fill: var(--soft); }
.guide { stroke: var(--guide); stroke-width: 1; }
.e0 { fill: var(--e0); } .e1 { fill: url(#e1); } .e2 { fill: url(#e2); }
.e3 { fill: url(#e3); } .e4 { fill: url(#e4); }
.fail { fill: url(#fail); } .chng { fill: url(#chng); } .unkn { fill: url(#unkn); }
.othr { fill: var(--calm); }
rect.fail { stroke: var(--fail-line); stroke-width: 1; }
rect.chng, rect.unkn, rect.othr { stroke: var(--calm-line); stroke-width: .75; }
.e1-ground { fill: var(--e1); } .e1-line { stroke: var(--e1-line); stroke-width: 1.6; }
.e2-ground { fill: var(--e2); } .e2-line { stroke: var(--e2-line); stroke-width: 1.6; }
.e3-ground { fill: var(--e3); } .e3-line { stroke: var(--e3-line); stroke-width: 1.4; }
.e4-ground { fill: var(--e4); } .e4-line { stroke: var(--e4-line); stroke-width: 1.4; }
.fail-ground { fill: var(--fail); } .fail-line { stroke: var(--fail-line); stroke-width: 1.3; }
.chng-ground, .unkn-ground { fill: var(--calm); }
.chng-line, .unkn-line { fill: var(--calm-line); }
.unkn-ground { fill: var(--surface); }
.doubt-ground { fill: var(--doubt); }
.doubt-line { stroke: var(--doubt-line); stroke-width: 1.4; }
.doubtful { fill: url(#doubt); stroke: var(--doubt-line); stroke-width: 1; }
.unfinished { fill: var(--calm); stroke: var(--soft); stroke-dasharray: 4 3; }
.promise { stroke: var(--soft); stroke-width: 1.5; }
.promise.open { stroke-dasharray: 2 4; }
.p0 { fill: var(--p0); } .p1 { fill: var(--p1); } .p2 { fill: var(--p2); }
.p3 { fill: var(--p3); } .p4 { fill: var(--p4); }
svg text.on-p { fill: var(--on-p); font-weight: 600; }
svg text.on-p1, svg text.on-p2 { fill: var(--on-p2); }
.way { margin-top: 22px; break-inside: avoid; }
.way h3 { font-size: 16px; margin-bottom: 4px; }
.row {
  display: grid; grid-template-columns: 128px minmax(0, 1fr) 128px 132px 66px; gap: 0 14px;
  align-items: center;
}
.row > .took, .row > .promised { text-align: right; white-space: nowrap; }
.row > .promised, .row > .comparison { color: var(--soft); font-size: 13.5px; }
.row.head { color: var(--soft); font-size: 12.5px; border-bottom: 1px solid var(--line); }
.row.head > span { font-size: 12.5px; padding-bottom: 4px; }
.row.total { font-weight: 600; }
.row.total > .promised, .row.total > .comparison { font-weight: 400; }
.row.missing { min-height: 36px; color: var(--soft); }
.slower { color: var(--missed); font-weight: 650; }
.faster { color: var(--inconclusive); font-weight: 650; }
.legend { display: block; color: var(--soft); font-size: 13px; margin-top: 12px; }
.entry { display: inline-block; margin-right: 18px; max-width: 100%; overflow-wrap: anywhere; }
.swatch { display: inline-block; vertical-align: -2px; overflow: visible; }
.key { display: inline-block; width: 26px; height: 12px; margin: 0 2px 0 14px;
  vertical-align: -1px; }
.key:first-child { margin-left: 0; }
.key.p0 { background: var(--p0); }
.key.doubtful-key {
  border: 1px solid var(--doubt-line);
  background: repeating-linear-gradient(-45deg, var(--doubt-line) 0 1.4px, var(--doubt) 1.4px 5px);
}
.key.unfinished-key { background: var(--calm); border: 1px dashed var(--soft); }
.key.promise-key { height: 7px; border: solid var(--soft); border-width: 0 1.5px 1.5px; }
"""
LANES = """
.scroll { overflow-x: auto; border-radius: 6px; }
.scroll:focus-visible { outline: 2px solid var(--e0); outline-offset: 2px; }
.lane-grid {
  display: grid; grid-template-columns: 176px minmax(600px, 1fr); background: var(--surface);
  border: 1px solid var(--line); border-radius: 10px; padding: 12px 14px 4px 0; min-width: 100%;
  width: max-content; max-width: none;
}
.lane-names { position: sticky; left: 0; z-index: 1; background: var(--surface);
  padding-left: 14px; border-radius: 10px 0 0 10px; }
.lane-name { height: 34px; display: flex; flex-direction: column; justify-content: center;
  line-height: 1.2; padding-right: 10px; }
.kind { font-size: 12px; color: var(--soft); white-space: nowrap; }
.vantage { font-size: 11.5px; font-weight: 600; white-space: nowrap; }
.shade { fill: var(--shade); } .shade.odd { fill: var(--shade-odd); }
svg .phase { fill: var(--soft); font-weight: 600; }
.leader { stroke: var(--mark); stroke-width: .75; stroke-dasharray: 1 3; opacity: .7; }
.milestone { fill: var(--mark); fill-opacity: .12; stroke: var(--mark); stroke-width: 1.4; }
.gap { stroke: var(--soft); stroke-width: 1.5; stroke-dasharray: 1.5 4.500; }
svg .says { text-anchor: middle; font-weight: 600; paint-order: stroke; stroke: var(--halo);
  stroke-width: 4px; stroke-linejoin: round; }
svg .on-e0 { fill: #fff; stroke: var(--e0); }
figure > .aside { margin-top: 6px; }
"""
TABLES = """
table { border-collapse: collapse; width: 100%; font-size: 13.5px; }
th { text-align: left; font-weight: 600; color: var(--soft); font-size: 12.5px;
  white-space: nowrap; }
th, td { padding: 6px 16px 6px 0; border-bottom: 1px solid var(--line); vertical-align: top; }
td.number, th.number { text-align: right; white-space: nowrap; }
td { overflow-wrap: break-word; }
td.long, .proof { overflow-wrap: anywhere; min-width: 180px; }
time { white-space: nowrap; }
.proof { color: var(--soft); line-height: 1.4; }
ul { padding-left: 20px; }
li { margin: 4px 0; overflow-wrap: anywhere; }
p { overflow-wrap: anywhere; }
dl { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: 3px 22px;
  font-size: 14px; }
dt { color: var(--soft); }
dd { margin: 0; overflow-wrap: anywhere; }
details { margin-top: 12px; }
summary { cursor: pointer; }
details .scroll { margin-top: 10px; }
"""
TELEPHONE = """
@media (max-width: 720px) {
  main { padding: 24px 16px 48px; }
  h1 { font-size: 27px; }
  .badge { margin-left: 0; }
  .cards { grid-template-columns: minmax(0, 1fr); gap: 14px; }
  .card { padding: 18px; }
  .measure b { font-size: 26px; }
  .row { grid-template-columns: minmax(0, 1fr) auto; gap: 0 10px; padding-top: 8px; }
  .row > .plot { grid-area: 2 / 1 / 3 / 3; }
  .row > .took { grid-area: 1 / 2; }
  .row > .promised { grid-area: 3 / 1; text-align: left; }
  .row > .comparison { grid-area: 3 / 2; text-align: right; }
  .row > .promised:not(:empty)::before { content: "settings promise "; }
  .row.head > .took, .row.head > .promised, .row.head > .comparison, .row.head > .name
    { display: none; }
  .lane-grid { grid-template-columns: 132px 600px; padding-right: 10px; }
  .lane-names { padding-left: 10px; }
  .kind { font-size: 11px; }
  .lane-names .vantage { font-size: 10px; line-height: 1; white-space: normal;
    overflow-wrap: anywhere; }
  dl { grid-template-columns: minmax(0, 1fr); gap: 0; }
  dd { margin-bottom: 8px; }
}
"""
PAPER = """
@media print {
  @page { size: A4; margin: 12mm 14mm; }
  :root { -webkit-print-color-adjust: exact; print-color-adjust: exact; }
  body { background: #fff; font-size: 10.5pt; }
  main { max-width: none; padding: 0; zoom: .88; }
  header { margin-bottom: 18px; }
  .lead { margin-top: 6px; }
  .card { padding: 14px 18px; }
  .measure { margin: 8px 0; }
  .because { margin-top: 8px; }
  .how { margin-top: 12px; max-width: none; }
  .way { margin-top: 12px; }
  h2, h3 { break-after: avoid; }
  .cards { grid-template-columns: 1fr 1fr; }
  .card, figure, tr, li, dl, .how { break-inside: avoid; }
  thead { display: table-header-group; }
  .scroll { overflow: visible; }
  .lane-grid { grid-template-columns: 122px minmax(0, 1fr); width: auto; padding: 8px 6px 0 0; }
  .lane-names { padding-left: 8px; }
  .kind { font-size: 10.5px; } .vantage { font-size: 10px; }
  svg text { font-size: 10px; }
  table { font-size: 8.5pt; }
  th { font-size: 8pt; white-space: normal; }
  td, th { padding: 4px 8px 4px 0; }
  section { margin-top: 24px; }
  section > h2 { margin-bottom: 8px; }
  .row { grid-template-columns: 100px minmax(0, 1fr) 112px 116px 58px; gap: 0 10px;
    font-size: 9.5pt; }
  details:not([open]) { display: none; }
}
@media (forced-colors: active) { svg { forced-color-adjust: none; } }
"""

STYLE = Html(
    COLOURS
    + f"@media screen and (prefers-color-scheme: dark) {{{DARK_COLOURS}}}"
    + PAGE
    + CARDS
    + PICTURES
    + LANES
    + TABLES
    + TELEPHONE.replace("@media (", "@media screen and (")
    + PAPER
)
