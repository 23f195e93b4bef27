/** Stands between a client and a real PostgreSQL, and takes away what a pooler takes away. */
import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';

const KNOWN = new Set(['user', 'database', 'client_encoding', 'application_name']);
/** Of a start-up message, before its parameters: its length and the version of the protocol. */
const HEADER = 8;
const [NOTIFICATION, QUERY, PARSE] = Buffer.from('AQP');

export type Mode = 'session' | 'transaction' | 'broken';

export interface Pooler {
  readonly port: number;
  /** The parameters of the connections that came through. */
  readonly parameters: readonly (readonly string[])[];
  /** The statements that came through. */
  readonly statements: readonly string[];
  close(): Promise<void>;
}

/**
 * Refuses start-up parameters as PgBouncer does.
 * @param target port of the server. @param mode `transaction`: what a session listens to does not reach it; `broken`: a
 * connection ends at its first statement.
 */
export async function startPooler(target: number, mode: Mode): Promise<Pooler> {
  const sockets = new Set<Socket>();
  const parameters: string[][] = [];
  const statements: string[] = [];
  const server = createServer((near) => {
    const far = connect(target, '127.0.0.1');
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        sockets.delete(socket);
        other.destroy();
      });
    }
    near.once('data', (first: Buffer) => {
      const names = parametersOf(first);
      const refused = names.find((name) => !KNOWN.has(name));
      if (refused !== undefined) {
        near.end(refusalOf(`unsupported startup parameter: ${refused}`));
        return;
      }
      parameters.push(names);
      far.write(first);
      if (mode === 'broken') near.on('data', () => near.destroy());
      else near.pipe(far);
      eachMessage(near, (message) => statements.push(...statementIn(message)));
      if (mode === 'transaction') eachMessage(far, (message) => message[0] !== NOTIFICATION && near.write(message));
      else far.pipe(near);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    parameters,
    statements,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

function parametersOf(startUp: Buffer): string[] {
  const texts = startUp.subarray(HEADER).toString().split('\0');
  return texts.filter((text, n) => n % 2 === 0 && text !== '');
}

function refusalOf(message: string): Buffer {
  const fields = Buffer.from(`SFATAL\0VFATAL\0C08P01\0M${message}\0\0`);
  const head = Buffer.from('E....');
  head.writeInt32BE(fields.length + 4, 1);
  return Buffer.concat([head, fields]);
}

/** The text of a simple query, or of one that is prepared, which comes after its name. */
function statementIn(message: Buffer): string[] {
  const texts = message.subarray(5).toString().split('\0');
  if (message[0] === QUERY) return texts.slice(0, 1);
  return message[0] === PARSE ? texts.slice(1, 2) : [];
}

/** Each message is its type, its length with that of the length itself, and its content. */
function eachMessage(from: Socket, act: (message: Buffer) => unknown): void {
  let rest = Buffer.alloc(0);
  from.on('data', (data: Buffer) => {
    rest = Buffer.concat([rest, data]);
    for (let length = lengthOf(rest); length <= rest.length; length = lengthOf(rest)) {
      act(rest.subarray(0, length));
      rest = rest.subarray(length);
    }
  });
}

const lengthOf = (message: Buffer) => (message.length < 5 ? Infinity : message.readInt32BE(1) + 1);
