/** Reads what Prometheus would, and judges it by the rules of its linter (promlint) and of its naming guide. */

export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface Family {
  readonly name: string;
  readonly type: string;
  readonly help: string;
  readonly samples: Sample[];
}

const SAMPLE = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$/;
const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"(?:,|$)/g;

/** Throws where a line is none of the text format. */
export function parseExposition(text: string): Map<string, Family> {
  const families = new Map<string, Family>();
  let last: Family | undefined;
  for (const line of text.split('\n').filter((each) => each !== '')) {
    const [, kind, name, rest] = /^# (HELP|TYPE) (\S+) (.*)$/.exec(line) ?? [];
    if (kind === 'HELP') families.set(name!, (last = { name: name!, type: '', help: rest!, samples: [] }));
    else if (kind === 'TYPE') families.set(name!, (last = { ...last!, type: rest! }));
    else last!.samples.push(parseSample(line));
  }
  return families;
}

function parseSample(line: string): Sample {
  const [, name, labels, value] = SAMPLE.exec(line) ?? [];
  if (name === undefined) throw new Error(`Not a line of the text format: ${line}`);
  const pairs = [...(labels ?? '').matchAll(LABEL)].map(([, key, text]) => [key, text] as const);
  return { name, labels: Object.fromEntries(pairs) as Record<string, string>, value: Number(value) };
}

const UNITS = /_(milliseconds|ms|minutes|hours|kilobytes|megabytes|percent)(_|$)/;
const TYPES = ['gauge', 'counter', 'histogram', 'summary'];

/** What promlint would say. */
export function lint({ name, type, help, samples }: Family): string[] {
  const problems: string[] = [];
  const check = (isWrong: boolean, problem: string) => isWrong && problems.push(`${name}: ${problem}`);
  check(help === '', 'no help text');
  check(!/^[a-z][a-z0-9_]*$/.test(name), 'not in snake_case');
  check(type === 'counter' && !name.endsWith('_total'), 'counter metrics should have "_total" suffix');
  check(type !== 'counter' && name.endsWith('_total'), 'non-counter metrics should not have "_total" suffix');
  check(/_(count|sum|bucket)$/.test(name), 'should not have a suffix of histograms');
  check(/_(info|created)$/.test(name), 'a suffix with a meaning of its own');
  check(UNITS.test(name), 'use base units: seconds, bytes, ratios');
  check(
    TYPES.some((each) => name.split('_').includes(each)),
    'metric name should not include type',
  );
  for (const { labels } of samples) {
    for (const label of Object.keys(labels)) {
      check(!/^[a-z][a-z0-9_]*$/.test(label), `label ${label} is not in snake_case`);
      // Prometheus puts these on each target: ours would be renamed to exported_job.
      check(['job', 'instance'].includes(label), `label ${label} is a target's own`);
      check(label === 'le' && type !== 'histogram', 'only histograms have "le"');
      check(name.split('_').includes(label) && label.length > 5, `metric name should not include label ${label}`);
    }
  }
  return [...new Set(problems)];
}
