/** A real browser's EventSource. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { Controller, Get, Header, Logger, Param } from '@nestjs/common';
import { chromium } from 'playwright-core';
import { randomPrefix } from '../support/prefix.js';
import { until } from '../support/until.js';
import { serve, talkOf } from './kit.js';

Logger.overrideLogger(false);

const executablePath = process.env.TEST_CHROMIUM ?? '/usr/bin/chromium';
const isInstalled = existsSync(executablePath);
if (!isInstalled) {
  process.stderr.write(
    `SKIPPED: no browser was tried. There is no Chromium at ${executablePath}: install Debian's package chromium, or set TEST_CHROMIUM.\n`,
  );
}

const page = (id: string) => `<!doctype html><title>log</title><ol></ol><p></p><script>
  const source = new EventSource('/v1/monitor/executions/${id}/logs/stream');
  let opened = 0;
  source.onopen = () => (document.title = 'opened ' + ++opened);
  source.addEventListener('log', ({ data }) => {
    document.querySelector('ol').append(Object.assign(document.createElement('li'), { textContent: JSON.parse(data).message }));
  });
  source.addEventListener('end', ({ data }) => {
    document.querySelector('p').textContent = JSON.parse(data).status;
    source.close();
  });
</script>`;

@Controller('page')
class PageController {
  @Get(':id')
  @Header('content-type', 'text/html')
  show(@Param('id') id: string): string {
    return page(id);
  }
}

(isInstalled ? describe : describe.skip)('a browser', () => {
  it('shows lines live, goes on after a break, and hears of the end', async () => {
    const profile = mkdtempSync(join(tmpdir(), 'job-scheduler-browser-'));
    const here = await serve({ prefix: randomPrefix() }, { controllers: [PageController] });
    const browser = await chromium.launchPersistentContext(profile, {
      executablePath,
      headless: true,
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
      ],
    });
    try {
      const { id } = await here.jobs.enqueue({ jobName: 'talker' }, undefined);
      const { ctx, end } = await talkOf(id);
      ctx.log('stored');
      const tab = await browser.newPage();
      await tab.goto(new URL(`/page/${id}`, here.url).href);
      const shown = () => tab.locator('li').allTextContents();
      await until('the stored line is shown', async () => (await shown()).length === 1);
      const live: string[] = [];
      for (let n = 1; n <= 5; n++) {
        ctx.log(`live ${n}`);
        live.push(`live ${n}`);
        // Each one before the next is written.
        await until(`line ${n} is shown`, async () => (await shown()).length === 1 + n);
      }
      expect(await shown()).toEqual(['stored', ...live]);

      // The server cuts it off. The browser comes again by itself, with Last-Event-ID.
      here.controller.onModuleDestroy();
      ctx.log('while away');
      await until('it came again', async () => (await tab.title()) === 'opened 2');
      ctx.log('back');
      end();
      await until('the end is shown', async () => (await tab.locator('p').textContent()) === 'completed');
      expect(await shown()).toEqual(['stored', ...live, 'while away', 'back']);
      await until('nothing is left', () => here.controller.streamCount === 0 && here.streams.readers === 0);
    } finally {
      await browser.close();
      await here.app.close();
      rmSync(profile, { recursive: true, force: true });
    }
  });
});
