import type { JobDefinition } from '../definition/job-definition.js';

/** An option that jobs set and that nothing acts on yet. */
export interface UnenforcedOption {
  readonly option: 'overlap' | 'unique' | 'concurrency';
  /** Names. */
  readonly jobs: readonly string[];
}

const SETS: readonly (readonly [UnenforcedOption['option'], (definition: JobDefinition) => boolean])[] = [
  ['overlap', ({ overlap }) => overlap.policy !== 'allow'],
  ['unique', ({ unique }) => unique !== undefined],
  ['concurrency', ({ concurrency }) => concurrency !== undefined],
];

/** What the definitions promise and this version does not keep, so that somebody can say so once. */
export function unenforcedOptions(definitions: readonly JobDefinition[]): readonly UnenforcedOption[] {
  return SETS.map(([option, isSet]) => ({
    option,
    jobs: definitions.filter(isSet).map(({ name }) => name),
  })).filter(({ jobs }) => jobs.length > 0);
}
