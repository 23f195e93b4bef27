import { describe, expect, it } from '@jest/globals';
import { didYouMean, nearestName } from './did-you-mean.js';

const QUEUES = ['critical', 'default', 'low'];

describe('nearestName', () => {
  it.each<[string, readonly string[], string | undefined]>([
    ['critcal', QUEUES, 'critical'],
    ['CRITICAL', QUEUES, 'critical'],
    ['lwo', QUEUES, 'low'],
    ['deflaut', QUEUES, 'default'],
    ['mailer', QUEUES, undefined],
    ['report.nightyl', ['Report.Nightly', 'report.daily'], 'Report.Nightly'],
    ['', QUEUES, undefined],
    ['', ['ab'], 'ab'],
    ['low', [], undefined],
  ])('of %p in %p is %p', (name, known, near) => {
    expect(nearestName(name, known)).toBe(near);
  });
});

describe('didYouMean', () => {
  it.each<[string, readonly string[], string]>([
    ['critcal', QUEUES, ' Did you mean "critical"? Configured: critical, default, low.'],
    ['mailer', QUEUES, ' Configured: critical, default, low.'],
    ['low', [], ' Configured: none.'],
  ])('adds to %p of %p: %p', (name, known, text) => {
    expect(didYouMean(name, known, 'Configured')).toBe(text);
  });

  it('names twelve and tells how many there are', () => {
    const known = Array.from({ length: 30 }, (_, index) => `job${index}`);
    expect(didYouMean('x', known, 'Registered')).toBe(
      ' Registered: job0, job1, job2, job3, job4, job5, job6, job7, job8, job9, job10, job11, … (30 in all).',
    );
    expect(didYouMean('job29x', known, 'Registered')).toContain('Did you mean "job29"?');
  });
});
