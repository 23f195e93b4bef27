import type { PGlite, Transaction } from '@electric-sql/pglite';
import type { PGliteLike } from '../../options/connection.js';
import { GroupCommit } from './group-commit.js';
import type { SqlClient, SqlDriver, SqlResult } from '../postgres/driver/sql-driver.js';

export function isPGlite(connection: object): connection is PGliteLike {
  const { query, listen, waitReady } = connection as Partial<PGliteLike>;
  return typeof query === 'function' && typeof listen === 'function' && typeof waitReady === 'object';
}

type Runner = Pick<Transaction, 'query' | 'exec'>;

/**
 * PGlite as an SQL driver. It has one connection for everybody, which is never lost.
 * @param schema of the store, where others use the same PGlite: BullMQ's statements then have a transaction each, since a
 * search path that outlived them would hide the others' tables. Undefined where the search path is set once and for all.
 */
export function pgliteDriver(
  pglite: PGlite,
  address: string,
  schema: string | undefined,
  close: () => Promise<void>,
): SqlDriver {
  const commits = new GroupCommit(pglite);
  const query: SqlClient['query'] = (text, parameters) => commits.run((runner) => run(runner, text, parameters));
  return {
    address,
    query,
    queryInSchema:
      schema === undefined
        ? query
        : (text, parameters) =>
            pglite.transaction(async (transaction) => {
              await transaction.exec(`SET LOCAL search_path TO "${schema}"`);
              return run(transaction, text, parameters);
            }),
    session: (work) => work(new PgliteSession(pglite)),
    async listen(channels, events) {
      const stops = new Map<string, Promise<() => Promise<void>>>();
      const listen = (channel: string) => {
        // Twice would call us twice.
        const known = stops.get(channel);
        if (known) return known;
        const stop = pglite.listen(channel, (payload) => events.onNotification(channel, payload));
        stops.set(channel, stop);
        stop.catch(() => stops.delete(channel));
        return stop;
      };
      const unlisten = async (channel: string) => {
        const stop = stops.get(channel);
        stops.delete(channel);
        await (
          await stop
        )?.();
      };
      await Promise.all(channels.map(listen));
      return {
        async listen(channel) {
          await listen(channel);
        },
        unlisten,
        async close() {
          if (!pglite.closed) await Promise.all([...stops.keys()].map(unlisten));
        },
      };
    },
    close,
  };
}

/** Several statements may only come without parameters. */
async function run<Row>(runner: Runner, text: string, parameters?: readonly unknown[]): Promise<SqlResult<Row>> {
  if (parameters === undefined) {
    const results = await runner.exec(text);
    const last = results.at(-1);
    return { rows: (last?.rows ?? []) as Row[], rowCount: last?.rowCount ?? null };
  }
  const { rows, rowCount } = await runner.query<Row>(text, [...parameters]);
  return { rows, rowCount: rowCount ?? null };
}

/**
 * A client that opens transactions by statements, as BullMQ's migrations do. In between it has the connection to itself:
 * statements of others would otherwise become part of its transaction.
 */
class PgliteSession implements SqlClient {
  private current:
    { readonly runner: Transaction; readonly end: () => void; readonly ended: Promise<void> } | undefined;

  constructor(private readonly pglite: PGlite) {}

  async query<Row>(text: string, parameters?: readonly unknown[]): Promise<SqlResult<Row>> {
    const word = text.trim().toUpperCase();
    if (word === 'BEGIN') await this.begin();
    else if (word === 'COMMIT') await this.finish();
    else if (word === 'ROLLBACK') await this.rollback();
    else return run(this.current?.runner ?? this.pglite, text, parameters);
    return { rows: [], rowCount: null };
  }

  private begin(): Promise<void> {
    return new Promise((resolve, reject) => {
      const ended = this.pglite.transaction(
        (runner) =>
          new Promise<void>((end) => {
            this.current = { runner, end, ended };
            resolve();
          }),
      );
      ended.catch(reject);
    });
  }

  private async finish(): Promise<void> {
    const current = this.current;
    this.current = undefined;
    current?.end();
    await current?.ended;
  }

  private async rollback(): Promise<void> {
    await this.current?.runner.rollback();
    await this.finish();
  }
}
