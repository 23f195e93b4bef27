import type { ClientBase, Pool, PoolClient } from 'pg';
import type { Clock } from '../../../common/clock.js';
import { settlesWithin } from '../../../common/promises.js';
import type { PgPoolLike } from '../../../options/connection.js';
import { StoreUnsupportedError } from '../../../errors/store-errors.js';
import { optionalDriver, rethrow } from '../../optional-driver.js';
import { isStoreAway } from '../../store-away.js';
import { againOnConflict } from './sql-fault.js';
import { ownTypes } from './own-types.js';
import { addressOfPool, addressOfUrl, clientOf, configOf } from './pg-config.js';
import type { ListenerEvents, SqlClient, SqlDriver, SqlListener, SqlResult } from './sql-driver.js';

/** One that listens, and one that works. */
const FEWEST_CONNECTIONS = 2;

/** After this time in milliseconds a connection counts as dead, and its place in the pool is free. */
const QUERY_TIMEOUT = 60_000;

/** node-postgres, when a connection was not made within `connectionTimeoutMillis`. */
const NOT_CONNECTED = /^(?:timeout exceeded when trying to connect|Connection terminated due to connection timeout)$/;

/**
 * So long the connection that listens waits for an answer, in milliseconds. A network that drops everything, or a server that
 * dies without a word, closes no connection.
 */
const ANSWER_PATIENCE = 10_000;

/** How long closing waits for queries that are under way, in milliseconds. */
const CLOSE_DEADLINE = 3_000;

export function isPgPool(connection: object): connection is PgPoolLike {
  const { connect, query, totalCount } = connection as Partial<PgPoolLike>;
  return typeof connect === 'function' && typeof query === 'function' && typeof totalCount === 'number';
}

/**
 * A driver for a URL: a pool of our own, whose connections find the schema by themselves.
 * @throws DriverMissingError
 */
export async function urlDriver(url: string, schema: string, clock: Clock): Promise<SqlDriver> {
  const address = addressOfUrl(url);
  const pg = await optionalDriver('pg', address, () => import('pg').catch(rethrow));
  const config = configOf(url);
  const pool = new pg.Pool({ ...config, Client: clientOf(pg.Client, schema), query_timeout: QUERY_TIMEOUT });
  // A connection that breaks while idle: the one that listens tells.
  pool.on('error', () => undefined);
  const open = new Set<ClientBase>();
  pool.on('connect', (client) => open.add(client));
  pool.on('remove', (client) => open.delete(client));
  let closed: Promise<void> | undefined;
  // Neither migrations nor LISTEN need settings, and they come first: a pooler in transaction mode would hand those of one
  // connection on to others. A connection can end in the moment in which it is made: an error without a listener would end the process.
  const makeClient = () => new pg.Client(config).on('error', () => undefined);
  return {
    address,
    size: pool.options.max,
    query: (text, parameters) => againOnConflict(() => runOwn(pool, text, parameters)),
    queryInSchema: (text, parameters) => againOnConflict(() => runOwn(pool, text, parameters)),
    // Migrations may take longer than a query of the pool.
    async session(work) {
      const client = makeClient();
      await client.connect();
      try {
        return await work(asSqlClient(client));
      } finally {
        await client.end();
      }
    },
    async listen(channels, events) {
      const client = makeClient();
      await client.connect();
      return listenOn(client, channels, events, clock, () => endInTime(client.end(), [client], clock));
    },
    close: () => (closed ??= endInTime(pool.end(), open, clock)),
  };
}

/** Waits for clients to end, but not for a server that hangs: then their sockets are closed. */
async function endInTime(ended: Promise<void>, clients: Iterable<ClientBase>, clock: Clock): Promise<void> {
  const inTime = new AbortController();
  const done = ended.finally(() => inTime.abort());
  await Promise.race([done, clock.sleep(CLOSE_DEADLINE, inTime.signal)]);
  if (inTime.signal.aborted) return done;
  for (const client of clients) {
    const { connection } = client as { connection?: { stream?: { destroy?: () => void } } };
    connection?.stream?.destroy?.();
  }
}

/**
 * A driver for a pool of the user, which stays open. Its connections are also his: a search path that outlived our
 * statement would hide his own tables, so that each statement of BullMQ has a transaction around it.
 */
