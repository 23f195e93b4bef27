import { createHash, randomBytes } from 'node:crypto';
import { chmodSync, closeSync, mkdirSync, openSync, realpathSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { createConnection, createServer } from 'node:net';
import type { Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Clock } from '../../common/clock.js';
import { StoreInUseError, StoreUnsupportedError } from '../../errors/store-errors.js';

/** What a socket's process says of itself. */
type Greeting = { readonly owner: boolean; readonly pid: number };

/** How long a live process may take to say who it is, in milliseconds. It may be stopped by a debugger. */
const GREETING_PATIENCE = 500;

/** Claims that meet each other step back and try again: this often, before they give up. */
const CLAIMS = 20;

/** The shortest limit of a socket's path among the systems that Node runs on. */
const LONGEST_PATH = 103;

const NAME = /^lock\.[0-9a-f]{12}\.sock$/;

/**
 * Keeps a directory for one process. PGlite does not: two processes would lose data in silence.
 *
 * The lock is a socket in the directory that its process listens on. Whether that process lives is asked by connecting:
 * the number of a process says nothing, since containers use the same ones. Each process listens first and looks around
 * then; the names are random, so that the socket of a dead process can be removed without meeting a new one.
 * Processes that see the directory over a network file system do not see each other's sockets: it must be a local one.
 */
export class DirectoryLock {
  private released: Promise<void> | undefined;

  private constructor(
    private readonly server: Server,
    private readonly free: () => Promise<void>,
  ) {}

  /** @throws StoreInUseError when a live process has the directory; StoreUnsupportedError when it can hold no socket. */
  static async acquire(directory: string, clock: Clock): Promise<DirectoryLock> {
    if (process.platform === 'win32') return DirectoryLock.acquirePipe(directory);
    const place = socketPlace(directory);
    try {
      for (let claim = 1; ; claim++) {
        const lock = await DirectoryLock.claim(directory, place, clock);
        if (lock) return lock;
        if (claim === CLAIMS) throw new StoreInUseError(directory, 'another process that is opening it');
        await clock.sleep(10 + Math.random() * 20 * claim);
      }
    } catch (error) {
      place.close();
      throw error;
    }
  }

  /** Frees the directory. Safe to call twice. */
  release(): Promise<void> {
    return (this.released ??= closeServer(this.server).then(() => this.free()));
  }

  /** Undefined: another process claims it at this moment. */
  private static async claim(directory: string, place: SocketPlace, clock: Clock): Promise<DirectoryLock | undefined> {
    const name = `lock.${randomBytes(6).toString('hex')}.sock`;
    const greeting = { owner: false, pid: process.pid };
    const server = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.end(JSON.stringify(greeting));
    });
    await listen(server, join(place.path, name), directory);
    const free = () => rm(join(place.path, name), { force: true });
    const others = (await readdir(place.path)).filter((other) => NAME.test(other) && other !== name);
    for (const other of others) {
      const found = await ask(join(place.path, other), clock);
      if (found === 'dead') {
        await rm(join(place.path, other), { force: true });
        continue;
      }
      await closeServer(server);
      await free();
      if (found === 'claims') return undefined;
      throw new StoreInUseError(directory, found);
    }
    greeting.owner = true;
    return new DirectoryLock(server, async () => {
      await free();
      place.close();
    });
  }

  /** Windows has pipes, which end with their process. */
  private static async acquirePipe(directory: string): Promise<DirectoryLock> {
    const server = createServer((socket) => socket.end());
    try {
      await listen(server, `\\\\.\\pipe\\nestjs-job-scheduler-${fingerprint(directory)}`, directory);
    } catch (error) {
      const cause: unknown = (error as Error).cause;
      if ((cause as { code?: unknown } | undefined)?.code === 'EADDRINUSE')
        throw new StoreInUseError(directory, 'another process');
      throw error;
    }
    return new DirectoryLock(server, () => Promise.resolve());
  }
}

interface SocketPlace {
  readonly path: string;
  close(): void;
}

/** Where the sockets of a directory stand: in it, unless its path is too long for a socket. */
function socketPlace(directory: string): SocketPlace {
  const nameLength = 'lock..sock'.length + 12 + 1;
  if (Buffer.byteLength(directory) + nameLength <= LONGEST_PATH) return { path: directory, close: () => undefined };
  if (process.platform === 'linux') {
    const descriptor = openSync(directory, 'r');
    return { path: `/proc/self/fd/${descriptor}`, close: () => closeSync(descriptor) };
  }
  const path = join(tmpdir(), `njs-${fingerprint(directory)}`);
  mkdirSync(path, { recursive: true, mode: 0o700 });
  return { path, close: () => undefined };
}

function fingerprint(directory: string): string {
  return createHash('sha256').update(realpathSync(directory)).digest('hex').slice(0, 16);
}

function listen(server: Server, path: string, directory: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) =>
      reject(
        new StoreUnsupportedError(
          directory,
          `cannot be locked (${error.message}). It must be on a local disk that can hold sockets.`,
          error,
        ),
      ),
    );
    const done = () => {
      keepPrivate(path);
      resolve();
    };
    // The lock alone does not keep the process up.
    server.listen(path, done).unref();
  });
}

/** A pipe of Windows has no rights of a file, and not every file system has any. */
function keepPrivate(path: string): void {
  try {
    chmodSync(path, 0o600);
  } catch {
    // The directory's own rights hold.
  }
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()));
}

/** Who is behind a socket: nobody, one that claims the directory, or one that has it. */
function ask(path: string, clock: Clock): Promise<'dead' | 'claims' | (string & {})> {
  return new Promise((resolve) => {
    let text = '';
    const socket = createConnection(path);
    const done = (answer: string) => {
      timer.cancel();
      socket.destroy();
      resolve(answer);
    };
    const timer = clock.after(GREETING_PATIENCE, () => done('another process, which does not answer'));
    socket.setEncoding('utf8');
    socket.on('data', (part: string) => (text += part));
    socket.on('end', () => {
      const greeting = readGreeting(text);
      if (!greeting) done('another process');
      else done(greeting.owner ? ownerName(greeting.pid) : 'claims');
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      // Connected before: it lives, or has died this moment, which the next try will show.
      if (error.code === 'ECONNREFUSED' || error.code === 'ENOENT') done('dead');
      else done(error.code === 'EACCES' ? 'a process of another user' : 'claims');
    });
  });
}

function readGreeting(text: string): Greeting | undefined {
  try {
    return JSON.parse(text) as Greeting;
  } catch {
    return undefined;
  }
}

function ownerName(pid: number): string {
  return pid === process.pid ? `this process (${pid})` : `process ${pid}`;
}
