/** A Cluster of one node: enough to see that no script or pipeline crosses slots. */
import { Cluster, Redis } from 'ioredis';
import { SystemClock } from '#src/common/clock.js';
import { openStore } from '#src/store/open-store.js';
import { RedisKeys } from '#src/store/redis/redis-keys.js';
import { startRedis } from '../support/servers.mjs';
import { until } from '../support/until.js';
import { describeStore } from './conformance.js';
import { indexedLeft } from './left.js';

const clock = new SystemClock();
let started: ReturnType<typeof startCluster> | undefined;

async function startCluster() {
  const server = await startRedis({ args: ['--cluster-enabled', 'yes', '--cluster-announce-ip', '127.0.0.1'] });
  const node = new Redis(server.url);
  await node.cluster('ADDSLOTSRANGE', 0, 16_383);
  await until('it has all slots', async () => /cluster_state:ok/.test(await node.cluster('INFO')));
  const given = new Cluster([{ host: '127.0.0.1', port: server.port }], { redisOptions: { maxRetriesPerRequest: 5 } });
  return { server, node, given };
}

describeStore('Redis Cluster', {
  kind: 'redis',
  ordered: false,
  async open(prefix) {
    const { given } = await (started ??= startCluster());
    return openStore({ connection: given, prefix, clock });
  },
  async corrupt(prefix, id) {
    const { node } = await started!;
    await node.hset(new RedisKeys(prefix).execution(id), 'h', '{"cut off');
  },
  async corruptSchedule(prefix, id) {
    const { node } = await started!;
    await node.hset(new RedisKeys(prefix).schedules, id, 'cut off');
  },
  left: async (prefix, job, scheduleId) => indexedLeft((await started!).node, prefix, job, scheduleId),
  async release() {
    const { server, node, given } = await started!;
    // The user's client is still open: closing the stores did not touch it.
    await given.ping();
    await Promise.all([given.quit(), node.quit()]);
    await server.stop();
  },
});
