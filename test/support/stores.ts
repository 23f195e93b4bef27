/** The stores that several processes can share, for `describe.each`. */
export const sharedStores: [name: string, url: string][] = [
  ['Redis', process.env.TEST_REDIS_URL!],
  ...(process.env.TEST_POSTGRES_URL ? [['PostgreSQL', process.env.TEST_POSTGRES_URL] as [string, string]] : []),
];

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
