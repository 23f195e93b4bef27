/** A Redis whose certificate is not trusted. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import { SystemClock } from '#src/common/clock.js';
import { openStore } from '#src/store/open-store.js';
import { figure } from '../support/figure.js';
import { randomPrefix } from '../support/prefix.js';
import { freePort, startRedis } from '../support/servers.mjs';

const hasOpenssl = spawnSync('openssl', ['version']).status === 0;
if (!hasOpenssl) figure('openssl is not installed. Left out: a self-signed certificate of Redis');

const directory = mkdtempSync(join(tmpdir(), 'job-tls-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

(hasOpenssl ? describe : describe.skip)('a Redis with a self-signed certificate', () => {
  test('each boot says that the certificate is self-signed, and the process goes on', async () => {
    const [key, cert] = [join(directory, 'key.pem'), join(directory, 'cert.pem')];
    const subject = ['-subj', '/CN=localhost', '-days', '1'];
    const made = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', key, '-out', cert, ...subject];
    execFileSync('openssl', made, { stdio: 'ignore' });
    const port = await freePort();
    const tls = [
      '--tls-port',
      String(port),
      '--tls-cert-file',
      cert,
      '--tls-key-file',
      key,
      '--tls-auth-clients',
      'no',
    ];
    const redis = await startRedis({ args: tls });
    try {
      const connection = `rediss://:secret-of-tls@127.0.0.1:${port}`;
      const boot = () => openStore({ connection, prefix: randomPrefix(), clock: new SystemClock() });
      // The server's alert comes after our own error: one that nobody listened to would fail this test.
      for (let n = 0; n < 3; n++)
        await expect(boot()).rejects.toMatchObject({
          code: 'STORE_UNAVAILABLE',
          message: expect.stringMatching(/^(?!.*secret-of-tls).*rediss:\/\/127\.0\.0\.1:\d+.*self-signed certificate/s),
        });
    } finally {
      await redis.stop();
    }
  });
});
