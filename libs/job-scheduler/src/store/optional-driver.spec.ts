import { expect, test } from '@jest/globals';
import { optionalDriver } from './optional-driver.js';

test('a package that is there is given', async () => {
  expect(await optionalDriver('pg', 'postgres://h', () => Promise.resolve(7))).toBe(7);
});

test('a package that is not there is named, with its install line', async () => {
  const load = () => Promise.reject(Object.assign(new Error('Cannot find package'), { code: 'ERR_MODULE_NOT_FOUND' }));
  await expect(optionalDriver('pg', 'postgres://h/db', load)).rejects.toMatchObject({
    code: 'DRIVER_MISSING',
    message: 'The connection postgres://h/db needs the package pg. Install it: npm install pg',
  });
});

test('a package that is there and fails keeps its error', async () => {
  const error = new SyntaxError('broken');
  await expect(optionalDriver('pg', 'x', () => Promise.reject(error))).rejects.toBe(error);
});
