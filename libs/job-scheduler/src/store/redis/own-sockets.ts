import type { Duplex } from 'node:stream';
import type { Cluster, Redis } from 'ioredis';
import { withPatience } from './patient-socket.js';

interface WithConnector {
  readonly connector?: { connect(...args: unknown[]): Promise<Duplex> };
}

/**
 * ioredis listens to the first error of a socket only. Where TLS fails, the server's own word comes after ours: an error that
 * nobody listens to would end the process. Duplicates of the client, and the nodes of a Cluster, do the same.
 */
export function withLateErrors<C extends Redis | Cluster>(client: C): C {
  const { connector } = client as unknown as WithConnector;
  if (connector) {
    const connect = connector.connect.bind(connector);
    connector.connect = async (...args) => withPatience((await connect(...args)).on('error', () => undefined));
  }
  if (client.isCluster) client.on('+node', (node: Redis) => withLateErrors(node));
  const duplicate = client.duplicate.bind(client) as (...args: unknown[]) => C;
  client.duplicate = ((...args: unknown[]) => withLateErrors(duplicate(...args))) as C['duplicate'];
  return client;
}