export function poolDriver(given: PgPoolLike, schema: string, clock: Clock): SqlDriver {
  const pool = given as unknown as Pool;
  const address = addressOfPool(pool);
  const { max } = pool.options;
  if (max !== undefined && max < FEWEST_CONNECTIONS) {
    throw new StoreUnsupportedError(
      address,
      `has a pool with max ${max}. One connection listens and others work: give it at least ${FEWEST_CONNECTIONS}.`,
    );
  }
  const ignore = () => undefined;
  pool.on('error', ignore);
  const inTransaction = <Row>(settings: string, text: string, parameters?: readonly unknown[]) =>
    withClient(pool, async (client) => {
      await client.query(`BEGIN ISOLATION LEVEL READ COMMITTED${settings}`);
      try {
        const result = await run<Row>(client, text, parameters);
        await client.query('COMMIT');
        return result;
      } catch (error) {
        await client.query('ROLLBACK').catch(ignore);
        throw error;
      }
    });
  let isReadCommitted: boolean | undefined;
  return {
    address,
    // One of them listens.
    size: max && max - 1,
    query: (text, parameters) =>
      againOnConflict(async () => {
        isReadCommitted ??= await readsCommitted(pool);
        return isReadCommitted ? run(pool, text, parameters) : inTransaction('', text, parameters);
      }),
    queryInSchema: (text, parameters) =>
      againOnConflict(() => inTransaction(`; SET LOCAL search_path TO "${schema}"`, text, parameters)),
    session: (work) => withClient(pool, (client) => work(asSqlClient(client))),
    async listen(channels, events) {
      const client = await pool.connect();
      return listenOn(client, channels, events, clock, () => {
        // Not given back: the next user would hear our notifications.
        client.release(true);
      });
    },
    close() {
      pool.off('error', ignore);
      return Promise.resolve();
    },
  };
}

/** A statement by itself is in the isolation that the role, the database or the pool's options have set. */
async function readsCommitted(pool: Pool): Promise<boolean> {
  const { rows } = await run<{ level: string }>(pool, `SELECT current_setting('transaction_isolation') AS level`);
  return !['repeatable read', 'serializable'].includes(rows[0]?.level ?? '');
}

async function run<Row>(
  client: Pool | ClientBase,
  text: string,
  parameters?: readonly unknown[],
): Promise<SqlResult<Row>> {
  const values = parameters && { values: [...parameters] };
  const { rows, rowCount } = await client.query({ text, ...values, types: ownTypes });
  return { rows, rowCount };
}

/** A connection that was not made in time may have been kept waiting by this process. Nothing has been sent: once more. */
async function runOwn<Row>(pool: Pool, text: string, parameters?: readonly unknown[]): Promise<SqlResult<Row>> {
  try {
    return await run(pool, text, parameters);
  } catch (error) {
    if (!NOT_CONNECTED.test((error as Error).message)) throw error;
    return run(pool, text, parameters);
  }
}

function asSqlClient(client: ClientBase): SqlClient {
  return { query: (text, parameters) => run(client, text, parameters) };
}

async function withClient<T>(pool: Pool, work: (client: PoolClient) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  let broken: Error | undefined;
  const onError = (error: Error) => (broken = error);
  client.on('error', onError);
  try {
    return await work(client);
  } finally {
    client.off('error', onError);
    client.release(broken);
  }
}

async function listenOn(
  client: ClientBase,
  channels: readonly string[],
  events: ListenerEvents,
  clock: Clock,
  end: () => unknown,
): Promise<SqlListener> {
  let over = false;
  const lost = (error: Error) => {
    if (over) return;
    over = true;
    events.onLost(error);
  };
  client.on('error', lost);
  client.on('end', () => lost(new Error('The connection was closed')));
  client.on('notification', ({ channel, payload }) => events.onNotification(channel, payload ?? ''));
  const close = async () => {
    over = true;
    client.removeAllListeners('notification');
    await end();
  };
  // A connection that is silent is lost; and one of which the server has told that it ends it, before it does.
  const runInTime = async (statement: string) => {
    try {
      const answer = client.query(statement);
      if (!(await settlesWithin(answer, clock, ANSWER_PATIENCE)))
        throw new Error(`Connection terminated: no answer came within ${ANSWER_PATIENCE} ms`);
      await answer;
    } catch (error) {
      if (isStoreAway(error)) lost(error as Error);
      throw error;
    }
  };
  try {
    await runInTime(channels.map((channel) => `LISTEN ${channel}`).join('; '));
  } catch (error) {
    await close();
    throw error;
  }
  // One statement at a time: node-postgres no longer keeps a queue of its own.
  let turn: Promise<unknown> = Promise.resolve();
  const inTurn = async (statement: string) => {
    const done = turn.then(() => runInTime(statement));
    turn = done.catch(() => undefined);
    await done;
  };
  return {
    listen: (channel) => inTurn(`LISTEN ${channel}`),
    unlisten: (channel) => inTurn(`UNLISTEN ${channel}`),
    ask: () => inTurn('SELECT 1'),
    close,
  };
}
