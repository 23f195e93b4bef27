import { Body, Get, HttpCode, Post, Query } from '@nestjs/common';
import type { DeadLetterFilter, DeadLetterPage as Page, DeadLetterQuery } from '../service/dead-letters/dead-letter.js';
import { DeadLetters } from '../service/dead-letters/dead-letters.js';
import { MonitorController } from './monitor-controller.js';
import { Describe } from './openapi/operation.js';
import { Presenter } from './present.js';
import { Count, DeadLetterChoice, DeadLetterList, DeadLetterListQuery } from './schemas/execution.schema.js';

/** Executions that have failed for good. */
@MonitorController()
export class DeadLettersController {
  constructor(
    private readonly letters: DeadLetters,
    private readonly present: Presenter,
  ) {}

  @Get('dead-letters')
  @Describe({ summary: 'List dead letters, newest first', status: 200, answer: DeadLetterList, problems: [404] })
  async list(@Query({ schema: DeadLetterListQuery }) query: DeadLetterListQuery): Promise<Page> {
    const { items, ...rest } = await this.letters.list(query as DeadLetterQuery);
    return { items: items.map((letter) => this.present.deadLetter(letter)), ...rest };
  }

  @Post('dead-letters/retry')
  @HttpCode(200)
  @Describe({
    summary: 'Run dead letters again',
    description: 'One by its id, or those that a filter fits; all of them by `all`.',
    status: 200,
    answer: Count,
    problems: [404, 409, 413, 415],
  })
  async retry(@Body({ schema: DeadLetterChoice }) choice: DeadLetterChoice): Promise<{ count: number }> {
    return { count: await this.letters.retry(chosen(choice)) };
  }

  @Post('dead-letters/discard')
  @HttpCode(200)
  @Describe({
    summary: 'Drop dead letters',
    description: 'One by its id, or those that a filter fits; all of them by `all`. Their records stay in the history.',
    status: 200,
    answer: Count,
    problems: [404, 409, 413, 415],
  })
  async discard(@Body({ schema: DeadLetterChoice }) choice: DeadLetterChoice): Promise<{ count: number }> {
    return { count: await this.letters.discard(chosen(choice)) };
  }
}

function chosen({ id, all: _, ...filter }: DeadLetterChoice): string | DeadLetterFilter {
  return id ?? (filter as DeadLetterFilter);
}
