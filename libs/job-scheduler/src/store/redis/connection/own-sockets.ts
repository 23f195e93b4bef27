import type { Duplex } from 'node:stream';
import type { Cluster, Redis } from 'ioredis';
import { withPatience } from './patient-socket.js';

interface WithConnector {
  readonly connector?: { connect(...args: unknown[]): Promise<Duplex> };
}

const prepared = new WeakSet<Redis | Cluster>();

/**
 * What each socket of a client needs beside ioredis, of its duplicates and of the nodes of a Cluster, too. ioredis listens to the
 * first error of a socket only: where TLS fails, the server's own word comes after ours, and an error without a listener
 * would end the process. And it ends silent ones too early: see `withPatience`.
 */
export function withOwnSockets<C extends Redis | Cluster>(client: C): C {
  if (prepared.has(client)) return client;
  prepared.add(client);
  const { connector } = client as unknown as WithConnector;
  if (connector) {
    const connect = connector.connect.bind(connector);
    connector.connect = async (...args) => withPatience((await connect(...args)).on('error', () => undefined));
  }
  if (client.isCluster) client.on('+node', (node: Redis) => withOwnSockets(node));
  const duplicate = client.duplicate.bind(client) as (...args: unknown[]) => C;
  client.duplicate = ((...args: unknown[]) => withOwnSockets(duplicate(...args))) as C['duplicate'];
  return client;
}
