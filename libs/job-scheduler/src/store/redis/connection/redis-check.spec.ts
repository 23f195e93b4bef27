import { expect, test } from '@jest/globals';
import { isTooOld, readInfo } from './redis-check.js';

test('INFO is read with its line ends', () => {
  expect(readInfo('# Server\r\nredis_version:7.0.15\r\n# Memory\r\nmaxmemory_policy:allkeys-lru\r\n')).toEqual({
    version: '7.0.15',
    maxmemoryPolicy: 'allkeys-lru',
    isClusterNode: false,
    isDragonfly: false,
    isRefused: false,
  });
  expect(readInfo('')).toMatchObject({ version: '', maxmemoryPolicy: undefined, isClusterNode: false });
});

test('INFO tells a node of a cluster and a Dragonfly', () => {
  expect(readInfo('redis_version:7.0.15\r\nredis_mode:cluster\r\n')).toMatchObject({ isClusterNode: true });
  expect(readInfo('redis_version:7.0.15\r\ncluster_enabled:1\r\n')).toMatchObject({ isClusterNode: true });
  expect(readInfo('redis_version:7.4.0\r\ndragonfly_version:df-v1.38.1\r\n')).toMatchObject({ isDragonfly: true });
});

test.each([
  ['5.0.14', true],
  ['6.0.16', true],
  ['6.1.240', true],
  ['6.2.0', false],
  ['6.2', false],
  ['7.0.15', false],
  ['10.0.0', false],
  ['', false],
  ['df-v1.20', false],
])('Redis %j is too old: %s', (version, expected) => {
  expect(isTooOld(version)).toBe(expected);
});
