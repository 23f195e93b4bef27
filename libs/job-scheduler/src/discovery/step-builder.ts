import type { StepDefinition } from '../definition/job-definition.js';
import type { StepOptions } from '../definition/job-options.js';
import { OptionFaults } from '../common/option-faults.js';
import { resolveRetry } from '../definition/retry-policy.js';
import { inspectShort } from '../common/inspect-short.js';
import type { Fault } from '../errors/fault.js';
import type { JobDefaults } from '../options/resolved-options.js';
import type { StepDeclaration } from './job-declaration.js';
import { NAME_RULE, isName } from './option-shapes.js';
import { undefinedOptions } from './undefined-options.js';

const OPTIONS = Object.keys({
  name: true,
  order: true,
  timeout: true,
  retry: true,
} satisfies Record<keyof StepOptions, true>);

/** Steps in the order in which they run: by `order`, then by their place in the class. */
export function buildSteps(
  declarations: readonly StepDeclaration[],
  defaults: JobDefaults,
): { readonly steps: readonly StepDefinition[]; readonly faults: readonly Fault[] } {
  const faults: Fault[] = [];
  const placed = declarations.map((declaration) => buildStep(declaration, defaults, faults));
  const seen = new Map<string, string>();
  for (const { step, source } of placed) {
    const first = seen.get(step.name);
    if (first === undefined) seen.set(step.name, source);
    else {
      faults.push({
        at: source,
        problem: `name: Step "${step.name}" is declared by ${first} too. Step names are unique in a job.`,
      });
    }
  }
  const steps = placed.toSorted((a, b) => a.order - b.order).map(({ step }) => step);
  return { steps: Object.freeze(steps), faults };
}

function buildStep(
  { source, method, options }: StepDeclaration,
  defaults: JobDefaults,
  faults: Fault[],
): { readonly step: StepDefinition; readonly order: number; readonly source: string } {
  const own = new OptionFaults();
  if (own.object('', options, OPTIONS)) for (const { at, problem } of undefinedOptions(options)) own.add(at, problem);
  const { name = method, order = 0, timeout, retry } = options;
  if (!isName(name)) own.add('name', `${inspectShort(name)} is not a step's name. ${NAME_RULE}`);
  if (!Number.isFinite(order)) own.add('order', `${inspectShort(order)} is not a number.`);
  const step: StepDefinition = Object.freeze({
    name,
    method,
    timeout: timeout === undefined ? undefined : own.duration('timeout', timeout, 1, 1),
    // Only what asks for retries gets them; what asks without a number gets as many as a job.
    retry:
      retry === undefined
        ? Object.freeze({ ...defaults.retry, max: 0 })
        : resolveRetry(retry, defaults.retry, 'retry', own),
  });
  faults.push(
    ...own.list.map(({ at, problem }) => ({ at: source, problem: at === '' ? problem : `${at}: ${problem}` })),
  );
  return { step, order, source };
}
