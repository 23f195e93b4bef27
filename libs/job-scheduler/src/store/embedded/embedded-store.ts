import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { PGlite } from '@electric-sql/pglite';
import type { Clock } from '../../common/clock.js';
import { OwnLogger } from '../../common/own-logger.js';
import type { PGliteLike } from '../../options/connection.js';
import { StoreUnsupportedError } from '../../errors/store-errors.js';
import { optionalDriver, rethrow } from '../optional-driver.js';
import type { Store } from '../ports/ports.js';
import { schemaOf } from '../postgres/sql-names.js';
import { sqlStore } from '../postgres/sql-store.js';
import { DirectoryLock } from './directory-lock.js';
import { durableOptions } from './durable-fs.js';
import { pgliteDriver } from './pglite-driver.js';
import { keepPrivate, makePrivate } from './private-directory.js';
import { refuseBundled } from './refuse-bundled.js';

const PACKAGE = '@electric-sql/pglite';

/** PGlite's own directory: the one that the user names also holds the lock. */
const DATA = 'pgdata';

/**
 * Opens a directory with an embedded PostgreSQL. What was acknowledged outlives `kill -9` and a loss of power, as far as
 * the disk keeps its word to `fsync`.
 * @param url `file:DIR`, from the working directory.
 * @throws StoreInUseError, StoreUnsupportedError, DriverMissingError
 */
export async function openFileStore(url: string, prefix: string, clock: Clock): Promise<Store> {
  const directory = directoryOf(url);
  const address = `file:${directory}`;
  const schema = schemaOf(prefix, address);
  const load = <T>(part: () => Promise<T>) => optionalDriver(PACKAGE, address, part);
  const pglitePackage = await load(() => import('@electric-sql/pglite').catch(rethrow));
  refuseBundled(pglitePackage, address);
  // One after the other: Jest's loader loses the files that both have in common when they are asked for at once.
  const { NodeFS } = await load(() => import('@electric-sql/pglite/nodefs').catch(rethrow));
  const { PGlite: Driver } = pglitePackage;
  // Payloads are this user's alone. A directory that was there keeps its own rights.
  await mkdir(directory, { recursive: true, mode: 0o700 });
  await makePrivate(join(directory, DATA));
  const lock = await DirectoryLock.acquire(directory, clock);
  try {
    const durable = durableOptions(NodeFS, join(directory, DATA), Driver.defaultStartParams);
    const pglite = await create(() => Driver.create(durable.options), address);
    await keepPrivate(join(directory, DATA));
    if (!durable.isMended()) {
      new OwnLogger().warn(
        `This release of ${PACKAGE} does not let fsync reach the disk: jobs in ${directory} outlive the process, but a loss of power may damage them.`,
      );
    }
    return await ownStore(pglite, address, schema, clock, () => lock.release());
  } catch (error) {
    await lock.release();
    throw error;
  }
}

/** A store in a PGlite of the user, which stays open. */
export async function openPgliteStore(given: PGliteLike, prefix: string, clock: Clock): Promise<Store> {
  const pglite = given as unknown as PGlite;
  const address = `PGlite in ${pglite.dataDir ?? 'memory'}`;
  const schema = schemaOf(prefix, address);
  await create(() => pglite.waitReady, address);
  return sqlStore(
    'embedded',
    pgliteDriver(pglite, address, schema, () => Promise.resolve()),
    schema,
    clock,
  );
}

async function ownStore(
  pglite: PGlite,
  address: string,
  schema: string,
  clock: Clock,
  after: () => Promise<void>,
): Promise<Store> {
  const close = async () => {
    if (!pglite.closed) await pglite.close();
    await after();
  };
  await pglite.exec(`SET search_path TO "${schema}"`);
  return sqlStore('embedded', pgliteDriver(pglite, address, undefined, close), schema, clock);
}

async function create<T>(open: () => Promise<T>, address: string): Promise<T> {
  try {
    return await open();
  } catch (error) {
    throw new StoreUnsupportedError(address, `cannot be opened by PGlite: ${(error as Error).message}`, error);
  }
}

/** `file:data`, `file:./data`, `file:/data` and `file:///data`. */
function directoryOf(url: string): string {
  const path = url.slice('file:'.length);
  return resolve(path.startsWith('//') ? decodeURIComponent(new URL(url).pathname) : path);
}
