/** The one style sheet of report.html: light and dark, wide and narrow, screen and paper; system fonts only. */
export const REPORT_STYLE = `
:root {
  color-scheme: light dark;
  --paper: #fbfaf7; --card: #ffffff; --ink: #1b1d22; --soft: #5b606b; --line: #e2e0d8; --line-strong: #9a9789;
  --c1: #1f6fb4; --c2: #c2570c; --c3: #4d7a2a; --c4: #7b4fa6; --c5: #a8324a; --c6: #7a6a1d; --band: #e6e3da; --quiet: #8a8f99; --good: #2f6b32; --bad: #b3261e;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #14161a; --card: #1c1f25; --ink: #e9e7e1; --soft: #a4a9b3; --line: #30343c; --line-strong: #6c727d;
    --c1: #6db3f2; --c2: #f0985a; --c3: #98c972; --c4: #c3a1e8; --c5: #f08aa0; --c6: #d6c25e; --band: #33373f; --quiet: #7d828c; --good: #8bc98e; --bad: #ff8a80;
  }
}
* { box-sizing: border-box; }
html { background: var(--paper); color: var(--ink); font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
body { overflow-wrap: anywhere; max-width: 1180px; margin: 0 auto; padding: 2.5rem 1.5rem 4rem; }
header p.name { margin: 0; color: var(--soft); font-size: .9rem; letter-spacing: .02em; }
h1 { margin: .2rem 0 .8rem; font-size: clamp(1.5rem, 3.4vw, 2.2rem); line-height: 1.2; font-weight: 650; text-wrap: balance; overflow-wrap: anywhere; }
h2 { margin: 3rem 0 .8rem; padding-top: 1rem; border-top: 1px solid var(--line); font-size: 1.35rem; font-weight: 620; }
.first { margin-top: 1.6rem; }
p.answer { max-width: 62rem; margin: 0 0 1.4rem; font-size: 1.1rem; overflow-wrap: anywhere; }
.numbers { display: grid; grid-template-columns: repeat(3, minmax(0, 1fr)); gap: 1rem; margin: 0; }
.numbers > div { display: flex; flex-direction: column; padding: 1.1rem 1.2rem; background: var(--card); border: 1px solid var(--line); border-radius: 10px; }
.numbers dt { order: 2; font-weight: 600; line-height: 1.3; }
.numbers dd { margin: 0; overflow-wrap: anywhere; }
.numbers dd.value { order: 1; font-size: clamp(1.9rem, 4.6vw, 2.9rem); line-height: 1.1; font-weight: 680; font-variant-numeric: tabular-nums; letter-spacing: -.02em; }
.numbers dd.note { order: 3; margin-top: .35rem; color: var(--soft); font-size: .88rem; }
.verdict { display: inline-block; margin: 0 0 1rem; padding: .15rem .7rem; border: 1.5px solid currentColor; border-radius: 99px; font-size: .88rem; font-weight: 600; }
.good { color: var(--good); }
.bad { color: var(--bad); }
.warning { margin: 0 0 1rem; padding: .6rem 1rem; border-left: 4px solid var(--c2); background: var(--card); overflow-wrap: anywhere; }
.side, .halves { display: grid; grid-template-columns: minmax(0, 1.35fr) minmax(0, 1fr); gap: 1rem 2rem; align-items: start; }
.halves { grid-template-columns: repeat(2, minmax(0, 1fr)); }
figure { margin: 0 0 1.2rem; padding: 1rem; background: var(--card); border: 1px solid var(--line); border-radius: 10px; }
figure h3, .table h3 { margin: 0 0 .5rem; font-size: 1rem; font-weight: 620; }
figcaption, .note { margin: .5rem 0 0; color: var(--soft); font-size: .88rem; }
svg { display: block; max-width: 100%; height: auto; font-family: inherit; overflow: visible; }
svg text, svg tspan { white-space: pre; font-size: 11px; }
svg.narrow { display: none; }
.key { display: flex; flex-wrap: wrap; gap: .2rem 1.2rem; margin: 0 0 .6rem; padding: 0; list-style: none; font-size: .88rem; }
.key li::before { content: ""; display: inline-block; width: .8rem; height: .8rem; margin-right: .4rem; border-radius: 2px; vertical-align: -.08rem; background: currentColor; }
.key .c1::before { background: var(--c1); } .key .c2::before { background: var(--c2); } .key .c3::before { background: var(--c3); } .key .c4::before { background: var(--c4); } .key .c5::before { background: var(--c5); } .key .c6::before { background: var(--c6); } .key .band::before { background: var(--band); } .key .quiet::before { background: var(--quiet); }
.table + .note { margin: -1.1rem 0 1.6rem; }
details { margin: .6rem 0 0; font-size: .9rem; }
summary { width: fit-content; max-width: 100%; padding: .1rem .3rem; border-radius: 4px; color: var(--soft); cursor: pointer; }
summary:focus-visible { outline: 2px solid var(--c1); outline-offset: 2px; }
details .table { max-height: 24rem; margin: .5rem 0 0; overflow: auto; }
.table { margin: 0 0 1.6rem; overflow-x: auto; border-radius: 6px; }
.table:focus-visible { outline: 2px solid var(--c1); outline-offset: 4px; }
table { width: 100%; border-collapse: collapse; font-size: .9rem; }
caption { padding: 0 0 .4rem; text-align: left; font-weight: 620; font-size: 1rem; }
th, td { padding: .32rem .7rem .32rem 0; border-bottom: 1px solid var(--line); text-align: left; vertical-align: baseline; font-weight: 400; }
th:last-child, td:last-child { padding-right: .2rem; }
thead th { color: var(--soft); font-size: .82rem; overflow-wrap: break-word; }
tbody th, td.text { overflow-wrap: anywhere; min-width: 8rem; }
.figures { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
code { font-family: ui-monospace, "SF Mono", Menlo, Consolas, monospace; font-size: .85em; overflow-wrap: anywhere; }
footer { margin-top: 3rem; padding-top: 1rem; border-top: 1px solid var(--line); color: var(--soft); font-size: .88rem; }
.choices { display: flex; flex-wrap: wrap; gap: .7rem 1rem; margin: 1rem 0 1.2rem; }
.choices label { display: flex; flex-direction: column; gap: .15rem; min-width: 0; color: var(--soft); font-size: .82rem; }
.choices select { max-width: min(27rem, 88vw); padding: .35rem .5rem; font: inherit; font-size: .92rem; color: var(--ink); background: var(--card); border: 1px solid var(--line-strong); border-radius: 6px; }
.scrolled { overflow-x: auto; }
.choices select:focus-visible, .scrolled:focus-visible, svg:focus-visible, .box:focus-visible { outline: 2px solid var(--c1); outline-offset: 2px; }
.path-graph { max-width: none; }
.path-graph .edge { fill: none; stroke: var(--line-strong); } .path-graph .edge.taken { stroke: var(--c1); }
.box rect { fill: var(--card); stroke: var(--c1); stroke-width: 1.5; } .box text { fill: var(--ink); }
.box.base rect { fill: var(--band); }
.box.other rect, .box.rest rect { stroke: var(--line-strong); stroke-dasharray: 4 3; } .box.other { cursor: pointer; } .box.other:hover rect { stroke: var(--c1); }
.box .name { font-weight: 600; } .box .note { fill: var(--soft); font-size: 10.5px; }
.rules td { vertical-align: top; } .rules td:nth-child(3) { min-width: 17rem; } .rules td:last-child { min-width: 11rem; } .rules code { overflow-wrap: anywhere; }
.rules td:first-child { white-space: nowrap; } .rules tr.matched code { font-weight: 650; }
.tip { position: absolute; z-index: 2; max-width: 22rem; padding: .25rem .55rem; font-size: .85rem; color: var(--paper); background: var(--ink); border-radius: 5px; pointer-events: none; overflow-wrap: anywhere; }
.tip[hidden] { display: none; }
.pointed { stroke: var(--ink); stroke-width: 2; }
@media (max-width: 900px) { .side, .halves { grid-template-columns: minmax(0, 1fr); } }
@media (max-width: 640px) {
  body { padding: 1.4rem 1rem 3rem; }
  .numbers { grid-template-columns: minmax(0, 1fr); }
  figure { padding: .8rem .6rem; }
  svg.wide { display: none; }
  svg.narrow { display: block; }
}
@media print {
  :root { color-scheme: light; --paper: #fff; --card: #fff; --ink: #000; --soft: #444; --line: #bbb; --line-strong: #888; --c1: #1f6fb4; --c2: #c2570c; --c3: #4d7a2a; --c4: #7b4fa6; --c5: #a8324a; --c6: #7a6a1d; --band: #e2e2e2; --good: #2f6b32; --bad: #b3261e; }
  html { font-size: 12px; }
  body { max-width: none; padding: 0; }
  figure, .table tr, .numbers { break-inside: avoid; }
  h2 { break-after: avoid; }
  .table, .scrolled { overflow: visible; }
  details .table { max-height: none; }
  details:not([open]), .choices, .tip { display: none; }
  .path-graph { max-width: 100%; }
}
`
