import { describe, expect, it } from '@jest/globals';
import { forgery, type Visit } from './operator.js';

const visit = (method: string, headers: Visit['headers']): Visit => ({
  method,
  headers,
  socket: { remoteAddress: '127.0.0.1' },
});
const host = 'localhost:3000';

describe('a request to the operators', () => {
  it.each<[what: string, visit: Visit]>([
    ['a program that reads', visit('GET', { host })],
    ['a program that posts', visit('POST', { host })],
    ['a page of ours that posts', visit('POST', { host, origin: `http://${host}`, 'sec-fetch-site': 'same-origin' })],
    ['an old browser on a page of ours', visit('POST', { host, origin: `http://${host}` })],
    ['an address that is typed in', visit('GET', { host, 'sec-fetch-site': 'none' })],
    ['a link on a page of another site', visit('GET', { host, 'sec-fetch-site': 'cross-site' })],
    ['this machine by its IPv4 address', visit('PUT', { host: '127.0.0.1:3000' })],
    ['this machine by its IPv6 address', visit('PUT', { host: '[::1]:3000' })],
  ])('is taken from %s', (_, made) => expect(forgery(made, undefined)).toBeUndefined());

  it.each<[what: string, visit: Visit]>([
    ['another site', visit('POST', { host, origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' })],
    [
      'another port of this machine',
      visit('POST', { host, origin: 'http://localhost:8000', 'sec-fetch-site': 'same-site' }),
    ],
    ['an old browser on another site', visit('DELETE', { host, origin: 'https://evil.example' })],
    ['a sandboxed frame', visit('POST', { host, origin: 'null' })],
  ])('is refused from %s, with a token and without', (_, made) => {
    expect(forgery(made, undefined)).toContain('another site');
    expect(forgery(made, 'token')).toContain('another site');
  });

  it.each([['evil.example'], ['localhost.evil.example:3000'], ['127.0.0.1.evil.example'], [''], ['a b']])(
    'is refused under the name "%s" where no token is set',
    (name) => {
      expect(forgery(visit('GET', { host: name }), undefined)).toContain('is not this machine');
      expect(forgery(visit('GET', { host: name }), 'token')).toBeUndefined();
    },
  );
});
