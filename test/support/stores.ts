import { inSuite } from './suite.js';

/** The stores that several processes can share, for `describe.each`. */
export const sharedStores: [name: string, url: string][] = [
  ['Redis', process.env.TEST_REDIS_URL!],
  ...(process.env.TEST_POSTGRES_URL ? [['PostgreSQL', process.env.TEST_POSTGRES_URL] as [string, string]] : []),
];

/** And the one inside the process. */
export const everyStore: [name: string, url: string][] = [['memory:', 'memory:'], ...sharedStores];

/**
 * For a `*.both.spec.ts` whose subject is our own code, the same on every store. The short suite leaves PostgreSQL out, the
 * long one runs nothing but PostgreSQL: each app there makes a schema of its own, with all tables and BullMQ's functions,
 * which takes five times the processor time of all that most tests do besides.
 */
export const storesOfSuite = <S extends readonly [name: string, ...unknown[]]>(stores: readonly S[]): S[] => {
  const [onPostgres, others] = [true, false].map((is) =>
    stores.filter(([name]) => name.startsWith('PostgreSQL') === is),
  );
  // Without PostgreSQL, Jest still wants a test.
  return inSuite(others!, onPostgres!.length > 0 ? onPostgres! : others!);
};

/** Runs a scenario that mostly waits on all of them at once. Says of a failure on which store it was. */
export async function onSharedStores(scenario: (url: string) => Promise<void>): Promise<void> {
  const ends = await Promise.allSettled(sharedStores.map(([, url]) => scenario(url)));
  const failures = ends.flatMap((end, index) =>
    end.status === 'rejected' ? [{ index, reason: end.reason as Error }] : [],
  );
  if (failures.length === 0) return;
  const [{ index, reason }] = failures as [(typeof failures)[0]];
  reason.message = `On ${failures.map((each) => sharedStores[each.index]![0]).join(' and ')}; on ${sharedStores[index]![0]}: ${reason.message}`;
  throw reason;
}
