/** docs/misfire.md, made from what was seen. */

/** What became of one fire: `skipped: misfire`, `catch-up`, `schedule`. */
export type Seen = Readonly<Record<Policy, readonly string[]>>;
export const POLICIES = ['skip', 'once', 'all'] as const;
export type Policy = (typeof POLICIES)[number];

const WORDS: Readonly<Record<string, string>> = {
  'skipped: misfire': 'skipped, reason `misfire`',
  'catch-up': 'runs late, trigger `catch-up`',
  schedule: 'runs, trigger `schedule`',
};

const NAMES: Readonly<Record<Policy, string>> = { skip: '`skip` (default)', once: '`once`', all: '`all`' };

/** @param seen by store: for each policy what became of f1, f2 and f3, which the downtime covered, and of f4 after it. */
export function misfirePage(seen: ReadonlyMap<string, Seen>): string {
  const tables = new Map<string, string[]>();
  for (const [store, each] of seen) {
    const table = toTable(each);
    tables.set(table, [...(tables.get(table) ?? []), store]);
  }
  const parts = [...tables].map(([table, stores]) => `Seen on ${stores.join(', ')}:\n\n${table}`);
  return `${HEAD}\n${parts.join('\n\n')}\n${TAIL}`;
}

function toTable(seen: Seen): string {
  const head = ['misfire', 'f1', 'f2', 'f3', 'f4, after the downtime'];
  const rows = POLICIES.map((policy) => [NAMES[policy], ...seen[policy].map((fire) => WORDS[fire] ?? fire)]);
  const widths = head.map((_, column) => Math.max(...[head, ...rows].map((row) => row[column]!.length)));
  const line = (cells: readonly string[], fill = ' ') =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column]!, fill)).join(' | ')} |`;
  return [
    line(head),
    line(
      head.map(() => ''),
      '-',
    ),
    ...rows.map((row) => line(row)),
  ].join('\n');
}

const HEAD = `# Missed fires

A fire is missed when nobody was there to take it within \`misfireThreshold\` (60 s by default): all processes that fire
schedules were down, or the store was. What then becomes of it says the job's option \`misfire\`, or that of a schedule which
was made at run time. The table is made by a test (\`test/schedules/downtime.long.spec.ts\`) from real runs: all processes were down
over the fires f1, f2 and f3, longer than the threshold after f3, and back before f4.
`;

const TAIL = `
- A run that catches up has the time at which it should have run in \`ctx.scheduledFor\`. With \`all\` they go into their queue in
  order; \`overlap: 'wait'\` lets them run one after the other.
- \`maxCatchUp\` (100) bounds how many missed fires \`all\` runs: the newest. It also bounds how many are recorded as skipped;
  one line in the log tells that there were more.
- A fire that is late by no more than the threshold is an ordinary run, whatever the policy.
- A fire that was taken in time and then waits in a long or paused queue is not missed.
- A schedule has missed nothing while it was disabled.
- What was decided about a fire stays decided: if the process that decided it dies, the next one carries it out, and does not
  judge it by the later time.
`;
