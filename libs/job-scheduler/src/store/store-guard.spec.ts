import { expect, it } from '@jest/globals';
import { storeFault } from './store-guard.js';

const store = { address: 'postgres://db/shop' };
const faultOf = (code: string) =>
  storeFault(store, Object.assign(new Error('relation "job" does not exist'), { code }));

it.each(['3F000', '42P01', '42703', '42883'])(
  '%s: says to start the app anew, as its boot makes what is gone',
  (code) => {
    const { code: ours, message } = faultOf(code);
    expect(ours).toBe('STORE_UNAVAILABLE');
    expect(message).toMatch(/"job" does not exist\. .*start the app anew/);
  },
);

it('another error of the store says what failed', () => {
  expect(faultOf('53100').message).toMatch(/"job" does not exist$/);
});
