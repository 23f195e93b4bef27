import type { Cluster, Redis, RedisOptions } from 'ioredis';

const CREDENTIALS = ['username', 'password', 'sentinelUsername', 'sentinelPassword'] as const;

type Credentials = Pick<RedisOptions, (typeof CREDENTIALS)[number]>;

/**
 * Passwords rotate: each time a client of ours connects, it takes what `current` says then, and not what was right when it was
 * made. Duplicates of the client, and the nodes of a Cluster, do the same.
 * @param current options of the client that was handed over, as they are now.
 */
export function withLiveCredentials<C extends Redis | Cluster>(client: C, current: () => Credentials | undefined): C {
  if (client.isCluster) client.on('+node', (node: Redis) => withLiveCredentials(node, current));
  else {
    const redis = client as Redis;
    const connect = redis.connect.bind(redis);
    redis.connect = (callback) => {
      for (const name of CREDENTIALS) {
        const value = current()?.[name];
        if (value !== undefined) Object.assign(redis.options, { [name]: value });
      }
      return connect(callback);
    };
  }
  const duplicate = client.duplicate.bind(client) as (...args: unknown[]) => C;
  client.duplicate = ((...args: unknown[]) => withLiveCredentials(duplicate(...args), current)) as C['duplicate'];
  return client;
}
