// SPDX-License-Identifier: MIT
#pragma once

namespace jay_tool {

/// The style sheet of the report page, light and dark.
inline constexpr const char* report_style = R"css(
:root { color-scheme: light dark; --page: #fbfaf8; --card: #ffffff; --ink: #1c1b1a; --soft: #6b6863; --line: #e4e1dc; --good: #1a7f4b; --bad: #b3372b;
  --s0: #2563c9; --s1: #d9862b; --s2: #7d8f3c; --s3: #8c5aa8; --s4: #3c9c93; --s5: #c2527a; --s6: #8a8580; --s7: #a9773f; }
@media (prefers-color-scheme: dark) { :root { --page: #16171a; --card: #1e2024; --ink: #ecebe8; --soft: #a09d98; --line: #34363c; --good: #5fc48d; --bad: #ef8175;
  --s0: #6ea3ff; --s1: #e8a75c; --s2: #a9bd63; --s3: #bb8fd6; --s4: #66c7bd; --s5: #e587a9; --s6: #9d9993; --s7: #cfa06a; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink); font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif; }
main { max-width: 1120px; margin: 0 auto; padding: 40px 20px 80px; }
h1 { font-size: 30px; line-height: 1.2; margin: 0 0 4px; letter-spacing: -0.01em; }
h2 { font-size: 21px; margin: 48px 0 12px; padding-top: 12px; border-top: 1px solid var(--line); }
h3 { font-size: 16px; margin: 0 0 2px; }
p { margin: 0 0 10px; max-width: 75ch; } .soft, figcaption, footer { color: var(--soft); }
a { color: var(--s0); }
dl.facts { display: grid; grid-template-columns: max-content 1fr; gap: 2px 16px; margin: 18px 0; font-size: 14px; } .facts dt { color: var(--soft); } .facts dd { margin: 0; }
.cards { display: grid; grid-template-columns: repeat(auto-fill, minmax(190px, 1fr)); gap: 12px; margin: 22px 0; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 14px 16px; }
.card b { display: block; font-size: 26px; line-height: 1.2; font-variant-numeric: tabular-nums; } .card .good { color: var(--good); } .card .bad { color: var(--bad); } .card span { color: var(--soft); font-size: 13.5px; line-height: 1.4; display: block; } .card .what { color: var(--ink); font-weight: 600; }
.grid { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 480px), 1fr)); gap: 16px; }
figure { margin: 0; background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 16px 18px; min-width: 0; }
figcaption { font-size: 14px; margin-bottom: 10px; } figure p { font-size: 13.5px; margin: 8px 0 2px; } svg { width: 100%; height: auto; display: block; }
details { margin-top: 10px; font-size: 14px; } summary { cursor: pointer; color: var(--soft); }
.wide { overflow-x: auto; } table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; font-size: 13.5px; margin-top: 6px; }
th, td { text-align: right; padding: 3px 8px; border-bottom: 1px solid var(--line); white-space: nowrap; } th:first-child, td:first-child, th.left, td.left { text-align: left; } th { color: var(--soft); font-weight: 500; } tr.own td { font-weight: 600; }
.notice { border: 1px solid var(--bad); border-radius: 10px; padding: 12px 16px; margin: 18px 0; } .notice li { overflow-wrap: anywhere; }
svg text { font: 13px system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; fill: var(--ink); } svg .label { text-anchor: end; } svg .own { font-weight: 650; } svg .group, svg .axis, svg .point { fill: var(--soft); }
svg .axis, svg .point { font-size: 11.5px; } svg .middle { text-anchor: middle; } svg .end { text-anchor: end; }
svg .grid { stroke: var(--line); stroke-width: 1; } svg .minor { opacity: .45; } svg .ideal { stroke: var(--soft); stroke-dasharray: 4 4; stroke-width: 1; } svg .whisker { stroke: var(--ink); stroke-width: 1.2; opacity: .65; }
svg .range { stroke-width: 3; opacity: .55; } svg .curve { fill: none; stroke-width: 2.5; }
rect.s0, circle.s0 { fill: var(--s0); } rect.s1, circle.s1 { fill: var(--s1); } rect.s2, circle.s2 { fill: var(--s2); } rect.s3, circle.s3 { fill: var(--s3); } rect.s4, circle.s4 { fill: var(--s4); } rect.s5, circle.s5 { fill: var(--s5); } rect.s6, circle.s6 { fill: var(--s6); } rect.s7, circle.s7 { fill: var(--s7); }
line.s0, path.s0 { stroke: var(--s0); } line.s1, path.s1 { stroke: var(--s1); } line.s2, path.s2 { stroke: var(--s2); } line.s3, path.s3 { stroke: var(--s3); } line.s4, path.s4 { stroke: var(--s4); } line.s5, path.s5 { stroke: var(--s5); } line.s6, path.s6 { stroke: var(--s6); } line.s7, path.s7 { stroke: var(--s7); }
footer { margin-top: 56px; border-top: 1px solid var(--line); padding-top: 14px; font-size: 14px; }
)css";

}  // namespace jay_tool
