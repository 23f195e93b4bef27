/** The stores that several processes can share, for `describe.each`. */
export const sharedStores: [name: string, url: string][] = [
  ['Redis', process.env.TEST_REDIS_URL!],
  ...(process.env.TEST_POSTGRES_URL ? [['PostgreSQL', process.env.TEST_POSTGRES_URL] as [string, string]] : []),
];
