import type { Client, Pool, PoolConfig } from 'pg';

type ClientClass = new (config?: PoolConfig) => Client;
type Connected = (error?: Error | null) => void;

/** Common to every connection that we open. */
const CONNECTION: PoolConfig = {
  keepAlive: true,
  keepAliveInitialDelayMillis: 10_000,
  connectionTimeoutMillis: 4_000,
  application_name: 'nestjs-job-scheduler',
};

/** How we connect to a URL. `max` in it is the size of the pool. */
export function configOf(text: string): PoolConfig {
  if (!URL.canParse(text)) return { ...CONNECTION, connectionString: text };
  const url = new URL(text);
  // pg-pool reads the number from its options only.
  const max = url.searchParams.get('max');
  url.searchParams.delete('max');
  return { ...CONNECTION, connectionString: url.href, ...(max !== null && { max: Number(max) }) };
}

/**
 * A client that finds the schema by itself, in an isolation in which each statement sees what others have committed,
 * whatever the role or the database has set. It says so once, in a statement: poolers refuse start-up options.
 */
export function clientOf(Client: ClientClass, schema: string): ClientClass {
  const settings = `SET search_path TO "${schema}"; SET default_transaction_isolation TO 'read committed'`;
  return class extends Client {
    override connect(): Promise<Client>;
    override connect(callback: Connected): void;
    override connect(callback?: Connected): Promise<Client> | void {
      // pg-pool listens once this is through: a connection that ends before would end the process. Its query tells.
      this.on('error', () => undefined);
      if (!callback)
        return new Promise((resolve, reject) => this.connect((failed) => (failed ? reject(failed) : resolve(this))));
      super.connect((failed: Error | null) => {
        if (failed) return callback(failed);
        this.query(settings, (refused?: Error) => {
          if (!refused) return callback();
          // A client that could not connect is not ended otherwise.
          this.end(() => callback(refused));
        });
      });
    }
  };
}

export function addressOfUrl(text: string): string {
  if (!URL.canParse(text)) return 'postgres: (a URL that cannot be read)';
  const { host, pathname } = new URL(text);
  return `postgres://${host}${pathname}`;
}

export function addressOfPool(pool: Pool): string {
  const { connectionString, host, port, database } = pool.options;
  if (connectionString) return addressOfUrl(connectionString);
  return `postgres://${host ?? process.env['PGHOST'] ?? 'localhost'}:${port ?? process.env['PGPORT'] ?? 5_432}/${database ?? process.env['PGDATABASE'] ?? ''}`;
}
