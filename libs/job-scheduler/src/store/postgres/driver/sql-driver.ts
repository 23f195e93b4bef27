/** One SQL database, by node-postgres or PGlite. */

export interface SqlResult<Row = unknown> {
  readonly rows: Row[];
  readonly rowCount?: number | null;
}

export interface SqlClient {
  /** One statement with parameters, or several without. */
  query<Row = unknown>(text: string, parameters?: readonly unknown[]): Promise<SqlResult<Row>>;
}

/** A connection that hears notifications. */
export interface SqlListener {
  /** Hears one channel more. No effect for one that it hears already. */
  listen(channel: string): Promise<void>;
  unlisten(channel: string): Promise<void>;
  /** Resolves when the server has answered; when none comes, the connection is lost. Absent: there is no network between. */
  ask?(): Promise<void>;
  close(): Promise<void>;
}

export interface ListenerEvents {
  onNotification(channel: string, payload: string): void;
  /** The connection is gone. Called once at most. */
  onLost(error: Error): void;
}

export interface SqlDriver extends SqlClient {
  /** How many connections its statements share; undefined: one. */
  readonly size?: number | undefined;
  /** For messages: no user, no password. */
  readonly address: string;
  /** Runs a statement whose names stand for those in the store's schema. */
  queryInSchema<Row = unknown>(text: string, parameters?: readonly unknown[]): Promise<SqlResult<Row>>;
  /** Runs `work` on a connection of its own. */
  session<T>(work: (client: SqlClient) => Promise<T>): Promise<T>;
  /** Opens a connection that listens on `channels`. */
  listen(channels: readonly string[], events: ListenerEvents): Promise<SqlListener>;
  /** Closes what the driver opened. */
  close(): Promise<void>;
}
