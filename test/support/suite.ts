/** Which suite runs: a file named `*.both.spec.ts` runs in the short one and, with more or on other stores, in the long one. */
export const isLongSuite = process.env.TEST_SUITE === 'long';

/** How many cases are enough here. */
export const inSuite = <T>(short: T, long: T): T => (isLongSuite ? long : short);
