/** What BullMQ's guide shows of flows, on the memory backend. */
import { expect, jest, test } from '@jest/globals';
import { WaitingChildrenError } from 'bullmq';
import { until } from '../support/until.js';
import { bullOnMemory, once, type MemoryJobOf } from './kit.js';

const bull = bullOnMemory();

test('a parent runs after its children, in other queues, and gets their values', async () => {
  const flows = bull.flows();
  const order: string[] = [];
  bull.worker('steps', async (job) => {
    order.push(job.name);
    return job.name.length;
  });
  const renovate = bull.worker('renovate', async (job) => {
    order.push(job.name);
    return Object.values(await job.getChildrenValues<number>()).toSorted((a, b) => a - b);
  });
  const done = once(renovate, 'completed');
  const flow = await flows.add({
    name: 'renovate-interior',
    queueName: 'renovate',
    children: [
      { name: 'paint', data: { place: 'ceiling' }, queueName: 'steps' },
      { name: 'paint!', data: { place: 'walls' }, queueName: 'steps' },
      {
        name: 'floor',
        queueName: 'steps',
        children: [{ name: 'tear off', queueName: 'steps' }],
      },
    ],
  });
  const parent = await done;
  expect(parent.id).toBe(flow.job.id);
  expect(parent.returnvalue).toEqual([5, 5, 6]);
  expect(order.at(-1)).toBe('renovate-interior');
  expect(order.indexOf('floor')).toBeGreaterThan(order.indexOf('tear off'));
});

test('a flow is read as a tree', async () => {
  const flows = bull.flows();
  const { job } = await flows.add({
    name: 'root',
    queueName: 'top',
    children: [
      { name: 'one', queueName: 'kids' },
      { name: 'two', queueName: 'kids', children: [{ name: 'three', queueName: 'kids' }] },
    ],
  });
  const tree = await flows.getFlow({ id: job.id!, queueName: 'top' });
  expect(tree.job.name).toBe('root');
  expect(tree.children!.map((child) => child.job.name).toSorted()).toEqual(['one', 'two']);
  expect(await job.getDependenciesCount()).toMatchObject({ unprocessed: 2, processed: 0 });
});

const WENT_ON = { returnvalue: 'went on' };
const NONE: unknown[] = [];

test.each([
  [
    'failParentOnFailure',
    'failed',
    { failedReason: expect.stringMatching(/^child .*:children:.* failed$/) },
    undefined,
  ],
  ['continueParentOnFailure', 'completed', WENT_ON, ['bad child']],
  ['ignoreDependencyOnFailure', 'completed', WENT_ON, ['bad child']],
  ['removeDependencyOnFailure', 'completed', WENT_ON, NONE],
])('%s: the parent ends as %s', async (option, end, fields, seen) => {
  const flows = bull.flows();
  const queue = bull.queue('parents');
  bull.worker('children', async (job) => {
    if (job.name === 'bad') throw new Error('bad child');
    return 'good';
  });
  let ignored: unknown[] | undefined;
  bull.worker('parents', async (job) => {
    ignored = Object.values(await job.getIgnoredChildrenFailures());
    return 'went on';
  });
  const { job } = await flows.add({
    name: 'parent',
    queueName: 'parents',
    children: [
      { name: 'good', queueName: 'children' },
      { name: 'bad', queueName: 'children', opts: { [option]: true } },
    ],
  });
  await until('it ends', async () => (await (await queue.getJob(job.id!))!.getState()) === end);
  expect(await queue.getJob(job.id!)).toMatchObject(fields);
  expect(ignored).toEqual(seen);
});

test('children that are added at run time', async () => {
  const queue = bull.queue('parents');
  const children = bull.queue('children');
  bull.worker('children', async (job) => job.data['n']);
  const worker = bull.worker('parents', async (job: MemoryJobOf, token) => {
    if (!job.data['waited']) {
      for (const n of [1, 2]) {
        await children.add('child', { n }, { parent: { id: job.id!, queue: job.queueQualifiedName } });
      }
      await job.updateData({ waited: true });
      if (await job.moveToWaitingChildren(token!)) throw new WaitingChildrenError();
    }
    return Object.values(await job.getChildrenValues<number>()).toSorted((a, b) => a - b);
  });
  const done = once(worker, 'completed');
  await queue.add('parent', {});
  expect((await done).returnvalue).toEqual([1, 2]);
});

test('removing a parent removes its children; removing the last child lets the parent go on', async () => {
  const flows = bull.flows();
  const children = bull.queue('children');
  const tree = () =>
    flows.add({
      name: 'parent',
      queueName: 'parents',
      children: [
        { name: 'a', queueName: 'children' },
        { name: 'b', queueName: 'children' },
      ],
    });
  const gone = await tree();
  await gone.job.remove({ removeChildren: true });
  expect(await children.getWaitingCount()).toBe(0);
  const kept = await tree();
  for (const { job } of kept.children!) await job.remove();
  expect(await kept.job.getState()).toBe('waiting');
});

test('several flows at once, and a parent that waits for its time', async () => {
  jest.useFakeTimers();
  const flows = bull.flows();
  const [one, two] = await flows.addBulk([
    { name: 'one', queueName: 'top', children: [{ name: 'kid', queueName: 'kids' }] },
    { name: 'two', queueName: 'top', opts: { delay: 40 }, children: [{ name: 'kid', queueName: 'kids' }] },
  ]);
  const ran: string[] = [];
  bull.worker('kids', async () => 1);
  bull.worker('top', async (job) => void ran.push(job.name));
  await jest.advanceTimersByTimeAsync(39);
  expect(ran).toEqual([one!.job.name]);
  await jest.advanceTimersByTimeAsync(1);
  expect(ran).toEqual([one!.job.name, two!.job.name]);
});
