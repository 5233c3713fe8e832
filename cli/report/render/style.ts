/**
 * The style of every page that a command writes. Colours have a contrast of 4.5 to 1 or more on both grounds; nothing is
 * said by colour alone.
 */
export const PAGE_STYLE = `
  :root { color-scheme: light dark; --line: #8886; --good: #116329; --bad: #a40e26; --ground: #fff; --text: #1f2328; --soft: #57606a; }
  @media (prefers-color-scheme: dark) { :root { --good: #56d364; --bad: #ff7b72; --ground: #0d1117; --text: #e6edf3; --soft: #9da7b3; } }
  body { font: 1rem/1.5 system-ui, sans-serif; max-width: 72rem; margin: 2rem auto; padding: 0 1rem; background: var(--ground); color: var(--text); }
  h1 { font-size: 1.8rem; line-height: 1.2; } h2 { font-size: 1.2rem; margin-top: 2.4rem; }
  .verdict { border-left: .4rem solid var(--soft); padding: .1rem 1rem; } .widened, .both { border-color: var(--bad); } .narrowed { border-color: var(--good); }
  .scroll { overflow-x: auto; } table { border-collapse: collapse; width: 100%; min-width: 42rem; } td:not(:first-child) { min-width: 7rem; }
  th, td { text-align: left; vertical-align: top; padding: .35rem .8rem .35rem 0; border-bottom: 1px solid var(--line); overflow-wrap: break-word; }
  .bad { color: var(--bad); font-weight: 600; } .good { color: var(--good); font-weight: 600; } .soft { color: var(--soft); }
  svg { height: auto; } svg text { font: 14px system-ui, sans-serif; fill: var(--text); } svg .small { font-size: 12px; fill: var(--soft); }
  svg rect, svg path { fill: none; stroke: var(--soft); } svg path.more { stroke: var(--bad); stroke-width: 3; } svg path.less { stroke: var(--good); stroke-dasharray: 6 4; } svg text.more, svg text.less { font-weight: 600; }
  @media print { body { margin: 0; max-width: none; } h2 { break-after: avoid; } tr { break-inside: avoid; } .scroll { overflow: visible; } table { min-width: 0; } td:not(:first-child) { min-width: 4.5rem; } td { overflow-wrap: anywhere; } svg { max-width: 100%; } }
`;
