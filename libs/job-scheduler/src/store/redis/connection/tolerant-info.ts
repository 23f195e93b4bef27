import { callbackify } from 'node:util';
import type { Cluster, Redis } from 'ioredis';

/** Stands in the answer where the user may not ask INFO. */
export const INFO_REFUSED = 'info_refused';

type Done = (error: Error | null, info?: string) => void;

/**
 * ioredis, BullMQ and we ask INFO of each new connection, which users without dangerous commands may not. HELLO needs no
 * right, and says the most important of it. Duplicates of the client do the same.
 */
export function withTolerantInfo<C extends Redis | Cluster>(client: C): C {
  const info = client.info.bind(client) as (...sections: unknown[]) => Promise<string>;
  const ask = async (sections: readonly unknown[]): Promise<string> => {
    try {
      return await info(...sections);
    } catch (error) {
      if (!(error as Error).message.startsWith('NOPERM')) throw error;
      return infoOf(await client.call('HELLO'));
    }
  };
  client.info = (...args: unknown[]) => {
    const done = typeof args.at(-1) === 'function' ? (args.pop() as Done) : undefined;
    const answer = ask(args);
    if (done) callbackify(() => answer)(done);
    return answer;
  };
  const duplicate = client.duplicate.bind(client) as (...args: unknown[]) => C;
  client.duplicate = ((...args: unknown[]) => withTolerantInfo(duplicate(...args))) as C['duplicate'];
  return client;
}

/** HELLO answers names and values one after the other, or as an object. */
function infoOf(hello: unknown): string {
  const field = (name: string): string => {
    if (Array.isArray(hello)) return String(hello[hello.indexOf(name) + 1]);
    return String(hello instanceof Map ? hello.get(name) : (hello as Record<string, unknown>)[name]);
  };
  return [`redis_version:${field('version')}`, `redis_mode:${field('mode')}`, `${INFO_REFUSED}:1`].join('\r\n');
}
