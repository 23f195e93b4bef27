/** A process that enqueues jobs into a bounded queue when it is told to, eight at a time, and tells how many were taken. */
import 'reflect-metadata';
import { createInterface } from 'node:readline';
import { QueueFullError } from 'nestjs-job-scheduler';
import { startProducer } from '../scenario/producer.js';
import { tell } from '../support/tell.js';

const { STORE, PREFIX } = process.env;
const { app, jobs } = await startProducer(STORE!, PREFIX!, { queues: { default: { weight: 1, maxWaiting: 100 } } });
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
tell('ready');

for (let line = await lines.next(); line.value !== 'end'; line = await lines.next()) {
  const [whenFull, jobsToAdd] = String(line.value).split(' ') as ['reject' | 'wait', string];
  let taken = 0;
  let refused = 0;
  let left = Number(jobsToAdd);
  const one = async (): Promise<void> => {
    while (left > 0) {
      left--;
      try {
        await jobs.enqueue({ jobName: 'work' }, undefined, { whenFull });
        taken++;
      } catch (error) {
        if (!(error instanceof QueueFullError)) throw error;
        refused++;
      }
    }
  };
  await Promise.all(Array.from({ length: 8 }, one));
  tell('done', { taken, refused, whenFull });
}
await app.close();
tell('closed');
process.exit();
