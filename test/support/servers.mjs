/** Real servers for tests: on free ports, in temporary directories, gone afterwards. */
import { spawn, spawnSync, execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, chownSync, existsSync, readdirSync, writeFileSync } from 'node:fs';
import { createConnection, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A TCP port that nobody listens on. */
export function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

async function untilListening(port, child, name) {
  const deadline = Date.now() + 15_000;
  while (Date.now() < deadline) {
    if (child.exitCode !== null) throw new Error(`${name} ended with code ${child.exitCode}`);
    const open = await new Promise((resolve) => {
      const socket = createConnection({ port, host: '127.0.0.1' }, () => {
        socket.destroy();
        resolve(true);
      });
      socket.once('error', () => resolve(false));
    });
    if (open) return;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error(`${name} did not listen on port ${port} within 15 s`);
}

function stopper(child, directory, signal) {
  let stopped;
  return () =>
    (stopped ??= new Promise((resolve) => {
      const done = () => {
        rmSync(directory, { recursive: true, force: true });
        resolve();
      };
      if (child.exitCode !== null || child.signalCode !== null) return done();
      child.once('exit', done);
      child.kill(signal);
    }));
}

/** `redis-server` with no persistence. `port` is given to start one again where another was. */
export async function startRedis({ port, args = [] } = {}) {
  const usedPort = port ?? (await freePort());
  const directory = mkdtempSync(join(tmpdir(), 'job-redis-'));
  const child = spawn(
    'redis-server',
    [
      '--port',
      String(usedPort),
      '--bind',
      '127.0.0.1',
      '--save',
      '',
      '--appendonly',
      'no',
      '--dir',
      directory,
      ...args,
    ],
    { stdio: 'ignore' },
  );
  await untilListening(usedPort, child, 'redis-server');
  return {
    url: `redis://127.0.0.1:${usedPort}`,
    port: usedPort,
    pid: child.pid,
    stop: stopper(child, directory, 'SIGKILL'),
  };
}

/** Where `initdb` and `postgres` are; undefined when PostgreSQL is not installed. */
export function findPostgres() {
  const onPath = spawnSync('sh', ['-c', 'command -v initdb'], { encoding: 'utf8' }).stdout.trim();
  if (onPath) return join(onPath, '..');
  const base = '/usr/lib/postgresql';
  const versions = existsSync(base) ? readdirSync(base).toSorted((a, b) => Number(b) - Number(a)) : [];
  const found = versions.map((version) => join(base, version, 'bin')).find((bin) => existsSync(join(bin, 'initdb')));
  return found;
}

/**
 * A PostgreSQL cluster of its own; undefined when PostgreSQL is not installed. PostgreSQL refuses to run as root.
 * @param password of the role `postgres`: then nobody gets in without one.
 */
export async function startPostgres({ password } = {}) {
  const bin = findPostgres();
  if (!bin) return undefined;
  const port = await freePort();
  const directory = mkdtempSync(join(tmpdir(), 'job-postgres-'));
  const identity = {};
  if (process.getuid?.() === 0) {
    identity.uid = Number(execFileSync('id', ['-u', 'postgres'], { encoding: 'utf8' }));
    identity.gid = Number(execFileSync('id', ['-g', 'postgres'], { encoding: 'utf8' }));
    chownSync(directory, identity.uid, identity.gid);
  }
  const data = join(directory, 'data');
  const passwordFile = join(directory, 'password');
  writeFileSync(passwordFile, password ?? '', { mode: 0o644 });
  const rights = password === undefined ? ['-A', 'trust'] : ['-A', 'scram-sha-256', '--pwfile', passwordFile];
  execFileSync(join(bin, 'initdb'), ['-D', data, '-U', 'postgres', ...rights, '-E', 'UTF8', '--no-sync'], {
    ...identity,
    cwd: directory,
    stdio: 'ignore',
  });
  const child = spawn(
    join(bin, 'postgres'),
    [
      '-D',
      data,
      '-p',
      String(port),
      '-k',
      directory,
      '-c',
      'listen_addresses=127.0.0.1',
      '-c',
      'fsync=off',
      '-c',
      'synchronous_commit=off',
      '-c',
      'full_page_writes=off',
      '-c',
      'jit=off',
      // Hundreds of schemas of a few rows each: looking through them would cost more than it saves.
      '-c',
      'autovacuum=off',
      '-c',
      'max_connections=200',
    ],
    { ...identity, cwd: directory, stdio: 'ignore' },
  );
  await untilListening(port, child, 'postgres');
  return {
    url: `postgres://postgres${password === undefined ? '' : `:${password}`}@127.0.0.1:${port}/postgres`,
    port,
    pid: child.pid,
    stop: stopper(child, directory, 'SIGINT'),
  };
}
