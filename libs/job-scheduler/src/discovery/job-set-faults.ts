import { didYouMean } from '../errors/did-you-mean.js';
import type { Fault } from '../errors/fault.js';
import { JobUnknownError } from '../errors/unknown-name-errors.js';
import type { JobRegistry } from './job-registry.js';
import type { RegisteredJob } from './registered-job.js';

/** What is wrong among the jobs of an app, though each is right by itself. */
export function findJobSetFaults(
  jobs: readonly RegisteredJob[],
  registry: JobRegistry,
  overrides: readonly string[],
): readonly Fault[] {
  return [
    ...sameNames(jobs),
    ...sameSchedules(jobs, registry),
    ...unknownOverrides(registry, overrides),
    ...onFailFaults(jobs, registry),
  ];
}

function sameNames(jobs: readonly RegisteredJob[]): readonly Fault[] {
  const first = new Map<string, string>();
  return jobs.flatMap(({ definition: { name, source } }) => {
    const other = first.get(name);
    if (other === undefined) first.set(name, source);
    return other === undefined ? [] : [{ at: source, problem: sameName(name, source, other) }];
  });
}

/** The second schedule of a job "x" has the id that the first one of a job "x#2" would have. */
function sameSchedules(jobs: readonly RegisteredJob[], registry: JobRegistry): readonly Fault[] {
  const owners = new Map<string, string>();
  for (const { definition } of registry.all()) {
    for (const { id } of definition.schedules) if (!owners.has(id)) owners.set(id, definition.name);
  }
  return jobs.flatMap(({ definition: { name, source, schedules } }) =>
    schedules.flatMap(({ id }) => {
      const owner = owners.get(id);
      if (owner === undefined || owner === name) return [];
      const problem = `schedule: Its id "${id}" is that of a schedule of job "${owner}", too. Give one of the two jobs another name.`;
      return [{ at: source, problem }];
    }),
  );
}

function sameName(name: string, source: string, other: string): string {
  if (other === source)
    return `name: Two classes of this name declare job "${name}". Give one of them another: @Job({ name: … }). (Minifiers may give two classes one name.)`;
  return `name: Job "${name}" is declared by ${other} too. Give one of them another name.`;
}

function unknownOverrides(registry: JobRegistry, overrides: readonly string[]): readonly Fault[] {
  return overrides
    .filter((name) => !registry.find(name))
    .map((name) => ({
      at: `jobs[${JSON.stringify(name)}]`,
      problem: `No job of this name is declared.${didYouMean(name, registry.names(), 'Declared')}`,
    }));
}

function onFailFaults(jobs: readonly RegisteredJob[], registry: JobRegistry): readonly Fault[] {
  return jobs.flatMap(({ definition }) => {
    const { source, onFail } = definition;
    if (onFail === undefined) return [];
    try {
      registry.require(onFail);
    } catch (error) {
      if (!(error instanceof JobUnknownError)) throw error;
      return [{ at: source, problem: `onFail: ${error.message}` }];
    }
    const circle = circleOf(definition.name, registry);
    return circle === undefined
      ? []
      : [{ at: source, problem: `onFail: It leads back to the job itself (${circle}), for ever. Break the circle.` }];
  });
}

/** `a → b → a`, when the on-fail jobs of `start` come back to it. */
function circleOf(start: string, registry: JobRegistry): string | undefined {
  const path = [start];
  for (;;) {
    const onFail = registry.find(path.at(-1)!)?.definition.onFail;
    if (onFail === undefined) return undefined;
    let next: string;
    try {
      next = registry.require(onFail).definition.name;
    } catch {
      // That job's own fault.
      return undefined;
    }
    if (next === start) return [...path, next].join(' → ');
    if (path.includes(next)) return undefined;
    path.push(next);
  }
}
